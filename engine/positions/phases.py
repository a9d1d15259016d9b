"""Opening, middlegame and endgame of a game, by Lichess's rules. Pure.

Source: scalachess `Divider.scala`.
"""

from __future__ import annotations

from collections.abc import Iterable

import chess

from engine.model import Phases
from engine.positions.fast_board import FastBoard

__all__ = ["Divider", "divide"]

_MIDDLEGAME_PIECES = 10
"""At most this many pieces of both sides, not counting kings and pawns, are a middlegame."""
_ENDGAME_PIECES = 6
"""At most this many of them are an endgame."""
_BACK_RANK = 4
"""A side with fewer men than this on its first rank has developed."""
_MIXED = 150
"""The two armies are mixed when `_mixedness` is above this."""


def divide(boards: Iterable[chess.Board]) -> Phases:
    """Return where the middlegame and the endgame of a game begin.

    The middlegame begins with the first position that has few pieces, a sparse back rank or mixed armies; the
    endgame with the first one that has even fewer pieces. No phase begins with the last position, in which
    nobody moves.

    * **boards** - the positions 0 to N of the game in order, read no further than necessary; they may be one board
      that changes.
    """
    divider = Divider()
    for board in boards:
        if not divider.see(board):
            break
    return divider.phases()


class Divider:
    """Finds the phases of one game as `divide` does. Pass it the positions 0 to N in order."""

    def __init__(self) -> None:
        self._seen = 0
        self._middlegame: int | None = None
        self._endgame: int | None = None

    def see(self, board: chess.Board | FastBoard) -> bool:
        """Take the next position into account; return whether a later one can still change the phases.

        * **board** - the position; it is not kept.
        """
        ply = self._seen
        self._seen += 1
        if self._endgame is not None:
            return False
        if isinstance(board, FastBoard):
            pieces = board.pieces.bit_count()
        else:
            pieces = (board.knights | board.bishops | board.rooks | board.queens).bit_count()
        if self._middlegame is None and (pieces <= _MIDDLEGAME_PIECES or _is_open(*_armies(board))):
            self._middlegame = ply
        if pieces <= _ENDGAME_PIECES:
            self._endgame = ply
        return True

    def phases(self) -> Phases:
        """Return the phases of the game that ends with the position seen last."""
        last = self._seen - 1
        return Phases(
            None if self._middlegame in (self._endgame, last) else self._middlegame,
            None if self._endgame == last else self._endgame,
        )


def _armies(board: chess.Board | FastBoard) -> tuple[chess.Bitboard, chess.Bitboard]:
    """Return the squares of White's men and of Black's."""
    if isinstance(board, FastBoard):
        return board.white, board.black
    return board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]


def _is_open(white: chess.Bitboard, black: chess.Bitboard) -> bool:
    """Return whether a side has left its first rank, or the armies are mixed."""
    return (
        (white & chess.BB_RANK_1).bit_count() < _BACK_RANK
        or (black & chess.BB_RANK_8).bit_count() < _BACK_RANK
        or _mixedness(white, black) > _MIXED
    )


def _mixedness(white: chess.Bitboard, black: chess.Bitboard) -> int:
    """Return how much the armies are mixed: a sum over the 49 blocks of two by two squares.

    In a number with a byte for each square, a few additions count the men of all blocks.
    """
    men = int.from_bytes(f"{white:064b}".encode()) + _BLACK * int.from_bytes(f"{black:064b}".encode()) - _ZEROS
    pairs = men + (men >> 8)
    blocks = pairs + (pairs >> 64) + _RANKS
    return sum(blocks.to_bytes(64).translate(_SCORES))


def _scores(y: int) -> tuple[tuple[int, ...], ...]:
    """Return the score of a block by the number of its white and its black men; `y` (1-7) is its lower rank."""
    white_3 = 3 + (y - 1) if y > 1 else 0
    black_3 = 3 + (7 - y) if y < 7 else 0  # noqa: PLR2004
    white_2 = 2 + (y - 2) if y > 2 else 0  # noqa: PLR2004
    black_2 = 2 + (6 - y) if y < 6 else 0  # noqa: PLR2004
    return (
        (0, 1 + y, black_2, black_3, black_3),
        (1 + (8 - y), 5 + abs(4 - y), 4 + (7 - y), 5 + (7 - y)),
        (white_2, 4 + (y - 1), 7),
        (white_3, 5 + (y - 1)),
        (white_3,),
    )


def _score_of(code: int) -> int:
    """Return the score of a block by its byte in `_mixedness`."""
    y, men = divmod(code, _BLOCK)
    black, white = divmod(men, _BLACK)
    scores = _scores(y + 1)
    return scores[white][black] if y < 7 and white + black <= 4 else 0  # noqa: PLR2004 - squares of a block


_BLACK = 5
"""What a black man counts in a block, where a white one counts 1."""
_BLOCK = 21
"""Counts of a block are below this."""
_ZEROS = (1 + _BLACK) * int.from_bytes(b"0" * 64)
_RANKS = int.from_bytes(bytes(_BLOCK * (7 if square % 8 == 7 else square // 8) for square in reversed(range(64))))  # noqa: PLR2004
"""For each square as the lower left corner of a block, the rank of the block; the eighth where there is none."""
_SCORES = bytes(map(_score_of, range(256)))
"""Scores of blocks, by count and rank."""
