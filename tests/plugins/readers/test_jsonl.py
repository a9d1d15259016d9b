"""Analysed games of ours are read back as they were written, and anything else is refused in words."""

from __future__ import annotations

import io
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from engine.model import Landmarks, SourceGame
from engine.plugin import Unreadable
from engine.testing import example_games
from engine_plugins.readers.jsonl import JsonlReader
from engine_plugins.writers.jsonl import JsonlWriter
from tests.plugins.writers.rendering import read_text, render

READER = JsonlReader()
LINES = render(JsonlWriter, example_games()).encode()


def parsed(data: bytes) -> list[SourceGame | Unreadable]:
    return [READER.parse(raw) for raw in READER.split(io.BytesIO(data))]


def changed(**changes: Any) -> bytes:
    return json.dumps(json.loads(LINES.splitlines()[0]) | changes).encode()


def test_every_example_comes_back() -> None:
    for game, source in zip(example_games(), parsed(LINES), strict=True):
        assert isinstance(source, SourceGame), source
        assert source.recording is not None
        assert source.recording.ours
        for original, position in zip(game.positions, source.recording.positions, strict=True):
            assert original.evaluation == (position.evaluation if position is not None else None)
        assert source.moves == tuple(ply.uci for ply in game.plies)
        assert source.sans == tuple(ply.san for ply in game.plies)
        assert source.fen == game.fen
        assert source.variant == game.variant
        assert source.epd == game.epd


def test_headers_are_read_without_the_rest_and_numbers_are_lines() -> None:
    raws = list(READER.split(io.BytesIO(b"\n" + LINES)))
    assert [raw.line for raw in raws[:2]] == [2, 3]
    assert READER.headers(raws[0])["White"] == "Anna"
    assert READER.sniff(LINES)
    assert not READER.sniff(b'[Event "x"]')


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not an analysed game"),
        (b"[1]", "not an analysed game"),
        (b'{"game": 1}', "not an analysed game"),
        (b"[" * 100_000, "not an analysed game"),
        (b"\xff\xfe", "not an analysed game"),
        (changed(fen="no fen"), "replayed"),
        (changed(fen="8/8/8/8/8/8/8/8 w - - 0 1"), "replayed"),
        (changed(positions=[]), "0 positions"),
        (changed(scale=-1), "a scale of -1"),
        (changed(scale="x"), "not an analysed game"),
        (changed(plies=[{"uci": "e2e5"}] * 12), "e2e5"),
    ],
)
def test_what_is_no_game_of_ours(data: bytes, reason: str) -> None:
    [game] = parsed(data)
    assert isinstance(game, Unreadable)
    assert reason in game.reason


@pytest.mark.parametrize(
    "evaluation", [{}, {"cp": 1, "mate": 1}, {"mate": 0}, {"cp": 10**9}, {"pawns": 1}, {"mate": -(10**6)}]
)
def test_odd_evaluations_are_refused(evaluation: dict[str, int]) -> None:
    game = json.loads(LINES.splitlines()[0])
    game["positions"][3]["eval"] = evaluation
    [source] = parsed(json.dumps(game).encode())
    assert isinstance(source, Unreadable)
    assert "an evaluation of" in source.reason


def test_an_illegal_line_keeps_its_legal_beginning() -> None:
    game = json.loads(LINES.splitlines()[0])
    game["positions"][0]["pv"] = ["e2e4", "e7e5", "e4e5", "d7d5"]
    [source] = parsed(json.dumps(game).encode())
    assert isinstance(source, SourceGame)
    assert source.recording is not None
    first = source.recording.positions[0]
    assert first is not None
    assert first.evaluation is not None
    assert first.evaluation.pv == ("e2e4", "e7e5")


@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    line = bytearray(data.draw(st.sampled_from(LINES.splitlines())))
    for _ in range(data.draw(st.integers(1, 4))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    for game in parsed(bytes(line)):
        assert isinstance(game, SourceGame | Unreadable)


def test_a_result_that_only_the_moves_have_and_null_moves_come_back() -> None:
    (game,) = read_text('[White "Anna"]\n\n1. e4 -- 2. d4 e5 1/2-1/2')
    line = render(JsonlWriter, [game]).encode()
    (source,) = parsed(line)
    assert isinstance(source, SourceGame), source
    assert source.untagged_result == "1/2-1/2"
    assert source.moves == ("e2e4", "0000", "d2d4", "e7e5")
    assert source.sans == ("e4", "--", "d4", "e5")
    assert READER.result(next(iter(READER.split(io.BytesIO(line))))) == "1/2-1/2"
    hostile = json.loads(line) | {"plies": [{"uci": uci} for uci in ("e2e4", "f7f6", "d1h5", "0000")]}
    (refused,) = parsed(json.dumps(hostile).encode())
    assert isinstance(refused, Unreadable)
    assert "a null move in check" in refused.reason


def test_phases_opening_and_ending_are_those_of_the_file() -> None:
    for game, source in zip(example_games(), parsed(LINES), strict=True):
        assert isinstance(source, SourceGame)
        assert source.landmarks == Landmarks(game.phases, game.opening)
        assert source.ending == (game.positions[-1].terminal or "open")


@pytest.mark.parametrize(
    "changes",
    [
        {"phases": None},
        {"phases": "late"},
        {"phases": {"middlegame": 9, "endgame": 4}},
        {"phases": {"middlegame": 10**9}},
        {"phases": {"middlegame": -1}},
        {"opening": {"eco": "A00", "name": "<b>", "ply": 1}},
        {"opening": {"eco": "C20", "name": "King's Pawn Game", "ply": 99}},
        {"opening": {"eco": "C20", "name": "King's Pawn Game", "ply": 0}},
        {"opening": 7},
    ],
)
def test_phases_and_openings_that_the_game_cannot_have_are_found_anew(changes: dict[str, Any]) -> None:
    (source,) = parsed(changed(**changes))
    assert isinstance(source, SourceGame)
    assert source.landmarks is None


def test_a_terminal_position_of_the_file_is_not_believed() -> None:
    game = json.loads(LINES.splitlines()[0])
    game["positions"][-1] = {"terminal": "checkmate"}
    (source,) = parsed(json.dumps(game).encode())
    assert isinstance(source, SourceGame)
    assert source.ending == "open"
    assert not source.sans[-1].endswith("#")
