"""Material given up: sacrifices."""

from __future__ import annotations

from engine.positions.material import balance
from engine.positions.themes.line import Line, Motif

__all__ = ["sacrifice"]

_GIVEN_UP = 2
"""Pawns that are given up in a sacrifice: an exchange is one, a single pawn is not."""


def sacrifice(line: Line) -> Motif | None:
    """Find a moment after a move of the solver at which he has at least two pawns less than at first.

    It does not count where the opponent promotes, because then the material says nothing about giving up.
    """
    if any(move.promotion for move in line.moves[1::2]):
        return None
    start = balance(line.boards[0], line.solver)
    for ply, _, _, after in line.steps():
        if balance(after, line.solver) - start <= -_GIVEN_UP:
            return Motif("sacrifice", ply - 2, line.moves[ply - 2].to_square)
    return None
