"""From a game to the units that have to be searched. Pure: no I/O, no clock, and no other game matters.

The first `opening` positions are units of their own, so that games share their openings in the cache. The rest
is cut into chunks of `chunk` consecutive positions, aligned from ply `opening`; a chunk is searched backwards on
one warm hash. Positions without a legal move are never searched, and positions that an evaluator may crash on
are refused here.
"""

from __future__ import annotations

from collections.abc import Iterator

import chess
from msgspec import Struct

from engine.messages import Unit
from engine.model import AnalysedPosition, Origin, Position, SourceGame
from engine.settings import Search

MAX_HALFMOVE_CLOCK = 32_767
MAX_FULLMOVE = 100_000
"""Stockfish's own bounds (2026-03)."""


class Plan(Struct):
    """A game and what has to be searched for it."""

    origin: Origin
    game: SourceGame
    positions: list[AnalysedPosition | None]
    """N + 1; None where a search has to fill in the evaluation."""
    refused: list[tuple[int, str]]
    """Plies whose position is not sent to an evaluator, and why."""
    units: list[Unit]


def plan(origin: Origin, game: SourceGame, search: Search, ids: Iterator[int]) -> Plan:
    """Cut one game. Units are numbered from `ids`, in the order in which they should be searched."""
    asked: dict[int, Position] = {}
    positions: list[AnalysedPosition | None] = []
    refused: list[tuple[int, str]] = []
    for ply, (position, board, reason) in enumerate(_walk(game)):
        if reason is not None:
            refused.append((ply, reason))
            positions.append(AnalysedPosition(missing="refused"))
        elif ply == len(game.moves) and not any(board.legal_moves):
            positions.append(AnalysedPosition(terminal="checkmate" if board.is_check() else "stalemate"))
        else:
            asked[ply] = position
            positions.append(None)
    groups = _groups(list(asked), search)
    units = [Unit(next(ids), origin.game, tuple(plies), tuple(asked[ply] for ply in plies)) for plies in groups]
    return Plan(origin, game, positions, refused, units)


def _groups(plies: list[int], search: Search) -> list[list[int]]:
    """Plies that are searched together, each group backwards."""
    alone = [ply for ply in plies if search.policy == "fresh" or ply < search.opening]
    chunks: dict[int, list[int]] = {}
    for ply in plies[len(alone) :]:
        chunks.setdefault((ply - search.opening) // search.chunk, []).append(ply)
    return [[ply] for ply in alone] + [chunk[::-1] for chunk in chunks.values()]


def _walk(game: SourceGame) -> Iterator[tuple[Position, chess.Board, str | None]]:
    """Every position as it will be sent, its board (one that changes), and why it is refused.

    What is sent is the position after the last irreversible move and the moves since: enough to know the
    repetitions and the fifty-move clock, and the same for every game that gets there the same way.
    """
    chess960 = game.variant == "chess960"
    board = chess.Board(game.fen, chess960=chess960)
    reason = refusal(board)
    # Legal moves lead from a sound position to sound positions; only an unsound start needs another look.
    sound = reason is None
    root, moves = board.fen(shredder=chess960), list[str]()
    yield Position(root, (), chess960), board, reason
    for uci in game.moves:
        move = board.parse_uci(uci)
        irreversible = board.is_irreversible(move)
        board.push(move)
        if not sound:
            reason = refusal(board)
            irreversible = True
        if irreversible:
            root = board.fen(shredder=chess960)
            moves.clear()
        else:
            moves.append(uci)
        yield Position(root, tuple(moves), chess960), board, reason


_STATUS = {
    chess.STATUS_NO_WHITE_KING: "White has no king",
    chess.STATUS_NO_BLACK_KING: "Black has no king",
    chess.STATUS_TOO_MANY_KINGS: "too many kings",
    chess.STATUS_TOO_MANY_WHITE_PAWNS: "more than 8 white pawns",
    chess.STATUS_TOO_MANY_BLACK_PAWNS: "more than 8 black pawns",
    chess.STATUS_PAWNS_ON_BACKRANK: "a pawn on the first or last rank",
    chess.STATUS_TOO_MANY_WHITE_PIECES: "more than 16 white pieces",
    chess.STATUS_TOO_MANY_BLACK_PIECES: "more than 16 black pieces",
    chess.STATUS_BAD_CASTLING_RIGHTS: "castling rights without king and rook in place",
    chess.STATUS_INVALID_EP_SQUARE: "an impossible en passant square",
    chess.STATUS_OPPOSITE_CHECK: "the side that is not to move is in check",
    chess.STATUS_EMPTY: "an empty board",
    chess.STATUS_RACE_CHECK: "check in a race",
    chess.STATUS_RACE_OVER: "a race that is over",
    chess.STATUS_RACE_MATERIAL: "race material",
    chess.STATUS_TOO_MANY_CHECKERS: "more checking pieces than can be",
    chess.STATUS_IMPOSSIBLE_CHECK: "a check that cannot have come about",
}


def refusal(board: chess.Board) -> str | None:
    """Why this position must not be sent to an evaluator, or None.

    python-chess's validity, and Stockfish's own rules on top: it crashes on some such positions and answers
    others with a normal-looking score.
    """
    status = board.status()
    if status != chess.STATUS_VALID:
        return ", ".join(text for flag, text in _STATUS.items() if status & flag) or "not a legal position"
    for color, name in ((chess.WHITE, "White"), (chess.BLACK, "Black")):
        extra = sum(
            max(0, len(board.pieces(piece, color)) - usual)
            for piece, usual in ((chess.QUEEN, 1), (chess.ROOK, 2), (chess.BISHOP, 2), (chess.KNIGHT, 2))
        )
        if extra > 8 - len(board.pieces(chess.PAWN, color)):
            return f"{name} has more pieces than promotions allow"
    if board.halfmove_clock > MAX_HALFMOVE_CLOCK or board.fullmove_number > MAX_FULLMOVE:
        return "move counters out of range"
    return None
