"""Systems that lack what others have: `/dev/shm`, a folder for temporary files, locks, an encoding for everything.

What is missing is taken away in all processes that a test starts, by a `sitecustomize`, and in the last tests by
the kernel. The analysis is the same as anywhere, or one sentence says what to do.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import api, cli
from engine.settings import Settings
from engine.testing.fake_uci import fake_uci
from tests.e2e.command import Ran, assert_clear_error, engine
from tests.e2e.test_screen import on_a_terminal
from tests.support import DATA, FEW, PATIENCE

MATCH = DATA / "match.jsonl.zst"
NO_SHM = """
import _multiprocessing, os
class SemLock(_multiprocessing.SemLock):
    def __new__(cls, *_):
        raise OSError(30, "Read-only file system")
_multiprocessing.SemLock = SemLock
statvfs = os.statvfs
def without_shm(path):
    if path == "/dev/shm":
        raise FileNotFoundError(2, "No such file or directory", path)
    return statvfs(path)
os.statvfs = without_shm
"""
NO_TEMPORARY = """
import tempfile
def none():
    raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")
tempfile._get_default_tempdir = none
tempfile.tempdir = None
"""
NO_MEMFD = """
import os
del os.memfd_create
"""
NO_PROCESS = """
import _posixsubprocess
def fork_exec(*_):
    raise BlockingIOError(11, "Resource temporarily unavailable")
_posixsubprocess.fork_exec = fork_exec
"""
NO_LOCKS = """
import fcntl
def refuse(*_):
    raise OSError({number}, {words!r})
fcntl.lockf = fcntl.flock = refuse
"""


class Lacking:
    """Takes things away from Python processes that are started from now on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self._file = folder / "sitecustomize.py"
        path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))

    def __call__(self, *code: str) -> None:
        self._file.write_text("\n".join(code))


@pytest.fixture
def lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lacking:
    return Lacking(tmp_path / "lacking", monkeypatch)


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake")


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.pgn"
    path.write_text(FEW)
    return path


def without_locks(number: int) -> str:
    return NO_LOCKS.format(number=number, words=os.strerror(number))


def analysed(games: Path, fake: Path, output: Path) -> Ran:
    return engine("analyze", games, "-e", fake, "--nodes", "10", "-o", output, "--no-cache")


# -- shared memory, temporary files, locks --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("missing", [[NO_SHM], [NO_SHM, NO_TEMPORARY]], ids=["shm", "shm, temporary"])
def test_a_search_needs_no_folder_of_the_system(
    lacking: Lacking, games: Path, fake: Path, tmp_path: Path, missing: list[str]
) -> None:
    assert analysed(games, fake, tmp_path / "anywhere.pgn").code == 0
    lacking(*missing)
    ran = analysed(games, fake, tmp_path / "here.pgn")
    assert ran.code == 0, ran
    assert "Traceback" not in ran.err
    assert (tmp_path / "here.pgn").read_bytes() == (tmp_path / "anywhere.pgn").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("missing", [[NO_MEMFD], [NO_MEMFD, NO_SHM]], ids=["memfd", "memfd, shm"])
def test_without_files_in_memory_there_are_temporary_ones(
    lacking: Lacking, games: Path, fake: Path, tmp_path: Path, missing: list[str]
) -> None:
    lacking(*missing)
    ran = analysed(games, fake, tmp_path / "here.pgn")
    assert ran.code == 0, ran
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ([NO_MEMFD, NO_TEMPORARY], "No usable temporary directory"),
        ([NO_MEMFD, without_locks(errno.ENOLCK)], os.strerror(errno.ENOLCK)),
        pytest.param([without_locks(errno.ENOSYS)], os.strerror(errno.ENOSYS), marks=pytest.mark.slow),
        pytest.param([without_locks(errno.EOPNOTSUPP)], os.strerror(errno.EOPNOTSUPP), marks=pytest.mark.slow),
    ],
)
def test_where_nothing_can_be_shared_one_sentence_says_so(
    lacking: Lacking, games: Path, fake: Path, missing: list[str], words: str
) -> None:
    lacking(*missing)
    ran = engine("analyze", games, "-e", fake, "--nodes", "10", "--no-cache", "-q")
    assert_clear_error(ran, 2, "processes cannot share memory and a lock here", words, "TMPDIR")


def test_a_database_needs_a_folder_for_temporary_files(lacking: Lacking, tmp_path: Path) -> None:
    lacking(NO_TEMPORARY)
    ran = engine("analyze", MATCH, "--limit", "1", "-q", "-o", tmp_path / "games.sqlite")
    assert_clear_error(ran, 4, "SQLite", "No usable temporary directory", "TMPDIR")


