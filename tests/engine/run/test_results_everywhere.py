"""The result of a game is the same in all outputs, and games that nobody played count for nobody."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.cli import live
from engine.errors import InputError
from engine.model import RunResult
from engine.settings import Settings
from tests.engine.cli.live.test_summary import words
from tests.support import DATA

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
    assert analyse(source, tmp_path / "out.sqlite").counts.analysed > 4
    with sqlite3.connect(tmp_path / "out.sqlite") as database:
        ranked = {name: (games, points) for name, games, points in database.execute(
            "SELECT player, games, points FROM players"
        )}  # fmt: skip
    database.close()
    assert ranked == points(result)
    (note,) = [notice for notice in result.notices if "not played" in notice.reason]
    assert note.kind == "note"
    assert note.reason.endswith("(3 games)")
    assert result.counts.analysed == 7
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 7
    again = analyse(tmp_path / "out.jsonl")
    assert points(again) == points(expected)
    # The counter of the screen has the positions of all games, and so has its report.
    assert result.reports["wins"].metrics["wins"].value == result.wins


NO_MOVES = """[White "Anna"]
[Black "Bert"]
[Result "*"]

*

[White "Emil"]
[Black "Bert"]
[Result "1-0"]

1. Qh5 {no such move} 1-0

"""


def test_games_without_moves_count_the_same_in_sqlite_and_leaderboard(tmp_path: Path) -> None:
    """Byes, forfeits, results without moves and empty games count for nobody, a game that cannot be read does."""
    source = tmp_path / "games.pgn"
    source.write_text(UNPLAYED + SPELLED + NO_MOVES)
    result = analyse(source, tmp_path / "out.sqlite")
    assert points(result)["Emil"] == (1, 1.0)
    with sqlite3.connect(tmp_path / "out.sqlite") as database:
        rows = database.execute("SELECT player, games, points, acpl, blunders FROM players").fetchall()
        moves = database.execute("SELECT sum(moves) FROM phases").fetchall()
    database.close()
    assert {player: (games, score) for player, games, score, *_ in rows} == points(result)
    assert ("Emil", 1, 1.0, None, None) in rows
    assert moves == [(16,)]


def test_a_game_without_evaluations_has_no_judgements_and_not_0_of_them(tmp_path: Path) -> None:
    source = tmp_path / "games.pgn"
    source.write_text('[White "Anna"]\n[Black "Bert"]\n\n1. e4 e5 2. Nf3 Nc6 1-0\n\n' + SPELLED)
    outputs = [tmp_path / name for name in ("out.jsonl", "out.games.csv", "out.sqlite", "out.html")]
    analyse(source, *outputs)
    nothing = {"accuracy": None, "acpl": None, "inaccuracies": None, "mistakes": None, "blunders": None}
    first, second, *_ = map(json.loads, outputs[0].read_text().splitlines())
    assert (first["white"], first["black"]) == (nothing, nothing)
    assert second["white"]["blunders"] == 1
    head, row, *_ = (line.split(",") for line in outputs[1].read_text(encoding="utf-8-sig").splitlines())
    assert [row[head.index(f"{color}_blunders")] for color in ("white", "black")] == ["", ""]
    with sqlite3.connect(outputs[2]) as database:
        assert database.execute("SELECT blunders FROM sides WHERE game = 1").fetchall() == [(None,), (None,)]
        assert database.execute("SELECT blunders FROM sides WHERE game = 2").fetchall() == [(1,), (0,)]
    database.close()
    assert '<td class="tight">– · –<' in outputs[3].read_text()
    again = [*map(json.loads, _again(outputs[0], tmp_path).read_text().splitlines())]
    assert again[0]["white"] == nothing
    # Files of earlier versions say 0 there.
    outputs[0].write_text(outputs[0].read_text().replace('"blunders":null', '"blunders":0'))
    assert json.loads(_again(outputs[0], tmp_path).read_text().splitlines()[0])["white"] == nothing


def _again(path: Path, folder: Path) -> Path:
    written = folder / "again.jsonl"
    written.unlink(missing_ok=True)
    analyse(path, written)
    return written


def test_a_page_of_text_is_no_game() -> None:
    """Its "1. text" and "2. text" look like moves to whoever looks for nothing else."""
    with pytest.raises(InputError, match="no readable game"):
        engine.analyze(Path(__file__).parents[3] / "README.md", evaluator="recorded")


def test_the_tile_of_the_page_and_the_terminal_count_the_same_winning_moves(tmp_path: Path) -> None:
    output = tmp_path / "out.html"
    settings = Settings(players=("Stockfish 2300",), cache="", max_games=4)
    result = engine.analyze(DATA / "match.jsonl.zst", output=output, settings=settings)
    table = result.reports["wins"].table("players")
    assert table is not None
    [row] = [row for row in table.records() if row["player"] == "Stockfish 2300"]
    said = f"{row['played']} of {row['available']}"
    assert said in words(live.overview(result, width=100, players=settings.players))
    page = re.sub(r"<[^>]*>|\s", " ", output.read_text())
    assert re.search(rf"{said} +Winning moves played|Winning moves played +{said}", page)
