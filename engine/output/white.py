"""Conversion to White's point of view, which outputs use; evaluations are from the view of the side to move."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import AnalysedGame, AnalysedPosition, Score


def views(game: AnalysedGame) -> Iterator[tuple[AnalysedPosition, bool]]:
    """Yield the positions in order, each with whether its scores must be negated to be White's."""
    negate = game.turn(0) == "black"
    for position in game.positions:
        yield position, negate
        negate = not negate


def scores(game: AnalysedGame) -> list[Score | None]:
    """Return White's score in each position: 0 for stalemate; None for checkmate or without an evaluation."""
    white_scores: list[Score | None] = []
    for position, negate in views(game):
        if position.evaluation is not None:
            score = position.evaluation.score
            white_scores.append(-score if negate else score)
        else:
            white_scores.append(Score(cp=0) if position.terminal == "stalemate" else None)
    return white_scores