def many_recorded_games(path: Path) -> None:
    """Write more text than is analysed in one process."""
    said = "A good move. " * 1000
    game = f'[White "A"]\n[Black "B"]\n\n1. e4 {{ [%eval 0.1] {said}}} e5 {{ [%eval 0.2] }} *\n\n'
    path.write_text(game * (5 * 2**20 // len(game)))


@pytest.mark.slow
def test_many_recorded_games_need_no_semaphores(lacking: Lacking, tmp_path: Path) -> None:
    many_recorded_games(tmp_path / "many.pgn")
    command = ("analyze", tmp_path / "many.pgn", "-e", "recorded", "--format", "json", "-v", "-j", "2")
    anywhere = engine(*command)
    for missing, alone in ((NO_SHM, False), (NO_PROCESS, True)):
        lacking(missing)
        here = engine(*command)
        assert (here.code, json.loads(here.out)) == (anywhere.code, json.loads(anywhere.out)), here
        assert ("batches are analysed in this one" in here.err) == alone
        assert "Traceback" not in here.err


@pytest.mark.parametrize(
    ("missing", "code", "words"),
    [
        ([], 0, ["memory, locks and semaphores work"]),
        ([NO_SHM], 0, ["NO SEMAPHORES: Read-only file system", "/dev/shm", "on all"]),
        ([NO_TEMPORARY], 0, ["NO FOLDER for temporary files", "TMPDIR"]),
        ([without_locks(errno.ENOLCK)], 1, ["IMPOSSIBLE between processes", "NO LOCKS: No locks", "ENGINE_HOME"]),
        ([NO_MEMFD, NO_TEMPORARY], 1, ["IMPOSSIBLE between processes: No usable", "TMPDIR"]),
    ],
)
@pytest.mark.slow
def test_doctor_tries_each(  # noqa: PLR0917
    lacking: Lacking, fake: Path, tmp_path: Path, missing: list[str], code: int, words: list[str]
) -> None:
    for name in ("cache", "data"):
        (tmp_path / "engine-home" / name).mkdir(parents=True)
    lacking(*missing)
    ran = engine("doctor", "-e", fake)
    assert (ran.code, ran.err) == (code, "")
    assert "Fake UCI" in ran.out
    for word in words:
        assert word in ran.out


# -- characters -----------------------------------------------------------------------------------------------

NAMES = (
    '[White "Müller, Jörg"]\n[Black "Žižek – 棋"]\n[Result "*"]\n\n1. e4 { [%eval 0.1] } e5 { [%eval 0.2] } *\n'
)
COMMANDS = (
    ["--help"],
    ["analyze", "--help"],
    ["plugins", "list"],
    ["plugins", "list", "--format", "json"],
    ["plugins", "show", "highlights"],
    ["plugins", "show", "jsonl"],
    ["plugins", "check", "wins"],
    ["profiles", "list"],
    ["profiles", "show", "deep"],
    ["cache", "info"],
    ["analyze", "{names}", "-e", "recorded", "-a", "all", "--no-cache"],
    ["analyze", "{names}", "-e", "recorded", "-a", "+highlights", "--no-cache", "-v", "--progress", "plain"],
    ["analyze", "{names}", "-e", "recorded", "--no-cache", "--player", "Müller, Jörg", "-a", "-leaks"],
    ["analyze", "{names}", "-e", "recorded", "--no-cache", "--progress", "json", "--format", "pgn"],
    ["analyze", "{folder}/Žižek – 棋.pgn"],
    ["evaluate", "–"],
)


class Streams:
    """Standard output and error with an encoding that has few characters."""

    def __init__(self, encoding: str, errors: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.encoding = encoding
        self._bytes = [io.BytesIO(), io.BytesIO()]
        self._kept = [
            io.TextIOWrapper(stream, encoding=encoding, errors=how)
            for stream, how in zip(self._bytes, (errors, "backslashreplace"), strict=True)
        ]
        monkeypatch.setattr(sys, "stdout", self._kept[0])
        monkeypatch.setattr(sys, "stderr", self._kept[1])

    def written(self) -> tuple[bytes, bytes]:
        for stream in self._kept:
            stream.flush()
        out, err = (stream.getvalue() for stream in self._bytes)
        return out, err


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "errors"), [("ascii", "surrogateescape"), ("latin-1", "strict")])
def test_every_command_prints_what_the_encoding_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, errors: str
) -> None:
    """`LC_ALL=C` without UTF-8 mode makes ASCII with surrogateescape of it, `LANG=de_DE` Latin-1."""
    (tmp_path / "names.pgn").write_text(NAMES, encoding="utf-8")
    for command in COMMANDS:
        with monkeypatch.context() as patch:
            streams = Streams(encoding, errors, patch)
            arguments = [word.format(names=tmp_path / "names.pgn", folder=tmp_path) for word in command]
            with pytest.raises(SystemExit) as ended:
                cli.main(arguments)
            out, err = streams.written()
        assert ended.value.code in (0, 2), (command, err)
        assert out if ended.value.code == 0 else err, command
        assert b"Traceback" not in err, (command, err)


