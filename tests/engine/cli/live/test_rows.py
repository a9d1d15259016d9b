"""`--show`: which rows are meant, and the moves behind them."""

from __future__ import annotations

import re

import pytest
from msgspec import structs

import engine
from engine.api.again import games_again
from engine.cli import live
from engine.cli.live import Query
from engine.cli.live.rows import rows_of
from engine.errors import ConfigError
from engine.model import Column, Finding, Point, Reference, Report, ReportTable
from engine.settings import Settings
from engine.testing import analysed_game

from .test_reports import REPORT
from .test_summary import MATCH, rendered, words

MOVES = (Reference(3, 4), Reference(7, 0))
[CLOCK] = REPORT.tables
[CHART] = REPORT.charts
[YOU] = CHART.series
POINT = Point("2026-01", 7.0, references=MOVES)
LEAKS = structs.replace(
    REPORT,
    tables=(structs.replace(CLOCK, references=(MOVES, ())), ReportTable("best", "Best", (
        Column("score", "Score", "score"), Column("game", "Game", "int"), Column("ply", "Ply", "int"),
        Column("players", "Players", "text"),
    ), ((31_999, 5, 8, "A – B"), (31_000, 6, None, "A – B")))),
    findings=(Finding("You lose.", "sure", MOVES),),
    charts=(structs.replace(CHART, series=(structs.replace(YOU, points=(POINT,)),)),),
)  # fmt: skip
REPORTS = {"leaks": LEAKS, "acpl": Report("ACPL")}


@pytest.mark.parametrize(
    ("text", "names", "references"),
    [
        ("leaks:clock=under 10%", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:clock=UNDER 10%", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:clock:group=under 10%", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:clock:Moves=1,234", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:clock=#1", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:clock", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:under 10%", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:Under 10%", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:CLOCK", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:#1", ["leaks:clock=under 10%"], [MOVES]),
        ("leaks:You lose", ["leaks:findings=#1"], [MOVES]),
        ("leaks:best=A – B", ["leaks:best=A – B"] * 2, [(Reference(5, 8),), (Reference(6),)]),
        ("leaks:best=6", ["leaks:best=A – B"], [(Reference(6),)]),
        ("leaks:findings=#1", ["leaks:findings=#1"], [MOVES]),
        ("leaks:month=2026-01", ["leaks:month=2026-01"], [MOVES]),
    ],
)
def test_which_rows_are_meant(text: str, names: list[str], references: list[tuple[Reference, ...]]) -> None:
    rows = Query.parse(text).find(REPORTS)
    assert [row.name for row in rows] == names
    assert [row.references for row in rows] == references


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not REPORT[:TABLE[=ROW]]"),
        ("leaks:=x", "example: --show 'leaks:clock=under 10%'"),
        ("leak", "no report is called 'leak'; the nearest: 'leaks'"),
        ("leaks:clok=x", "leaks has no table or row 'clok' with moves behind it; the nearest: 'clock'"),
        ("leaks:under 11%", "no table or row 'under 11%' with moves behind it; the nearest: 'under 10%'"),
        ("leaks:#3", "no table or row '#3' with moves behind it"),
        ("leaks:clock=under 10", "no row 'under 10'; the nearest: 'under 10%'"),
        ("leaks:clock:grup=x", "no column 'grup'; the nearest: 'group'"),
        ("acpl:players=Anna", "no row of acpl rests on single moves"),
    ],
)
def test_what_there_is_not_is_said_with_what_is_nearest(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        Query.parse(text).find(REPORTS)


def test_all_rows_are_listed_so_that_each_can_be_named() -> None:
    lines = rendered(live.row_names(list(rows_of("leaks", LEAKS))), 120)
    assert [line.split("  ")[:2] for line in lines] == [
        ["leaks:findings=#1", "2 moves"],
        ["leaks:month=2026-01", "2 moves"],
        ["leaks:clock=under 10%", "2 moves"],
        ["leaks:best=#1", "1 move"],
        ["leaks:best=#2", "1 game"],
    ]
    for line in lines:
        assert len(Query.parse(line.split("  ")[0]).find(REPORTS)) == 1


def test_the_moves_behind_a_row() -> None:
    game = analysed_game(
        "1. e4 e5 2. Nf3 d6 3. Bc4 *", [20, 20, 30, 25, 600, -400], best={4: "d2d4"},
        headers={"White": "Anna", "Black": "Bert", "Date": "2026.11.02"},
    )  # fmt: skip
    [row] = Query.parse("leaks:clock=under 10%").find(REPORTS)
    text = words(live.moves_behind(row, {3: game}, 100), 100)
    for said in (
        "Leaks, By clock left: under 10% Moves 1,234, Lost 651.50 Win% per 100 moves, Theirs 430.00",
        "Lost is what the player gave away.",
        "game 3, 3. Bc4?? Anna – Bert, 2026.11.02",
        "Anna's Win% 90 before, 19 after",
        "best d4",
        "FEN rnbqkbnr/ppp2ppp/3p4/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R w KQkq - 0 3",
        "https://lichess.org/analysis/rnbqkbnr/ppp2ppp/3p4/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R_w_KQkq_-_0_3",
        "1 ♖ ♘ ♗ ♕ ♔ ♗ · ♖",
        "game 7, which the input no longer has",
    ):
        assert said in text, text
    assert "♖" not in words(live.moves_behind(row, {3: game}, 60), 60)
    assert "1 R N B Q K B . R" in " ".join(rendered(live.moves_behind(row, {3: game}, 100), 100, encoding="ascii"))


def test_games_are_read_again_as_they_were() -> None:
    settings = Settings(players=("Stockfish 1700",), cache="")
    result = engine.analyze(MATCH, settings=settings, aggregators="judgements")
    [row] = Query.parse("judgements:worst=#1").find(result.reports)
    numbers = [reference.game for reference in row.references]
    games = games_again([MATCH], settings, numbers)
    assert list(games) == numbers
    with engine.Analyzer(settings=settings) as analyzer:
        assert [game for game in analyzer.submit(MATCH) if game.origin.game in numbers] == list(games.values())
    assert games_again([MATCH], settings, []) == {}
