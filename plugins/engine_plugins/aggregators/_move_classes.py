"""The rules of `classification`: the class of a move, and which moves are worth a follow-up search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import chess

from engine import scoring
from engine.model import AnalysedGame, Evaluation
from engine.positions import openings
from engine.positions.fen import is_initial
from engine.positions.material import VALUES
from engine_plugins.aggregators._common import lost, milli

# Thousandths of Win%.
_BEST, _EXCELLENT = 500, 2_000
_SHAKEN = 5_000
"""Smallest loss of the opponent's last move for which an only move is searched."""
_GIFT = 10_000
"""Smallest loss of the opponent's last move that the answer can miss."""
_MARGIN = 10_000
"""Smallest loss of the second-best move beside a great move."""
_OPEN = range(10_000, 97_001)
"""Win% before a move that is worth a search."""
_EVEN = 50_000

_SACRIFICE = 2
"""Smallest number of points, by static exchange, that a sacrifice gives away."""
_CHOICE = 3
"""Other legal moves that a great move has to have beside it; beside a brilliant one they give nothing away."""


class Glance(NamedTuple):
    """Facts about a move that need no search."""

    forced: bool
    book: bool
    candidate: bool
    """Whether a follow-up search may show that the move is great."""
    sacrifice: bool
    """Whether the move sacrifices a piece; only computed for candidates."""
    chosen: bool
    """Whether the sacrifice was a choice: neither an evasion of check nor a promotion, and at least `_CHOICE`
    other moves give nothing away; only computed for sacrifices."""


def glances(game: AnalysedGame, *, search: bool) -> Iterator[Glance]:
    """Yield the facts about each ply, in order. Without `search` no move is a candidate."""
    book = game.variant == "standard" and is_initial(game.fen)
    taken_on = None
    board = game.board(0)
    for k, ply in enumerate(game.plies):
        move = chess.Move.from_uci(ply.uci)
        captures = board.is_capture(move)
        is_open = search and _is_open(game, k)
        choices = _up_to(_CHOICE + 1 if is_open else 2, board.generate_legal_moves())
        forced = choices < 2  # noqa: PLR2004
        book = book and _leads_to_book(board, move)
        candidate = sacrifice = chosen = False
        if is_open and choices > _CHOICE and not book and not (captures and move.to_square == taken_on):
            sacrifice = gives_away(board, move) >= _SACRIFICE
            chosen = sacrifice and is_choice(board, move)
            candidate = sacrifice or _is_tense(board, move, (k and lost(game.plies[k - 1])) or 0)
        yield Glance(forced, book, candidate, sacrifice, chosen)
        taken_on = move.to_square if captures else None
        board.push(move)


def _up_to(number: int, moves: Iterable[chess.Move]) -> int:
    """Return how many moves there are, without looking at more than `number`."""
    return sum(1 for _ in islice(moves, number))


def is_choice(board: chess.Board, move: chess.Move) -> bool:
    """Return whether a player need not have sacrificed a piece with `move`.

    An answer to a check and a promotion are no choice (freechess and wintrchess-lib exclude both), nor is a move
    where a piece is lost whatever is played: at least three other moves must give nothing away.
    """
    if board.is_check() or move.promotion:
        return False
    others = (other for other in board.generate_legal_moves() if other != move)
    return _up_to(_CHOICE, (other for other in others if gives_away(board, other) <= 0)) == _CHOICE


def _leads_to_book(board: chess.Board, move: chess.Move) -> bool:
    board.push(move)
    is_book = openings.is_book(board)
    board.pop()
    return is_book


def _is_open(game: AnalysedGame, k: int) -> bool:
    """Return whether the move is a best move in a game that is not decided."""
    ply = game.plies[k]
    if ply.win_before is None or ply.judgement is not None:
        return False
    return milli(ply.win_before) in _OPEN and _is_best(game, k)


