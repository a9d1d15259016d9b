"""Outputs: checked before any work, written game by game, moved into place at the end."""

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
from typing import BinaryIO

import pytest

from engine.errors import AnalysisError, ConfigError, OutputError, PluginCrashed
from engine.model import (
    AnalysedGame,
    EvaluatorInfo,
    Limit,
    Origin,
    RunCounts,
    RunResult,
    SkippedGame,
)
from engine.output.buffer import HELD
from engine.output.files import Outputs, Targets, check_outputs
from engine.plugin import RunInfo, Writer
from engine.testing import analysed_game
from tests.support import PATIENCE

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

INFO = RunInfo(EvaluatorInfo("Stockfish", "15.1", "f00d"), Limit(nodes=100))


class Names(Writer):
    """A line for each game, and one at the end."""

    suffixes = (".txt", ".names.txt")

    def game(self, game: AnalysedGame) -> None:
        for part in (b"game ", str(game.origin.game).encode(), b"\n"):
            self.stream.write(part)

    def skipped(self, game: SkippedGame) -> None:
        self.stream.write(f"skipped {game.origin.game}\n".encode())

    def finish(self, result: RunResult) -> None:
        self.stream.write(f"end at {self.stream.tell()}\n".encode())


class Other(Writer):
    """Says nothing before the end."""

    suffixes = (".md",)

    def finish(self, result: RunResult) -> None:
        self.stream.write(b"# wins: %d\n" % result.wins)


class Faulty(Writer):
    """Fails at the second game, half way."""

    suffixes = (".bad",)

    def game(self, game: AnalysedGame) -> None:
        self.stream.write(b"half a ga")
        if game.origin.game == 2:
            raise KeyError("oops")
        self.stream.write(b"me\n")


WRITERS: dict[str, type[Writer]] = {"names": Names, "other": Other, "faulty": Faulty}


def check(targets: Sequence[str | Path], **given: object) -> Targets:
    settings: dict[str, object] = {"format": None, "force": False, "writers": WRITERS, **given}
    return check_outputs([str(target) for target in targets], **settings)  # type: ignore[arg-type]


def begin(*targets: Path, force: bool = False) -> Outputs:
    return check(targets, force=force).open(INFO)


def game(number: int) -> AnalysedGame:
    return analysed_game("1. e4", [0, 0], number=number)


def result(*, interrupted: bool = False) -> RunResult:
    return RunResult({}, 5, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), (), interrupted)


SKIPPED = SkippedGame(Origin(2, "games.pgn", 9), "damaged", "no moves", "?")


# -- before any work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "given", "error", "words"),
    [
        (["x.doc"], {}, ConfigError, ["x.doc", ".txt (also .names.txt)", ".md", ".zst"]),
        (["x.name.txd"], {}, ConfigError, ["x.name.txd", "the ending .txd says nothing", "did you mean .txt"]),
        (["noending"], {}, ConfigError, ["noending", ".txt"]),
        ([".txt"], {}, ConfigError, [".txt"]),
        (["there.txt"], {}, ConfigError, ["there.txt", "exists", "--force"]),
        (["folder.txt"], {"force": True}, ConfigError, ["folder.txt", "not a file"]),
        (["a.txt", "a.txt"], {}, ConfigError, ["a.txt", "twice"]),
        (["a.txt", "sub/../a.txt"], {}, ConfigError, ["a.txt", "twice"]),
        (["there.txt"], {"force": True, "inputs": ["./there.txt"]}, ConfigError, ["there.txt", "input"]),
        (["none/x.txt"], {}, OutputError, ["none", "no folder"]),
        (["there.txt/x.txt"], {}, OutputError, ["there.txt", "no folder"]),
        (["-"], {}, ConfigError, ["--format", "names", "other"]),
        (["-"], {"format": "xml"}, ConfigError, ["xml", "names"]),
        (["-"], {"format": "name"}, ConfigError, ["unknown --format name", "did you mean names"]),
        (["-", "-"], {"format": "names"}, ConfigError, ["twice"]),
    ],
)
def test_what_cannot_be_is_said_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    targets: list[str],
    given: dict[str, object],
    error: type[AnalysisError],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.txt").write_text("mine")
    Path("folder.txt").mkdir()
    Path("sub").mkdir()
    with pytest.raises(error) as caught:
        check(["good.txt", *targets], **given)
    assert caught.value.exit_code == (2 if error is ConfigError else 4)
    assert not [word for word in words if word not in caught.value.message]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "engine-home") == [
        "folder.txt",
        "sub",
        "there.txt",
    ]
    assert Path("there.txt").read_text() == "mine"


