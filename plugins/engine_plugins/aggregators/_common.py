"""Helpers that the aggregators of this folder share: columns, units, intervals and names of games."""

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

Rows = Annotated[int, Meta(ge=0, le=100_000, description="Number of games in the table of single games.")]


def label(game: AnalysedGame) -> str:
    """Return the names of the players, or the name of an EPD line."""
    if game.epd is not None:
        return game.epd.id or "?"
    return f"{game.player('white')} – {game.player('black')}"


def share(part: int, whole: int) -> float | None:
    """Return `part` in percent of `whole`, with 3 decimals; None if `whole` is 0."""
    return round(100 * part / whole, 3) if whole else None


def mean(total: int, number: int, unit: int = 1) -> float | None:
    """Return `total / number` with 3 decimals; None if `number` is 0. A total of thousandths has `unit` 1000."""
    return round(total / (number * unit), 3) if number else None


def milli(value: float) -> int:
    """Return thousandths as an integer: exact for 3 decimals, and the same sum in any order."""
    return round(value * 1000)


def unmilli(thousandths: Cell) -> float | None:
    """Return the value of thousandths from a state; None for an empty cell."""
    return thousandths / 1000 if isinstance(thousandths, int) else None


def left_out(rows: str, number: int, option: str) -> tuple[str, ...]:
    """Return a note on the rows that a table does not show; empty if it shows all."""
    return (f"{number:,} more {rows} are not listed; --set {option}=N lists N.",) if number > 0 else ()


NO_EVALUATIONS = "No data: no move has an evaluation before and after it."

_Z = 1.959964
"""A normal distribution has 95% of its values within this many standard deviations of the mean."""


def other(color: Color) -> Color:
    """Return the opponent's colour."""
    return "black" if color == "white" else "white"


def lost(ply: Ply) -> int | None:
    """Return the thousandths of Win% that the mover lost, 0 or more; None if an evaluation is missing."""
    if ply.win_before is None or ply.win_after is None:
        return None
    return max(0, milli(ply.win_before) - milli(ply.win_after))


def win_at(game: AnalysedGame, ply: int, color: Color) -> int | None:
    """Return the thousandths of a colour's Win% in position `ply`; None without an evaluation of the position."""
    position = game.positions[ply]
    if position.evaluation is None:
        return None
    score = position.evaluation.score if game.turn(ply) == color else -position.evaluation.score
    return milli(win_percent(score, 1.0 if position.recorded else game.scale))


def together(parts: Iterable[Moments]) -> Moments:
    """Return the moments of all parts together."""
    total = Moments()
    for part in parts:
        total.merge(part)
    return total


def best_san(game: AnalysedGame, ply: int) -> str | None:
    """Return the best move of position `ply` in SAN; None if it is not known."""
    evaluation = game.positions[ply].evaluation
    if evaluation is None or evaluation.best is None:
        return None
    board = game.board(ply)
    return board.san(board.parse_uci(evaluation.best))


def numbered(game: AnalysedGame, ply: int) -> str:
    """Return the move played with its number: `17. Rd8#`, `17... Kxd8`."""
    return f"{game.number(ply)} {game.plies[ply].san}"


def wilson(part: float, whole: int) -> tuple[float, float] | None:
    """Return the 95% interval of a share, in percent with 3 decimals; None if `whole` is 0.

    `part` may include halves. With draws as half a win the interval is a little too wide, since draws vary less.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not whole:
        return None
    p, z2 = part / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = _Z * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return round(100 * max(0.0, middle - reach), 3), round(100 * min(1.0, middle + reach), 3)


def reach(moments: Moments, unit: int = 1) -> float | None:
    """Return half of the 95% interval of a mean (normal approximation); None for fewer than two values."""
    deviation = moments.deviation()
    if deviation is None or moments.n < 2:  # noqa: PLR2004
        return None
    return round(_Z * deviation / math.sqrt(moments.n - 1) / unit, 3)


def known_reach(moments: Moments) -> float | None:
    """Return `reach` for thousandths; None if all values are equal, since a few games cannot be so certain."""
    return reach(moments, 1000) or None


def interval(part: float, whole: int) -> str | None:
    """Return the `wilson` interval as text: `12.3-45.6`; None if `whole` is 0."""
    bounds = wilson(part, whole)
    return None if bounds is None else f"{bounds[0]:.1f}-{bounds[1]:.1f}"


def score_interval(points: Moments) -> str | None:
    """Return the 95% interval of a score in percent as text, from thousandths of points; None without a game."""
    return interval(points.sum / 1000, points.n)
