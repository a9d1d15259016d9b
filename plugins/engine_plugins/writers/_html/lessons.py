"""The most instructive positions, from the report of the aggregator `mistakes`, as diagrams with solutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import chess
from msgspec import Struct

from engine.model import Report
from engine_plugins.writers._html.diagram import describe, diagram
from engine_plugins.writers._html.tables import Link

HOW_MANY = 10
_TABLE = "positions"


class Lesson(Struct, frozen=True):
    """A position in which a better move was there."""

    svg: str
    """The diagram, with the move that was played."""
    words: str
    """The position in words."""
    side: str
    """Who moves."""
    played: str
    player: str
    best: str
    also: str
    before: float
    """The mover's Win% before the move."""
    after: float
    game: int
    href: str


def lessons(report: Report | None, link: Link) -> list[Lesson]:
    """At most ten: the costliest of each game first, then the next of games that have more; in order of cost."""
    table = report.table(_TABLE) if report is not None else None
    if table is None:
        return []
    rows: list[dict[str, Any]] = list(table.records())
    return [_lesson(row, link) for row in _spread(rows)]


def _spread(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ten positions of ten games teach more than ten of one."""
    seen: dict[int, int] = {}
    ranked = []
    for place, row in enumerate(rows):
        turn = seen[row["game"]] = seen.get(row["game"], 0) + 1
        ranked.append((turn, place))
    return [rows[place] for place in sorted(place for _, place in sorted(ranked)[:HOW_MANY])]


def _lesson(row: dict[str, Any], link: Link) -> Lesson:
    board = chess.Board(row["position"], chess960=True)
    played = board.parse_san(row["played"].split()[-1])
    return Lesson(
        svg=diagram(board, {"played": played}),
        words=describe(board),
        side="White" if board.turn else "Black",
        played=row["played"],
        player=row["player"],
        best=row["best"],
        also=row["also"],
        before=row["win_before"],
        after=row["win_after"],
        game=row["game"],
        href=link(row["game"], row["ply"]),
    )
