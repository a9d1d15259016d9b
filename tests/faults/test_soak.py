"""A soak: the command over and over, killed at every stage, and given again until it ends.

    pytest -n0 -s -m soak -o faulthandler_timeout=0 tests/faults/test_soak.py

`ENGINE_SOAK_SECONDS` is how long (900), and `ENGINE_SOAK_SEED` repeats the draws of an earlier one. The moments
are the machine's. Only processes that the soak started are ever killed.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest

from engine.testing.fake_uci import fake_uci
from tests import processes

from .soak import STAGES, Command, Companion, Held, Kill, commands

SECONDS = float(os.environ.get("ENGINE_SOAK_SECONDS", "900"))
SEED = int(os.environ.get("ENGINE_SOAK_SEED", "0")) or random.SystemRandom().randint(1, 10**6)
ENOUGH = 12
"""Rounds from which on growth can be told from a beginning."""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(int(SECONDS) + 900),
    pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes in /proc"),
]


def test_a_soak(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(SEED)
    say(f"seed {SEED}")
    fake = fake_uci(tmp_path / "fake", delay=0.001)
    every = commands(tmp_path, fake, embedded=has_embedded(request, monkeypatch))
    for command in every:
        command.learn()
    companion = Companion(fake)
    kills: Counter[Kill] = Counter()
    held: list[Held] = []
    sizes: dict[Command, int] = {}
    rounds, until = 0, time.monotonic() + SECONDS
    try:
        while time.monotonic() < until:
            command = every[rounds % len(every)]
            rounds += 1
            for _ in range(rng.randint(1, 3)):
                kill = Kill.drawn(rng)
                if kill.stage == "search" or rng.random() < 0.3:
                    for path in command.folder.glob("units.sqlite*"):
                        path.unlink()
                kills[kill] += command.disturb(kill, rng)
                assert_nobody_is_left(companion, kill)
            command.run()
            assert_as_undisturbed(command)
            assert_nobody_is_left(companion, None)
            size = command.cache.stat().st_size if command.cache.exists() else 0
            assert size <= 2 * sizes.setdefault(command, size), "the cache grows"
            held.append(companion.analyse(rng if rounds % 4 == 0 else None))
            assert held[-1].wins == held[0].wins
    finally:
        companion.close()
        tell(rounds, kills, held, sizes)
    assert_no_growth(held)
    if rounds >= 4 * ENOUGH:
        assert {kill.stage for kill in kills if kills[kill]} == set(STAGES)


def has_embedded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let the commands find the embedded Stockfish. Return whether there is one."""
    try:
        monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(request.getfixturevalue("stockfish_wasm")))
    except pytest.skip.Exception:
        return False
    return True


def assert_as_undisturbed(command: Command) -> None:
    """The same files with the same bytes, and nothing else: no part, nothing in the temporary folder."""
    made = command.bytes()
    assert sorted(made) == sorted(command.reference)
    for name, data in made.items():
        assert data == command.reference[name], f"{name} differs"
    beside = [path.name for path in command.folder.iterdir() if not path.name.startswith("units.sqlite")]
    assert sorted(beside) == ["err", "made", "out"]


def assert_nobody_is_left(companion: Companion, kill: Kill | None) -> None:
    """All processes of the run have ended, however it ended, and it has left no temporary file."""
    others = processes.marked(f"ENGINE_HOME={os.environ['ENGINE_HOME']}") - companion.pids()
    assert processes.end_of(others, 60.0) == [], kill
    left = [path for path in Path(tempfile.gettempdir()).rglob("*") if not path.name.startswith("pymp-")]
    assert left == [], kill


def assert_no_growth(held: list[Held]) -> None:
    """Assert that the long-lived program holds no more in its last third than in its second."""
    if len(held) < ENOUGH:
        return
    third = len(held) // 3
    middle, last = held[third : 2 * third], held[2 * third :]
    assert max(each.descriptors for each in last) <= max(each.descriptors for each in middle)
    assert max(each.threads for each in last) <= max(each.threads for each in middle)
    assert mean(each.memory for each in last) - mean(each.memory for each in middle) < 4


def tell(rounds: int, kills: Counter[Kill], held: list[Held], sizes: dict[Command, int]) -> None:
    """Print the figures, for `pytest -s`."""
    say(f"{rounds} rounds, {sum(kills.values())} kills")
    for part in ("stage", "victim", "signals"):
        counts: Counter[str] = Counter()
        for kill, count in kills.items():
            counts[getattr(kill, part)] += count
        say(f"kills by {part}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    say(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000:.0f} MB")
    say(f"caches: {sum(sizes.values()) / 1e6:.1f} MB")
    if held:
        first, last = held[len(held) // 3], held[-1]
        say(f"long-lived Analyzer after a third, at the end: {first}, {last}")


def say(text: str) -> None:
    sys.stdout.write(f"soak: {text}\n")
    sys.stdout.flush()