def test_checking_alone_touches_nothing(tmp_path: Path) -> None:
    check([tmp_path / "a.txt", tmp_path / "b.md"])
    assert not list(tmp_path.glob("*.*"))


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "link.txt", tmp_path / "real" / "out.txt"
    link.symlink_to(real)
    outputs = begin(link)
    outputs.finish(result())
    assert link.is_symlink()
    assert real.read_text() == "end at 0\n"


# -- a run --------------------------------------------------------------------------------------------------


def test_a_run_leaves_finished_files_only(tmp_path: Path) -> None:
    text, other = tmp_path / "a.names.txt", tmp_path / "b.md"
    outputs = begin(text, other)
    outputs.game(game(1))
    outputs.skipped(SKIPPED)
    assert not text.exists()
    assert (tmp_path / "a.names.txt.part").read_text() == "game 1\nskipped 2\n"
    outputs.finish(result())
    assert outputs.names() == [str(text), str(other)]
    assert text.read_text() == "game 1\nskipped 2\nend at 17\n"
    assert other.read_text() == "# wins: 5\n"
    assert not list(tmp_path.glob("*.part"))


def test_force_replaces_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    outputs = begin(path, force=True)
    outputs.game(game(1))
    assert path.read_text() == "old"
    outputs.finish(result())
    assert path.read_text() == "game 1\nend at 7\n"


def test_what_appears_during_the_run_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    outputs = begin(path)
    path.write_text("somebody's")
    with pytest.raises(OutputError, match=r"a\.txt appeared during the run; the result is in .*a\.txt\.part"):
        outputs.finish(result())
    assert path.read_text() == "somebody's"
    assert (tmp_path / "a.txt.part").read_text() == "end at 0\n"


