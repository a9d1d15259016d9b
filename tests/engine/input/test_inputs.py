"""The kinds of input that a program may pass as games."""

from __future__ import annotations

import io
import sqlite3
import threading
from pathlib import Path

import chess.pgn
import pytest

import engine
from engine.errors import ConfigError, InputError
from engine.input.inputs import is_content
from engine.plugin import Aggregator
from engine.system.compression import SUFFIXES
from tests.support import DATA, PATIENCE

CLASSICS = DATA / "classics.pgn"
FEN = "6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1"
GAME = '[White "A"]\n\n1. e4 e5 *\n'


def read(source: object) -> list[tuple[str, int]]:
    """File and number of plies of each game, nothing searched."""
    seen: list[tuple[str, int]] = []

    class Seen(Aggregator):
        def add(self, game: engine.AnalysedGame) -> None:
            seen.append((game.origin.file, len(game.plies)))

        def report(self) -> engine.Report:
            return engine.Report("Seen")

    engine.analyze(source, evaluator="recorded", aggregators=[Seen])  # type: ignore[arg-type]
    return seen


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("games.pgn", False),
        ("-", False),
        ("[2024] games.pgn", False),
        ("1-0/games.pgn", False),
        ("a/b/c/d/e/f/g/h w", False),
        ("/etc/passwd", False),
        ("startpos", True),
        (FEN, True),
        (FEN + " bm Rd8#;", True),
        ('[Event "x"]', True),
        ("1. e4", True),
        ("1.e4 e5", True),
        ("e4\ne5", True),
    ],
)
def test_what_a_string_is_depends_on_the_string_alone(text: str, content: bool) -> None:
    assert is_content(text) is content


def test_every_kind_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.pgn"
    file.write_text(GAME)
    game = chess.pgn.read_game(io.StringIO(GAME))
    with open(file, "rb") as binary, open(file) as text:
        sources: dict[str, object] = {
            str(file): str(file),
            f"{file}\0": file,
            "<text>": GAME,
            "<bytes>": GAME.encode(),
            "<game>": game,
            f"{file}\1": binary,
            f"{file}\2": text,
            "<BytesIO>": io.BytesIO(GAME.encode()),
            "<StringIO>": io.StringIO(GAME),
        }
        for name, source in sources.items():
            assert read(source) == [(name.rstrip("\0\1\2"), 2)], name
        assert not binary.closed
        assert not text.closed


def test_positions_and_mixtures(tmp_path: Path) -> None:
    file = tmp_path / "a.pgn"
    file.write_text(GAME)
    mixed = [file, FEN, GAME.encode(), "startpos", [str(file), GAME]]
    expected = [(str(file), 2), ("<fen>", 0), ("<bytes>", 2), ("<fen>", 0), (str(file), 2), ("<text>", 2)]
    assert read(mixed) == expected
    assert read(iter(mixed)) == expected
    assert read(item for item in mixed) == expected
    assert read({"a": 1, GAME: 2}.keys() - {"a"}) == [("<text>", 2)]


def test_bytes_are_content_and_never_a_path() -> None:
    with pytest.raises(InputError, match="no readable game"):
        read(str(CLASSICS).encode())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_contents_may_be_compressed(suffix: str) -> None:
    from engine.system.compression import COMPRESSORS

    compressor = COMPRESSORS[suffix]()
    data = compressor.compress(CLASSICS.read_bytes()) + compressor.flush()
    assert len(read(data)) == 12
    assert len(read(io.BytesIO(data))) == 12


def test_contents_may_be_our_own_games_and_epd() -> None:
    assert len(read((DATA / "match.jsonl.zst").read_bytes())) == 24
    assert len(read((DATA / "finishes.epd").read_bytes())) == 24


def test_a_game_from_another_start_and_of_chess960() -> None:
    game = chess.pgn.Game.from_board(chess.Board(FEN))
    game.add_variation(chess.Move.from_uci("d1d8"))
    assert read(game) == [("<game>", 1)]
    assert read(game.next()) == [("<game>", 1)]
    assert read("bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9") == [("<fen>", 0)]


def test_an_iterable_is_taken_from_in_this_thread(tmp_path: Path) -> None:
    """A database connection may be used by the thread that made it only."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE games (pgn)")
    db.executemany("INSERT INTO games VALUES (?)", [(GAME,)] * 3)
    assert len(read(row[0] for row in db.execute("SELECT pgn FROM games"))) == 3
    db.close()


def test_a_missing_file_of_an_iterable_costs_the_others_nothing(tmp_path: Path) -> None:
    result = engine.analyze(iter(["nowhere.pgn", GAME]), evaluator="recorded")
    assert result.counts.analysed == 1
    assert [notice.reason for notice in result.notices][:1] == ["nowhere.pgn: no such file or folder"]
    with pytest.raises(InputError, match="nowhere"):
        engine.analyze(["nowhere.pgn", GAME], evaluator="recorded")


@pytest.mark.parametrize("wrong", [5, None, [5], iter([5]), [[GAME], 5.0], object()])
def test_what_is_no_source_is_an_error(wrong: object) -> None:
    with pytest.raises(ConfigError, match="a source is"):
        engine.analyze(wrong, evaluator="recorded")  # type: ignore[arg-type]


def test_a_file_that_gives_nonsense_or_fails_is_damaged() -> None:
    class Broken:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        def read(self, size: int) -> object:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    for answer in (5, None, OSError(5, "the disk is gone")):
        with pytest.raises(InputError, match="no readable game in <Broken>: cannot be read any further"):
            engine.analyze(Broken(answer), evaluator="recorded")  # type: ignore[arg-type]


def test_a_source_that_goes_on_later_is_told_apart_from_one_that_ends(tmp_path: Path) -> None:
    """A pumped iterable that is abandoned ends its thread at its next item."""
    from engine.input.inputs import INPUT_END, NOT_YET, ThreadedSupply

    let = threading.Event()

    def items() -> object:
        yield 1
        assert let.wait(PATIENCE)
        yield 2

    pump = ThreadedSupply(items())  # type: ignore[arg-type]
    assert pump.take(60) == 1
    assert pump.take(0.01) is NOT_YET
    let.set()
    assert pump.take(60) == 2
    assert pump.take(60) is INPUT_END
    endless = ThreadedSupply(iter(int, 1))
    assert endless.take(60) == 0
    endless.close()
