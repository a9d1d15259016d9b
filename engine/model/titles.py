"""Names of games, for people."""

from __future__ import annotations

from collections.abc import Mapping

UNKNOWN = "?"
"""Name of a player whose tag is missing."""


def title_of(headers: Mapping[str, str]) -> str:
    """Return the names of the players: `Morphy – Allies`; a study's chapter when neither is known.

    * **headers** - the tags of the game.
    """
    names = [headers.get("White") or UNKNOWN, headers.get("Black") or UNKNOWN]
    chapter = headers.get("ChapterName", "").strip()
    return chapter if chapter and names == [UNKNOWN, UNKNOWN] else " – ".join(names)
