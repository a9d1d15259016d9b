"""What the aggregators of this folder share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model import AnalysedGame, Column

GAME = Column("game", "Game", "int")
PLAYER = Column("player", "Player", "player")

Rows = Annotated[int, Meta(ge=0, le=100_000, description="Rows of the table of single games: the first so many.")]


def label(game: AnalysedGame) -> str:
    """The players, or the name of an EPD line."""
    if game.epd is not None:
        return game.epd.id or "?"
    return f"{game.player('white')} – {game.player('black')}"


def share(part: int, whole: int) -> float | None:
    """Percent with 3 decimals; None of nothing."""
    return round(100 * part / whole, 3) if whole else None


def mean(total: int, number: int, unit: int = 1) -> float | None:
    """`total` units over `number`, with 3 decimals; None over nothing. `unit` is how many make up 1."""
    return round(total / (number * unit), 3) if number else None


def milli(value: float) -> int:
    """Thousandths: exact for a figure of 3 decimals, and fit to be added up in any order."""
    return round(value * 1000)


def left_out(what: str, number: int, option: str) -> tuple[str, ...]:
    """A note on the rows that a table does not show, when there are any."""
    return (f"{number:,} more {what} are not listed; --set {option}=N lists N.",) if number else ()
