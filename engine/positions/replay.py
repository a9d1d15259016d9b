"""Games in UCI notation and their variations, played through: each position once, without objects for moves. Pure.

Variations of a position have many moves in common with the game and with each other, so the positions after them
are kept until the game has passed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import chess

from engine.positions import bitboards
from engine.positions.variations import legal_beginning

__all__ = ["Replay", "sans_of"]

_KEPT = 2_000
"""Positions that are kept between two moves of the game, at most."""
_INITIAL = bitboards.board_of(chess.Board())


class _Position:
    """A position, and those after the moves that are known to be legal in it."""

    __slots__ = ("after", "board")

    def __init__(self, board: bitboards.Board) -> None:
        self.board = board
        self.after: dict[str, _Position] = {}


class Replay:
    """A game that is played through, with the variations in its positions.

    Positions of standard chess are kept as bitboards. From the first unusual position or move on, python-chess
    plays the game: Chess960, a position that cannot arise in a game, a null move, an illegal one.
    """

    def __init__(self, board: chess.Board) -> None:
        """Begin a game.

        * **board** - the first position; it does not change.
        """
        self.moves: list[str] = []
        """The moves so far in UCI notation, as python-chess writes them."""
        self._start = board
        self._position = _Position(bitboards.board_of(board))
        self._kept = 0
        """Positions that have been kept since the last move."""
        self._board: chess.Board | None = None
        """What python-chess plays the game on; None while it does not."""
        is_known = self._position.board == _INITIAL or board.status() == chess.STATUS_VALID
        if board.chess960 or not is_known:
            self._board = board.copy()

    def play(self, uci: str) -> None:
        """Play a move of the game.

        Raises ValueError for an illegal move, and for a null move in check. python-chess may raise any error for a
        board that is not a possible position.
        """
        following = self._after(uci) if self._board is None else None
        if following is not None:
            self.moves.append(uci)
            self._position = following
            self._kept = 0
            return
        board = self._slow_board()
        move = board.parse_uci(uci)
        if not move and board.is_check():
            raise ValueError("a null move in check")
        self.moves.append(board.uci(move))
        board.push(move)

    def san(self, uci: str) -> str:
        """Return a move in the present position in SAN. Raises what `play` raises."""
        following = self._after(uci) if self._board is None else None
        if following is None:
            board = self._slow_board()
            return board.san(board.parse_uci(uci))
        san = bitboards.san(self._position.board, uci)
        if not bitboards.in_check(following.board):
            return san
        return san + ("+" if bitboards.has_move(following.board) else "#")

    def legal_beginning(self, variation: tuple[str, ...]) -> tuple[str, ...]:
        """Return the legal moves at the beginning of a variation, as python-chess writes them.

        * **variation** - moves in UCI notation from the present position, whoever they come from.
        """
        if self._board is not None:
            return legal_beginning(self._board.copy(stack=False), variation)
        begun = self._position
        for count, uci in enumerate(variation):
            following = self._position.after.get(uci) or self._after(uci)
            if following is None:
                rest = legal_beginning(bitboards.chess_board(self._position.board), variation[count:])
                self._position = begun
                return variation[:count] + rest
            self._position = following
        self._position = begun
        return variation

    def board(self) -> chess.Board:
        """Return the present position, which may lack the number of the move and the moves before it."""
        return bitboards.chess_board(self._position.board) if self._board is None else self._board.copy()

    def ending(self) -> Literal["checkmate", "stalemate", "open"]:
        """Return the state of the present position."""
        board = self.board()
        if any(board.legal_moves):
            return "open"
        return "checkmate" if board.is_check() else "stalemate"

    def _slow_board(self) -> chess.Board:
        """Return the present position, on which python-chess plays the game from now on."""
        if self._board is None:
            self._board = self._start.copy()
            for played in self.moves:
                self._board.push(chess.Move.from_uci(played))
        return self._board

    def _after(self, uci: str) -> _Position | None:
        """Return the position after a move from the present one; None where it is not known to be legal."""
        known = self._position.after.get(uci)
        if known is not None:
            return known
        board = bitboards.play(self._position.board, uci)
        if board is None:
            return None
        following = _Position(board)
        self._kept += 1
        if self._kept <= _KEPT:
            self._position.after[uci] = following
        return following


def sans_of(board: chess.Board, variation: Sequence[str]) -> list[str]:
    """Return the legal moves at the beginning of a variation in SAN.

    * **board** - the position in which it begins; it does not change.
    * **variation** - moves in UCI notation, whoever they come from.
    """
    replay = Replay(board)
    sans: list[str] = []
    for uci in variation:
        try:
            san = replay.san(uci)
            replay.play(uci)
        except ValueError:
            break
        sans.append(san)
    return sans
