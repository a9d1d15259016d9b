"""Names of output files: one for each player, and numbered ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

PLAYER = "{player}"
"""The placeholder for each player's name in the name of an output."""

INDEX = "index"
"""What stands for `{player}` in the name of an index of the players' files; no player's file is called so."""

_KEPT = " -_.,'()+"
_LONGEST = 120
"""Bytes of a name; file systems take 255 with everything around it."""
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{k}" for name in ("com", "lpt") for k in range(10))}
"""Names that Windows keeps for itself, whatever comes after a dot."""


def safe(player: str) -> str:
    """Return a player's name as a part of a file name on every system: letters, digits and a few signs.

    It has no separator, no leading dot or hyphen and no trailing dot; it is `player` when nothing is left.
    """
    kept = "".join(
        c if c in _KEPT or unicodedata.category(c)[0] in "LMN" else "_"
        for c in unicodedata.normalize("NFC", player)
    )
    short = " ".join(kept.split()).encode()[:_LONGEST].decode(errors="ignore").lstrip(" .-").rstrip(" .")
    if not short.strip("_"):
        return "player"
    return f"_{short}" if short.partition(".")[0].lower() in _DEVICES else short


def unused(name: str, used: Collection[str]) -> str:
    """Return `name`, or `name (2)` and so on when it is among `used`.

    The names in `used` are case-folded, because some file systems do not see case.
    """
    candidate, number = name, 1
    while candidate.casefold() in used:
        number += 1
        candidate = f"{name} ({number})"
    return candidate


def numbered(name: str, ending: str, number: int) -> str:
    """Return a file name with a number: `report.html` with the ending `.html` and 2 is `report-2.html`."""
    return f"{name[: len(name) - len(ending)]}-{number}{name[len(name) - len(ending) :]}"
