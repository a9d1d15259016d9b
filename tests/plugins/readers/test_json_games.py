"""Games that chess.com and Lichess export as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import SourceGame
from engine.plugin import Reader, Unreadable
from engine_plugins.readers._split import GAME_BYTES
from engine_plugins.readers.chesscom import ChesscomReader
from engine_plugins.readers.jsonl import JsonlReader
from engine_plugins.readers.lichess_ndjson import LichessReader
from engine_plugins.readers.pgn import PgnReader
from tests.support import assert_linear

PGN = '[Event "Live Chess"]\n[White "anna"]\n[Black "bert"]\n[Result "0-1"]\n[TimeControl "180+2"]\n\n'
MOVES = "1. f3 {[%clk 0:02:58.1]} 1... e5 {[%clk 0:02:57]} 2. g4 {[%clk 0:02:50]} 2... Qh4# {[%clk 0:02:49]} 0-1\n"
CHESSCOM: dict[str, Any] = {
    "url": "https://www.chess.com/game/live/1",
    "pgn": PGN + MOVES,
    "time_control": "180+2",
    "end_time": 1_790_000_000,
    "rated": True,
    "accuracies": {"white": 20.5, "black": 99.1},
    "tcn": "",
    "rules": "chess",
    "white": {
        "rating": 1200,
        "result": "checkmated",
        "@id": "https://api.chess.com/pub/player/anna",
        "username": "anna",
    },
    "black": {"rating": 1300, "result": "win", "@id": "https://api.chess.com/pub/player/bert", "username": "bert"},
}
LICHESS: dict[str, Any] = {
    "id": "abcdefgh",
    "rated": True,
    "variant": "standard",
    "speed": "blitz",
    "perf": "blitz",
    "createdAt": 1_600_000_000_000,
    "status": "mate",
    "players": {
        "white": {"user": {"name": 'An"na', "title": "FM", "id": "anna"}, "rating": 2101, "ratingDiff": -5},
        "black": {"aiLevel": 3},
    },
    "winner": "black",
    "opening": {"eco": "A00", "name": "Barnes Opening: Fool's Mate", "ply": 4},
    "moves": "f3 e5 g4 Qh4#",
    "analysis": [
        {"eval": -60},
        {"eval": -55},
        {"mate": -1, "best": "g2g3", "variation": "g3 d5", "judgment": {"name": "Blunder"}},
    ],
    "clock": {"initial": 180, "increment": 2, "totalTime": 260},
    "clocks": [18003, 18000, 17850, 17701],
}


def read(reader: Reader, data: str | bytes) -> list[SourceGame | Unreadable]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return [reader.parse(raw) for raw in reader.split(stream)]


def one(reader: Reader, data: str | bytes) -> SourceGame:
    (game,) = read(reader, data)
    assert isinstance(game, SourceGame), game
    return game


def outcome(game: SourceGame | Unreadable) -> int | str:
    return len(game.moves) if isinstance(game, SourceGame) else game.reason.partition(":")[0]


ARCHIVE = {"games": [CHESSCOM] * 3}


@pytest.mark.parametrize(
    ("data", "games"),
    [
        (json.dumps(ARCHIVE), 3),
        (json.dumps(ARCHIVE, indent=2).replace("\n", "\r\n"), 3),
        (json.dumps(ARCHIVE["games"]), 3),
        (json.dumps(CHESSCOM), 1),
        ('{"games":[]}', 0),
    ],
)
def test_an_archive_of_chesscom(data: str, games: int) -> None:
    assert ChesscomReader.sniff(data.encode())
    assert not LichessReader.sniff(data.encode())
    found = read(ChesscomReader(), data)
    assert [outcome(game) for game in found] == [4] * games
    for game in found:
        assert isinstance(game, SourceGame)
        assert (game.clocks, game.text) == ((178.1, 177.0, 170.0, 169.0), one(PgnReader(), game.text).text)
        assert (game.headers["WhiteElo"], game.headers["Link"]) == ("1200", "https://www.chess.com/game/live/1")
        assert (game.headers["Result"], game.headers["TimeControl"]) == ("0-1", "180+2")


def test_tags_that_the_pgn_of_chesscom_lacks() -> None:
    bare = CHESSCOM | {"pgn": "1. f3 e5 2. g4 Qh4# 0-1", "time_control": "1/259200"}
    game = one(ChesscomReader(), json.dumps(bare))
    assert dict(game.headers) == {
        "White": "anna", "Black": "bert", "Result": "0-1", "WhiteElo": "1200", "BlackElo": "1300",
        "TimeControl": "1/259200", "Date": "2026.09.21", "Link": "https://www.chess.com/game/live/1",
    }  # fmt: skip
    reader = ChesscomReader()
    (raw,) = reader.split(io.BytesIO(json.dumps(bare).encode()))
    assert reader.headers(raw) == game.headers
    draw = bare | {"white": {"username": "anna", "result": "agreed"}, "black": {"result": "agreed"}}
    assert one(reader, json.dumps(draw)).headers["Result"] == "1/2-1/2"
    (variant,) = read(reader, json.dumps(bare | {"rules": "kingofthehill"}))
    assert isinstance(variant, Unreadable)
    assert variant.kind == "variant"


@pytest.mark.parametrize(
    ("damage", "outcomes"),
    [
        (('"pgn": "', '"pgn": '), ["no JSON", 4, 4]),
        (('"tcn": ""', '"tcn": "'), ["no JSON", 4, 4]),
        (("}}, {", "}, {"), ["no JSON", 4, 4]),
        (('"pgn"', '"gpn"'), ["a game of chess.com without `pgn`", 4, 4]),
    ],
)
def test_a_damaged_game_of_an_archive_does_not_take_the_next(damage: tuple[str, str], outcomes: list[Any]) -> None:
    data = json.dumps({"games": [CHESSCOM | {"last": {"a": 1}}] * 3}).replace(*damage, 1)
    assert [outcome(game) for game in read(ChesscomReader(), data)] == outcomes


def test_an_archive_that_is_cut_off() -> None:
    data = json.dumps(ARCHIVE)
    assert [outcome(game) for game in read(ChesscomReader(), data[:-200])] == [4, 4, "no JSON"]


def test_a_game_of_lichess_is_what_its_pgn_would_be() -> None:
    game = one(LichessReader(), json.dumps(LICHESS) + "\n")
    assert dict(game.headers) == {
        "Event": "rated blitz game", "Site": "https://lichess.org/abcdefgh", "Date": "2020.09.13",
        "White": 'An"na', "Black": "lichess AI level 3", "Result": "0-1", "GameId": "abcdefgh",
        "UTCDate": "2020.09.13", "UTCTime": "12:26:40", "WhiteElo": "2101", "WhiteRatingDiff": "-5",
        "WhiteTitle": "FM", "Variant": "Standard", "TimeControl": "180+2", "ECO": "A00",
        "Opening": "Barnes Opening: Fool's Mate", "Termination": "Normal",
    }  # fmt: skip
    assert game.sans == ("f3", "e5", "g4", "Qh4#")
    assert game.clocks == (180.03, 180.0, 178.5, 177.01)
    assert game.recording is not None
    scores = [p and p.evaluation and p.evaluation.score for p in game.recording.positions]
    assert [s and (s.cp, s.mate) for s in scores] == [None, (60, None), (-55, None), (None, 1), None]
    lines = [p and p.evaluation and p.evaluation.pv for p in game.recording.positions]
    assert lines == [None, (), ("g2g3", "d7d5"), (), None]
    assert game.notes == ()
    assert "2. g4 { [%eval #-1] [%clk 0:02:58.50] }" in game.text


@pytest.mark.parametrize(
    ("variation", "line"),
    [
        ("g3 Ke2 d5", ("g2g3",)),
        ("Qh4# g3", ()),
        ("-- d5", ()),
        ("", ()),
        (["g3"], ()),
        (" ".join(["Nc3 Nc6 Nb1 Nb8"] * 4), ("b1c3", "b8c6", "c3b1", "c6b8") * 3),
    ],
)
def test_of_a_best_line_the_legal_beginning_is_kept(variation: Any, line: tuple[str, ...]) -> None:
    analysis = [*LICHESS["analysis"][:2], {"mate": -1, "variation": variation}]
    game = one(LichessReader(), json.dumps(LICHESS | {"analysis": analysis}))
    assert game.recording is not None
    position = game.recording.positions[2]
    assert position is not None
    assert position.evaluation is not None
    assert position.evaluation.pv == line


def test_other_games_of_lichess() -> None:
    reader = LichessReader()
    fen = "4k3/8/8/8/8/8/4P3/4K3 b - - 0 10"
    game = one(
        reader,
        json.dumps(
            {
                "id": "x",
                "players": {"white": {}, "black": {"name": "B"}},
                "variant": "fromPosition",
                "initialFen": fen,
                "status": "started",
                "daysPerTurn": 3,
                "moves": "Kd7 e4",
            }
        ),
    )
    assert (game.fen, game.sans) == (fen, ("Kd7", "e4"))
    assert [game.headers[name] for name in ("White", "Black", "Result", "TimeControl")] == [
        "Anonymous", "B", "*", "1/259200",
    ]  # fmt: skip
    pgn_only = {"id": "x", "players": {}, "pgn": PGN + MOVES}
    assert one(reader, json.dumps(pgn_only)).headers["White"] == "anna"
    (variant,) = read(reader, json.dumps(LICHESS | {"variant": "atomic"}))
    assert isinstance(variant, Unreadable)
    assert variant.kind == "variant"


def test_a_broken_line_is_one_unreadable_game() -> None:
    line = json.dumps(LICHESS)
    lines = [line, line[:300], "no json", line, '{"id": "x', "[1, 2]", line.replace("g4", "g4{"), "", line]
    found = read(LichessReader(), "\n".join(lines))
    assert [outcome(game) for game in found] == [
        4, "no JSON", "no JSON", 4, "no JSON", "no JSON object", "`g4{` among the moves is none", 4,
    ]  # fmt: skip
    assert [outcome(game) for game in read(LichessReader(), json.dumps([LICHESS] * 2, indent=1))] == [4, 4]
    reader = LichessReader()
    assert [raw.line for raw in reader.split(io.BytesIO("\n".join(lines).encode()))] == [1, 2, 3, 4, 5, 6, 7, 9]


def test_an_illegal_move_keeps_those_before() -> None:
    data = f"{json.dumps(LICHESS)}\n{json.dumps(LICHESS | {'moves': 'f3 e5 Qh5 Nc6'})}\n"
    _, game = read(LichessReader(), data)
    assert isinstance(game, SourceGame)
    assert (game.sans, game.problem_line) == (("f3", "e5"), 2)
    assert game.problem is not None
    assert game.problem.startswith("illegal move `Qh5`")


@pytest.mark.parametrize("reader", [LichessReader(), pytest.param(ChesscomReader(), marks=pytest.mark.slow)])
def test_a_game_without_end_is_dropped(reader: Reader) -> None:
    good = json.dumps(LICHESS if isinstance(reader, LichessReader) else CHESSCOM)
    data = f'{good}\n{{"id": "{"x" * (GAME_BYTES + 3_000_000)}\n{good}\n'.encode()
    sizes = [len(raw.data) for raw in reader.split(io.BytesIO(data))]
    assert sizes == [len(good), GAME_BYTES + 1, len(good)]
    assert [outcome(game) for game in read(reader, data)] == [4, "longer than 4 MiB", 4]


@pytest.mark.parametrize(
    ("status", "winner", "result"),
    [
        ("draw", None, "1/2-1/2"),
        ("outoftime", None, "1/2-1/2"),
        ("resign", "white", "1-0"),
        ("aborted", None, "*"),
    ],
)
def test_results_of_lichess(status: str, winner: str | None, result: str) -> None:
    game = LICHESS | {"status": status, "winner": winner}
    assert one(LichessReader(), json.dumps(game)).headers["Result"] == result


def test_a_result_that_is_stated_counts() -> None:
    game = LICHESS | {"status": "outoftime", "winner": None, "result": "0-1"}
    assert one(LichessReader(), json.dumps(game)).headers["Result"] == "0-1"


def test_a_file_of_lichess_with_the_ending_of_ours_says_what_to_do() -> None:
    (game,) = read(JsonlReader(), json.dumps(LICHESS))
    assert isinstance(game, Unreadable)
    assert game.reason.endswith("; a file of Lichess is read if its name ends in .ndjson")


def test_they_are_told_apart() -> None:
    ours = b'{"game": 1, "fen": "", "players": {}, "moves": ""}'
    lichess, chesscom = json.dumps(LICHESS).encode(), json.dumps(ARCHIVE).encode()
    for data, expected in ((ours, JsonlReader), (lichess, LichessReader), (chesscom, ChesscomReader)):
        sniffing = [cls for cls in (JsonlReader, LichessReader, ChesscomReader, PgnReader) if cls.sniff(data)]
        assert sniffing == [expected]


def test_files_and_folders_are_read_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "lichess.ndjson").write_text(f"{json.dumps(LICHESS)}\n" * 2)
    (tmp_path / "2026-10.json").write_text(json.dumps(ARCHIVE))
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "games.pgn").write_text(PGN + MOVES)
    settings = engine.Settings(evaluator="recorded", keep_duplicates=True)
    assert engine.analyze(tmp_path, settings=settings).counts.analysed == 6
    assert engine.analyze(tmp_path / "2026-10.json", settings=settings).counts.analysed == 3
    assert engine.analyze(json.dumps(LICHESS).encode(), settings=settings).counts.analysed == 1


@pytest.mark.parametrize("reader", [LichessReader(), ChesscomReader()])
@pytest.mark.parametrize("piece", ["{", "{}", '{"a', '{"a\n', "x\n", " ", "[", '{"url":"'])
def test_nothing_takes_quadratic_time(reader: Reader, piece: str) -> None:
    def work(size: int) -> object:
        data = (piece * (size // len(piece))).encode()
        return [reader.sniff(data[:65536]), list(reader.split(io.BytesIO(data)))]

    assert_linear(work, 1 << 18)


def test_a_copy_is_known_by_its_address() -> None:
    game = {"url": "https://www.chess.com/game/live/12345678", "pgn": '[White "A"]\n[Black "B"]\n\n1. e4 *'}
    [first, second] = ChesscomReader().split(io.BytesIO(json.dumps({"games": [game, game]}).encode()))
    assert ChesscomReader().identity(first) == ChesscomReader().identity(second) != None  # noqa: E711
    [without] = ChesscomReader().split(io.BytesIO(json.dumps({"games": [{**game, "url": ""}]}).encode()))
    assert ChesscomReader().identity(without) is None
