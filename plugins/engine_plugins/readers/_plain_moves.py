"""Parse most SAN moves of a game without generating the legal moves.

python-chess parses a SAN by comparing it with the legal moves, and each of them must be tested. No test is needed
if only one piece can go to the square and no opposing bishop, rook or queen is on the line through king and piece.
If the king is in check, the move must also take the checking piece or block the check. Nine moves in ten fulfil
this; python-chess parses the others.
"""

from __future__ import annotations

import chess
from chess import BB_DIAG_ATTACKS as _DIAG_ATTACKS
from chess import BB_DIAG_MASKS as _DIAG_MASKS
from chess import BB_FILE_ATTACKS as _FILE_ATTACKS
from chess import BB_FILE_MASKS as _FILE_MASKS
from chess import BB_KING_ATTACKS as _KING_ATTACKS
from chess import BB_KNIGHT_ATTACKS as _KNIGHT_ATTACKS
from chess import BB_RANK_ATTACKS as _RANK_ATTACKS
from chess import BB_RANK_MASKS as _RANK_MASKS
from chess import BB_RAYS as _RAYS

_SQUARES = {name: square for square, name in enumerate(chess.SQUARE_NAMES)}
_PIECES = {chess.piece_symbol(piece).upper(): piece for piece in chess.PIECE_TYPES}
_LAST_RANKS = chess.BB_RANK_1 | chess.BB_RANK_8


def find(board: chess.Board, san: str, checkers: chess.Bitboard) -> chess.Move | None:
    """Return the move with this SAN; None if it must be parsed by python-chess, or if there is no such move.

    * **board** - the position before the move.
    * **san** - piece, capture and square (`e4`, `exd5`, `Nf3`, `Nxf3`, but not `xd5`), or castling.
    * **checkers** - the pieces that give check to the side to move.
    """
    target = _SQUARES.get(san[-2:])
    if target is None:
        return None
    to = chess.BB_SQUARES[target]
    ours = board.occupied_co[board.turn]
    # A capture written without `x`, or the other way round; also en passant.
    if to & ours or ("x" in san) != bool(to & board.occupied):
        return None
    piece = _PIECES.get(san[0], chess.PAWN)
    candidates = ours & (_pawns(board, san, target) if piece == chess.PAWN else _pieces(board, piece, target))
    king = board.kings & ours
    if not candidates or candidates & (candidates - 1) or not king or king & (king - 1):
        return None
    origin = candidates.bit_length() - 1
    if piece == chess.KING:
        legal = not board.attackers_mask(not board.turn, target, board.occupied ^ king)
    else:
        king_square = king.bit_length() - 1
        sliders = board.occupied_co[not board.turn] & (board.bishops | board.rooks | board.queens)
        legal = not _RAYS[king_square][origin] & sliders and (not checkers or _parries(to, checkers, king_square))
    return chess.Move(origin, target) if legal else None


def _parries(to: chess.Bitboard, checkers: chess.Bitboard, king: chess.Square) -> bool:
    """Return whether a move to the square `to` ends the check."""
    alone = not checkers & (checkers - 1)
    return alone and bool(to & (checkers | chess.between(king, checkers.bit_length() - 1)))


def _pawns(board: chess.Board, san: str, target: chess.Square) -> chess.Bitboard:
    """Return the pawns that can go to the square, of either side; none if the move is a promotion."""
    back = -8 if board.turn else 8
    if chess.BB_SQUARES[target] & _LAST_RANKS:
        return 0
    if "x" in san:
        side = chess.FILE_NAMES.index(san[0]) - chess.square_file(target)
        return board.pawns & chess.BB_SQUARES[target + back + side] if abs(side) == 1 else 0
    single_step = chess.BB_SQUARES[target + back]
    if board.occupied & single_step:
        return board.pawns & single_step
    double = chess.square_rank(target) == (3 if board.turn else 4)
    return board.pawns & chess.BB_SQUARES[target + 2 * back] if double else 0


def _pieces(board: chess.Board, piece: chess.PieceType, target: chess.Square) -> chess.Bitboard:
    """Return the pieces of this type that attack the square; they include all those of the side to move."""
    if piece == chess.KNIGHT:
        return _KNIGHT_ATTACKS[target] & board.knights
    if piece == chess.KING:
        return _KING_ATTACKS[target] & board.kings
    attackers = 0
    if piece != chess.ROOK:
        attackers |= _DIAG_ATTACKS[target][_DIAG_MASKS[target] & board.occupied]
    if piece != chess.BISHOP:
        attackers |= _RANK_ATTACKS[target][_RANK_MASKS[target] & board.occupied]
        attackers |= _FILE_ATTACKS[target][_FILE_MASKS[target] & board.occupied]
    return attackers & board.pieces_mask(piece, board.turn)
