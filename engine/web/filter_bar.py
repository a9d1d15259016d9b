"""The form of the filter: its fields with what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from engine.model import SPEED_NAMES
from engine.web.store.filters import JUDGEMENTS, PHASES, RESULTS

FIELDS = {
    "player": "player",
    "side": "side",
    "opponent": "opponent",
    "rating": "rating",
    "speed": "speed",
    "time_control": "time control",
    "since": "since",
    "until": "until",
    "opening": "opening",
    "result": "result",
    "phase": "phase",
    "clock": "clock left",
    "judgement": "judgement",
    "position": "position",
}
"""The conditions of a filter by their names in addresses, for people."""
MOVES = ("phase", "clock", "judgement", "position")
"""Those that single moves meet."""
_CHOICES: dict[str, tuple[str, ...]] = {
    "side": ("white", "black"),
    "speed": tuple(SPEED_NAMES),
    "result": RESULTS,
    "phase": PHASES,
    "judgement": JUDGEMENTS,
}
_HINTS = {
    "rating": "1500-1800",
    "time_control": "180+2",
    "since": "2026-05",
    "until": "2026-12-31",
    "opening": "Sicilian or B2",
    "clock": "10% or 30s",
    "position": "FEN",
}
_SUGGESTED = ("player", "opponent", "opening")


class Field(Struct, frozen=True):
    """One field of the form."""

    name: str
    label: str
    value: str
    hint: str
    choices: tuple[str, ...]
    """Values to choose from; empty for a text."""
    suggestions: list[str]
    """Values that are offered while a text is typed."""
    suggested: str
    """Field of which more are offered while it is typed; empty for none."""
    of_moves: bool


def fields(values: Mapping[str, str], offered: Callable[[str], list[str]], prefix: str = "") -> list[Field]:
    """Return the fields.

    * **values** - what is in them, by name.
    * **offered** - returns values that are offered for a field (`Site.offered`).
    * **prefix** - *(optional)* what stands before each name, where a page has two filters.
    """
    return [
        Field(
            prefix + name,
            label.capitalize(),
            values.get(name, ""),
            _HINTS.get(name, ""),
            _CHOICES.get(name, ()),
            offered(name) if name in _SUGGESTED else [],
            name if name in _SUGGESTED else "",
            name in MOVES,
        )
        for name, label in FIELDS.items()
    ]
