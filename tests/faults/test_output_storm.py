"""Outputs of runs that are killed at each system call that touches them, and of runs that want the same outputs.

Whatever is killed, each output is the old one or the whole new one, and the same command continues.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import PATIENCE

CALLS = (
    "openat,write,ftruncate,fsync,fchmod,flock,close,mkdir,"
    "link,linkat,rename,renameat,renameat2,unlink,unlinkat,utimensat"
)
NAMES = ("all.pgn", "all.jsonl.gz", "all.json", "of Carlsen.json", "of Other.json")
OLD = b"of an earlier run"
LONG_GAME = b"1. e4 { [%eval 0.2] " + 70_000 * b"x" + b" } *\n\n"
"""More than is read before a run begins."""
REFUSED = "exists; overwrite it with --force"
BUSY = "another run is writing"

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here: apt install strace")
storm = [pytest.mark.storm, pytest.mark.timeout(1200)]


class Outputs:
    """One command, its outputs, and what they are when nothing goes wrong."""

    def __init__(self, folder: Path, games: int) -> None:
        self.folder = folder / "out"
        self.folder.mkdir()
        self.notes = Path(os.environ["ENGINE_HOME"], "cache", "unfinished")
        source = folder / "games.pgn"
        game = '[White "Carlsen"]\n[Black "Other"]\n\n1. f3 { [%eval -0.5] } e5 2. g4 Qh4# 0-1\n\n'
        source.write_text(game * games)
        outputs = [word for name in ("all.pgn", "all.jsonl.gz", "all.json", "of {player}.json")
                   for word in ("-o", str(self.folder / name))]  # fmt: skip
        self._command = [
            *(sys.executable, "-m", "engine", "analyze", str(source), "-e", "recorded", "-j", "1"),
            *("--progress", "none", "-q", *outputs),
        ]
        self.clear()
        self.run()
        self.whole = self.read()
        assert set(self.whole) == set(NAMES)

    def clear(self, old: bytes | None = None) -> None:
        """Remove everything, or put the outputs of an earlier run there."""
        for path in [*self.folder.iterdir(), *self._noted()]:
            path.unlink()
        for name in NAMES if old is not None else ():
            (self.folder / name).write_bytes(old or b"")

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*before, *self._command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )

    def run(self, *arguments: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
        with self.start(*arguments, before=before) as process:
            # Standard input stays open, so that a run that reads it as well waits until it is to stop.
            assert process.stdin
            assert process.stderr
            with contextlib.suppress(BrokenPipeError):
                os.write(process.stdin.fileno(), LONG_GAME if "-" in arguments else b"")
            process.wait(PATIENCE)
            err = process.stderr.read()
        assert "Traceback" not in err
        return process.returncode, err

    def read(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.name in NAMES}

    def assert_old_or_whole(self, old: bytes | None) -> None:
        found = self.read()
        wrong = [name for name in NAMES if found.get(name) != self.whole[name] and found.get(name) != old]
        assert not wrong

    def assert_same_command_continues(self, *arguments: str) -> None:
        code, err = self.run(*arguments)
        if REFUSED in err:
            # The run had ended but for its last words: everything is there, and protected.
            assert self.read() == self.whole
            code, err = self.run("--force")
        assert (code, err) == (0, "")
        assert self.read() == self.whole
        assert sorted(path.name for path in self.folder.iterdir()) == sorted(NAMES)
        assert self._noted() == []

    def _noted(self) -> list[Path]:
        return list(self.notes.iterdir()) if self.notes.is_dir() else []


def report(**figures: object) -> None:
    """Print what a storm did; shown with -s."""
    sys.stdout.write(f"\n{', '.join(f'{name} {value}' for name, value in figures.items())}\n")


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path, games=3)


def calls(log: Path, *folders: Path) -> Iterator[tuple[str, int]]:
    """Yield the system calls of the main thread that touch a folder: the name, and which one of that name."""
    seen: Counter[str] = Counter()
    main = None
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match is None or (main := main or match[1]) != match[1]:
            continue
        seen[match[2]] += 1
        if any(str(folder) in line for folder in folders):
            yield match[2], seen[match[2]]


@needs_strace
@pytest.mark.storm
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("old", "force", "stop"),
    [
        pytest.param(None, (), (), id="new"),
        pytest.param(OLD, ("--force",), (), id="forced"),
        pytest.param(None, (), ("-", "--stop-after", "6s"), id="stopped"),
    ],
)
def test_a_kill_at_each_system_call_leaves_outputs_old_or_whole(
    outputs: Outputs, tmp_path: Path, old: bytes | None, force: tuple[str, ...], stop: tuple[str, ...]
) -> None:
    log = tmp_path / "log"
    trace = ("strace", "-f", "-y", "-o", str(log), "-e", f"trace={CALLS}")
    outputs.clear(old)
    assert outputs.run(*force, *stop, before=trace)[0] == 0
    points = list(calls(log, outputs.folder, outputs.notes))
    assert {"openat", "write", "fsync", "unlink", "close"} <= {name for name, _ in points}
    exact = 0
    for name, number in points:
        outputs.clear(old)
        inject = f"inject={name}:signal=KILL:when={number}"
        code, err = outputs.run(*force, *stop, before=(*trace, "-e", inject))
        assert code in (-9, 137), err
        exact += list(calls(log, outputs.folder, outputs.notes))[-1:] == [(name, number)]
        outputs.assert_old_or_whole(old)
        outputs.assert_same_command_continues(*force)
    report(kills=len(points), at_the_very_call=exact)
    assert exact > len(points) * 0.8


@needs_strace
@pytest.mark.slow
def test_a_kill_between_two_outputs(outputs: Outputs, tmp_path: Path) -> None:
    """One point of the storm for every day: the second output is about to get its name."""
    outputs.clear()
    trace = (
        "strace",
        "-f",
        "-o",
        str(tmp_path / "log"),
        "-e",
        "trace=link",
        "-e",
        "inject=link:signal=KILL:when=2",
    )
    assert outputs.run(before=trace)[0] in (-9, 137)
    assert set(outputs.read()) == {"all.pgn"}
    outputs.assert_old_or_whole(None)
    outputs.assert_same_command_continues()


@pytest.mark.parametrize(
    "rounds", [pytest.param(1, id="short", marks=pytest.mark.slow), pytest.param(20, id="long", marks=storm)]
)
def test_runs_that_want_the_same_outputs(outputs: Outputs, rounds: int) -> None:
    """Three begin at once and one of them may be killed: nothing is mixed, and whoever is refused is told why."""
    rng = random.Random(rounds)
    ended: Counter[str] = Counter()
    for number in range(rounds):
        old = OLD if number % 2 else None
        outputs.clear(old)
        force = () if old is None else ("--force",)
        processes = [outputs.start(*force) for _ in range(3)]
        if number % 3:
            time.sleep(rng.uniform(0.2, 1.5))  # a moment to be killed at
            processes[0].kill()
        for process in processes:
            with process:
                err = process.communicate(timeout=PATIENCE)[1]
            how = next((word for word in (BUSY, REFUSED) if word in err), "")
            assert (process.returncode, how) in ((0, ""), (-9, ""), (4, BUSY), (2, REFUSED)), err
            ended[how or str(process.returncode)] += 1
        outputs.assert_old_or_whole(old)
        outputs.assert_same_command_continues(*force)
    report(**ended)
