"""Lines of moves that carry the positions of a unit: a client searches positions of one game, from its end. Pure.

A position of a unit is a FEN and the moves since the last irreversible one, and the positions of a unit may have
several such FENs. The move between two of them is found again on the board, so that a chunk stays one line, which
a client searches on one hash table. What was played before an irreversible move changes no search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from engine.model import Position
from engine.positions.fen import fen_of


class Line(Struct, frozen=True):
    """Positions on one line of moves, as a client gets them."""

    root: Position
    """Position before the first move, without moves of its own."""
    moves: tuple[str, ...]
    """Moves in UCI notation up to the last of the positions."""
    indices: tuple[int, ...]
    """Indices of the positions in their unit, in the order of the search: from the end of the line."""
    places: tuple[int, ...]
    """How many moves lead to each of them."""


def lines_of(positions: Sequence[Position], chosen: Sequence[int], most: int) -> Iterator[Line]:
    """Yield the lines that carry some positions of a unit, in the order of the unit.

    * **positions** - all positions of the unit, as it orders them.
    * **chosen** - increasing indices of those that are searched.
    * **most** - how many positions a line has at most.
    """
    links = [_link(positions[index + 1], positions[index]) for index in range(len(positions) - 1)]
    wanted = set(chosen)
    for run in _runs(links, len(positions)):
        there = [index for index in run if index in wanted]
        for start in range(0, len(there), most):
            yield _line(positions, links, run[-1], there[start : start + most])


def _runs(links: Sequence[tuple[str, ...]], size: int) -> Iterator[range]:
    """Yield the ranges of indices between which moves are known."""
    start = 0
    for index in range(size):
        if index == size - 1 or not links[index]:
            yield range(start, index + 1)
            start = index + 1


def _line(
    positions: Sequence[Position], links: Sequence[tuple[str, ...]], earliest: int, chosen: Sequence[int]
) -> Line:
    first = positions[earliest]
    moves, places = list(first.moves), {earliest: len(first.moves)}
    for index in range(earliest - 1, chosen[0] - 1, -1):
        moves += links[index]
        places[index] = len(moves)
    root = Position(first.fen, (), first.chess960)
    last = places[chosen[0]]
    return Line(root, tuple(moves[:last]), tuple(chosen), tuple(places[index] for index in chosen))


def _link(earlier: Position, later: Position) -> tuple[str, ...]:
    """Return the moves from a position to a later one; none if they are not known."""
    if earlier.chess960 != later.chess960:
        return ()
    known = len(earlier.moves)
    if earlier.fen == later.fen and later.moves[:known] == earlier.moves:
        return later.moves[known:]
    if later.moves:
        return ()
    board = earlier.board()
    for move in board.legal_moves:
        uci = board.uci(move)
        board.push(move)
        fen = fen_of(board, shredder=later.chess960)
        board.pop()
        if fen == later.fen:
            return (uci,)
    return ()
