"""A line of moves walked to a quiet end, where the material can be counted."""

from __future__ import annotations

from collections.abc import Sequence

import chess

from engine.analysis.reasons.exchange import is_quiet
from engine.analysis.reasons.material import Balance, balance, difference, points

__all__ = ["Walk"]


class Walk:
    """A position and a line from it: the positions on the way, and the quiet one at which the material is counted.

    The boards belong to the walk and should not be changed.
    """

    def __init__(self, board: chess.Board, ucis: Sequence[str]) -> None:
        """Walk a line as far as it is legal. The side that begins it is the one that may win something.

        * **board** - the position in which the line begins; it does not change.
        * **ucis** - moves in UCI notation.
        """
        self.winner = board.turn
        self.boards = [board.copy(stack=False)]
        self.moves: list[chess.Move] = []
        for uci in ucis:
            last = self.boards[-1]
            try:
                move = last.parse_uci(uci)
            except ValueError:
                break
            if not move:
                break
            following = last.copy(stack=False)
            following.push(move)
            following.clear_stack()
            self.boards.append(following)
            self.moves.append(move)
        self.balances: list[Balance] = [balance(each) for each in self.boards]
        self._end: int | None = -1

    @property
    def end(self) -> int | None:
        """Index of the position at which the material is counted; None where the line has no quiet end.

        It is the first quiet position with the material of the last quiet one, from which the material does not
        change any more. There is none if the rest of the line, which is not quiet, changes who has won how much.
        """
        if self._end == -1:
            self._end = self._find_end()
        return self._end

    def _find_end(self) -> int | None:
        last = next((k for k in range(len(self.moves), 0, -1) if is_quiet(self.boards[k], self.winner)), None)
        if last is None:
            return None
        first = last
        while first > 1 and self.balances[first - 1] == self.balances[last]:
            first -= 1
        return next(k for k in range(first, last + 1) if k == last or is_quiet(self.boards[k], self.winner))

    def won(self, since: Balance) -> Balance:
        """Return what the side that begins the line has won at its quiet end, of which there must be one.

        * **since** - the balance from which it is counted.
        """
        assert self.end is not None
        return difference(self.balances[self.end], since, self.winner)

    @property
    def keeps(self) -> bool:
        """Whether the rest of the line, after its quiet end, takes nothing from that side again."""
        assert self.end is not None
        return points(self.won(self.balances[-1])) <= 0

    def ucis(self, end: int | None = None) -> tuple[str, ...]:
        """Return the moves up to a position in UCI notation, as python-chess writes them."""
        return tuple(board.uci(move) for board, move in zip(self.boards, self.moves[:end], strict=False))

    @property
    def is_mate(self) -> bool:
        """Whether the last position is checkmate."""
        return bool(self.moves) and self.boards[-1].is_checkmate()
