"""What the aggregators of this folder share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Ply
from engine.plugin import Moments
from engine.scoring import win_percent

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


def unmilli(thousandths: Cell) -> float | None:
    """A figure from its thousandths, as kept by a state; None of nothing."""
    return thousandths / 1000 if isinstance(thousandths, int) else None


def left_out(what: str, number: int, option: str) -> tuple[str, ...]:
    """A note on the rows that a table does not show, when there are any."""
    return (f"{number:,} more {what} are not listed; --set {option}=N lists N.",) if number > 0 else ()


NO_EVALUATIONS = "No data: no move has an evaluation before and after it."

_Z = 1.959964
"""Standard deviations on both sides of the mean that hold 95% of a normal distribution."""


def other(color: Color) -> Color:
    return "black" if color == "white" else "white"


def lost(ply: Ply) -> int | None:
    """Thousandths of Win% that the mover lost, 0 or more; None beside a missing evaluation."""
    if ply.win_before is None or ply.win_after is None:
        return None
    return max(0, milli(ply.win_before) - milli(ply.win_after))


def win_at(game: AnalysedGame, ply: int, color: Color) -> int | None:
    """Thousandths of a colour's Win% in position `ply`, by its own evaluation; None without one."""
    position = game.positions[ply]
    if position.evaluation is None:
        return None
    score = position.evaluation.score if game.turn(ply) == color else -position.evaluation.score
    return milli(win_percent(score, 1.0 if position.recorded else game.scale))


def together(parts: Iterable[Moments]) -> Moments:
    """All of them as one."""
    total = Moments()
    for part in parts:
        total.merge(part)
    return total


def best_san(game: AnalysedGame, ply: int) -> str | None:
    """The best move of position `ply` in SAN; None when it is not known."""
    evaluation = game.positions[ply].evaluation
    if evaluation is None or evaluation.best is None:
        return None
    board = game.board(ply)
    return board.san(board.parse_uci(evaluation.best))


def numbered(game: AnalysedGame, ply: int) -> str:
    """The move played, with its number: `17. Rd8#`, `17... Kxd8`."""
    return f"{game.number(ply)} {game.plies[ply].san}"


def wilson(part: float, whole: int) -> tuple[float, float] | None:
    """The 95% interval of a share, in percent with 3 decimals; None of nothing.

    `part` may count halves: with draws as half a win the interval is a little wide, since draws vary less.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not whole:
        return None
    p, z2 = part / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = _Z * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return round(100 * max(0.0, middle - reach), 3), round(100 * min(1.0, middle + reach), 3)


def reach(moments: Moments, unit: int = 1) -> float | None:
    """Half of the 95% interval of a mean, normal approximation; None of fewer than two values."""
    deviation = moments.deviation()
    if deviation is None or moments.n < 2:  # noqa: PLR2004
        return None
    return round(_Z * deviation / math.sqrt(moments.n - 1) / unit, 3)


def known_reach(moments: Moments) -> float | None:
    """`reach` of thousandths; None where all values are equal: a 0 would claim a certainty that a few games cannot
    give."""
    return reach(moments, 1000) or None


def interval(part: float, whole: int) -> str | None:
    """`wilson` for people: `12.3-45.6`; None of nothing."""
    found = wilson(part, whole)
    return None if found is None else f"{found[0]:.1f}-{found[1]:.1f}"


def score_interval(points: Moments) -> str | None:
    """The 95% interval of a score in percent, from thousandths of points by game; None without a game."""
    return interval(points.sum / 1000, points.n)
