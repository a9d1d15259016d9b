"""The trainer without a browser: reports made by hand, the page that the writer makes of them, its cards."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from engine.model import Cell, Column, Report, ReportTable, RunCounts, RunResult
from engine_plugins.writers.trainer import TrainerHtml
from tests.plugins.writers.rendering import INFO

_MISTAKES: Mapping[str, Cell] = {
    "game": 1,
    "ply": 2,
    "played": "2. Ke2",
    "player": "Anna",
    "position": "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2",
    "best": "Nf3",
    "also": "Nc3",
    "win_before": 51.2,
    "win_after": 20.1,
    "why": "missed quiet move, only move",
    "phase": "opening",
    "opening": "C20 King's Pawn Game: Wayward Queen Attack",
}
_PUZZLES: Mapping[str, Cell] = {
    "game": 2,
    "ply": 58,
    "move": "30. h3",
    "player": "Bert",
    "position": "3r2k1/5ppp/8/8/8/8/4RPPP/4R1K1 w - - 0 30",
    "line": "e2e8 d8e8 e1e8",
    "solution": "30. Re8+ Rxe8 31. Rxe8#",
    "themes": "backRankMate mateIn2",
    "rating": 1240,
    "win": 97.5,
    "cost": 12.0,
    "phase": "endgame",
    "opening": "C42 Petrov's Defense",
    "why": "The back rank has one defender.",
}
PROMOTION: Mapping[str, Cell] = {
    "position": "8/P6k/8/8/8/8/7K/8 w - - 0 40",
    "best": "a8=R",
    "also": "",
    "played": "40. Kg3",
    "win_before": 90.0,
    "win_after": 85.0,
    "phase": "endgame",
    "opening": None,
    "why": "wrong capture",
}
"""A mistake that only a rook puts right."""
TWO_MATES: Mapping[str, Cell] = {
    "position": "6k1/5ppp/8/8/8/8/8/QR4K1 w - - 0 50",
    "line": "a1a8",
    "solution": "50. Qa8#",
    "themes": "mateIn1",
    "move": "50. Qa8#",
    "cost": 0.0,
    "why": None,
}
"""A puzzle of one move that two moves solve."""
CASTLING: Mapping[str, Cell] = {
    "position": "r1bqk2r/pppp1ppp/2n2n2/2b1p3/2B1P3/2NP1N2/PPP2PPP/R1BQK2R b KQkq - 0 5",
    "best": "O-O",
    "also": "d6",
    "played": "5... Ng4",
}


def mistakes(*rows: Mapping[str, Cell], notes: Sequence[str] = (), **more: Cell) -> Report:
    """A report of the aggregator `mistakes`; a row has the cells in which it differs from a usual one.

    * **more** - further columns, with the cell of all rows.
    """
    return _report("positions", {**_MISTAKES, **more}, rows, notes)


def puzzles(*rows: Mapping[str, Cell]) -> Report:
    """The same of `puzzles`."""
    return _report("puzzles", _PUZZLES, rows, ())


def _report(
    key: str, usual: Mapping[str, Cell], rows: Sequence[Mapping[str, Cell]], notes: Sequence[str]
) -> Report:
    columns = tuple(Column(name, name) for name in usual)
    cells = tuple(tuple({**usual, **row}[name] for name in usual) for row in rows)
    return Report(key, tables=(ReportTable(key, key, columns, cells),), notes=tuple(notes))


def result(reports: Mapping[str, Report], games: int = 2) -> RunResult:
    counts = RunCounts(read=games, analysed=games)
    return RunResult(dict(reports), 0, (), INFO.evaluator, INFO.limit, counts, (), (), ())


def trainer(games: int = 2, player: str | None = None, **reports: Report) -> str:
    """Return the page of the trainer alone."""
    stream = io.BytesIO()
    writer = TrainerHtml(stream, structs.replace(INFO, player=player))
    writer.finish(result(reports, games))
    return stream.getvalue().decode()


def cards(page: str) -> list[dict[str, Any]]:
    """Return the cards in a page."""
    found = re.search(r'<script type="application/json" id="cards">(.*?)</script>', page, re.DOTALL)
    data: list[dict[str, Any]] = json.loads(found[1]) if found else []
    return data
