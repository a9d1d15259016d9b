"""The most instructive positions, from the report of the aggregator `mistakes`, as diagrams with solutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import chess
from msgspec import Struct

from engine.model import Report
from engine.web.pages.diagram import describe, diagram
from engine.web.pages.tables import Link

MAX_LESSONS = 10
_TABLE = "positions"


class Lesson(Struct, frozen=True):
    """A position in which there was a better move."""

    svg: str
    """The diagram with the move that was played."""
    bare: str
    """The diagram without it."""
    words: str
    """The position in words."""
    side: str
    """The side to move: `White` or `Black`."""
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
    """Return at most ten positions in the order of the report, from as many games as possible."""
    table = report.table(_TABLE) if report is not None else None
    if table is None:
        return []
    rows: list[dict[str, Any]] = list(table.records())
    return [_lesson(row, link) for row in _spread(rows)]


def _spread(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choose the first row of each game, then the second rows, and so on; ten games teach more than one."""
    rows_of_game: dict[int, int] = {}
    ranked = []
    for index, row in enumerate(rows):
        number = rows_of_game[row["game"]] = rows_of_game.get(row["game"], 0) + 1
        ranked.append((number, index))
    return [rows[index] for index in sorted(index for _, index in sorted(ranked)[:MAX_LESSONS])]


def _lesson(row: dict[str, Any], link: Link) -> Lesson:
    board = chess.Board(row["position"], chess960=True)
    played = board.parse_san(row["played"].split()[-1])
    return Lesson(
        svg=diagram(board, {"played": played}),
        bare=diagram(board, {}),
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