def _is_best(game: AnalysedGame, k: int) -> bool:
    evaluation, loss = game.positions[k].evaluation, lost(game.plies[k])
    known = evaluation is not None and evaluation.best == game.plies[k].uci
    return known or (loss is not None and loss <= _BEST)


def _is_tense(board: chess.Board, move: chess.Move, shaken: int) -> bool:
    """Return whether the move may be an only move and does not simply win material."""
    if exchange(board, move) > 0:
        return False
    return shaken >= _SHAKEN or board.is_capture(move) or board.is_check() or board.gives_check(move)


def margin_of(game: AnalysedGame, k: int, answer: Evaluation | None) -> int | None:
    """Return the thousandths of Win% that the second-best move loses; None if the move played is not the best."""
    if answer is None or len(answer.lines) < 2 or answer.lines[0].pv[:1] != (game.plies[k].uci,):  # noqa: PLR2004
        return None
    first, second = (milli(scoring.win_percent(line.score, game.answer_scale)) for line in answer.lines[:2])
    return first - second


def class_of(game: AnalysedGame, k: int, glance: Glance, margin: int | None) -> str | None:
    """Return the class of a move; None if the move does not count."""
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
    return ply.judgement or _good_class(game, k, glance, margin)


def _good_class(game: AnalysedGame, k: int, glance: Glance, margin: int | None) -> str:
    """Return the class of a move that Lichess does not judge."""
    ply, loss = game.plies[k], lost(game.plies[k])
    if margin is not None and margin >= _MARGIN:
        sound = ply.win_after is not None and milli(ply.win_after) >= _EVEN
        return "brilliant" if glance.chosen and sound else "great"
    if loss is None or _is_best(game, k):
        return "best"
    return "excellent" if loss < _EXCELLENT else "good"


def gives_away(board: chess.Board, move: chess.Move) -> int:
    """Return the points that the opponent may win by capturing a piece after `move`, less those that it won."""
    taken = _gain(board, move)
    board.push(move)
    pieces = board.occupied_co[not board.turn] & ~board.pawns & ~board.kings
    offers = [exchange(board, reply) for reply in board.generate_legal_moves(to_mask=pieces)]
    board.pop()
    return max(offers, default=0) - taken


def exchange(board: chess.Board, move: chess.Move) -> int:
    """Return the points won or lost on the square of a capture or promotion; 0 for other moves."""
    gain = _gain(board, move)
    if not gain:
        return 0
    occupied = board.occupied & ~chess.BB_SQUARES[move.from_square] | chess.BB_SQUARES[move.to_square]
    if board.is_en_passant(move):
        occupied &= ~chess.BB_SQUARES[chess.square(chess.square_file(move.to_square), move.from_square // 8)]
    arriving = move.promotion or board.piece_type_at(move.from_square) or chess.PAWN
    return gain - _retaken(board, move.to_square, not board.turn, VALUES[arriving], occupied)


def _gain(board: chess.Board, move: chess.Move) -> int:
    gain = VALUES[move.promotion] - VALUES[chess.PAWN] if move.promotion else 0
    if board.is_en_passant(move):
        return gain + VALUES[chess.PAWN]
    captured = board.piece_type_at(move.to_square) if board.is_capture(move) else None
    return gain + (VALUES[captured] if captured else 0)


def _retaken(board: chess.Board, square: chess.Square, side: chess.Color, stake: int, occupied: int) -> int:
    """Return the points that `side` wins by taking on `square` a piece worth `stake`; it need not take."""
    attackers = board.attackers_mask(side, square, occupied) & occupied
    for kind, points in VALUES.items():
        capturers = attackers & board.pieces_mask(kind, side)
        if not capturers:
            continue
        left = occupied & ~chess.BB_SQUARES[chess.lsb(capturers)]
        if kind == chess.KING and board.attackers_mask(not side, square, left) & left:
            return 0
        return max(0, stake - _retaken(board, square, not side, points, left))
    return 0
