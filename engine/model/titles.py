"""Names of games, for people."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.landmarks import Epd

UNKNOWN = "?"
"""Name of a player whose tag is missing."""


def title_of(headers: Mapping[str, str]) -> str:
    """Return the names of the players: `Morphy – Allies`; a study's chapter when neither is known.

    * **headers** - the tags of the game.
    """
    names = [headers.get("White") or UNKNOWN, headers.get("Black") or UNKNOWN]
    chapter = headers.get("ChapterName", "").strip()
    return chapter if chapter and names == [UNKNOWN, UNKNOWN] else " – ".join(names)


def position_name(epd: Epd, number: int) -> str:
    """Return the name of a position of EPD: its `id`, or `Position 7` where the line has none.

    * **epd** - the operations of its line.
    * **number** - its number over all inputs, 1-based.
    """
    return epd.id or f"Position {number}"
