"""Positions as bitboards in a tuple, for millions of moves in UCI notation that have to be legal. Pure.

These functions know positions of standard chess that can arise in a game, and moves as python-chess writes them:
`chess.Board` is for all others.
"""

from __future__ import annotations

from functools import cache

import chess

__all__ = ["Board", "board_of", "chess_board", "has_move", "in_check", "play", "san"]

Board = tuple[int, int, int, int, int, int, int, bool, int, int]
"""Squares as bitboards: men of the side to move and of the other side, pawns, knights, bishops and queens, rooks
and queens, kings; whether White is to move; rooks that may castle; the square behind a pawn that has just made two
steps, or nothing."""
_Move = tuple[int, int, int, int, int]
"""Squares from and to, the same as bitboards, and the piece of a promotion or 0."""

_DIAGONALS, _DIAGONAL_ATTACKS = chess.BB_DIAG_MASKS, chess.BB_DIAG_ATTACKS
_RANKS, _RANK_ATTACKS = chess.BB_RANK_MASKS, chess.BB_RANK_ATTACKS
_FILES, _FILE_ATTACKS = chess.BB_FILE_MASKS, chess.BB_FILE_ATTACKS
_KNIGHTS, _KINGS, _PAWNS = chess.BB_KNIGHT_ATTACKS, chess.BB_KING_ATTACKS, chess.BB_PAWN_ATTACKS
_ALL_DIAGONALS = [attacks[0] for attacks in _DIAGONAL_ATTACKS]
"""Squares on the diagonals of a square; the masks have none at the edge, behind which nothing is."""
_ALL_STRAIGHTS = [ranks[0] | files[0] for ranks, files in zip(_RANK_ATTACKS, _FILE_ATTACKS, strict=True)]
_LAST_RANKS = chess.BB_BACKRANKS
_THIRD_RANKS = {chess.WHITE: chess.BB_RANK_3, chess.BLACK: chess.BB_RANK_6}
"""Where a pawn is after one of its first two steps, by colour."""
_BACK_RANKS = {chess.WHITE: chess.BB_RANK_1, chess.BLACK: chess.BB_RANK_8}
_CASTLINGS = {
    (king, king_end): (chess.BB_SQUARES[rook], chess.BB_SQUARES[rook_end], chess.between(king, rook))
    for king, rook, king_end, rook_end in (
        (chess.E1, chess.H1, chess.G1, chess.F1),
        (chess.E1, chess.A1, chess.C1, chess.D1),
        (chess.E8, chess.H8, chess.G8, chess.F8),
        (chess.E8, chess.A8, chess.C8, chess.D8),
    )
}
"""By the king's squares from and to: the squares of the rook before and after, which the king passes, and those
between them."""


def board_of(board: chess.Board) -> Board:
    """Return the position of python-chess's board, without its moves and counters."""
    own, other = board.occupied_co[board.turn], board.occupied_co[not board.turn]
    diagonals, straights = board.bishops | board.queens, board.rooks | board.queens
    passant = chess.BB_SQUARES[board.ep_square] if board.ep_square else 0
    castling = board.clean_castling_rights()
    return own, other, board.pawns, board.knights, diagonals, straights, board.kings, board.turn, castling, passant


def chess_board(position: Board) -> chess.Board:
    """Return the position as python-chess's board, without moves and with the counters of a first move."""
    own, other, pawns, knights, diagonals, straights, kings, turn, castling, passant = position
    board = chess.Board(None)
    board.occupied = own | other
    board.occupied_co[turn], board.occupied_co[not turn] = own, other
    board.pawns, board.knights, board.kings, board.queens = pawns, knights, kings, diagonals & straights
    board.bishops, board.rooks = diagonals & ~straights, straights & ~diagonals
    board.turn, board.castling_rights = turn, castling
    board.ep_square = passant.bit_length() - 1 if passant else None
    return board


@cache
def _known_moves() -> dict[str, _Move]:
    """Return all moves that a piece could make on some board, in UCI notation."""
    moves: dict[str, _Move] = {}
    for start in chess.SQUARES:
        reached = _KNIGHTS[start] | _ALL_DIAGONALS[start] | _ALL_STRAIGHTS[start]
        for end in chess.scan_forward(reached):
            squares = start, end, chess.BB_SQUARES[start], chess.BB_SQUARES[end]
            name = chess.SQUARE_NAMES[start] + chess.SQUARE_NAMES[end]
            moves[name] = (*squares, 0)
            for piece, letter in zip((chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN), "nbrq", strict=True):
                moves[name + letter] = (*squares, piece)
    return moves


