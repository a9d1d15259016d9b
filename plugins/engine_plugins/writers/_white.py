"""White's point of view, which everything written takes; evaluations are the side to move's."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import AnalysedGame, AnalysedPosition, Score


def views(game: AnalysedGame) -> Iterator[tuple[AnalysedPosition, bool]]:
    """The positions in order, each with whether its scores have to be negated."""
    negate = game.turn(0) == "black"
    for position in game.positions:
        yield position, negate
        negate = not negate


def scores(game: AnalysedGame) -> list[Score | None]:
    """White's score of each position. Stalemate is 0; None for checkmate and where nothing is known."""
    found: list[Score | None] = []
    for position, negate in views(game):
        if position.evaluation is not None:
            score = position.evaluation.score
            found.append(-score if negate else score)
        else:
            found.append(Score(cp=0) if position.terminal == "stalemate" else None)
    return found