ASCII_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def ascii_only(*arguments: str | Path) -> Ran:
    return engine(*arguments, **ASCII_LOCALE)


@pytest.mark.slow
def test_an_ascii_locale_shows_and_writes_the_same_games(tmp_path: Path) -> None:
    source = tmp_path / "names.pgn"
    source.write_text(NAMES, encoding="utf-8")
    for run, folder in ((engine, "utf-8"), (ascii_only, "ascii")):
        (tmp_path / folder).mkdir()
        outputs = [tmp_path / folder / name for name in ("all.pgn", "{player}.md")]
        command = ("analyze", source, "-e", "recorded", "--no-cache", "-a", "+highlights")
        ran = run(*command, *(word for output in outputs for word in ("-o", output)))
        assert ran.code == 0, ran
        assert "Traceback" not in ran.err
    written = {
        folder: {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("utf-8", "ascii")
    }
    assert written["ascii"] == written["utf-8"]
    assert len(written["utf-8"]) == 3
    assert "M?ller" in ran.out
    assert "\\x" not in ran.out


@pytest.mark.slow
def test_the_board_is_drawn_on_a_terminal_of_ascii(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ASCII_LOCALE.items():
        monkeypatch.setenv(name, value)
    source = tmp_path / "names.pgn"
    source.write_text(NAMES.replace(" { [%eval 0.1] }", "").replace(" { [%eval 0.2] }", ""), encoding="utf-8")
    fake = fake_uci(tmp_path / "fake", delay=0.3)
    written, left = on_a_terminal(90, 24, "analyze", source, "-e", fake, "--nodes", "10", "-j", "1", "--no-cache")
    assert written.isascii()
    for words in ("winning moves", "worker 1", "M?ller, J?rg"):
        assert words in written
    assert "\\u" not in written
    assert left[0].startswith("1 game analysed")


# -- numbers --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_depth_of_thirty_digits_is_said_in_words(tmp_path: Path) -> None:
    once = fake_uci(tmp_path / "once", absurd_depth=True, times=1)
    ran = engine("analyze", "-", "-e", once, "--nodes", "10", "--no-cache", "-v", stdin=b"1. e4 *\n")
    assert ran.code == 0, ran
    assert "Traceback" not in ran.err
    assert "(position): implausible depth 999" in ran.err
    always = fake_uci(tmp_path / "always", absurd_depth=True)
    assert_clear_error(engine("evaluate", "-e", always, "--nodes", "10"), 3, "implausible depth 999")


@pytest.mark.slow
def test_tags_of_thousands_of_digits_are_no_numbers() -> None:
    number = "9" * 5000
    tags = {
        "White": "A",
        "Black": "B",
        "WhiteElo": number,
        "BlackElo": "0001500",
        "TimeControl": f"{number}+{number}",
    }
    moves = "1. e4 { [%eval 0.1] [%clk 0:01:00] } e5 { [%eval 0.2] [%clk 0:01:00] } 1-0\n"
    game = "".join(f'[{name} "{value}"]\n' for name, value in tags.items()) + '[Result "1-0"]\n\n' + moves
    result = api.analyze(game.encode(), settings=Settings(evaluator="recorded", aggregators=("all",), cache=""))
    assert (result.counts.analysed, result.failures) == (1, ())


# -- the real thing -------------------------------------------------------------------------------------------

READ_ONLY = "for folder; do mount --bind $folder $folder && mount -o remount,ro,bind $folder; done"
FOLDERS = {"shm": ["/dev/shm"], "shm, temporary": ["/dev/shm", "/tmp", "/var/tmp"]}


def can_unshare() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("folders", FOLDERS.values(), ids=FOLDERS.keys())
def test_a_search_where_the_system_s_folders_are_read_only(folders: list[str]) -> None:
    if not can_unshare():
        pytest.skip("only root may mount file systems")
    home = Path("/run") / f"engine-test-{os.getpid()}"
    home.mkdir()
    try:
        fake = fake_uci(home / "fake")
        (home / "games.pgn").write_text(FEW)
        words = ["analyze", "games.pgn", "-e", str(fake), "--nodes", "10", "-j", "2", "-o", "out.pgn"]
        script = f'set -e; (set -- {" ".join(folders)}; {READ_ONLY}); exec "$@"'
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-m", "engine", *words],
            cwd=home,
            env={**os.environ, "ENGINE_HOME": str(home / "home"), "TMPDIR": "/tmp"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done
        assert "Traceback" not in done.stderr
        assert "[%eval" in (home / "out.pgn").read_text()
    finally:
        shutil.rmtree(home)
