"""Puzzles as CSV, PGN, EPD and a deck for Anki."""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import chess
import chess.pgn
import pytest
from msgspec import structs

from engine.errors import ConfigError
from engine.model import Report, RunCounts, RunResult
from engine.plugin import Writer
from engine_plugins.writers.puzzles import PuzzlesAnki, PuzzlesCsv, PuzzlesEpd, PuzzlesPgn
from tests.plugins.aggregators.puzzle_rig import SKEWER, report, skewer
from tests.plugins.writers.rendering import INFO

SITE = "https://lichess.org/abcd1234"


def written(cls: type[Writer], got: Report | None = None) -> bytes:
    puzzles = report(skewer(headers=SKEWER | {"Site": SITE})) if got is None else got
    stream = io.BytesIO()
    result = RunResult({"puzzles": puzzles}, 0, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), ())
    cls(stream, INFO).finish(result)
    return stream.getvalue()


def test_csv_has_the_columns_of_lichess_and_begins_with_the_flaw() -> None:
    [row] = csv.DictReader(io.StringIO(written(PuzzlesCsv).decode()))
    board = chess.Board(row["FEN"])
    for uci in row["Moves"].split():
        board.push_uci(uci)
    assert board.fen().startswith("R7/p2k4/8/1p6/8/8/4P3/4K3 b")
    assert row["GameUrl"] == f"{SITE}#1"
    assert "short" in row["Themes"].split()
    assert row["NbPlays"] == "0"
    assert len(row["PuzzleId"]) == 8


def test_pgn_begins_with_the_position_to_solve() -> None:
    game = chess.pgn.read_game(io.StringIO(written(PuzzlesPgn).decode()))
    assert game is not None
    assert game.headers["FEN"] == "r3k3/p7/8/1p6/8/8/4P3/4K2R w Kq - 0 2"
    assert [node.san() for node in game.mainline()] == ["Rh8+", "Kd7", "Rxa8"]
    assert (game.headers["Event"], game.headers["White"]) == ("White to move", "Anna")


def test_epd_has_the_best_move_and_the_line() -> None:
    board = chess.Board()
    operations: dict[str, Any] = board.set_epd(written(PuzzlesEpd).decode().strip())
    assert [board.san(move) for move in operations["bm"]] == ["Rh8+"]
    assert [move.uci() for move in operations["pv"]] == ["h1h8", "e8d7", "h8a8"]


def test_anki_cards_have_the_board_and_the_solution(tmp_path: Path) -> None:
    pytest.importorskip("genanki", reason="needs genanki, which the extra dev installs")
    deck = written(PuzzlesAnki)
    assert deck == written(PuzzlesAnki)
    with zipfile.ZipFile(io.BytesIO(deck)) as packed:
        packed.extract("collection.anki2", tmp_path)
    with sqlite3.connect(tmp_path / "collection.anki2") as collection:
        [(fields,)] = collection.execute("select flds from notes").fetchall()
    _, board, task, solution, about = fields.split("\x1f")
    assert board.startswith("<svg")
    assert (task, solution) == ("White to move", "2. Rh8+ Kd7 3. Rxa8")
    assert "played was 2. O-O" in about


def test_names_are_text_on_a_card(tmp_path: Path) -> None:
    pytest.importorskip("genanki", reason="needs genanki, which the extra dev installs")
    hostile = report(skewer(headers=SKEWER | {"White": "<script>alert(1)</script>"}))
    with zipfile.ZipFile(io.BytesIO(written(PuzzlesAnki, hostile))) as packed:
        assert b"<script>" not in packed.read("collection.anki2")


def test_without_genanki_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"\[anki\]"):
        PuzzlesAnki.check()


@pytest.mark.parametrize("cls", [PuzzlesCsv, PuzzlesPgn, PuzzlesEpd])
def test_no_puzzles_are_a_valid_file(cls: type[Writer]) -> None:
    empty = structs.replace(report(skewer(view=("black",))))
    assert written(cls, empty).decode().splitlines() == (
        ["PuzzleId,FEN,Moves,Rating,RatingDeviation,Popularity,NbPlays,Themes,GameUrl,OpeningTags"]
        if cls is PuzzlesCsv
        else []
    )
