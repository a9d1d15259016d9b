"""What -v and -vv show on standard error, from the command and from its workers."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci

from .command import engine
from .test_screen import on_a_terminal

MINI = "1. e4 e5 2. Nf3 *\n"
TALKING = '''
    """An evaluator that logs what it does, and an aggregator that cannot count."""

    import logging
    import multiprocessing

    from engine.model import Evaluation, EvaluatorInfo, Score
    from engine.plugin import Aggregator, Evaluator

    LOGGER = logging.getLogger("engine.evaluators.talking")


    class Talking(Evaluator):
        """Logs what it does."""

        def start(self):
            LOGGER.info("started in %s", multiprocessing.current_process().name)
            logging.getLogger("stevedore.talking").info("not ours")
            return EvaluatorInfo("talking", "1", "talking-1")

        def clear(self):
            pass

        def search(self, position, limit):
            move = str(next(iter(position.board().legal_moves)))
            LOGGER.debug("in %s: >> go\\x1b[2J", multiprocessing.current_process().name)
            return Evaluation(Score(cp=0), (move,), 1, 1)

        def close(self):
            pass


    class Clumsy(Aggregator):
        """Cannot count."""

        def add(self, game):
            raise ZeroDivisionError("seven")

        def report(self):
            return None
'''
WORKER_DEBUG = "DEBUG engine.evaluators.talking: in engine-worker-1: >> go\N{REPLACEMENT CHARACTER}[2J\n"
WORKER_INFO = "INFO engine.evaluators.talking: started in engine-worker-1\n"


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "mini.pgn").write_text(MINI)
    (tmp_path / "talking.py").write_text(textwrap.dedent(TALKING))
    return (
        *("analyze", str(tmp_path / "mini.pgn"), "--plugin", str(tmp_path / "talking.py"), "-e", "talking"),
        *("-j", "1", "--nodes", "10", "--no-cache"),
    )


@pytest.mark.slow
def test_verbose_shows_what_the_run_and_its_workers_do(arguments: tuple[str, ...]) -> None:
    quiet = engine(*arguments)
    assert quiet.code == 0, quiet.err
    assert [line for line in quiet.err.splitlines() if not line.startswith("1 game analysed")] == []
    verbose = engine(*arguments, "-v")
    assert WORKER_INFO in verbose.err
    assert "DEBUG" not in verbose.err
    debug = engine(*arguments, "-vv")
    assert debug.err.count(WORKER_DEBUG) == 4
    assert WORKER_INFO in debug.err
    for ran in (verbose, debug):
        assert ran.code == 0, ran.err
        assert ran.out == quiet.out
        assert "not ours" not in ran.err


@pytest.mark.slow
def test_the_traceback_of_a_plugin_that_failed_is_shown_with_v_only(arguments: tuple[str, ...]) -> None:
    ran = engine(*arguments, "-a", "clumsy")
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err
    assert "Traceback" not in ran.err
    verbose = engine(*arguments, "-a", "clumsy", "-v")
    assert "Traceback (most recent call last):\n" in verbose.err
    assert 'raise ZeroDivisionError("seven")\n' in verbose.err
    ours = [line for line in verbose.err.splitlines() if line.startswith("INFO engine")]
    assert any("ZeroDivisionError" in line for line in ours)


def test_on_a_terminal_log_lines_stand_above_the_board(arguments: tuple[str, ...]) -> None:
    written, left = on_a_terminal(120, 40, *arguments, "-a", "clumsy", "-v", code=1)
    assert "\x1b[1A" in written
    assert "winning moves" in written
    assert "started in MainProcess" in "\n".join(left)
    assert "ZeroDivisionError: seven" in "\n".join(left)
    assert "worker-1" not in written
    assert not any("searching" in line or "winning moves" in line for line in left)


@pytest.mark.slow
def test_on_a_terminal_lines_of_workers_take_the_place_of_the_board(arguments: tuple[str, ...]) -> None:
    written, left = on_a_terminal(120, 40, *arguments, "-vv")
    assert "\x1b[1A" not in written
    assert WORKER_DEBUG.strip() in left
    written, left = on_a_terminal(120, 40, *arguments, "-vv", "--progress", "rich")
    assert "\x1b[1A" in written
    assert "worker-1" not in written
    assert "--progress plain shows them" in "\n".join(left)


@pytest.mark.slow
def test_evaluate_and_doctor_show_them_too(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake")
    for command in (("evaluate", "-e", fake, "--nodes", "10"), ("doctor", "-e", fake)):
        quiet, verbose = engine(*command), engine(*command, "-vv")
        assert quiet.err == ""
        assert quiet.code == verbose.code == 0
