"""Programs of every kind that embed the engine: each works, or gives the one clear error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import system
from engine.testing.fake_uci import fake_uci
from tests.e2e.command import Ran
from tests.support import FEW, PATIENCE


@pytest.fixture(autouse=True)
def _stockfish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_uci(tmp_path / "bin", filename="stockfish")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)


def python(*arguments: str | Path, code: str = "", cwd: Path | None = None, **env: str) -> Ran:
    """A Python program with `code` on its standard input, to its end."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        input=code.encode(),
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **env},
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


ANALYZE = f"""
import engine
with engine.Analyzer(workers=2) as analyzer:
    print("games", analyzer.analyze({FEW!r}, nodes=10).counts.analysed)
    print("nodes", analyzer.evaluate(nodes=30).nodes)
"""
SAID = "games 3\nnodes 30\n"


def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(ANALYZE)
    assert python(tmp_path / "script.py") == Ran(0, SAID, "")


@pytest.mark.slow
def test_a_script_on_standard_input() -> None:
    assert python("-", code=ANALYZE) == Ran(0, SAID, "")


def test_a_script_that_forgets_to_close() -> None:
    code = ANALYZE.replace(
        "with engine.Analyzer(workers=2) as analyzer:", "analyzer = engine.Analyzer(workers=2)\nif 1:"
    )
    code += "run = analyzer.submit('1. e4 e5 *', nodes=10)\n"
    assert python("-", code=code) == Ran(0, SAID, "")


def test_a_thread() -> None:
    indented = ANALYZE.replace("\n", "\n    ")
    code = f"import threading\ndef work():{indented}\n"
    code += "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\n"
    assert python("-c", code) == Ran(0, SAID, "")


@pytest.mark.slow
def test_an_asyncio_task_that_calls_it_without_async() -> None:
    """It works, and holds up the loop for as long; AsyncAnalyzer does not."""
    indented = ANALYZE.replace("\n", "\n    ")
    code = f"import asyncio\nasync def work():{indented}\nasyncio.run(work())\n"
    assert python("-c", code) == Ran(0, SAID, "")


DAEMON = """
import multiprocessing, sys
import engine

def work():
    try:
        settings = engine.Settings(executor=sys.argv[1])
        print(engine.analyze("1. e4 e5 *", nodes=10, settings=settings).counts.searched)
    except engine.AnalysisError as error:
        print(type(error).__name__, error)
    sys.stdout.flush()

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work, daemon=True)
    child.start()
    child.join()
"""


@pytest.mark.slow
def test_a_daemonic_process_is_told_what_to_do_and_that_works(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(DAEMON)
    told = python(script, "local")
    assert told.out.startswith("ConfigError this is a daemonic process, which may not start others: ")
    assert 'Settings(executor="inline")' in told.out
    assert told.out.count("\n") == 1
    assert told.err == ""
    assert python(script, "inline") == Ran(0, "3\n", "")


@pytest.mark.slow
def test_a_pytest_xdist_worker(tmp_path: Path) -> None:
    body = ANALYZE.replace("\n", "\n    ").replace("print(", "seen.append(")
    body = body.replace('seen.append("games", ', "seen.append(").replace('seen.append("nodes", ', "seen.append(")
    (tmp_path / "test_it.py").write_text(
        f"import os\n\ndef test_it():\n    seen = []{body}\n"
        "    assert os.environ['PYTEST_XDIST_WORKER'] == 'gw0'\n    assert seen == [3, 30]\n"
    )
    ran = python(
        "-m",
        "pytest",
        "-q",
        "-n1",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        tmp_path / "inner",
        tmp_path,
        cwd=tmp_path,
    )
    assert ran.code == 0, ran
    assert "1 passed" in ran.out


@pytest.mark.slow
def test_a_working_folder_that_is_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    folder.chmod(0o555)
    assert python("-c", ANALYZE, cwd=folder) == Ran(0, SAID, "")
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_program_that_left_its_folder_and_one_whose_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    left = f"import os, engine.workers.pool\nos.chdir({str(tmp_path)!r})\nos.rmdir({str(folder)!r})\n"
    assert python("-c", left + ANALYZE, cwd=folder) == Ran(0, SAID, "")
    folder.mkdir()
    gone = f"import os, engine\nos.rmdir({str(folder)!r})\ntry:\n    engine.analyze('1. e4 *', nodes=10)\n"
    gone += "except engine.AnalysisError as error:\n    print(type(error).__name__, error)\n"
    said = "the working folder of this program is gone, and a process is started in it: os.chdir() to another"
    assert python("-c", gone, cwd=folder) == Ran(0, f"ConfigError {said}\n", "")


@pytest.mark.slow
def test_nothing_of_the_host_is_changed() -> None:
    """Signal handlers, logging, the working folder, sys.path, __main__, warnings, the recursion limit."""
    code = (
        "import logging, os, signal, sys, warnings\n"
        "def state():\n"
        "    return ({s: signal.getsignal(s) for s in signal.valid_signals()}, logging.root.handlers[:],\n"
        "            logging.root.level, logging.getLogger('engine').handlers[:], os.getcwd(), sys.path[:],\n"
        "            sorted(vars(sys.modules['__main__'])), sys.getrecursionlimit(), sys.excepthook,\n"
        "            dict(os.environ))\n"
        "analyzer = engine = None\n"
        f"before = None\nbefore = state()\n{ANALYZE}\n"
        "print(state() == before)\n"
    )
    assert python("-c", code) == Ran(0, SAID + "True\n", "")


def test_a_module_of_the_same_name_is_named(tmp_path: Path) -> None:
    """Found by the command before it is used, and by the library before workers would import it."""
    hiding = tmp_path / "mine" / "engine.py"
    hiding.parent.mkdir()
    hiding.write_text("value = 1\n")
    code = "from engine_plugins.console import main; main()"
    ran = python("-c", code, cwd=tmp_path, PYTHONPATH=str(hiding.parent))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {hiding} is called like the package of grandmaster-analysis")
    assert ran.err.count("\n") == 1
    code = (
        f"import sys, engine\nsys.path.insert(0, {str(hiding.parent)!r})\n"
        "try:\n    engine.analyze('1. e4 *', nodes=10)\n"
        "except engine.AnalysisError as error:\n    print(type(error).__name__, error)\n"
    )
    ran = python("-c", code)
    assert ran.code == 0, ran
    assert ran.out.startswith(f"ConfigError {hiding} is called like this package")
    assert "rename it" in ran.out


def test_only_another_module_of_that_name_hides_it(tmp_path: Path) -> None:
    assert system.hidden_by(sys.path) is None
    assert system.hidden_by([str(tmp_path)]) is None
    (tmp_path / "engine").mkdir()
    assert system.hidden_by([str(tmp_path), *sys.path]) is None  # a folder of games, no package
    (tmp_path / "engine" / "__init__.py").touch()
    assert "rename it" in str(system.hidden_by([str(tmp_path), *sys.path]))
