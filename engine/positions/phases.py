"""Opening, middlegame and endgame of a game, by Lichess's rules. Pure.

Source: scalachess `Divider.scala`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import chess

from engine.model import Phases

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

    def see(self, board: chess.Board) -> bool:
        """Take the next position into account; return whether a later one can still change the phases.

        * **board** - the position; it is not kept.
        """
        ply = self._seen
        self._seen += 1
        if self._endgame is not None:
            return False
        pieces = (board.knights | board.bishops | board.rooks | board.queens).bit_count()
        if self._middlegame is None and (
            pieces <= _MIDDLEGAME_PIECES or _developed(board) or _mixedness(board) > _MIXED
        ):
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


def _developed(board: chess.Board) -> bool:
    """Return whether a side has left its first rank."""
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    return (white & chess.BB_RANK_1).bit_count() < _BACK_RANK or (black & chess.BB_RANK_8).bit_count() < _BACK_RANK


def _mixedness(board: chess.Board) -> int:
    """Return how much the armies are mixed: a sum over the 49 blocks of two by two squares."""
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    return sum([_mixed_ranks(y, white >> 8 * y & 0xFFFF, black >> 8 * y & 0xFFFF) for y in range(7)])


@lru_cache(1 << 14)
def _mixed_ranks(y: int, white: int, black: int) -> int:
    """Return the sum over the seven blocks on two neighbouring ranks, 8 bits a rank.

    A move changes few ranks, so most sums are in the cache.
    """
    scores = _SCORES[y]
    return sum(scores[(white >> x & 0x303).bit_count()][(black >> x & 0x303).bit_count()] for x in range(7))


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


_SCORES = tuple(_scores(y) for y in range(1, 8))
"""Scores by the lower rank of a block, from 0."""
