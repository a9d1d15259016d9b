"""Mates and draws that a move allowed or missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import chess

from engine.analysis.reasons.facts import Facts
from engine.analysis.reasons.walk import Walk
from engine.model import Explanation

__all__ = ["allowed_draw", "allowed_mate", "missed_mate", "stalemate"]

_BETTER = 60.0
"""Win% above which a draw is a loss."""


def allowed_mate(facts: Facts) -> Explanation | None:
    """Return what is to be said of a move after which the opponent can mate."""
    mate = facts.after.score.mate if facts.after is not None else None
    if mate is None or mate <= 0:
        return None
    moves, played = _beginning(facts.board_after, facts.reply, mate), False
    if mate == 1 and not moves:  # the evaluation is wrong
        return None
    if not moves and _mated_in_the_game(facts, mate):
        moves, played = (facts.game.plies[facts.ply + 1].uci,), True
    motif = _motif(facts.board_after, moves)
    return Explanation(facts.ply, "allowed mate", "", facts.ply + 1, moves, mate=mate, played=played, motif=motif)


def missed_mate(facts: Facts) -> Explanation | None:
    """Return what is to be said of a move instead of which there was a mate, and after which there is none."""
    mate = facts.before.score.mate if facts.before is not None else None
    is_known = facts.after is not None or facts.position_after.terminal == "stalemate"
    if mate is None or mate <= 0 or not is_known or (facts.after and (facts.after.score.mate or 0) < 0):
        return None
    moves = _beginning(facts.board, facts.best, mate)
    if mate == 1 and not moves:
        return None
    return Explanation(facts.ply, "missed mate", "", facts.ply, moves, mate=mate, motif=_motif(facts.board, moves))


def stalemate(facts: Facts) -> Explanation | None:
    """Return what is to be said of a move that leaves the opponent without one."""
    if facts.position_after.terminal != "stalemate":
        return None
    return Explanation(facts.ply, "stalemate", "", facts.ply + 1)


def allowed_draw(facts: Facts) -> Explanation | None:
    """Return what is to be said of a move after which the best line repeats a position, from a better one."""
    win, reply = facts.game.plies[facts.ply].win_before, facts.reply
    if win is None or win < _BETTER or reply is None or facts.after is None or facts.after.score.cp != 0:
        return None
    seen = {_key(board) for board in _since_irreversible(facts)}
    for k, board in enumerate(reply.boards[1:], 1):
        if _key(board) in seen:
            return Explanation(facts.ply, "allowed draw", "", facts.ply + 1, reply.ucis(k))
        seen.add(_key(board))
    return None


def _since_irreversible(facts: Facts) -> Iterator[chess.Board]:
    """Yield the positions of the game, up to the one after the move, that could still be repeated."""
    first = max(0, facts.ply + 1 - facts.board_after.halfmove_clock)
    for k, board in enumerate(facts.game.boards()):
        if k > facts.ply + 1:
            return
        if k >= first:
            yield board


def _key(board: chess.Board) -> tuple[str, bool, int, int | None]:
    passant = board.ep_square if board.has_legal_en_passant() else None
    return board.board_fen(), board.turn, board.clean_castling_rights(), passant


def _beginning(board: chess.Board, walk: Walk | None, mate: int) -> tuple[str, ...]:
    """Return the line of a mate; only its first move if the line is not known up to mate, nothing without one."""
    if walk is not None and walk.moves and (mate > 1 or walk.boards[1].is_checkmate()):
        whole = 2 * mate - 1
        is_whole = len(walk.moves) >= whole and walk.boards[whole].is_checkmate()
        return walk.ucis(whole if is_whole else 1)
    if mate > 1:
        return ()
    mating = sorted(board.uci(move) for move in board.legal_moves if _mates(board, move))
    return tuple(mating[:1])


def _mates(board: chess.Board, move: chess.Move) -> bool:
    after = board.copy(stack=False)
    after.push(move)
    return after.is_checkmate()


def _mated_in_the_game(facts: Facts, mate: int) -> bool:
    """Return whether the opponent's next move in the game kept to the mate, by the evaluation after it."""
    positions = facts.game.positions
    if facts.ply + 2 >= len(positions):
        return False
    following = positions[facts.ply + 2]
    if following.terminal == "checkmate":
        return mate == 1
    evaluation = following.evaluation
    return evaluation is not None and evaluation.score.mate == 1 - mate


def _motif(board: chess.Board, ucis: Sequence[str]) -> str:
    """Return `backRankMate` where a line ends in one; empty otherwise.

    A rook or queen mates a king on its first rank along that rank, and the squares in front of the king are all
    taken by men of its own.
    """
    walk = Walk(board, ucis)
    if not walk.is_mate:
        return ""
    last, end = walk.boards[-1], walk.moves[-1].to_square
    king = last.king(last.turn)
    assert king is not None
    home = 0 if last.turn else 7
    piece = last.piece_type_at(end)
    on_rank = chess.square_rank(king) == chess.square_rank(end) == home and piece in (chess.ROOK, chess.QUEEN)
    ahead = chess.BB_KING_ATTACKS[king] & chess.BB_RANKS[1 if last.turn else 6]
    return "backRankMate" if on_rank and not ahead & ~last.occupied_co[last.turn] else ""
