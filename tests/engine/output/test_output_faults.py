"""Outputs: writers that fail, full disks and closed pipes cost what they must and nothing else."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.errors import ConfigError, PluginCrashed
from engine.model import (
    AnalysedGame,
    RunResult,
)
from engine.output.buffer import HELD
from engine.output.encoding import Encoder
from engine.plugin import RunInfo, Writer
from tests.engine.output.rig import INFO, WRITERS, Names, Other, begin, check, game, result, unzstd
from tests.support import PATIENCE

# -- faults -------------------------------------------------------------------------------------------------


def test_a_writer_that_raises_is_named_and_put_aside(tmp_path: Path) -> None:
    bad, good = tmp_path / "a.bad", tmp_path / "b.txt"
    outputs = begin(bad, good)
    outputs.game(game(1))
    with pytest.raises(PluginCrashed, match="writer faulty failed at game 2: KeyError: 'oops'"):
        outputs.game(game(2))
    outputs.game(game(3))
    outputs.finish(result())
    assert outputs.names() == [f"{bad}.part", str(good)]
    assert good.read_text() == "game 1\ngame 2\ngame 3\nend at 21\n"
    assert (tmp_path / "a.bad.part").read_text() == "half a game\n"


def test_a_writer_that_raises_at_the_end_costs_the_others_nothing(tmp_path: Path) -> None:
    class Late(Other):
        suffixes = (".late",)

        def finish(self, result: RunResult) -> None:
            raise ZeroDivisionError

    targets = check([tmp_path / "a.late", tmp_path / "b.txt"], writers={**WRITERS, "late": Late})
    with pytest.raises(PluginCrashed, match="writer late failed at the end of the run: ZeroDivisionError"):
        targets.open(INFO).finish(result())
    assert (tmp_path / "b.txt").read_text() == "end at 0\n"
    assert not (tmp_path / "a.late").exists()


def test_a_writer_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    class Broken(Other):
        suffixes = (".broken",)

        def __init__(self, stream: object, info: RunInfo) -> None:
            raise ImportError("no pyarrow")

    with pytest.raises(
        PluginCrashed, match="writer broken failed at the start of the run: ImportError: no pyarrow"
    ):
        check([tmp_path / "a.broken"], writers={"broken": Broken}).open(INFO)


class Unwritten(Writer):
    """Encodes games, and cannot write them."""

    suffixes = (".unwritten",)

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        return b"." * len(games)

    def write_encoded(self, data: bytes) -> None:
        raise KeyError("oops")


@pytest.mark.parametrize(("numbers", "where"), [((3, 4, 6), "games 3 to 6"), ((3,), "game 3")])
def test_a_writer_that_cannot_write_what_it_encoded(tmp_path: Path, numbers: Sequence[int], where: str) -> None:
    outputs = check([tmp_path / "a.unwritten"], writers={"unwritten": Unwritten}).open(INFO)
    [spec] = outputs.encode_elsewhere()
    [(origin, crash)] = outputs.encoded([Encoder(spec, Unwritten).encode([game(number) for number in numbers])])
    outputs.abandon()
    assert (origin.game, crash.message) == (3, f"writer unwritten failed at {where}: KeyError: 'oops'")


class Big(Writer):
    """Ten times as much as is held in memory, in one piece; the third one fails at its end."""

    suffixes = (".big",)
    piece = random.Random(5).randbytes(HELD // 64)
    pieces = 640

    def game(self, game: AnalysedGame) -> None:
        if game.origin.game == 1:
            self.stream.write(b"small")
            return
        for _ in range(self.pieces):
            self.stream.write(self.piece)
        if game.origin.game == 3:
            raise KeyError("oops")


def test_a_long_piece_is_not_held_in_memory(tmp_path: Path) -> None:
    outputs = check([tmp_path / "a.big"], writers={"big": Big}).open(INFO)
    tracemalloc.start()
    try:
        outputs.game(game(2))
        assert tracemalloc.get_traced_memory()[1] < 3 * HELD
    finally:
        tracemalloc.stop()
    outputs.abandon()
    assert (tmp_path / "a.big.part").stat().st_size == 10 * HELD


@pytest.mark.parametrize(
    ("ending", "expand"),
    [("", bytes), (".gz", gzip.decompress), (".bz2", bz2.decompress), (".xz", lzma.decompress), (".zst", unzstd)],
)
def test_a_long_piece_can_be_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, expand: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr("engine.output.buffer.HELD", 64_000)
    monkeypatch.setattr(Big, "piece", Big.piece[:1000])
    path = tmp_path / f"a.big{ending}"
    outputs = check([path], writers={"big": Big}).open(INFO)
    outputs.game(game(1))
    outputs.game(game(2))
    with pytest.raises(PluginCrashed, match="writer big failed at game 3"):
        outputs.game(game(3))
    outputs.abandon()
    assert expand((tmp_path / f"a.big{ending}.part").read_bytes()) == b"small" + Big.piece * Big.pieces


def test_a_closed_standard_output_in_the_middle_of_a_long_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken pipe gets through although the writer turns it into an error of its own."""

    class Closed(io.BytesIO):
        def write(self, data: object) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    class Wrapping(Big):
        def game(self, game: AnalysedGame) -> None:
            try:
                super().game(game)
            except OSError as error:
                raise RuntimeError("a library's own") from error

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Closed()))
    outputs = check(["-"], format="big", writers={"big": Wrapping}).open(INFO)
    with pytest.raises(BrokenPipeError):
        outputs.game(game(2))
    outputs.abandon()


