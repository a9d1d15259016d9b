"""The figures of one side in one game that `baseline` counts and `peers` compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import Struct

from engine.model import AnalysedGame, Color, TimeControl
from engine_plugins.aggregators._common import lost, milli

MIN_MOVES = 10
"""Moves with an evaluation before and after them that a side needs: shorter games tell little about it."""
MIN_PART = 5
"""Such moves that a side needs in a phase, or in time trouble."""
WON = 80.0
"""Win% from which a position is winning; 100 minus it is losing."""
TROUBLE = 10
"""Percent of the clock; a move that leaves less is in time trouble."""


class Figure(Struct, frozen=True):
    """A figure of a side in a game."""

    label: str
    """Name, for people."""
    better: str
    """Words for a side that is better in it, before "than 62% of the sides": `more accurate`."""
    divisor: int
    """Figures are integers; divided by this they have the unit that people read."""
    unit: str = ""
    """Unit, for people."""
    high: bool = False
    """Whether more is better."""


_LOST = "Win% per 100 moves"
_PER_100 = "per 100 moves"

FIGURES = {
    "accuracy": Figure("Accuracy", "more accurate", 10, "%", high=True),
    "acpl": Figure("Average centipawn loss", "better by centipawns lost", 1, "centipawns"),
    "inaccuracies": Figure("Inaccuracies", "better by inaccuracies", 10, _PER_100),
    "mistakes": Figure("Mistakes", "better by mistakes", 10, _PER_100),
    "blunders": Figure("Blunders", "better by blunders", 10, _PER_100),
    "opening": Figure("Lost in the opening", "better in the opening", 1, _LOST),
    "middlegame": Figure("Lost in the middlegame", "better in the middlegame", 1, _LOST),
    "endgame": Figure("Lost in the endgame", "better in the endgame", 1, _LOST),
    "trouble": Figure("Moves in time trouble", "less in time trouble", 10, "% of the moves"),
    "trouble_lost": Figure("Lost in time trouble", "better in time trouble", 1, _LOST),
    "conversion": Figure("Points from winning games", "better at winning won games", 1, "%", high=True),
    "defence": Figure("Points from losing games", "better at saving lost games", 1, "%", high=True),
}
"""By key, in display order."""


def sides_of(
    game: AnalysedGame, colors: Iterable[Color], width: int
) -> Iterator[tuple[Color, tuple[str, int] | None, dict[str, int]]]:
    """Yield each colour with its `cell_of` and its figures; None and no figures for a side that does not count.

    * **width** - rating points of a band.
    """
    timing = game.timing()
    for color in colors:
        cell = cell_of(game, color, width)
        control = timing.white if color == "white" else timing.black
        figures = side_figures(game, color, control) if cell is not None else {}
        yield color, cell if figures else None, figures


def side_figures(game: AnalysedGame, color: Color, control: TimeControl | None) -> dict[str, int]:
    """Return the figures of a side as integers by key; empty with fewer than `MIN_MOVES` evaluated moves.

    * **control** - the side's time control; None if it is not known.
    """
    plies = list(islice(enumerate(game.plies), int(game.turn(0) != color), None, 2))
    losses = [(k, loss) for k, ply in plies if ply.accuracy is not None and (loss := lost(ply)) is not None]
    number = len(losses)
    if number < MIN_MOVES:
        return {}
    side = game.side(color)
    figures: dict[str, int] = {}
    if side.accuracy is not None:
        figures["accuracy"] = round(10 * side.accuracy)
    if side.acpl is not None:
        figures["acpl"] = side.acpl
    for key, errors in (
        ("inaccuracies", side.inaccuracies),
        ("mistakes", side.mistakes),
        ("blunders", side.blunders),
    ):
        if errors is not None:
            figures[key] = round(1000 * errors / number)
    phases: dict[str, list[int]] = {}
    for k, loss in losses:
        phases.setdefault(game.phase(k), []).append(loss)
    figures.update(_mean_losses(phases))
    figures.update(_in_trouble(_left(game, color, control), dict(losses)))
    figures.update(_ends(game, color))
    return figures


def _mean_losses(parts: dict[str, list[int]]) -> dict[str, int]:
    """Return the Win% lost per 100 moves of each part that has moves enough, from thousandths of each move."""
    return {key: round(sum(part) / (10 * len(part))) for key, part in parts.items() if len(part) >= MIN_PART}


def _left(game: AnalysedGame, color: Color, control: TimeControl | None) -> dict[int, int]:
    """Return the clock after each move of a side in thousandths of a percent of the whole, where it is known."""
    whole = 0 if control is None else milli(control.whole)
    if whole <= 0:
        return {}
    plies = islice(enumerate(game.plies), int(game.turn(0) != color), None, 2)
    return {k: milli(ply.clock) * 100_000 // whole for k, ply in plies if ply.clock is not None}


def _in_trouble(left: dict[int, int], losses: dict[int, int]) -> Iterator[tuple[str, int]]:
    if len(left) < MIN_MOVES:
        return
    troubled = [k for k, share in left.items() if share < 1000 * TROUBLE]
    yield "trouble", round(1000 * len(troubled) / len(left))
    yield from _mean_losses({"trouble_lost": [losses[k] for k in troubled if k in losses]}).items()


def _ends(game: AnalysedGame, color: Color) -> Iterator[tuple[str, int]]:
    """Yield the points, in percent, of a side that stood winning, and of one that stood losing."""
    points = game.points(color)
    if points is None:
        return
    wins = [
        win if game.turn(k) == color else 100 - win
        for k, ply in enumerate(game.plies)
        for win in (ply.win_before, ply.win_after)
        if win is not None
    ]
    if wins and max(wins) >= WON:
        yield "conversion", round(100 * points)
    if wins and min(wins) <= 100 - WON:
        yield "defence", round(100 * points)


def evaluated_by(game: AnalysedGame) -> str:
    """Return where a game's evaluations come from: `the file`, or the nodes of its searches, as in `5,000 nodes`.

    The nodes are the median over its positions, with one digit that is not 0.
    """
    nodes = []
    for position in game.positions:
        if position.recorded:
            return "the file"
        if position.evaluation is not None:
            nodes.append(position.evaluation.nodes)
    middle = sorted(nodes)[len(nodes) // 2] if nodes else 0
    return f"{round(middle, 1 - len(str(middle))):,} nodes" if middle else "unknown"


def site_of(game: AnalysedGame) -> str:
    """Return whose ratings the tags have: `lichess.org`, `chess.com`, or `other`."""
    for tag in ("Site", "Link"):
        text = game.headers.get(tag, "").lower()
        for site in ("lichess.org", "chess.com"):
            if site in text:
                return site
    return "other"


def cell_of(game: AnalysedGame, color: Color, width: int) -> tuple[str, int] | None:
    """Return the speed, and the lowest rating of the band, of a side; None where either is not known.

    * **width** - rating points of a band.
    """
    rating, speed = game.rating(color), game.speed
    title = game.headers.get("WhiteTitle" if color == "white" else "BlackTitle", "")
    if rating is None or speed is None or title == "BOT":
        return None
    return speed, rating // width * width
