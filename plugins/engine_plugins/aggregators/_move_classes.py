"""The rules of `classification`: what class a move is of, and which moves are worth a search of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import chess

from engine import scoring
from engine.model import AnalysedGame, Evaluation
from engine.positions import openings
from engine_plugins.aggregators._common import lost, milli

# Thousandths of Win%.
_BEST, _EXCELLENT = 500, 2_000
_SHAKEN = 5_000
"""What the opponent's last move lost so that an only move is looked for."""
_GIFT = 10_000
"""What the opponent's last move lost so that it can be missed."""
_MARGIN = 10_000
"""What the second-best move loses beside a great one."""
_OPEN = range(10_000, 97_001)
"""Win% before a move that is worth a search."""
_EVEN = 50_000

_POINTS = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9, chess.KING: 0}
_SACRIFICE = 2
"""Points given away by static exchange."""


class Glance(NamedTuple):
    """What the board says of a move."""

    forced: bool
    book: bool
    candidate: bool
    """Whether a follow-up search may find it great."""
    sacrifice: bool
    """Known of candidates only."""


def glances(game: AnalysedGame, *, search: bool) -> Iterator[Glance]:
    """One for each ply, in order."""
    book = game.variant == "standard" and game.fen.split()[:4] == chess.STARTING_FEN.split()[:4]
    taken_on = None
    for k, (board, ply) in enumerate(zip(game.boards(), game.plies, strict=False)):
        move = chess.Move.from_uci(ply.uci)
        captures = board.is_capture(move)
        forced = _at_most_one(board.generate_legal_moves())
        book = book and _leads_to_book(board, move)
        candidate = sacrifice = False
        if search and not forced and not book and not (captures and move.to_square == taken_on):
            candidate = _is_open(game, k)
            sacrifice = candidate and gives_away(board, move) >= _SACRIFICE
            candidate = candidate and (sacrifice or _is_tense(board, move, (k and lost(game.plies[k - 1])) or 0))
        yield Glance(forced, book, candidate, sacrifice)
        taken_on = move.to_square if captures else None


def _at_most_one(moves: Iterable[chess.Move]) -> bool:
    found = iter(moves)
    next(found, None)
    return next(found, None) is None


def _leads_to_book(board: chess.Board, move: chess.Move) -> bool:
    board.push(move)
    found = openings.is_book(board)
    board.pop()
    return found


def _is_open(game: AnalysedGame, k: int) -> bool:
    """Whether it is a best move in a game that is not decided."""
    ply = game.plies[k]
    if ply.win_before is None or ply.judgement is not None:
        return False
    return milli(ply.win_before) in _OPEN and _is_best(game, k)


def _is_best(game: AnalysedGame, k: int) -> bool:
    evaluation, loss = game.positions[k].evaluation, lost(game.plies[k])
    known = evaluation is not None and evaluation.best == game.plies[k].uci
    return known or (loss is not None and loss <= _BEST)


def _is_tense(board: chess.Board, move: chess.Move, shaken: int) -> bool:
    """Whether an only move is likely, and not one that simply wins material."""
    if exchange(board, move) > 0:
        return False
    return shaken >= _SHAKEN or board.is_capture(move) or board.is_check() or board.gives_check(move)


def margin_of(game: AnalysedGame, k: int, answer: Evaluation | None) -> int | None:
    """What the second-best move loses against this one; None when this one is not the best, or not known."""
    if answer is None or len(answer.lines) < 2 or answer.lines[0].pv[:1] != (game.plies[k].uci,):  # noqa: PLR2004
        return None
    first, second = (milli(scoring.win_percent(line.score, game.scale)) for line in answer.lines[:2])
    return first - second


def class_of(game: AnalysedGame, k: int, glance: Glance, margin: int | None) -> str | None:
    """The class of a move; None when it does not count."""
    ply, loss = game.plies[k], lost(game.plies[k])
    if loss is None and (game.positions[k].evaluation is None or not ply.san.endswith("#")):
        return None
    if glance.forced:
        return "forced"
    if ply.judgement != "blunder":
        if glance.book and ply.judgement is None:
            return "book"
        gift = (lost(game.plies[k - 1]) if k else None) or 0
        if gift >= _GIFT and 2 * (loss or 0) >= gift and not _is_best(game, k):
            return "miss"
    if ply.judgement is not None:
        return ply.judgement
    if margin is not None and margin >= _MARGIN:
        sound = ply.win_after is not None and milli(ply.win_after) >= _EVEN
        return "brilliant" if glance.sacrifice and sound else "great"
    if loss is None or _is_best(game, k):
        return "best"
    return "excellent" if loss < _EXCELLENT else "good"


def gives_away(board: chess.Board, move: chess.Move) -> int:
    """Points that the opponent may win with a capture of a piece after `move`, less what `move` itself wins."""
    taken = _gain(board, move)
    board.push(move)
    offers = [
        exchange(board, reply)
        for reply in board.generate_legal_captures()
        if board.piece_type_at(reply.to_square) not in (None, chess.PAWN)
    ]
    board.pop()
    return max(offers, default=0) - taken


def exchange(board: chess.Board, move: chess.Move) -> int:
    """Points that the mover wins or loses on the square of a capture or promotion; 0 for other moves."""
    gain = _gain(board, move)
    if not gain:
        return 0
    occupied = board.occupied & ~chess.BB_SQUARES[move.from_square] | chess.BB_SQUARES[move.to_square]
    if board.is_en_passant(move):
        occupied &= ~chess.BB_SQUARES[chess.square(chess.square_file(move.to_square), move.from_square // 8)]
    stands = move.promotion or board.piece_type_at(move.from_square) or chess.PAWN
    return gain - _retaken(board, move.to_square, not board.turn, _POINTS[stands], occupied)


def _gain(board: chess.Board, move: chess.Move) -> int:
    gain = _POINTS[move.promotion] - _POINTS[chess.PAWN] if move.promotion else 0
    if board.is_en_passant(move):
        return gain + _POINTS[chess.PAWN]
    captured = board.piece_type_at(move.to_square) if board.is_capture(move) else None
    return gain + (_POINTS[captured] if captured else 0)


def _retaken(board: chess.Board, square: chess.Square, side: chess.Color, stake: int, occupied: int) -> int:
    """What `side` wins on `square`, where something worth `stake` points stands; it need not take."""
    attackers = board.attackers_mask(side, square, occupied) & occupied
    for kind, points in _POINTS.items():
        of_kind = attackers & board.pieces_mask(kind, side)
        if not of_kind:
            continue
        left = occupied & ~chess.BB_SQUARES[chess.lsb(of_kind)]
        if kind == chess.KING and board.attackers_mask(not side, square, left) & left:
            return 0
        return max(0, stake - _retaken(board, square, not side, points, left))
    return 0
