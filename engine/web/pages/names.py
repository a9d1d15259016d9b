"""What a game is called."""

from __future__ import annotations

from engine.model import AnalysedGame, title_of
from engine.model.titles import position_name


def names_of(game: AnalysedGame) -> list[str]:
    """Return both players, or the title of a chapter or of an EPD line."""
    if game.epd is not None:
        return [position_name(game.epd, game.origin.game)]
    names = [game.player("white"), game.player("black")]
    title = title_of(game.headers)
    return names if title == " – ".join(names) else [title]