def test_an_interrupted_run_leaves_its_part(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    outputs = begin(path)
    outputs.game(game(1))
    outputs.finish(result(interrupted=True))
    assert outputs.names() == [f"{path}.part"]
    assert not path.exists()
    assert (tmp_path / "a.txt.part").read_text() == "game 1\nend at 7\n"


def test_abandoned_parts_hold_whole_games_and_the_next_run_starts_anew(tmp_path: Path) -> None:
    path, part = tmp_path / "a.txt", tmp_path / "a.txt.part"
    outputs = begin(path)
    outputs.game(game(1))
    outputs.game(game(2))
    outputs.abandon()
    outputs.abandon()
    assert part.read_text() == "game 1\ngame 2\n"
    again = begin(path)
    assert part.read_text() == ""
    again.finish(result())
    assert path.read_text() == "end at 0\n"


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    first = begin(path)
    first.game(game(1))
    with pytest.raises(OutputError, match="another run is writing"):
        begin(path)
    first.finish(result())
    assert path.read_text() == "game 1\nend at 7\n"


def unzstd(data: bytes) -> bytes:
    return zstd.decompress(data)


@pytest.mark.parametrize(
    ("ending", "expand"),
    [(".gz", gzip.decompress), (".bz2", bz2.decompress), (".xz", lzma.decompress), (".ZST", unzstd)],
)
def test_outputs_are_compressed_by_their_ending(
    tmp_path: Path, ending: str, expand: Callable[[bytes], bytes]
) -> None:
    expected = "".join(f"game {number}\n" for number in range(1, 300))
    written = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.txt{ending}"
        outputs = begin(path)
        for number in range(1, 300):
            outputs.game(game(number))
        outputs.finish(result())
        written.append(path.read_bytes())
    assert expand(written[0]).decode() == f"{expected}end at {len(expected)}\n"
    assert written[0] == written[1]
    assert len(written[0]) < len(expected)


def test_an_abandoned_compressed_part_can_be_read(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.txt.zst")
    outputs.game(game(1))
    outputs.abandon()
    assert zstd.decompress((tmp_path / "a.txt.zst.part").read_bytes()) == b"game 1\n"


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
    """Also where the writer makes an error of its own of it."""

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


def test_a_part_that_cannot_be_opened_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt.part").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*a\.txt: Is a directory"):
        begin(tmp_path / "a.txt")


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


# -- further files ------------------------------------------------------------------------------------------


class Volumes(Writer):
    """A file for every two games, which all learn how many there were."""

    suffixes = (".vol",)

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        self.files: list[tuple[str, BinaryIO]] = [(info.output, stream)]
        self.games = 0

    def game(self, game: AnalysedGame) -> None:
        if self.games and self.games % 2 == 0 and (more := self.next_file()) is not None:
            self.files.append(more)
        self.games += 1
        self.files[-1][1].write(b"game %d\n" % game.origin.game)
        if game.origin.game == 9:
            raise KeyError("oops")

    def finish(self, result: RunResult) -> None:
        for name, stream in self.files:
            stream.write(f"{name}: {len(self.files)} files\n".encode())


WRITERS["volumes"] = Volumes


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_writer_goes_on_in_further_files(tmp_path: Path, ending: str) -> None:
    outputs = begin(tmp_path / f"a.vol{ending}")
    for number in range(1, 6):
        outputs.game(game(number))
    assert sorted(path.name for path in tmp_path.glob("a*")) == [
        f"a-2.vol{ending}.part",
        f"a-3.vol{ending}.part",
        f"a.vol{ending}.part",
    ]
    outputs.finish(result())
    opened = gzip.open if ending else open
    texts = {}
    for name in ("a.vol", "a-2.vol", "a-3.vol"):
        with opened(tmp_path / f"{name}{ending}", "rt") as file:
            texts[name] = file.read()
    assert texts == {
        "a.vol": f"game 1\ngame 2\na.vol{ending}: 3 files\n",
        "a-2.vol": f"game 3\ngame 4\na-2.vol{ending}: 3 files\n",
        "a-3.vol": f"game 5\na-3.vol{ending}: 3 files\n",
    }
    assert outputs.names() == [str(tmp_path / f"{name}{ending}") for name in ("a.vol", "a-2.vol", "a-3.vol")]


def test_an_interrupted_run_leaves_all_its_files_as_parts(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.vol")
    for number in range(1, 4):
        outputs.game(game(number))
    outputs.finish(result(interrupted=True))
    assert sorted(path.name for path in tmp_path.glob("a*")) == ["a-2.vol.part", "a.vol.part"]


def test_a_further_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a-2.vol").write_text("mine")
    outputs = begin(tmp_path / "a.vol")
    outputs.game(game(1))
    outputs.game(game(2))
    with pytest.raises(ConfigError, match=r"a-2\.vol exists"):
        outputs.game(game(3))
    outputs.abandon()
    assert (tmp_path / "a-2.vol").read_text() == "mine"
    forced = begin(tmp_path / "a.vol", force=True)
    for number in (1, 2, 3):
        forced.game(game(number))
    forced.finish(result())
    assert "game 3" in (tmp_path / "a-2.vol").read_text()


def test_a_crash_keeps_whole_games_in_every_file(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.vol")
    for number in (1, 2, 3):
        outputs.game(game(number))
    with pytest.raises(PluginCrashed, match="volumes"):
        outputs.game(game(9))
    outputs.finish(result())
    assert (tmp_path / "a.vol.part").read_text() == "game 1\ngame 2\n"
    assert (tmp_path / "a-2.vol.part").read_text() == "game 3\n"


def test_standard_output_is_one_stream(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    outputs = check(["-"], format="volumes").open(INFO)
    for number in (1, 2, 3):
        outputs.game(game(number))
    outputs.finish(result())
    assert capsysbinary.readouterr().out == b"game 1\ngame 2\ngame 3\n: 1 files\n"
