"""Most moves of games and variations, found and found legal without generating the legal ones.

python-chess finds the move behind a SAN among the legal moves, and every one of them is tested. The move of one
piece that alone can go to a square is legal without a test when no opposing bishop, rook or queen stands on the
line of king and piece, and, of a king in check, when it takes the piece that gives the check or comes between.
That is true of nine moves in ten of a game; python-chess decides the rest.
"""

from __future__ import annotations

import chess
from chess import BB_DIAG_ATTACKS as _DIAG_ATTACKS
from chess import BB_DIAG_MASKS as _DIAG_MASKS
from chess import BB_FILE_ATTACKS as _FILE_ATTACKS
from chess import BB_FILE_MASKS as _FILE_MASKS
from chess import BB_KING_ATTACKS as _KING_ATTACKS
from chess import BB_KNIGHT_ATTACKS as _KNIGHT_ATTACKS
from chess import BB_PAWN_ATTACKS as _PAWN_ATTACKS
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
        theirs = not board.turn
        legal = not board.attackers_mask(theirs, target, board.occupied ^ king)
    else:
        legal = _keeps_king_safe(board, origin, to, checkers)
    return chess.Move(origin, target) if legal else None


def is_surely_legal(
    board: chess.Board, origin: chess.Square, target: chess.Square, checkers: chess.Bitboard
) -> bool:
    """Whether this move is legal beyond doubt; False where that takes a closer look, as for every king's move.

    `checkers` give check to the side to move.
    """
    at, to = chess.BB_SQUARES[origin], chess.BB_SQUARES[target]
    ours = board.occupied_co[board.turn]
    if not at & ours or to & ours or at & board.kings:
        return False
    if at & board.pawns:
        reached = to & _pawn_moves(board, origin)
    elif at & board.knights:
        reached = to & _KNIGHT_ATTACKS[origin]
    else:
        reached = to & _slides(board, origin, diagonal=not at & board.rooks, straight=not at & board.bishops)
    return bool(reached) and _keeps_king_safe(board, origin, to, checkers)


def _keeps_king_safe(
    board: chess.Board, origin: chess.Square, to: chess.Bitboard, checkers: chess.Bitboard
) -> bool:
    """Of a piece that can go there: whether its king is not attacked then; False where the piece may be pinned."""
    king = board.kings & board.occupied_co[board.turn]
    if not king or king & (king - 1):
        return False
    at = king.bit_length() - 1
    sliders = board.occupied_co[not board.turn] & (board.bishops | board.rooks | board.queens)
    return not _RAYS[at][origin] & sliders and (not checkers or _parries(to, checkers, at))


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
    reached = _slides(board, target, diagonal=piece != chess.ROOK, straight=piece != chess.BISHOP)
    return reached & board.pieces_mask(piece, board.turn)


def _slides(board: chess.Board, square: chess.Square, *, diagonal: bool, straight: bool) -> chess.Bitboard:
    """Where a bishop, rook or queen can go from there, or what it attacks."""
    found = 0
    if diagonal:
        found |= _DIAG_ATTACKS[square][_DIAG_MASKS[square] & board.occupied]
    if straight:
        found |= _RANK_ATTACKS[square][_RANK_MASKS[square] & board.occupied]
        found |= _FILE_ATTACKS[square][_FILE_MASKS[square] & board.occupied]
    return found


def _pawn_moves(board: chess.Board, origin: chess.Square) -> chess.Bitboard:
    """Where a pawn of the side to move can go, but for promotions and en passant."""
    if chess.BB_SQUARES[origin] & _LAST_RANKS:  # where no pawn can be
        return 0
    forward = 8 if board.turn else -8
    found = _PAWN_ATTACKS[board.turn][origin] & board.occupied_co[not board.turn]
    one = chess.BB_SQUARES[origin + forward]
    if not board.occupied & one:
        found |= one
        if chess.square_rank(origin) == (1 if board.turn else 6):
            found |= chess.BB_SQUARES[origin + 2 * forward] & ~board.occupied
    return found & ~_LAST_RANKS