def play(board: Board, uci: str) -> Board | None:
    """Return the position after a move; None where the move is not known to be legal."""
    move = _known_moves().get(uci)
    if move is None:
        return None
    own, origin = board[0], move[2]
    if not own & origin or own & move[3]:
        return None
    move_man = _move_pawn if board[2] & origin else _move_king if board[6] & origin else _move_piece
    after = move_man(board, move)
    return None if after is None or _attacked(after, after[1] & after[6]) else after


def _move_pawn(board: Board, move: _Move) -> Board | None:
    """Return the position after a pawn's move, in which its king may be attacked; None if pawns do not move so."""
    start, end, origin, target, promotion = move
    if not _pawn_reaches(board, move) or bool(promotion) != bool(target & _LAST_RANKS):
        return None
    own, other, pawns, knights, diagonals, straights, kings, white, castling, passant = _without(board, target)
    passed = 0
    if target == passant:
        taken = target >> 8 if white else target << 8
        other ^= taken
        pawns ^= taken
    elif abs(end - start) == 16:  # noqa: PLR2004 - two steps
        passed = chess.BB_SQUARES[(start + end) >> 1]
    pawns ^= origin
    if not promotion:
        pawns |= target
    elif promotion == chess.KNIGHT:
        knights |= target
    else:
        diagonals |= target if promotion != chess.ROOK else 0
        straights |= target if promotion != chess.BISHOP else 0
    own ^= origin | target
    return other, own, pawns, knights, diagonals, straights, kings, not white, castling & ~target, passed


def _pawn_reaches(board: Board, move: _Move) -> bool:
    """Return whether a pawn can go or take there; what it takes is known not to be of its own side."""
    start, _, origin, target, _ = move
    own, other, white = board[0], board[1], board[7]
    if _PAWNS[white][start] & target:
        return bool(other & target) or target == board[9]
    ahead = origin << 8 if white else origin >> 8
    if (own | other) & (ahead | target):
        return False
    return target == ahead or (
        bool(ahead & _THIRD_RANKS[white]) and target == (ahead << 8 if white else ahead >> 8)
    )


def _move_king(board: Board, move: _Move) -> Board | None:
    """Return the position after a king's move, where it may be attacked; None if kings do not move so."""
    start, end, origin, target, promotion = move
    if promotion:
        return None
    if not _KINGS[start] & target:
        return _castle(board, start, end)
    own, other, pawns, knights, diagonals, straights, kings, white, castling, _ = _without(board, target)
    own ^= origin | target
    kings ^= origin | target
    return other, own, pawns, knights, diagonals, straights, kings, not white, castling & ~_BACK_RANKS[white], 0


def _move_piece(board: Board, move: _Move) -> Board | None:
    """Return the position after a piece's move, in which its king may be attacked; None if it does not move so."""
    start, _, origin, target, promotion = move
    if promotion:
        return None
    own, other, pawns, knights, diagonals, straights, kings, white, castling, _ = _without(board, target)
    step = origin | target
    if knights & origin:
        if not _KNIGHTS[start] & target:
            return None
        knights ^= step
    else:
        if not _slides(start, diagonals & origin, straights & origin, board[0] | board[1]) & target:
            return None
        if diagonals & origin:
            diagonals ^= step
        if straights & origin:
            straights ^= step
    return other, own ^ step, pawns, knights, diagonals, straights, kings, not white, castling & ~step, 0


def _without(board: Board, target: int) -> Board:
    """Return the position without the man of the other side on a square, if there is one."""
    own, other, pawns, knights, diagonals, straights, kings, white, castling, passant = board
    if not other & target:
        return board
    kept = ~target
    pawns, knights, diagonals, straights = pawns & kept, knights & kept, diagonals & kept, straights & kept
    return own, other & kept, pawns, knights, diagonals, straights, kings, white, castling & kept, passant


def _slides(start: int, diagonal: int, straight: int, occupied: int) -> int:
    """Return the squares that a bishop, rook or queen reaches."""
    reached = _DIAGONAL_ATTACKS[start][_DIAGONALS[start] & occupied] if diagonal else 0
    if straight:
        reached |= _RANK_ATTACKS[start][_RANKS[start] & occupied]
        reached |= _FILE_ATTACKS[start][_FILES[start] & occupied]
    return reached


