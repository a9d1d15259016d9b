"""References from the rows of reports to the moves and games that they rest on."""

from __future__ import annotations

from collections.abc import Iterable

from engine.model import Cell, Column, Reference, ReportTable
from engine.plugin import TopK

SHOWN = 5
"""References of a row at most."""


def to_moves(top: TopK) -> tuple[Reference, ...]:
    """Return references to the moves of a state, the highest score first."""
    return tuple(Reference(entry.game, entry.ply) for entry in top.entries()[:SHOWN])


def to_games(top: TopK) -> tuple[Reference, ...]:
    """Return references to the games of a state, the highest score first."""
    return tuple(Reference(entry.game) for entry in top.entries()[:SHOWN])


def table_of(
    key: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Iterable[tuple[tuple[Cell, ...], tuple[Reference, ...]]],
    reading: str,
) -> ReportTable:
    """Return a table.

    * **key**, **title**, **columns**, **reading** - as in `ReportTable`.
    * **rows** - the cells of each row, and the moves or games that it rests on.
    """
    found = tuple(rows)
    references = tuple(shown for _, shown in found)
    return ReportTable(key, title, columns, tuple(cells for cells, _ in found), references, reading)


def keep(top: TopK, number: int, moves: list[tuple[int, int]]) -> None:
    """Add the moves of a game that may be among the highest scores of a state.

    * **top** - the state.
    * **number** - the number of the game.
    * **moves** - score with its sign changed, and ply, of each move.
    """
    score, k = min(moves, default=(0, 0))
    if not top.admits(-score, number, k):
        return
    moves.sort()
    for score, k in moves[:SHOWN]:
        if not top.admits(-score, number, k):
            return
        top.add(-score, number, k)


def possessive(name: str) -> str:
    """Return a name in front of what belongs to it: `Anna's`, `Jones'`."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def reach_of(figures: Iterable[tuple[float, str]], digits: int) -> str | None:
    """Return from whom to whom figures of players reach: `83.6 (Anna) to 95.6 (Bert), of 4 players`.

    * **figures** - figures and names of the players with enough games.
    * **digits** - decimals.

    None for fewer than two players.
    """
    ranked = sorted(figures)
    if len(ranked) < 2:  # noqa: PLR2004
        return None
    (low, first), (high, last) = ranked[0], ranked[-1]
    return f"{low:.{digits}f} ({first}) to {high:.{digits}f} ({last}), of {len(ranked):,} players"


ENOUGH = 10
"""Games of a player who is compared with others in a sentence."""
