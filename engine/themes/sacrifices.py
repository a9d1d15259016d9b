"""Material given up: sacrifices."""

from __future__ import annotations

from engine.themes.attacks import balance
from engine.themes.line import Line, Motif

__all__ = ["sacrifice"]


def sacrifice(line: Line) -> Motif | None:
    """Find a moment at which the solver, after the opponent's answer, has two pawns less than at first or more."""
    start = balance(line.boards[0], line.solver)
    for ply in range(2, len(line.boards), 2):
        if balance(line.boards[ply], line.solver) - start <= -2 :
            return Motif("sacrifice", ply - 2, line.moves[ply - 2].to_square)
    return None
