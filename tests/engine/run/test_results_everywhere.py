"""The result of a game is the same in all outputs, and games that nobody played count for nobody."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import RunResult
from engine.settings import Settings

SPELLED = """[White "Anna"]
[Black "Bert"]

1. f3 {[%eval -0.6]} e5 {[%eval -0.5]} 2. g4 {[%eval #-1]} Qh4# 0-1

[White "Anna"]
[Black "Bert"]
[Result "?"]

1. e4 {[%eval 0.3]} e5 {[%eval 0.3]} 2. Nf3 {[%eval 0.3]} Nc6 {[%eval 0.3]} ½

[White "Bert"]
[Black "Anna"]
[Result "1:0"]

1. e4 {[%eval 0.3]} e5 {[%eval 0.3]} 2. Nf3 {[%eval 0.3]} Nc6 {[%eval 0.3]} *

[White "Bert"]
[Black "Anna"]
[Result "1-0"]

1. e4 {[%eval 0.3]} e5 {[%eval 0.3]} 2. Nf3 {[%eval 0.3]} Nc6 {[%eval 0.3]} 0-1

"""
RESULTS = ["0-1", "1/2-1/2", "1-0", "1-0"]
UNPLAYED = """[White "Anna"]
[Black "BYE"]
[Result "1-0"]

1-0

[White "Anna"]
[Black "Carl"]
[Result "+/-"]

+/-

[White "Dora"]
[Black "Anna"]
[Termination "unterminated"]
[Result "*"]

1. e4 {[%eval 0.3]} e5 {[%eval 0.3]} 2. Nf3 {[%eval 0.3]} Nc6 {[%eval 0.3]} *

"""


def analyse(path: Path, *outputs: Path, **settings: Any) -> RunResult:
    chosen = Settings(evaluator="recorded", workers=1, cache="", **settings)
    names = ["leaderboard", "accuracy", "acpl", "wins", "judgements"]
    return engine.analyze(path, aggregators=names, output=list(outputs), settings=chosen)


def points(result: RunResult) -> dict[Any, Any]:
    table = result.reports["leaderboard"].table("players")
    assert table is not None
    return {row["player"]: (row["games"], row["points"]) for row in table.records()}


def test_every_output_has_the_same_result(tmp_path: Path) -> None:
    source = tmp_path / "games.pgn"
    source.write_text(SPELLED)
    outputs = [tmp_path / name for name in ("out.pgn", "out.jsonl", "out.games.csv", "out.sqlite", "out.html")]
    result = analyse(source, *outputs)
    assert points(result) == {"Bert": (4, 3.5), "Anna": (4, 0.5)}
    written = outputs[0].read_text()
    assert [line[9:-2] for line in written.split("\n") if line.startswith("[Result")] == RESULTS
    assert [game.split()[-1] for game in written.split("\n\n")[1::2]] == RESULTS
    rows = [line.split(",") for line in outputs[2].read_text(encoding="utf-8-sig").splitlines()]
    assert [row[rows[0].index("result")] for row in rows[1:]] == RESULTS
    with sqlite3.connect(outputs[3]) as database:
        assert [row[0] for row in database.execute("SELECT result FROM games ORDER BY game")] == RESULTS
    database.close()
    page = outputs[4].read_text()
    for stated in ('["Result","0-1"]', '["Result","1/2-1/2"]', '["Result","1-0"]'):
        assert stated in page
    # Said once: the tag and the moves contradict each other.
    (notice,) = [notice for notice in result.notices if "Result" in notice.reason]
    assert notice.reason.startswith("the tag Result says 1-0 and the end of the moves 0-1: the tag counts")
    assert (notice.kind, notice.game) == ("warning", 4)

    again = analyse(outputs[1], tmp_path / "again.pgn")
    assert points(again) == points(result)
    assert [
        line[9:-2] for line in (tmp_path / "again.pgn").read_text().split("\n") if "[Result" in line
    ] == RESULTS
    assert "result" not in json.loads(outputs[1].read_text().splitlines()[2])


@pytest.mark.parametrize("form", ["pgn", "jsonl"])
@pytest.mark.parametrize(
    ("expression", "games"),
    [
        ("Result = 0-1", 1),
        ("Result = 1/2-1/2", 1),
        ("not Result = 1-0", 2),
        ("result != '*'", 4),
        ("Result ~ 2", 1),
    ],
)
def test_filters_ask_for_the_result(tmp_path: Path, form: str, expression: str, games: int) -> None:
    source = tmp_path / "games.pgn"
    source.write_text(SPELLED)
    if form == "jsonl":
        analyse(source, tmp_path / "games.jsonl")
    assert analyse(tmp_path / f"games.{form}", filter=expression).counts.analysed == games


def test_games_that_nobody_played_are_said_once_and_ranked_nowhere(tmp_path: Path) -> None:
    source = tmp_path / "games.pgn"
    source.write_text(UNPLAYED + SPELLED)
    alone = tmp_path / "alone.pgn"
    alone.write_text(SPELLED)
    result, expected = analyse(source, tmp_path / "out.jsonl"), analyse(alone)
    assert points(result) == points(expected)
    for name in ("leaderboard", "accuracy", "acpl", "judgements"):
        assert result.reports[name].metrics == expected.reports[name].metrics
    for name in ("accuracy", "acpl", "judgements", "wins"):
        table, other = result.reports[name].table("players"), expected.reports[name].table("players")
        assert table is not None
        assert other is not None
        assert (table.columns, table.rows) == (other.columns, other.rows)
    (note,) = [notice for notice in result.notices if "not played" in notice.reason]
    assert note.kind == "note"
    assert note.reason.endswith("(3 games)")
    assert result.counts.analysed == 7
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 7
    again = analyse(tmp_path / "out.jsonl")
    assert points(again) == points(expected)
    # The counter of the screen has the positions of all games, and so has its report.
    assert result.reports["wins"].metrics["wins"].value == result.wins
