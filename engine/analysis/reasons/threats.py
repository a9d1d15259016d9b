"""Threats: what a side would win, or that it would mate, if the other side passed."""

from __future__ import annotations

from collections.abc import Mapping

import chess

from engine.analysis.reasons.exchange import exchange
from engine.analysis.reasons.facts import Facts
from engine.model import Explanation
from engine.positions.material import VALUES

__all__ = ["allowed_threat", "missed_threat"]

_LETTERS = ".pnbrqk"


def allowed_threat(facts: Facts) -> Explanation | None:
    """Return the threat that the opponent's best answer makes and that the best move would have prevented.

    After the best move that answer is impossible, makes no such threat, or loses the man that makes it.
    """
    if facts.reply is None or facts.best is None:
        return None
    answer, prevented = facts.reply.moves[0], facts.best.boards[1]
    made = _new_threats(facts.reply.boards[0], answer)
    if not made:
        return None
    if prevented.is_legal(answer):
        after = prevented.copy(stack=False)
        after.push(answer)
        if exchange(after, answer.to_square) == 0:
            made = {square: gain for square, gain in made.items() if square not in _threats(after)}
    return _explained(facts, facts.reply.boards[1], made, answer, "allowed")


def missed_threat(facts: Facts) -> Explanation | None:
    """Return the threat that the best move makes, if the move that was played does not make it."""
    if facts.best is None:
        return None
    made = _new_threats(facts.board, facts.best.moves[0])
    if not made:
        return None
    threatened = _threats(facts.board_after)
    made = {square: gain for square, gain in made.items() if square not in threatened}
    return _explained(facts, facts.best.boards[1], made, facts.best.moves[0], "missed")


def _explained(
    facts: Facts, after: chess.Board, made: Mapping[chess.Square, int], move: chess.Move, beginning: str
) -> Explanation | None:
    if not made:
        return None
    square = min(made, key=lambda square: (-made[square], square))
    kind = after.piece_type_at(square)
    assert kind is not None
    start = facts.ply + (beginning == "allowed")
    return Explanation(
        *(facts.ply, "allowed threat" if beginning == "allowed" else "missed threat", "", start),
        moves=((facts.board if start == facts.ply else facts.board_after).uci(move),),
        piece=_LETTERS[kind],
        square=chess.square_name(square),
    )


def _new_threats(board: chess.Board, move: chess.Move) -> dict[chess.Square, int]:
    """Return the threats that a quiet move makes, by the square of the man that is threatened.

    A threat to mate has the square of the king. There are none if the move takes something, which says more than a
    threat, or if the other side wins something by taking the man that moved.
    """
    if board.is_capture(move) or board.is_castling(move):
        return {}
    after = board.copy(stack=False)
    after.push(move)
    made = _threats(after)
    if not made or exchange(after, move.to_square) > 0:
        return {}
    before = _threats_of_mover(board)
    return {square: gain for square, gain in made.items() if square not in before}


def _threats(board: chess.Board) -> dict[chess.Square, int]:
    """Return what the side that is not to move would win if the other passed, which it cannot do in check."""
    if board.is_check():
        return {}
    passed = board.copy(stack=False)
    passed.push(chess.Move.null())
    return _threats_of_mover(passed)


def _threats_of_mover(board: chess.Board) -> dict[chess.Square, int]:
    other = board.occupied_co[not board.turn] & ~board.kings
    found = {
        square: gain
        for square in chess.scan_forward(other)
        if board.attackers_mask(board.turn, square) and (gain := exchange(board, square)) > 0
    }
    king = board.king(not board.turn)
    if king is not None and any(_mates(board, move) for move in board.legal_moves):
        found[king] = _MATE
    return found


_MATE = 2 * VALUES[chess.QUEEN]
"""What a threat to mate counts for: more than any other."""


def _mates(board: chess.Board, move: chess.Move) -> bool:
    if not board.gives_check(move):
        return False
    after = board.copy(stack=False)
    after.push(move)
    return after.is_checkmate()
