"""FENs of boards, faster than python-chess writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import chess

__all__ = ["fen_of", "fens_of"]

_SYMBOLS = tuple(
    (piece, color, chess.Piece(piece, color).symbol()) for color in chess.COLORS for piece in chess.PIECE_TYPES
)
_RUNS = tuple(("1" * n, str(n)) for n in range(8, 1, -1))
_CELLS = {name: square ^ 56 for square, name in enumerate(chess.SQUARE_NAMES)}
"""Cells in the order of a FEN by the names of their squares."""
_CASTLING = {"e1g1": ("h1", "f1"), "e1c1": ("a1", "d1"), "e8g8": ("h8", "f8"), "e8c8": ("a8", "d8")}
"""Squares of the rook before and after."""
_RIGHTS = {"e1": "KQ", "e8": "kq", "a1": "Q", "h1": "K", "a8": "q", "h8": "k"}
"""Rights to castle that end with a move from or to a square."""


def fen_of(board: chess.Board, *, shredder: bool = False) -> str:
    """Return the FEN of a board, as `chess.Board.fen` does, five times as fast.

    * **board** - the position.
    * **shredder** - *(optional)* whether castling rights are written as files (Shredder-FEN), not as X-FEN.
    """
    cells = _cells(board)
    placement = "/".join(_rank("".join(cells[rank : rank + 8])) for rank in range(0, 64, 8))
    castling = board.castling_shredder_fen() if shredder else board.castling_xfen()
    passant = chess.SQUARE_NAMES[board.ep_square] if board.ep_square and board.has_legal_en_passant() else "-"
    turn = "w" if board.turn else "b"
    return f"{placement} {turn} {castling} {passant} {board.halfmove_clock} {board.fullmove_number}"


def fens_of(board: chess.Board, moves: Sequence[str]) -> Iterator[str]:
    """Yield the FENs of the positions 0 to N of a game of N moves, much faster than one by one.

    * **board** - the first position; it is changed.
    * **moves** - the moves in UCI notation, legal as python-chess writes them, or null moves.
    """
    fen = fen_of(board)
    if board.chess960 or (fen != chess.STARTING_FEN and board.status() != chess.STATUS_VALID):
        yield fen
        for uci in moves:
            board.push(chess.Move.from_uci(uci))
            yield fen_of(board)
        return
    yield fen
    game = _Placement(board)
    rights, turn, halfmove, fullmove = board.castling_xfen(), "wb"[not board.turn], *map(int, fen.split()[4:])
    for uci in moves:
        start, end = uci[:2], uci[2:4]
        fullmove += turn == "b"
        turn = "b" if turn == "w" else "w"
        halfmove = 0 if game.is_zeroing(start, end) else halfmove + 1
        jumped = game.move(start, end, uci[4:]) if start != end else None
        if rights != "-" and (lost := _RIGHTS.get(start, "") + _RIGHTS.get(end, "")):
            rights = "".join(letter for letter in rights if letter not in lost) or "-"
        placement, passant = "/".join(game.ranks), "-"
        if jumped is not None and chess.Board(f"{placement} {turn} {rights} {jumped} 0 1").has_legal_en_passant():
            passant = jumped
        yield f"{placement} {turn} {rights} {passant} {halfmove} {fullmove}"


class _Placement:
    """The men on a board of standard chess, in the order of a FEN."""

    def __init__(self, board: chess.Board) -> None:
        self._cells = _cells(board)
        self.ranks = [_rank("".join(self._cells[rank : rank + 8])) for rank in range(0, 64, 8)]
        """The ranks as a FEN has them, the eighth first."""

    def is_zeroing(self, start: str, end: str) -> bool:
        """Return whether a move begins the count of the fifty-move rule anew."""
        return start != end and (self._cells[_CELLS[start]] in "Pp" or self._cells[_CELLS[end]] != "1")

    def move(self, start: str, end: str, promotion: str) -> str | None:
        """Make a legal move. Return the square behind a pawn that may be taken en passant, if there is one."""
        man, taken = self._cells[_CELLS[start]], self._cells[_CELLS[end]]
        self._put(start, "1")
        self._put(end, man if not promotion else promotion.upper() if man == "P" else promotion)
        if man in "Kk" and start + end in _CASTLING:
            rook_start, rook_end = _CASTLING[start + end]
            self._put(rook_end, self._cells[_CELLS[rook_start]])
            self._put(rook_start, "1")
        elif man in "Pp":
            if taken == "1" and start[0] != end[0]:
                self._put(end[0] + start[1], "1")
            elif start[1] + end[1] in ("24", "75"):
                return self._behind(end, man)
        return None

    def _behind(self, square: str, man: str) -> str | None:
        """Return the square behind a pawn that has made two steps, if one of the other side stands beside it."""
        cell = _CELLS[square]
        file = cell % 8
        beside = [self._cells[cell + step] for step in (-1, 1) if 0 <= file + step <= 7]  # noqa: PLR2004
        if man.swapcase() not in beside:
            return None
        return square[0] + ("3" if man == "P" else "6")

    def _put(self, square: str, man: str) -> None:
        cell = _CELLS[square]
        self._cells[cell] = man
        rank = cell & 56
        self.ranks[cell >> 3] = _rank("".join(self._cells[rank : rank + 8]))


def _cells(board: chess.Board) -> list[str]:
    """Return the men in the order of a FEN, with `1` for an empty square."""
    cells = ["1"] * 64
    for piece, color, symbol in _SYMBOLS:
        mask = board.pieces_mask(piece, color)
        while mask:
            lowest = mask & -mask
            cells[(lowest.bit_length() - 1) ^ 56] = symbol
            mask ^= lowest
    return cells


@lru_cache(1 << 14)
def _rank(cells: str) -> str:
    """Return a rank with runs of empty squares as digits."""
    for run, digit in _RUNS:
        cells = cells.replace(run, digit)
    return cells
