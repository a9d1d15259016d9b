"""Most moves of a game, found without generating the legal ones.

python-chess finds the move behind a SAN among the legal moves, and every one of them is tested. The move of one
piece that alone can go to a square is legal without a test when no opposing bishop, rook or queen stands on the
line of king and piece, and, of a king in check, when it takes the piece that gives the check or comes between.
That is true of nine moves in ten; python-chess decides the rest.
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
    """The move that is written thus; None where that takes a closer look, or where there is none.

    `san` names a piece, whether it captures, and a square (`e4`, `exd5`, `Nf3`, `Nxf3`, but not `xd5`), or it
    castles. `checkers` give check to the side to move.
    """
    target = _SQUARES.get(san[-2:])
    if target is None:
        return None
    to = chess.BB_SQUARES[target]
    ours = board.occupied_co[board.turn]
    # Written as a capture, but none, or the other way round; en passant too.
    if to & ours or ("x" in san) != bool(to & board.occupied):
        return None
    piece = _PIECES.get(san[0], chess.PAWN)
    candidates = ours & (_pawns(board, san, target) if piece == chess.PAWN else _pieces(board, piece, target))
    king = board.kings & ours
    if not candidates or candidates & (candidates - 1) or not king or king & (king - 1):
        return None
    origin = candidates.bit_length() - 1
    if piece == chess.KING:  # which hides nothing behind it
        legal = not board.attackers_mask(not board.turn, target, board.occupied ^ king)
    else:
        at = king.bit_length() - 1
        sliders = board.occupied_co[not board.turn] & (board.bishops | board.rooks | board.queens)
        legal = not _RAYS[at][origin] & sliders and (not checkers or _parries(to, checkers, at))
    return chess.Move(origin, target) if legal else None


def _parries(to: chess.Bitboard, checkers: chess.Bitboard, king: chess.Square) -> bool:
    """Whether a move to there ends the check."""
    alone = not checkers & (checkers - 1)
    return alone and bool(to & (checkers | chess.between(king, checkers.bit_length() - 1)))


def _pawns(board: chess.Board, san: str, target: chess.Square) -> chess.Bitboard:
    """Where pawns of the side to move would come from, if they are theirs; none where one would be promoted."""
    back = -8 if board.turn else 8
    if chess.BB_SQUARES[target] & _LAST_RANKS:
        return 0
    if "x" in san:
        side = chess.FILE_NAMES.index(san[0]) - chess.square_file(target)
        return board.pawns & chess.BB_SQUARES[target + back + side] if abs(side) == 1 else 0
    one = chess.BB_SQUARES[target + back]
    if board.occupied & one:
        return board.pawns & one
    double = chess.square_rank(target) == (3 if board.turn else 4)
    return board.pawns & chess.BB_SQUARES[target + 2 * back] if double else 0


def _pieces(board: chess.Board, piece: chess.PieceType, target: chess.Square) -> chess.Bitboard:
    """Pieces of this kind that attack the square; among them those of the side to move."""
    if piece == chess.KNIGHT:
        return _KNIGHT_ATTACKS[target] & board.knights
    if piece == chess.KING:
        return _KING_ATTACKS[target] & board.kings
    found = 0
    if piece != chess.ROOK:
        found |= _DIAG_ATTACKS[target][_DIAG_MASKS[target] & board.occupied]
    if piece != chess.BISHOP:
        found |= _RANK_ATTACKS[target][_RANK_MASKS[target] & board.occupied]
        found |= _FILE_ATTACKS[target][_FILE_MASKS[target] & board.occupied]
    return found & board.pieces_mask(piece, board.turn)
