"""The form of the filter: its fields with what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

FIELDS = {
    "player": "player",
    "side": "side",
    "opponent": "opponent",
    "rating": "opponent's rating",
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
    "speed": ("bullet", "blitz", "rapid", "classical", "correspondence"),
    "result": ("win", "loss", "draw", "white", "black"),
    "phase": ("opening", "middlegame", "endgame"),
    "judgement": ("inaccuracy", "mistake", "blunder"),
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
_SUGGESTIONS = 40


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
    suggested: bool
    """Whether more are offered while it is typed."""
    of_moves: bool


def fields(values: Mapping[str, str], store: Any) -> list[Field]:
    """Return the fields.

    * **values** - what is in them, by name.
    * **store** - the games, for suggestions.
    """
    return [
        Field(
            name,
            label.capitalize(),
            values.get(name, ""),
            _HINTS.get(name, ""),
            _CHOICES.get(name, ()),
            store.choices(name, limit=_SUGGESTIONS) if name in _SUGGESTED else [],
            name in _SUGGESTED,
            name in MOVES,
        )
        for name, label in FIELDS.items()
    ]
