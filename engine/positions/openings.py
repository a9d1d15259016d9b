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
from engine.positions.fast_board import FastBoard

__all__ = ["PAWNS", "TABLE", "Namer", "find", "is_book", "key", "name_of"]

TABLE = Path(__file__).parent / "data" / "openings.tsv"
"""File with one position a line: key, ECO code, name. A position on the way to a named one has only the key. The
last lines are `PAWNS` and where the pawns of both sides stand in some of these positions, a bitboard in hex."""
PAWNS = "pawns"
"""First word of a line of the table that is no position."""

_PIECES = 20
"""Lichess looks for no opening when there are fewer pieces than this on the board."""

_pack = struct.Struct(">9Q").pack


def find(boards: Iterable[chess.Board]) -> Opening | None:
    """Return the opening of a game: its last position that has a name, as Lichess does it.

    None for Chess960, for a game that does not start from the standard initial position, and for a game without
    a named position. Only positions with at least 20 pieces are looked up.

    * **boards** - the positions 0 to N of the game in order; they may be one board that changes.
    """
    namer = Namer()
    for board in boards:
        if not namer.see(board):
            break
    return namer.opening


class Namer:
    """Finds the opening of one game as `find` does. Pass it the positions 0 to N in order."""

    def __init__(self) -> None:
        self.opening: Opening | None = None
        """The last named opening so far; None when no position had a name."""
        self._ply = 0
        self._open = True
        """Whether a later position can still have a name."""

    def see(self, board: chess.Board | FastBoard) -> bool:
        """Take the next position into account; return whether a later one can still have a name.

        * **board** - the position; it is not kept.
        """
        if not self._open:
            return False
        if board.occupied.bit_count() < _PIECES or (self._ply == 0 and not _is_initial(board)):
            self._open = False
            return False
        if eco_and_name := _listed(board):
            self.opening = Opening(eco_and_name[0], eco_and_name[1], self._ply)
        self._ply += 1
        return True


def name_of(board: chess.Board) -> tuple[str, str] | None:
    """Return ECO code and name of a position, whatever game it stems from; None when it has no name.

    * **board** - the position.
    """
    return _listed(board) or None


def is_book(board: chess.Board) -> bool:
    """Return whether a position occurs in the moves of a listed opening, the initial position included.

    * **board** - the position.
    """
    return _listed(board) is not None


def key(board: chess.Board | FastBoard) -> str:
    """Return 16 hex digits that identify a position: placement, turn, castling rights and legal en passant.

    64 bits are enough: the chance that a billion games meet a wrong name among the table's 8,000 positions is 1 in
    50,000.

    * **board** - the position.
    """
    if isinstance(board, FastBoard):
        packed = _pack(*board.men[1:], board.white, board.rights, board.legal_passant() << 1 | board.turn)
        return blake2b(packed, digest_size=8).hexdigest()
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


def _listed(board: chess.Board | FastBoard) -> tuple[str, str] | tuple[()] | None:
    """Return what the table says of a position; None if it is not in the table."""
    table, pawns = _table()
    return table.get(key(board)) if board.pawns in pawns else None


def _is_initial(board: chess.Board | FastBoard) -> bool:
    return isinstance(board, FastBoard) or (not board.chess960 and key(board) == _initial_key())


@cache
def _initial_key() -> str:
    return key(chess.Board())


@cache
def _table() -> tuple[Mapping[str, tuple[str, str] | tuple[()]], frozenset[chess.Bitboard]]:
    """Return ECO code and name by key, () for a position on the way to a named one; and where the pawns stand.

    Few positions have pawns like those of an opening, and only these need a key.
    """
    table: dict[str, tuple[str, str] | tuple[()]] = {}
    pawns: set[chess.Bitboard] = set()
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        first, _, rest = line.partition("\t")
        if first == PAWNS:
            pawns.add(int(rest, 16))
        elif rest:
            eco, _, name = rest.partition("\t")
            table[first] = (eco, name)
        else:
            table[first] = ()
    return table, frozenset(pawns)
