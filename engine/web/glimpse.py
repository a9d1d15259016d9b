"""A finished game in a few plain values, as the page of a run shows it."""

from __future__ import annotations

from typing import Any

from engine.model import AnalysedGame, Color, Side
from engine.web.pages.names import names_of

POINTS = 60
"""Points of a graph, at most."""
LONGEST = 100
"""Characters of a name, at most."""


def glimpse(game: AnalysedGame) -> dict[str, Any]:
    """Return number, names, result, accuracies, numbers of judged moves and the graph of a game.

    `names` are both players, or one that a position of EPD or a chapter has; the result of a position is empty.
    `graph` has White's Win%, whole numbers from 0 to 100, from the first position to the last; null where it is
    not known. Of a long game it has every second position, or every third.
    """
    return {
        "number": game.origin.game,
        "names": [name[:LONGEST] for name in names_of(game)],
        "white": game.player("white")[:LONGEST],
        "black": game.player("black")[:LONGEST],
        "result": game.result if game.epd is None else "",
        "accuracy": [game.white.accuracy, game.black.accuracy],
        "judged": [_judged(game.white), _judged(game.black)],
        "plies": len(game.plies),
        "graph": graph(game),
    }


def _judged(side: Side) -> list[int | None]:
    return [side.inaccuracies, side.mistakes, side.blunders]


def graph(game: AnalysedGame) -> list[int | None]:
    """Return White's Win% in the positions of a game, of at most `POINTS` of them, the last one included.

    It is empty where fewer than two are known: a graph without a course would say that somebody was winning.
    """
    wins: list[int | None] = []
    for k, ply in enumerate(game.plies):
        mover = game.turn(k)
        if k == 0:
            wins.append(_of_white(ply.win_before, mover))
        wins.append(_of_white(ply.win_after, mover))
    if game.plies and game.positions[-1].terminal == "checkmate":
        wins[-1] = 100 if game.turn(len(game.plies)) == "black" else 0
    if sum(win is not None for win in wins) < 2:  # noqa: PLR2004
        return []
    step = -(-len(wins) // POINTS) or 1
    return wins[::-step][::-1]


def _of_white(win: float | None, mover: Color) -> int | None:
    if win is None:
        return None
    return round(win if mover == "white" else 100 - win)
