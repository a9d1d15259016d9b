"""What the search of a report in several files looks through: the games that are not in the first file.

The first file has them as JSON, about 100 bytes a game. Each file knows which games the others have, so that a
link to a game lands in the right one.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from engine.model import AnalysedGame
from engine.text.json import encode
from engine.web.pages.names import names_of

MOST = 50_000
"""Games that can be found in other files, at most: 5 MB of the first file."""


class Finder:
    """The games of the files after the first."""

    def __init__(self) -> None:
        self._games: list[bytes] = []
        self._left_out = 0

    def add(self, game: AnalysedGame) -> None:
        """Add a game: number, players, result, opening, date."""
        if len(self._games) >= MOST:
            self._left_out += 1
            return
        opening = f"{game.opening.eco} {game.opening.name}" if game.opening is not None else ""
        result = "" if game.epd is not None else game.result.replace("1/2-1/2", "½-½")
        self._games.append(
            encode([game.origin.game, " – ".join(names_of(game)), result, opening, game.date.replace(".", "-")])
        )

    def json(self, files: Sequence[tuple[str, int, int]], this: int) -> Markup | None:
        """Return the JSON of one file, with the games in the first one; None when there is only one.

        * **files** - address, first and last game of each file.
        * **this** - index of the file.
        """
        if len(files) == 1:
            return None
        listed = b"" if this else b",\n".join(self._games)
        data = b'{"files":%s,"this":%d,"left_out":%d,"games":[%s]}' % (
            encode(files),
            this,
            self._left_out,
            listed,
        )
        return Markup(escaped(data))  # noqa: S704 - escaped


def escaped(data: bytes) -> str:
    """Return JSON that can stand in an element.

    In JSON `<`, `>` and `&` occur only inside strings, where their escapes mean the same. So nothing can end the
    element or be read as HTML.
    """
    for character in b"<>&":
        data = data.replace(bytes([character]), b"\\u%04x" % character)
    return data.decode()
