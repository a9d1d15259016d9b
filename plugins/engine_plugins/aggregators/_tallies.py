"""What the moves of a game add to the counts of `time-management`, summed before it is added."""

from __future__ import annotations

from engine.model import Ply
from engine.plugin import Counts
from engine_plugins.aggregators._common import milli

_KEYS = ("moves", "timed", "time", "judged", "accuracy", "blunders", "clocked", "troubled")
Amounts = tuple[int, int, int, int, int, int, int, int]


def amounts(ply: Ply, left: int | None, trouble: int) -> Amounts:
    """Return what a move adds to the counts: numbers, and thousandths of its time and its accuracy.

    * **ply** - the move.
    * **left** - clock left after it, in thousandths of a percent; None if it is not known.
    * **trouble** - clock left below which a move is in time trouble.
    """
    timed, judged = ply.time is not None, ply.accuracy is not None
    return (
        1,
        int(timed),
        milli(ply.time or 0),
        int(judged),
        milli(ply.accuracy or 0),
        int(judged and ply.judgement == "blunder"),
        int(left is not None),
        int(left is not None and left < trouble),
    )


class Tallies:
    """Amounts of a game's moves by the counts that they go to."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[Counts, list[Amounts]]] = {}

    def add(self, counts: Counts, move: Amounts) -> None:
        """Note a move for some counts."""
        row = self._rows.get(id(counts))
        if row is None:
            row = self._rows[id(counts)] = counts, []
        row[1].append(move)

    def flush(self) -> None:
        """Add the sums to the counts."""
        for counts, moves in self._rows.values():
            for key, total in zip(_KEYS, map(sum, zip(*moves, strict=True)), strict=True):
                if total:
                    counts.add(key, total)
