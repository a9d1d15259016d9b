"""The executor `fishnet` with the real client, version 1 from PyPI, and a real Stockfish."""

from __future__ import annotations

import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import engine
from tests.plugins.executors.fishnet_rig import KEY, TOLD, Client, addresses, serving
from tests.support import DATA, PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.stockfish]

KILLS = 20
NODES = 20_000
GAMES = 10
WRAPPER = r"""#!/bin/sh
# The client asks for variants that Stockfish has not, and complains of what it does not understand.
variants='chess var giveaway var atomic var crazyhouse var horde var kingofthehill var racingkings var 3check'
'{stockfish}' | sed -u -e "s/^uciok/option name UCI_Variant type combo default chess var $variants\nuciok/" \
    -e '/^No such option/d' -e '/^Stockfish .* by /d'
"""


@pytest.fixture
def stockfish() -> str:
    """The path of a native Stockfish."""
    found = shutil.which("stockfish") or shutil.which("/usr/games/stockfish")
    if found is None:
        pytest.skip("no native Stockfish is here (Debian: apt install stockfish)")
    if importlib.util.find_spec("fishnet") is None:
        pytest.skip("the client is not here: pip install fishnet")
    return found


class Rig:
    """Starts clients."""

    def __init__(self, folder: Path, stockfish: str, address: str) -> None:
        self.folder = folder
        self.address = address
        self.wrapper = folder / "stockfish.sh"
        self.wrapper.write_text(WRAPPER.replace("{stockfish}", stockfish))
        self.wrapper.chmod(0o755)

    @contextmanager
    def client(self, **other: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a client until it is killed, or told to end."""
        options = {
            "endpoint": self.address,
            "key": KEY,
            "engine-dir": str(self.folder),
            "stockfish-command": str(self.wrapper),
            "cores": "1",
            "threads-per-process": "1",
            "memory": "16",
            **other,
        }
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        command = [sys.executable, "-m", "fishnet", "--no-conf", "--fixed-backoff", *given, "run"]
        with (self.folder / "client.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def acquired(self) -> int:
        """Return how many works are on loan; none while there is no server."""
        try:
            return int(json.loads(Client(self.address).ask("GET", "status")[1])["analysis"]["user"]["acquired"])
        except OSError:
            return 0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def name_of(stockfish: str) -> str:
    told = subprocess.run([stockfish], input="uci\nquit\n", capture_output=True, text=True, check=True).stdout
    return next(line for line in told.splitlines() if line.startswith("id name ")).removeprefix("id name ")


def searched(result: engine.RunResult) -> list[tuple[Any, ...]]:
    """Return the score, move and nodes that were found for each position."""
    assert result.games is not None
    found = [position.found for game in result.games for position in game.positions]
    return [(each.score, each.best, each.nodes) for each in found if each is not None]


def test_ten_games_are_whole_after_twenty_kills_and_equal_to_a_local_search(
    tmp_path: Path, stockfish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = addresses(monkeypatch)
    options = {"stockfish": name_of(stockfish), "port": 0, "keys": KEY, "silence": 2}
    limits: dict[str, Any] = {"limit": engine.Limit(nodes=NODES), "max_games": GAMES, "cache": ""}
    settings = engine.Settings(executor="fishnet", plugin_options={"fishnet": options}, **limits)
    results: list[engine.RunResult] = []
    run = threading.Thread(
        target=lambda: results.append(engine.analyze(DATA / "classics.pgn", settings=settings, adaptive=False))
    )
    run.start()
    rig = Rig(tmp_path, stockfish, opened.get(timeout=PATIENCE))
    for number in range(KILLS):
        with rig.client() as client:
            wait_until(lambda: rig.acquired() > 0 or not run.is_alive())
            assert run.is_alive(), f"the run was over after {number} kills"
            client.send_signal(signal.SIGKILL if number % 2 else signal.SIGTERM)
            client.wait(PATIENCE)
    with rig.client():
        run.join(PATIENCE)
    (result,) = results
    assert (result.counts.analysed, result.counts.quarantined, result.failures) == (GAMES, 0, ())
    local = engine.Settings(evaluator=stockfish, **limits)
    assert searched(result) == searched(engine.analyze(DATA / "classics.pgn", settings=local, adaptive=False))


def test_another_key_and_more_threads_are_refused(tmp_path: Path, stockfish: str) -> None:
    with serving(stockfish=name_of(stockfish)) as executor:
        rig = Rig(tmp_path, stockfish, executor.address)

        def both() -> bool:
            assert not executor.collect(0.0)
            return len(TOLD) == 2

        with rig.client(key="f" * 16), rig.client(memory="32"):
            wait_until(both)
    assert any("unknown key" in reason for reason in TOLD)
    assert any("'hash': '32'" in reason for reason in TOLD)
