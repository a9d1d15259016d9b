"""FENs of boards and of games, faster than python-chess writes them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import chess

from engine.positions.movetext import NULL_MOVE

__all__ = ["FenBoard", "board_of", "fen_of", "fens_of"]

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
_DOUBLE_STEP = 16
"""Difference between the cells of a pawn's double step, and of no other move of a pawn."""


def board_of(fen: str) -> chess.Board:
    """Return the position of a FEN; as one of Chess960 only where castling needs that.

    * **fen** - the FEN.

    Raises ValueError for what is no FEN.
    """
    standard = chess.Board(fen)
    is_standard = standard.castling_rights == standard.clean_castling_rights()
    return standard if is_standard else chess.Board(fen, chess960=True)


def is_initial(fen: str) -> bool:
    """Return whether a FEN is the initial position of standard chess, whatever its counters of moves say.

    * **fen** - the FEN.
    """
    return fen.split()[:4] == chess.STARTING_FEN.split()[:4]


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
    yield fen
    if board.chess960 or (fen != chess.STARTING_FEN and board.status() != chess.STATUS_VALID):
        for uci in moves:
            board.push(chess.Move.from_uci(uci))
            yield fen_of(board)
        return
    game = FenBoard(fen)
    for uci in moves:
        game.push(uci)
        yield game.fen()


class FenBoard:
    """A position of standard chess as its FEN has it, for moves that are known to be legal.

    It can arise in a game, and python-chess writes the same FEN for it.
    """

    __slots__ = ("_cells", "_changed", "_fullmove", "_halfmove", "_passant", "_ranks", "_rights", "_turn")

    def __init__(self, fen: str) -> None:
        """Set up a position.

        * **fen** - the FEN as `fen_of` writes it.
        """
        placement, self._turn, self._rights, self._passant, halfmove, fullmove = fen.split()
        self._halfmove, self._fullmove = int(halfmove), int(fullmove)
        self._ranks = placement.split("/")
        """The ranks in the order of a FEN, as they were when one was last written."""
        self._changed: set[int] = set()
        """Those that have changed since."""
        for run, digit in _RUNS:
            placement = placement.replace(digit, run)
        self._cells = list(placement.replace("/", ""))

    def fen(self) -> str:
        """Return the FEN of the position, as python-chess writes it."""
        return f"{self._fen_with(self._passant)} {self._halfmove} {self._fullmove}"

    def push(self, uci: str) -> bool:
        """Make a legal move, and return whether it is irreversible: no later position can equal an earlier one.

        As `chess.Board.is_irreversible` has it, these are captures, moves of pawns, and those with which a right
        to castle or to take en passant ends. Null moves count as such too.

        * **uci** - the move as python-chess writes it.
        """
        if self._turn == "b":
            self._fullmove += 1
            self._turn = "w"
        else:
            self._turn = "b"
        self._halfmove += 1
        irreversible = self._passant != "-"
        self._passant = "-"
        if uci == NULL_MOVE:
            return True
        cells = self._cells
        start, end, rights, castling = _parts(uci)
        man, taken = cells[start], cells[end]
        cells[start], cells[end] = "1", man
        self._changed.update((start >> 3, end >> 3))
        if rights and self._rights != "-":
            kept = "".join(letter for letter in self._rights if letter not in rights) or "-"
            irreversible = irreversible or kept != self._rights
            self._rights = kept
        if man in "Pp":
            self._halfmove = 0
            self._finish_pawn(start, end, uci, taken)
            return True
        if taken != "1":
            self._halfmove = 0
            return True
        if castling and man in "Kk":
            rook_start, rook_end = castling
            cells[rook_start], cells[rook_end] = "1", cells[rook_start]
        return irreversible

    def _finish_pawn(self, start: int, end: int, uci: str, taken: str) -> None:
        """Promote a pawn that has moved, take what it has passed, or let it be taken en passant."""
        cells, man = self._cells, self._cells[end]
        if len(uci) > 4:  # noqa: PLR2004 - squares from and to
            cells[end] = uci[4].upper() if man == "P" else uci[4]
        elif abs(end - start) == _DOUBLE_STEP:
            file = end & 7
            other = "p" if man == "P" else "P"
            if (file and cells[end - 1] == other) or (file < 7 and cells[end + 1] == other):  # noqa: PLR2004
                square = uci[0] + ("3" if man == "P" else "6")
                if chess.Board(f"{self._fen_with(square)} 0 1").has_legal_en_passant():
                    self._passant = square
        elif taken == "1" and (end - start) & 7:
            passed = (start & 56) | (end & 7)
            cells[passed] = "1"  # in the rank of the start

    def _fen_with(self, passant: str) -> str:
        """Return the FEN without its counters, and the square that a pawn has passed."""
        ranks, cells = self._ranks, self._cells
        for rank in self._changed:
            ranks[rank] = _rank("".join(cells[8 * rank : 8 * rank + 8]))
        self._changed.clear()
        return f"{'/'.join(ranks)} {self._turn} {self._rights} {passant}"


@lru_cache(1 << 13)
def _parts(uci: str) -> tuple[int, int, str, tuple[int, int] | None]:
    """Return the cells from and to of a move, rights that end with it, and the rook's cells if a king castles."""
    start, end = uci[:2], uci[2:4]
    rook = _CASTLING.get(uci)
    castling = None if rook is None else (_CELLS[rook[0]], _CELLS[rook[1]])
    return _CELLS[start], _CELLS[end], _RIGHTS.get(start, "") + _RIGHTS.get(end, ""), castling


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
