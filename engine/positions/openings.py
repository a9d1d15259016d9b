"""ECO codes and names of openings, by position, so that transpositions are found. Pure, but for one file.

The table is `data/openings.tsv`, made by `openings_build` from the list of lichess-org/chess-openings
(CC0). It is read when the first position is looked up.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path

import chess

from engine.model import Opening

__all__ = ["TABLE", "Namer", "find", "is_book", "key", "name_of"]

TABLE = Path(__file__).parent / "data" / "openings.tsv"
"""A line a position: key, ECO code, name. On the way to a named position only the key."""

_PIECES = 20
"""With fewer on the board Lichess looks for no opening."""

_pack = struct.Struct(">9Q").pack


def find(boards: Iterable[chess.Board]) -> Opening | None:
    """The opening of a game, given its positions 0 to N in order: the last one in the list, as Lichess has it.

    None for Chess960, for a game that does not start from the standard initial position, and for one that left
    the list at once. Looks no further than there are 20 pieces on the board. The boards may be one board that
    changes.
    """
    namer = Namer()
    for board in boards:
        if not namer.see(board):
            break
    return namer.opening


class Namer:
    """The same for somebody who walks through the positions anyway."""

    def __init__(self) -> None:
        self.opening: Opening | None = None
        self._ply = 0
        self._open = True

    def see(self, board: chess.Board) -> bool:
        """The next position; whether a later one can still have a name."""
        if not self._open:
            return False
        position = key(board)
        first = self._ply == 0
        if board.occupied.bit_count() < _PIECES or (first and (board.chess960 or position != _initial())):
            self._open = False
            return False
        if named := _table().get(position):
            self.opening = Opening(named[0], named[1], self._ply)
        self._ply += 1
        return True


def name_of(board: chess.Board) -> tuple[str, str] | None:
    """ECO code and name of this one position, None when it has no name. It may stem from any game."""
    return _table().get(key(board)) or None


def is_book(board: chess.Board) -> bool:
    """Whether this position stands anywhere on the moves of a listed opening, the initial position included."""
    return key(board) in _table()


def key(board: chess.Board) -> str:
    """16 hex digits for what the first four fields of an EPD say; en passant counts only where it is legal.

    64 bits: the chance that a billion games meet a wrong name among the table's 8,000 positions is 1 in 50,000.
    """
    passant = board.ep_square if board.ep_square is not None and board.has_legal_en_passant() else 0
    packed = _pack(
        board.pawns,
        board.knights,
        board.bishops,
        board.rooks,
        board.queens,
        board.kings,
        board.occupied_co[chess.WHITE],
        board.clean_castling_rights(),
        passant << 1 | board.turn,
    )
    return blake2b(packed, digest_size=8).hexdigest()


@cache
def _initial() -> str:
    return key(chess.Board())


@cache
def _table() -> Mapping[str, tuple[str, str] | tuple[()]]:
    """ECO code and name by key; () on the way to a named position."""
    table: dict[str, tuple[str, str] | tuple[()]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        position, _, named = line.partition("\t")
        if named:
            eco, _, name = named.partition("\t")
            table[position] = (eco, name)
        else:
            table[position] = ()
    return table
