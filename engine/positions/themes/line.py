"""The line of a puzzle: its moves and positions, seen from the solver, with the facts that detectors ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import chess
from msgspec import Struct

from engine.positions.material import captured

__all__ = ["Line", "Motif"]


class Motif(Struct, frozen=True):
    """A theme that was found in a line, with the evidence: who does it, where, and to whom."""

    theme: str
    """Tag of the theme, a key of `engine.positions.themes.THEMES`."""
    ply: int = 0
    """Index in `Line.moves` of the move that shows it; the squares are those of the position after that move."""
    square: chess.Square | None = None
    """Square of the piece that does it after the move; None for facts of the whole line."""
    targets: tuple[chess.Square, ...] = ()
    """Squares of the men that it is done to, in ascending order, also of those that the move took; empty for facts
    without squares."""


class Line:
    """A line of moves from a position in which the solver is to move. `moves[0::2]` are the solver's.

    A line does not change, and neither should its boards be changed.
    """

    def __init__(
        self, boards: tuple[chess.Board, ...], moves: tuple[chess.Move, ...], before: chess.Board | None
    ) -> None:
        self.boards = boards
        """Positions 0 to N; `boards[k]` is before `moves[k]`."""
        self.moves = moves
        """Moves of both sides in turn; the first is the solver's."""
        self.solver: chess.Color = boards[0].turn
        """Colour of the solver."""
        self.before = before
        """Position before the opponent's last move; None where it is not known."""

    @classmethod
    def of(cls, board: chess.Board, moves: Sequence[chess.Move], before: chess.Board | None = None) -> Line:
        """Return the line of some moves. Raises ValueError for no moves at all and for an illegal move.

        * **board** - the position in which the solver is to move. It does not change.
        * **moves** - the moves of both sides from there, the solver's first; at least one.
        * **before** - the position before the opponent's last move. None: the one on the board's stack of moves,
          if there is one.
        """
        if not moves:
            raise ValueError("a line has at least one move")
        if before is None and board.move_stack:
            before = board.copy()
            before.pop()
        boards = [board.copy(stack=False)]
        for move in moves:
            if not boards[-1].is_legal(move):
                raise ValueError(f"illegal move in a line: {move.uci()} in {boards[-1].fen()}")
            boards.append(boards[-1].copy(stack=False))
            boards[-1].push(move)
            boards[-1].clear_stack()
        return cls(tuple(boards), tuple(moves), None if before is None else before.copy(stack=False))

    @cached_property
    def flaw(self) -> chess.Move | None:
        """The opponent's last move before the line; None where it is not known."""
        if self.before is None:
            return None
        first, before = self.boards[0], self.before
        own = before.occupied_co[before.turn]
        # A man that moved has left its square, but for a king that castles in Chess960.
        left = own & ~first.occupied_co[before.turn] | own & before.kings
        for move in before.generate_legal_moves(from_mask=left):
            after = before.copy(stack=False)
            after.push(move)
            if _men(after) == _men(first):
                return move
        return None

    @property
    def last(self) -> chess.Board:
        """The position after the last move."""
        return self.boards[-1]

    @cached_property
    def is_mate(self) -> bool:
        """Whether the solver mates with the last move."""
        return len(self.moves) % 2 == 1 and self.last.is_checkmate()

    @property
    def solver_plies(self) -> range:
        """Indices of the solver's moves."""
        return range(0, len(self.moves), 2)

    def opponent_move(self, ply: int) -> tuple[chess.Board, chess.Move] | None:
        """Return the opponent's move before one of the solver's, and the position before it; None where unknown.

        * **ply** - index of the solver's move; before move 0 is the one that led to the first position.
        """
        if ply > 0:
            return self.boards[ply - 1], self.moves[ply - 1]
        return (self.before, self.flaw) if self.before is not None and self.flaw is not None else None

    def moved(self, ply: int) -> chess.PieceType:
        """Return the piece that makes a move, as it is before it: a pawn that promotes is a pawn.

        * **ply** - index of the move.
        """
        piece = self.boards[ply].piece_type_at(self.moves[ply].from_square)
        assert piece is not None
        return piece

    def captured(self, ply: int) -> chess.PieceType | None:
        """Return the piece that a move takes, also in passing; None where it takes none.

        * **ply** - index of the move.
        """
        return captured(self.boards[ply], self.moves[ply])

    def is_check(self, ply: int) -> bool:
        """Return whether a move gives check.

        * **ply** - index of the move.
        """
        return self.boards[ply + 1].is_check()

    def steps(self) -> Iterator[tuple[int, chess.Board, chess.Move, chess.Board]]:
        """Yield the solver's moves: index, position before, move, position after."""
        for ply in self.solver_plies:
            yield ply, self.boards[ply], self.moves[ply], self.boards[ply + 1]


def _men(board: chess.Board) -> tuple[chess.Bitboard, ...]:
    """Return what stands where."""
    pieces = board.pawns, board.knights, board.bishops, board.rooks, board.queens, board.kings
    return board.occupied_co[chess.WHITE], *pieces, board.occupied
