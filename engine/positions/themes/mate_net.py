"""The net around a mated king: who gives check, and why each square beside the king is no way out."""

from __future__ import annotations

from functools import cached_property

import chess

__all__ = ["Net", "is_two_diagonally"]

_TWO = 2


class Net:
    """A checkmate, taken apart. Squares "beside" a square are the up to eight around it."""

    def __init__(self, board: chess.Board) -> None:
        """Take a position in which the side to move is mated.

        * **board** - the position; it does not change.
        """
        self.board = board
        self.loser: chess.Color = board.turn
        self.winner: chess.Color = not board.turn
        king = board.king(self.loser)
        assert king is not None
        self.king: chess.Square = king
        """Square of the mated king."""
        self.checkers: tuple[chess.Square, ...] = tuple(board.checkers())
        """Squares of the men that give check."""

    @cached_property
    def beside(self) -> tuple[chess.Square, ...]:
        """Squares beside the king."""
        return tuple(chess.SquareSet(chess.BB_KING_ATTACKS[self.king]))

    @cached_property
    def blocked(self) -> frozenset[chess.Square]:
        """Squares beside the king with men of its own."""
        return frozenset(square for square in self.beside if self.board.color_at(square) == self.loser)

    @cached_property
    def open(self) -> frozenset[chess.Square]:
        """Squares beside the king without men of its own: something must guard each of them."""
        return frozenset(self.beside) - self.blocked

    def guards(self, square: chess.Square) -> chess.SquareSet:
        """Return the squares of the men that guard a square, as if the king were not there.

        * **square** - a square beside the king.
        """
        without_king = self.board.occupied & ~chess.BB_SQUARES[self.king]
        return chess.SquareSet(self.board.attackers_mask(self.winner, square, without_king))

    def of(self, piece: chess.PieceType) -> tuple[chess.Square, ...]:
        """Return where the mating side has such pieces.

        * **piece** - the kind of piece.
        """
        return tuple(self.board.pieces(piece, self.winner))

    def checks_with(self, *pieces: chess.PieceType) -> chess.Square | None:
        """Return the square of the only man that gives check, if it is one of these pieces.

        * **pieces** - the kinds of pieces.
        """
        if len(self.checkers) != 1 or self.board.piece_type_at(self.checkers[0]) not in pieces:
            return None
        return self.checkers[0]

    @property
    def file(self) -> int:
        """File of the king, 0 to 7."""
        return chess.square_file(self.king)

    @property
    def rank(self) -> int:
        """Rank of the king as its own side counts: 0 is its first rank."""
        rank = chess.square_rank(self.king)
        return rank if self.loser == chess.WHITE else 7 - rank

    @property
    def in_corner(self) -> bool:
        """Whether the king stands in a corner."""
        return bool(chess.BB_SQUARES[self.king] & chess.BB_CORNERS)

    @property
    def at_edge(self) -> bool:
        """Whether the king stands on the edge of the board."""
        return len(self.beside) < 8  # noqa: PLR2004 - all around

    def touches(self, square: chess.Square) -> bool:
        """Return whether a square is beside the king.

        * **square** - any square.
        """
        return bool(chess.BB_KING_ATTACKS[self.king] & chess.BB_SQUARES[square])

    def straight(self, square: chess.Square) -> bool:
        """Return whether a square is on the king's rank or file.

        * **square** - any square.
        """
        return chess.square_file(square) == self.file or chess.square_rank(square) == chess.square_rank(self.king)

    def inward(self) -> tuple[tuple[int, int], ...]:
        """Return the directions from the edges where the king stands to the middle: steps of file and rank."""
        rank = chess.square_rank(self.king)
        directions = ((0, 1, 0), (7, -1, 0)), ((0, 0, 1), (7, 0, -1))
        return tuple(
            (file_step, rank_step)
            for at, sides in zip((self.file, rank), directions, strict=True)
            for edge, file_step, rank_step in sides
            if at == edge
        )

    def step(self, direction: tuple[int, int], distance: int) -> chess.Square | None:
        """Return the square that is so far from the king; None outside the board.

        * **direction** - steps of file and rank.
        * **distance** - how many steps.
        """
        file = self.file + direction[0] * distance
        rank = chess.square_rank(self.king) + direction[1] * distance
        return chess.square(file, rank) if 0 <= file <= 7 and 0 <= rank <= 7 else None  # noqa: PLR2004

    def along(self, square: chess.Square, inward: tuple[int, int]) -> bool:
        """Return whether a square is on the edge that the king stands on.

        * **square** - any square.
        * **inward** - the direction that leads away from that edge.
        """
        if inward[0]:
            return chess.square_file(square) == self.file
        return chess.square_rank(square) == chess.square_rank(self.king)

    def behind(self, square: chess.Square) -> chess.Square | None:
        """Return the square behind one that is beside the king, seen from the king; None outside the board.

        * **square** - a square beside the king.
        """
        direction = (
            chess.square_file(square) - self.file,
            chess.square_rank(square) - chess.square_rank(self.king),
        )
        return self.step(direction, 2)

    def guarded_by(self, squares: frozenset[chess.Square], *pieces: chess.PieceType) -> bool:
        """Return whether each of some squares is guarded by one of these pieces.

        * **squares** - squares beside the king.
        * **pieces** - kinds of pieces.
        """
        kinds = chess.SquareSet()
        for piece in pieces:
            kinds |= self.board.pieces(piece, self.winner)
        return all(self.guards(square) & kinds for square in squares)


def is_two_diagonally(one: chess.Square, other: chess.Square) -> bool:
    """Return whether two squares are two steps of a bishop from each other.

    * **one**, **other** - the squares.
    """
    files = abs(chess.square_file(one) - chess.square_file(other))
    ranks = abs(chess.square_rank(one) - chess.square_rank(other))
    return files == ranks == _TWO
