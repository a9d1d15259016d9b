"""Every test runs with user folders of its own, sees our plugins only, and leaves nothing behind."""

from __future__ import annotations

import compileall
import gc
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from multiprocessing import util
from pathlib import Path

import hypothesis
import pytest

from engine import system
from tests import leaks
from tests.browser_fixture import axe, chromium
from tests.wasm_fixture import stockfish_wasm

__all__ = ["axe", "chromium", "stockfish_wasm"]

_ROOT = Path(__file__).parents[1]
_WRITES_BYTECODE = not sys.dont_write_bytecode
sys.dont_write_bytecode = False  # until the tests are collected, for they are compiled as well

# What a worker imports, so that those which are forked start with it; those of `spawn` import it by themselves.
multiprocessing.set_forkserver_preload(["engine.workers.worker", "engine_plugins.evaluators.uci"])
util.get_temp_dir()  # multiprocessing makes it once, and removes it when this process ends
os.environ["ENGINE_PLUGINS"] = "none"  # here, because some modules ask for plugins while they are collected
# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "engine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("engine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than cores: these tests wait for other processes more than they compute."""
    return system.cores() + 1


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # or hundreds of commands and workers would each compile the package
        for folder in ("engine", "plugins/engine_plugins"):
            compileall.compile_dir(_ROOT / folder, quiet=2)
    # A script's & and nohup have these ignored, and what tests start would go on to ignore them.
    for number in (signal.SIGINT, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGINT,):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    config.addinivalue_line("markers", "storm: minutes of kills; run by naming the marker: -m storm")
    config.addinivalue_line("markers", "soak: many minutes, of kills or games; run by naming the marker: -m soak")
    config.addinivalue_line("markers", "slow: many seconds each; run by naming the marker: -m slow")
    config.addinivalue_line("markers", "in_turns: spawn and forkserver take turns; the other half are storms")
    config.addinivalue_line("markers", "parity: real games of other people; run by naming the marker: -m parity")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Storms and comparisons with big real data run only when they are asked for."""
    seen: Counter[tuple[str, str]] = Counter()
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("in_turns"):
            method = item.callspec.params["method"]
            case = item.nodeid.partition("[")[0], method
            if (seen[case] + (method == "forkserver")) % 2:
                item.add_marker("storm")
            seen[case] += 1
    for marker, how in (
        ("storm", "pytest -n0 -m storm"),
        ("soak", "pytest -n0 -m soak"),
        ("parity", "pytest -m parity"),
        ("slow", "pytest -m slow"),
    ):
        if marker in config.option.markexpr:
            continue
        skip = pytest.mark.skip(reason=f"takes minutes; {how} runs it")
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(skip)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later garbage collection, which would look at all of it each time."""
    sys.dont_write_bytecode = not _WRITES_BYTECODE
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ENGINE_")]:
        if name not in ("ENGINE_TEST_DATA", "ENGINE_STOCKFISH_WASM", "ENGINE_PLUGINS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENGINE_HOME", str(tmp_path / "engine-home"))
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, _own_folders: None) -> Iterator[None]:
    """No process, zombie, thread, descriptor, semaphore, shared memory or temporary file.

    The test's processes are found by the ENGINE_HOME that they inherit, its temporary files by a TMPDIR of its
    own. That has a short path, because sockets may be put there, and a patch of its own, because the one that the
    test shares with it is undone first.
    """
    temporary = Path(tempfile.mkdtemp(prefix="engine-test-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", None)
        before = leaks.state()
        yield
        left = leaks.left_behind(before, f"ENGINE_HOME={tmp_path / 'engine-home'}", temporary)
    if left:
        shutil.rmtree(temporary, ignore_errors=True)
        pytest.fail("left behind: " + "; ".join(left))
    temporary.rmdir()
