"""The lines that can be played on the board of a game's page, and what aggregators remark on its moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import chess

from engine.model import AnalysedGame, AnalysedPosition, Score

LINE = 8
"""Plies of a line."""
LINES = 5
"""Lines of a position, at most."""


def lines_of(game: AnalysedGame) -> dict[str, list[list[int | str]]]:
    """Return the lines of positions by ply, each as White's evaluation, the moves in UCI and the moves in SAN.

    They are the best line of each position whose move is judged, and all lines of positions with more than one.
    """
    found = {}
    for k, board in enumerate(game.boards()):
        judged = k < len(game.plies) and game.plies[k].judgement is not None
        lines = [
            [_text(score if board.turn else -score), " ".join(pv), " ".join(_sans(board, pv))]
            for score, pv in _best_first(game.positions[k], judged=judged)
        ]
        if lines:
            found[str(k)] = lines
    return found


def remarks_of(game: AnalysedGame) -> dict[str, list[list[Any]]]:
    """Return the remarks by ply, each as text, NAGs, arrows and the aggregator's name."""
    found: dict[str, list[list[Any]]] = {}
    for one in game.remarks:
        found.setdefault(str(one.ply), []).append([one.text, list(one.nags), list(one.arrows), one.by])
    return found


def _best_first(position: AnalysedPosition, *, judged: bool) -> Iterator[tuple[Score, tuple[str, ...]]]:
    evaluation = position.evaluation
    if evaluation is None:
        return
    if len(evaluation.lines) > 1:
        yield from ((line.score, line.pv[:LINE]) for line in evaluation.lines[:LINES] if line.pv)
    elif judged and evaluation.pv:
        yield evaluation.score, evaluation.pv[:LINE]


def _sans(board: chess.Board, pv: Sequence[str]) -> Iterator[str]:
    replay = board.copy(stack=False)
    for uci in pv:
        move = replay.parse_uci(uci)
        yield replay.san(move)
        replay.push(move)


def _text(score: Score) -> int | str:
    return f"#{score.mate}" if score.mate is not None else score.cp or 0
