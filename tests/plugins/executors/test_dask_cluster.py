"""Runs on a cluster of real processes over TLS, whose members are killed, added, stopped and lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.plugins.executors.cluster_rig import Cluster, Command, certificates, cluster, command
from tests.support import PATIENCE

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes in /proc"),
]

POSITIONS = 543
"""Positions of classics.pgn that are searched once."""
DELAY = 0.02
"""Seconds of a search of the fake program."""
BUNDLE = 0.5


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def three(tmp_path: Path, tls: tuple[Path, ...]) -> Iterator[Cluster]:
    with cluster(tmp_path, 3, tls) as made:
        yield made


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake", delay=DELAY, log=str(tmp_path / "log"))


def flags(fake: Path, *more: str) -> list[str]:
    return ["-e", str(fake), "--nodes", "1000", "--set", f"dask.bundle={BUNDLE}", *more]


def local(tmp_path: Path, fake: Path) -> bytes:
    """Return the output of the local executor, and forget its searches."""
    output = tmp_path / "local.jsonl"
    with command(output, "-e", fake, "--nodes", "1000", "--no-cache", "-j", "2") as ran:
        assert ran.end()["event"] == "end"
    (tmp_path / "log").unlink()
    return output.read_bytes()


def searches(tmp_path: Path) -> int:
    """Return how many searches the fake programs have made, the short ones of their starts not counted."""
    return (tmp_path / "log").read_text().splitlines().count("go nodes 1000")


def assert_same(ran: Command, expected: bytes) -> None:
    last = ran.end()
    assert last["event"] == "end", last
    assert last["failures"] == 0
    assert ran.output.read_bytes() == expected


def in_flight(workers: int) -> int:
    """Return how many positions the bundles may have that are in flight at a time."""
    return int(workers * 2 * (BUNDLE / DELAY + 12))


def test_a_worker_killed_one_added_and_one_stopped(tmp_path: Path, three: Cluster, fake: Path) -> None:
    expected = local(tmp_path, fake)
    with command(tmp_path / "out.jsonl", *flags(fake, "--no-cache"), *three.flags()) as ran:
        ran.until_positions(60)
        three.workers[0].kill()
        three.add()
        ran.until_positions(150)
        three.workers[1].send_signal(signal.SIGSTOP)
        ran.until_positions(300)
        three.workers[1].send_signal(signal.SIGCONT)
        assert_same(ran, expected)
    assert any("3 workers, 3 searches at a time" in notice for notice in ran.notices())
    assert searches(tmp_path) <= POSITIONS + in_flight(1)


@pytest.mark.storm
def test_the_scheduler_lost_and_restarted(tmp_path: Path, three: Cluster, fake: Path) -> None:
    expected = local(tmp_path, fake)
    words = [*flags(fake, "--cache", str(tmp_path / "cache")), *three.flags()]
    with command(tmp_path / "out.jsonl", *words) as ran:
        ran.until_positions(100)
        assert three.scheduler is not None
        three.scheduler.kill()
        three.scheduler.wait()
        last = ran.end()
    assert last["event"] == "error"
    assert last["code"] == 3
    assert "is gone; when it is back, the same command continues" in last["message"]
    for worker in three.workers:
        worker.kill()
        worker.wait()
    three.start(3)
    with command(tmp_path / "out.jsonl", *words) as again:
        assert_same(again, expected)
    assert searches(tmp_path) <= POSITIONS + in_flight(3)


def test_an_interrupted_run_is_continued(tmp_path: Path, three: Cluster, fake: Path) -> None:
    expected = local(tmp_path, fake)
    words = [*flags(fake, "--cache", str(tmp_path / "cache")), *three.flags()]
    with command(tmp_path / "out.jsonl", *words) as ran:
        ran.until_positions(100)
        ran.process.send_signal(signal.SIGINT)
        assert ran.end()["interrupted"]
        assert ran.process.returncode == 130
    # The cluster goes on for others, and has none of the run's programs left.
    for worker in three.workers:
        assert worker.poll() is None
        assert processes.end_of(processes.descendants(worker.pid), PATIENCE) == []
    with command(tmp_path / "out.jsonl", *words) as again:
        assert_same(again, expected)
    assert searches(tmp_path) <= POSITIONS + in_flight(3)


@pytest.mark.storm
def test_the_only_worker_of_its_own_is_killed(tmp_path: Path, fake: Path) -> None:
    expected = local(tmp_path, fake)
    with command(tmp_path / "out.jsonl", *flags(fake, "--no-cache"), "--executor", "dask", "-j", "1") as ran:
        ran.until_positions(60)
        below = processes.descendants(ran.process.pid)
        [worker] = [pid for pid in below if "spawn_main" in processes.command_of(pid)]
        processes.kill([worker])
        assert_same(ran, expected)
    assert searches(tmp_path) <= POSITIONS + in_flight(1)


def test_a_killed_client_leaves_nothing_on_this_machine(tmp_path: Path, fake: Path) -> None:
    with command(tmp_path / "out.jsonl", *flags(fake, "--no-cache"), "--executor", "dask", "-j", "2") as ran:
        ran.until_positions(60)
        left = processes.descendants(ran.process.pid)
        assert len([pid for pid in left if "fake_uci" in processes.command_of(pid)]) == 2
        ran.process.kill()
        assert processes.end_of(left, PATIENCE) == []


def test_an_interrupted_client_leaves_nothing_on_this_machine(tmp_path: Path, fake: Path) -> None:
    with command(tmp_path / "out.jsonl", *flags(fake, "--no-cache"), "--executor", "dask", "-j", "2") as ran:
        ran.until_positions(60)
        left = processes.descendants(ran.process.pid)
        ran.process.send_signal(signal.SIGINT)
        assert ran.end()["interrupted"]
        assert processes.end_of(left, PATIENCE) == []
    assert [notice for notice in ran.notices() if "dask.address is not set" in notice]
