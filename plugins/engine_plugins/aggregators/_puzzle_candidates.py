"""Positions of a game that may be puzzles, as far as the evaluations of the game can tell."""

from __future__ import annotations

from collections.abc import Iterator

import chess

from engine.model import AnalysedGame, Score
from engine.positions.material import balance
from engine.positions.movetext import NULL_MOVE
from engine.scoring import chances
from engine_plugins.aggregators._puzzle_options import PuzzlesOptions

MATE = 15
"""A mate in more moves than this counts as an advantage."""
_CORNERS = {
    (chess.WHITE, chess.A1): chess.E1,
    (chess.WHITE, chess.H1): chess.E1,
    (chess.BLACK, chess.A8): chess.E8,
    (chess.BLACK, chess.H8): chess.E8,
}
"""Corners with the square of the king that may castle there."""


def candidates(game: AnalysedGame, options: PuzzlesOptions) -> list[tuple[int, chess.Board]]:
    """Return the positions in which the opponent's last move was a flaw that one move may punish.

    Each comes with its board, on whose stack are the moves of the game. They are in the order of the game, and
    only of sides in view. The rules are those of Lichess's generator, version 50, with other numbers where the
    documentation of `puzzles` says so.

    * **game** - the game with its evaluations.
    * **options** - the numbers.
    """
    plies = [k for k in range(1, len(game.positions)) if game.turn(k) in game.view and _is_flaw(game, k, options)]
    return [(k, board) for k, board in _boards(game, plies) if _is_fair(game, k, board, options)]


def chances_of(score: Score, scale: float) -> float:
    """Return winning chances from -1 to 1 in the same view; a mate is 1 or -1.

    * **score** - a score.
    * **scale** - factor for centipawns.
    """
    if score.mate is not None:
        return 1.0 if score.mate > 0 else -1.0
    return chances((score.cp or 0) * scale)


def is_mate(score: Score) -> bool:
    """Return whether a score is a mate that its side gives soon enough to be looked for."""
    return score.mate is not None and 0 < score.mate <= MATE


def _is_flaw(game: AnalysedGame, k: int, options: PuzzlesOptions) -> bool:
    """Return whether the move before position `k` gave away enough, by the evaluations alone."""
    before, after = game.positions[k - 1], game.positions[k]
    if before.evaluation is None or after.evaluation is None or game.plies[k - 1].uci == NULL_MOVE:
        return False
    if is_mate(after.evaluation.score):
        return True
    had = chances_of(-before.evaluation.score, _scale(game, k - 1))
    has = chances_of(after.evaluation.score, _scale(game, k))
    if had > chances(options.ahead):
        return False
    return has >= chances(options.winning) and has > had + options.swing


def _is_fair(game: AnalysedGame, k: int, board: chess.Board, options: PuzzlesOptions) -> bool:
    """Return whether a solver who sees only the position has something to find."""
    if board.legal_moves.count() < 2 or board.is_repetition(2):  # noqa: PLR2004 - a choice; the second time
        return False
    if game.variant == "standard" and not _shows_castling(board):
        return False
    ahead = balance(board, board.turn)
    if ahead > 0:
        return False
    evaluation = game.positions[k].evaluation
    assert evaluation is not None
    score = evaluation.score
    return is_mate(score) or chances_of(score, _scale(game, k)) >= chances(options.behind) or ahead < 0


def _scale(game: AnalysedGame, k: int) -> float:
    """Return the factor for the centipawns of a position."""
    return 1.0 if game.positions[k].recorded else game.scale


def _shows_castling(board: chess.Board) -> bool:
    """Return whether every king and rook at home may still castle, so that the diagram tells who may."""
    for (color, corner), home in _CORNERS.items():
        at_home = board.piece_at(corner) == chess.Piece(chess.ROOK, color) and board.king(color) == home
        if at_home and not board.castling_rights & chess.BB_SQUARES[corner]:
            return False
    return True


def _boards(game: AnalysedGame, plies: list[int]) -> Iterator[tuple[int, chess.Board]]:
    if not plies:
        return
    wanted = set(plies)
    for k, board in enumerate(game.boards()):
        if k in wanted:
            yield k, board.copy()
