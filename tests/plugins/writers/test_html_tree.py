"""A tree of moves in the page: what its rows say of the moves, and which tables are a tree."""

from __future__ import annotations

import io
from typing import Any

import chess
import pytest
from msgspec import structs

from engine.model import AnalysedGame, Column, ReportTable
from engine.testing import analysed_game
from engine.web.pages.tree import tree
from engine_plugins.aggregators.openings import Openings
from engine_plugins.writers.markdown import MarkdownWriter
from tests.plugins.aggregators.rig import report
from tests.plugins.writers.html_page import page, result
from tests.plugins.writers.rendering import INFO

COLUMNS = (Column("move", "Moves", "move"), Column("position", "Position", "position"))


def games() -> list[AnalysedGame]:
    """Games of Anna: 1. e4 e5 twice, 1. e4 c5 twice, 1. e4 d5 once, and two as Black."""
    white = ["1. e4 e5 2. Nf3", "1. e4 e5 2. Nf3", "1. e4 c5", "1. e4 c5", "1. e4 d5"]
    return [
        analysed_game(moves, headers={"White": "Anna", "Black": "Bert"}, number=k, view=("white",))
        for k, moves in enumerate(white, start=1)
    ] + [
        analysed_game("1. d4 Nf6", headers={"White": "Bert", "Black": "Anna"}, number=k, view=("black",))
        for k in (6, 7)
    ]


def fen(*sans: str) -> str:
    board = chess.Board()
    for san in sans:
        board.push_san(san)
    return board.fen()


def table(*rows: tuple[str, str]) -> ReportTable:
    return ReportTable("tree", "Tree", COLUMNS, rows)


def test_rows_say_move_position_and_games() -> None:
    played = games()
    got = page(*played, player="Anna", extra={"openings": report(Openings, *played)})
    [attributes] = [a for tag, a in got.tags if tag == "table" and a.get("id") == "table-openings-tree"]
    assert (attributes["data-tree"], attributes["data-view"], attributes["data-games"]) == ("1", "0", "2")
    rows: list[dict[str, Any]] = [a for tag, a in got.tags if tag == "tr" and "data-fen" in a]
    assert [(a["data-view"], a["data-level"], a["data-move"]) for a in rows] == [
        ("white", "0", "e2e4"),
        ("white", "1", "c7c5"),
        ("white", "1", "e7e5"),
        ("white", "2", "g1f3"),
        ("black", "0", "d2d4"),
        ("black", "1", "g8f6"),
    ]
    assert rows[3]["data-fen"] == fen("e4", "e5", "Nf3")
    assert {one.partition(":")[0] for one in rows[3]["data-about"].split()} == {"1", "2"}
    # Without the script the moves are indented, and the positions, which are long, are not shown.
    assert "\N{NO-BREAK SPACE}" * 4 + "2. Nf3" in got.visible
    assert fen("e4") not in got.visible


def test_markdown_and_notebooks_keep_the_indentation() -> None:
    got = report(Openings, *games())
    spaces = "\N{NO-BREAK SPACE}" * 4
    stream = io.BytesIO()
    MarkdownWriter(stream, INFO).finish(structs.replace(result([]), reports={"openings": got}))
    assert f"| {spaces}2\\. Nf3" in stream.getvalue().decode()
    assert f"<td>{spaces}2. Nf3</td>" in got._repr_html_()


@pytest.mark.parametrize(
    "rows",
    [
        (("  1... e5", fen("e4", "e5")),),  # nothing above it
        (("1. e4", fen("e4")), ("    2. Nf3", fen("e4", "e5", "Nf3"))),  # a move is missing
        (("1. e4", fen("d4")),),
        (("1. e5", fen("e4")),),
        (("", fen("e4")),),
    ],
)
def test_other_tables_are_no_tree(rows: tuple[tuple[str, str], ...]) -> None:
    assert tree(table(("1. e4", fen("e4")))) is not None
    assert tree(table(*rows)) is None
    moves = structs.replace(table(("1. e4", fen("e4"))), columns=(Column("game", "Game", "move"), COLUMNS[1]))
    assert tree(moves) is None
