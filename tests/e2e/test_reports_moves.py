"""Inputs rebuilt from public bug reports: what is right of their moves, results and positions."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import chess.pgn
import pytest

import engine
from engine.model import SourceGame
from engine.settings import Settings
from engine.testing.fake_uci import fake_uci
from tests.plugins.readers.pgn_rig import read
from tests.support import shared_data


def games(name: str) -> list[SourceGame]:
    found = read(shared_data("reports", name).read_bytes())
    assert all(isinstance(game, SourceGame) for game in found)
    return [game for game in found if isinstance(game, SourceGame)]


def plies(name: str) -> list[tuple[int, str | None]]:
    return [(len(game.moves), game.problem) for game in games(name)]


def run(tmp_path: Path, name: str, evaluator: str, *outputs: str) -> tuple[engine.RunResult, list[dict[str, Any]]]:
    settings = Settings(evaluator=evaluator, workers=1, cache="", limit=engine.Limit(nodes=100))
    target = tmp_path / "out.jsonl"
    result = engine.analyze(
        shared_data("reports", name),
        aggregators=["leaderboard", "openings", "best-scores", "accuracy"],
        output=[target, *(tmp_path / output for output in outputs)],
        settings=settings,
    )
    return result, [json.loads(line) for line in target.read_text().splitlines()]


def test_05_the_result_in_the_movetext(tmp_path: Path) -> None:
    result, _ = run(tmp_path, "05-result-only-in-movetext.pgn", "recorded", "out.pgn")
    written = (tmp_path / "out.pgn").read_text()
    results = ["1-0", "0-1", "1/2-1/2", "1/2-1/2", "1-0"]
    assert [line[9:-2] for line in written.split("\n") if line.startswith("[Result")] == results
    assert [game.split()[-1] for game in written.split("\n\n")[1::2]] == results
    assert not result.notices


def test_06_glyphs() -> None:
    assert plies("06-evaluation-glyphs-in-movetext.pgn") == [(18, None), (20, None)]
    assert plies("06b-glued-suffixes.pgn") == [
        (8, None),
        (8, None),
        (6, None),
        (5, None),
        (7, None),
        (6, None),
        (3, None),
    ]
    assert games("06b-glued-suffixes.pgn")[-1].clocks == (60.0, 59.0, None)


def test_07_castling_with_en_dashes() -> None:
    (game,) = games("07-en-dash-castling.pgn")
    assert (len(game.moves), game.problem) == (32, None)
    assert game.sans[27] == "O-O-O"


def test_08_ellipses_figurines_and_german_letters() -> None:
    assert plies("08-unicode-ellipsis-figurines.pgn") == [(6, None), (6, None), (10, None)]
    assert games("08-unicode-ellipsis-figurines.pgn")[2].sans[-1] == "Qd6"


def test_09_a_null_move_in_the_main_line(tmp_path: Path) -> None:
    name = "09-null-move-mainline.pgn"
    theirs = chess.pgn.read_game(io.StringIO(shared_data("reports", name).read_text()))
    assert theirs is not None
    result, (game, other) = run(tmp_path, name, str(fake_uci(tmp_path)), "out.pgn")
    assert [ply["uci"] for ply in game["plies"]] == [move.uci() for move in theirs.mainline_moves()]
    assert len(game["plies"]) == 33
    assert not result.notices
    null = game["plies"][25]
    assert (null["san"], null["judgement"], null["accuracy"], null["loss"]) == ("--", None, None, None)
    assert all("eval" in position for position in game["positions"])
    assert all(ply["accuracy"] is not None for ply in game["plies"] if ply is not null)
    assert [ply["san"] for ply in other["plies"]] == ["e4", "e5", "Nf3", "Nc6", "Bb5"]
    written = " ".join((tmp_path / "out.pgn").read_text().split())
    assert "13... -- { [%eval" in written
    assert "(2. Bc4 -- 3. Qh5 { threat } 3... -- 4. Qxf7#)" in written


def test_17_positions() -> None:
    found = games("17-positions.pgn")
    assert plies("17-positions.pgn") == [(3, None), (3, None), (4, None), (1, None), (2, None), (4, None)]
    assert [game.sans[-1] for game in found[:2]] == ["O-O#", "Rxf2#"]
    assert found[2].moves[0] == "a7a8n"
    assert found[3].ending == "stalemate"
    (note,) = [note for game in found for note in game.notes]
    assert note in found[2].notes
    assert "the tag Result says 1-0 and the end of the moves 1/2-1/2" in note.reason


def test_26_dead_positions(tmp_path: Path) -> None:
    result, found = run(tmp_path, "26-dead-positions.pgn", str(fake_uci(tmp_path)))
    assert [len(game["plies"]) for game in found] == [2, 6, 6]
    (notice,) = result.notices
    assert "illegal move `g2xf3`" in notice.reason
    bishop = found[1]
    assert [position["eval"] for position in bishop["positions"][1:]] == [{"cp": 0}] * 6
    assert [ply["loss"] for ply in bishop["plies"][1:]] == [0] * 5
    assert all(ply["judgement"] is None for ply in bishop["plies"][1:])


def test_28_an_explicit_start_and_a_chapter_of_a_study(tmp_path: Path) -> None:
    result, found = run(tmp_path, "28-start-fen-opening.pgn", str(fake_uci(tmp_path)), "out.html")
    assert [game["opening"] and game["opening"]["name"] for game in found] == [
        "Sicilian Defense: Modern Variations",
        None,
    ]
    assert result.reports["openings"].metrics["games"].value == 1
    table = result.reports["best-scores"].table("best")
    assert table is not None
    assert {row["players"] for row in table.records()} == {"A – B", "Najdorf ideas"}
    assert "<bdi>Najdorf ideas</bdi>" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    ("name", "unread"),
    [("05-result-only-in-movetext.pgn", 0), ("09-null-move-mainline.pgn", 0), ("26-dead-positions.pgn", 1)],
)
def test_no_move_is_lost_that_python_chess_reads(name: str, unread: int) -> None:
    stream = io.StringIO(shared_data("reports", name).read_text())
    theirs = list(iter(lambda: chess.pgn.read_game(stream), None))
    ours = games(name)
    assert [len(game.moves) for game in ours] == [sum(1 for _ in game.mainline()) for game in theirs if game]
    assert sum(game.problem is not None for game in ours) == unread