def test_a_writer_is_closed_however_it_ends(tmp_path: Path) -> None:
    closed = []

    class Holding(Names):
        def close(self) -> None:
            closed.append(self.stream.tell())
            raise OSError("nobody minds")

    for end in ("finish", "abandon"):
        outputs = check([tmp_path / f"{end}.txt"], writers={"holding": Holding}).open(INFO)
        outputs.game(game(1))
        outputs.finish(result()) if end == "finish" else outputs.abandon()
        assert closed == [16 if end == "finish" else 7]
        closed.clear()


def test_a_writer_that_lacks_something_says_so_before_anything_is_touched(tmp_path: Path) -> None:
    class Lacking(Other):
        @classmethod
        def check(cls) -> None:
            raise ConfigError("install it")

    with pytest.raises(ConfigError, match="install it"):
        check([tmp_path / "a.txt", tmp_path / "a.md"], writers={**WRITERS, "other": Lacking})
    assert not list(tmp_path.glob("a.*"))


def test_a_terminal_is_not_shown_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    class Bytes(Other):
        binary = True

    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    check(["-"], format="other")
    with pytest.raises(ConfigError, match="--format bytes is nothing for a terminal"):
        check(["-"], format="bytes", writers={"bytes": Bytes})


DISK_FULL = """
    import resource, sys
    from engine.errors import OutputError
    from engine.output.files import check_outputs
    from engine.testing import analysed_game
    from engine.plugin import RunInfo
    from engine.model import EvaluatorInfo, Limit
    from engine_plugins.writers.jsonl import JsonlWriter

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    targets = check_outputs(sys.argv[1:], format=None, force=False, writers={"jsonl": JsonlWriter})
    outputs = targets.open(RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1)))
    try:
        for number in range(1, 100_000):
            outputs.game(analysed_game("1. e4 e5", [0, 0, 0], number=number))
    except OutputError as error:
        outputs.abandon()
        print(number, error)
        sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_full_disk_is_an_output_error_and_the_part_is_whole_games(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(DISK_FULL), str(path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (4, "")
    last, message = done.stdout.split(" ", 1)
    assert message.startswith(f"cannot write {path}: File too large; ")
    assert "the same command continues" in message
    assert not path.exists()
    part = tmp_path / f"{name}.part"
    if name.endswith(".jsonl"):
        games = [json.loads(line)["game"] for line in part.read_text().splitlines()]
        assert games == list(range(1, int(last)))
    else:
        assert 0 < part.stat().st_size <= 20_000


# -- standard output ----------------------------------------------------------------------------------------


def test_standard_output_is_named_with_a_format(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    outputs = check(["-"], format="names").open(INFO)
    outputs.game(game(1))
    assert capsysbinary.readouterr().out == b"game 1\n"
    outputs.finish(result())
    assert outputs.names() == []
    assert capsysbinary.readouterr().out == b"end at 7\n"


def test_a_closed_standard_output_is_a_broken_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.BytesIO):
        def write(self, data: object) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Closed()))
    outputs = check(["-"], format="names").open(INFO)
    with pytest.raises(BrokenPipeError):
        outputs.game(game(1))
    outputs.abandon()


def test_a_full_standard_output_is_an_output_error() -> None:
    code = """
        import sys
        from engine.errors import OutputError
        from engine.output.files import check_outputs
        from engine.testing import analysed_game
        from engine.plugin import RunInfo
        from engine.model import EvaluatorInfo, Limit
        from engine_plugins.writers.jsonl import JsonlWriter

        targets = check_outputs(["-"], format="jsonl", force=False, writers={"jsonl": JsonlWriter})
        outputs = targets.open(RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1)))
        try:
            outputs.game(analysed_game("1. e4", [0, 0]))
        except OutputError as error:
            sys.stderr.write(str(error))
            sys.stderr.flush()
            import os
            os._exit(error.exit_code)
    """
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
    assert done.returncode == 4
    assert done.stderr.startswith("cannot write standard output: No space left on device; ")