def _castle(board: Board, start: int, end: int) -> Board | None:
    """Return the position after castling; None where it is not known to be legal."""
    own, other, pawns, knights, diagonals, straights, kings, white, castling, _ = board
    rook, rook_target, between = _CASTLINGS.get((start, end), (0, 0, 0))
    if not castling & rook & _BACK_RANKS[white] or (own | other) & between or in_check(board):
        return None
    theirs = other, own, pawns, knights, diagonals, straights, kings, not white, 0, 0
    if _attacked(theirs, rook_target) or _attacked(theirs, chess.BB_SQUARES[end]):
        return None
    king = chess.BB_SQUARES[start] | chess.BB_SQUARES[end]
    own ^= king | rook | rook_target
    straights ^= rook | rook_target
    castling &= ~_BACK_RANKS[white]
    return other, own, pawns, knights, diagonals, straights, kings ^ king, not white, castling, 0


def has_move(board: Board) -> bool:
    """Return whether the side to move has a legal move. Fast where the king has one, as in most checks."""
    king = board[0] & board[6]
    start = king.bit_length() - 1
    for end in chess.scan_forward(_KINGS[start] & ~board[0]):
        if play(board, chess.SQUARE_NAMES[start] + chess.SQUARE_NAMES[end]) is not None:
            return True
    return any(chess_board(board).legal_moves)


def in_check(board: Board) -> bool:
    """Return whether the king of the side to move is attacked."""
    own, other, pawns, knights, diagonals, straights, kings, white, castling, passant = board
    return _attacked(
        (other, own, pawns, knights, diagonals, straights, kings, not white, castling, passant), own & kings
    )


def _attacked(board: Board, square: int) -> bool:
    """Return whether the side to move attacks a square."""
    own, other, pawns, knights, diagonals, straights, kings, white, _, _ = board
    target = square.bit_length() - 1
    if own & (_KNIGHTS[target] & knights | _KINGS[target] & kings | _PAWNS[not white][target] & pawns):
        return True
    bishops, rooks = own & diagonals & _ALL_DIAGONALS[target], own & straights & _ALL_STRAIGHTS[target]
    if not bishops and not rooks:
        return False
    occupied = own | other
    return bool(
        (bishops and _DIAGONAL_ATTACKS[target][_DIAGONALS[target] & occupied] & bishops)
        or (rooks and _slides(target, 0, rooks, occupied) & rooks)
    )


def san(board: Board, uci: str) -> str:
    """Return a legal move in SAN, without a sign for check."""
    own, other, pawns, knights, diagonals, straights, kings, _, _, passant = board
    start, end, origin, target, promotion = _known_moves()[uci]
    name = uci[2:4]
    if pawns & origin:
        if other & target or (target == passant and (end - start) & 7):
            name = f"{uci[0]}x{name}"
        return name if not promotion else f"{name}={uci[4].upper()}"
    if other & target:
        name = "x" + name
    if kings & origin:
        if not _KINGS[start] & target:
            return "O-O" if end > start else "O-O-O"
        return "K" + name
    occupied = own | other
    if knights & origin:
        letter, others = "N", _KNIGHTS[end] & knights
    else:
        diagonal, straight = diagonals & origin, straights & origin
        kind = (diagonals if diagonal else ~diagonals) & (straights if straight else ~straights)
        letter = "Q" if diagonal and straight else "B" if diagonal else "R"
        others = _slides(end, diagonal, straight, occupied) & kind
    others &= own & ~origin
    return letter + (_distinction(board, uci, others) if others else "") + name


def _distinction(board: Board, uci: str, others: int) -> str:
    """Return what tells the man that moves from others of its kind which could go to the same square."""
    able = [
        square
        for square in chess.scan_forward(others)
        if play(board, chess.SQUARE_NAMES[square] + uci[2:4]) is not None
    ]
    if not able:
        return ""
    same_file = any(chess.SQUARE_NAMES[square][0] == uci[0] for square in able)
    same_rank = any(chess.SQUARE_NAMES[square][1] == uci[1] for square in able)
    return (uci[0] if same_rank or not same_file else "") + (uci[1] if same_file else "")
