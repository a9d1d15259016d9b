"""What a command does in a fork of the command server is what it does when it is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import processes
from tests.support import DATA

from .command import engine
from .forked import CommandServer, running_server

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="commands are forked where there is /proc")

STARTED = "import runpy; runpy.run_module('engine', run_name='__main__', alter_sys=True)"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (("--version",), b""),
        (("analyse", "missing.pgn"), b""),
        (("analyze", "-", "-e", "recorded", "--format", "csv"), (DATA / "finishes.jsonl").read_bytes()),
    ],
    ids=["version", "error", "run"],
)
def test_a_forked_command_is_a_started_one(tmp_path: Path, arguments: tuple[str, ...], stdin: bytes) -> None:
    forked = engine(*arguments, cwd=tmp_path, stdin=stdin)
    assert forked == engine(*arguments, cwd=tmp_path, stdin=stdin, program=STARTED)
    assert forked.out or forked.err


def test_what_python_reads_at_its_start_needs_a_start() -> None:
    server = running_server()
    assert server.can_run({**os.environ, "COLUMNS": "80"})
    assert not server.can_run({**os.environ, "PYTHONHASHSEED": "17"})
    assert not server.can_run({**os.environ, "LC_ALL": "C"})


def version() -> tuple[int, bytes, bytes]:
    return running_server().run(["--version"], None, os.environ, b"")


def test_after_a_timeout_the_next_command_gets_its_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = version()
    answer = CommandServer._answer
    late = iter([False, True])

    def answer_late(self: CommandServer) -> int:
        if next(late, False):
            raise TimeoutError
        return answer(self)

    monkeypatch.setattr(CommandServer, "_answer", answer_late)
    with pytest.raises(TimeoutError):
        version()
    assert version() == expected
    assert expected[0] == 0


def test_what_is_no_process_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = CommandServer._answer
    answers = iter([-9])

    def answer_wrongly(self: CommandServer) -> int:
        answer(self)
        try:
            return next(answers)
        except StopIteration:
            raise TimeoutError from None

    killed: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(CommandServer, "_answer", answer_wrongly)
        patch.setattr(os, "kill", lambda pid, _: killed.append(pid))
        with pytest.raises(RuntimeError, match="answered -9 in place of a process id"):
            version()
    answer(running_server())  # the exit code
    assert killed == []
