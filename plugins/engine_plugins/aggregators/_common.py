"""Helpers that the aggregators of this folder share: columns, units, intervals and names of games."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Ply, title_of
from engine.plugin import Counts, Histogram, Keyed, Moments, wilson
from engine.scoring import win_percent
from engine.text.format import count

GAME = Column("game", "Game", "int")
PLAYER = Column("player", "Player", "player")

Rows = Annotated[int, Meta(ge=0, le=100_000, description="Number of games in the table of single games.")]
Players = Annotated[int, Meta(ge=0, le=1_000_000, description="Rows of the table of players.")]
PLAYERS = 10_000
"""Rows of a table of players unless an option says otherwise: all of a club, and some of a database."""

T = TypeVar("T")
S = TypeVar("S", Moments, Histogram, Counts)
P = TypeVar("P", bound=tuple[Any, ...])
"""A player's name and figures."""


def label(game: AnalysedGame) -> str:
    """Return the names of the players, or the name of a study's chapter or of an EPD line."""
    if game.epd is not None:
        return game.epd.id or "?"
    return title_of(game.headers)


def opening_of(game: AnalysedGame) -> str | None:
    """Return the ECO code and the name of a game's opening; None where it has none."""
    return None if game.opening is None else f"{game.opening.eco} {game.opening.name}"


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


def both_sides(games: int) -> str:
    """Return, in words, that some games count from both sides."""
    return f"{count(games, 'game')} {'counts' if games == 1 else 'count'} from both sides"


def left_out(rows: str, number: int, option: str) -> tuple[str, ...]:
    """Return a note on the rows that a table does not show; empty if it shows all."""
    return (f"{number:,} more {rows} are not listed; --set {option}=N lists N.",) if number > 0 else ()


def ranked(items: Iterable[T], size: int, order: Callable[[T], Any]) -> tuple[list[T], int]:
    """Return the first `size` items in an order, and how many there are. Only so many are held in memory."""
    number = 0

    def counted() -> Iterator[T]:
        nonlocal number
        for item in items:
            number += 1
            yield item

    found = heapq.nsmallest(max(1, size), counted(), key=order)
    return found[:size], number


def leading(items: Iterable[P], size: int, figure: Callable[[P], int]) -> tuple[list[P], int]:
    """Return the `size` players with the highest figures, ties by name, and how many players there are."""
    return ranked(items, size, lambda item: (-figure(item), item[0]))


def adding(stream: Iterable[tuple[str, S]], total: S) -> Iterator[tuple[str, S]]:
    """Yield names and states, and add the states to `total`."""
    for name, state in stream:
        total.merge(state)
        yield name, state


def by_name(streams: Mapping[str, Iterable[tuple[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each name with what the streams have under it; each stream is in the order of names."""
    rows = heapq.merge(*(_tagged(tag, stream) for tag, stream in streams.items()), key=itemgetter(0))
    for name, group in groupby(rows, key=itemgetter(0)):
        yield name, {tag: value for _, tag, value in group}


def _tagged(tag: str, stream: Iterable[tuple[str, T]]) -> Iterator[tuple[str, str, T]]:
    for name, value in stream:
        yield name, tag, value


def by_player(states: Keyed[S], groups: Sequence[str]) -> Iterator[tuple[str, dict[str, S]]]:
    """Yield each player with the states by group; the keys are group and player: `white|name`."""
    return by_name({group: _in_group(states, f"{group}|") for group in groups})


def _in_group(states: Keyed[S], prefix: str) -> Iterator[tuple[str, S]]:
    for key, state in states.each(prefix):
        yield key.removeprefix(prefix), state


NO_EVALUATIONS = "No data: no move has an evaluation before and after it."

_Z = 1.959964
"""A normal distribution has 95% of its values within this many standard deviations of the mean."""


def other(color: Color) -> Color:
    """Return the opponent's colour."""
    return "black" if color == "white" else "white"


def lost(ply: Ply) -> int | None:
    """Return the thousandths of Win% that the mover lost, 0 or more; None if an evaluation is missing."""
    before, after = ply.win_before, ply.win_after
    if before is None or after is None:
        return None
    # As `milli` does it; every report asks this of every move.
    return round(before * 1000) - round(after * 1000) if before > after else 0


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
