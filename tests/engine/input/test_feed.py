"""Input that keeps a run waiting: what has come is analysed, and the run goes on with everything else."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
from engine.input import feed
from engine.input.feed import Feed
from engine.run.progress import Snapshot
from engine.settings import Settings
from engine.system.files import PatientFile
from tests.support import DATA, PATIENCE

MATCH = DATA / "match.jsonl.zst"
NO_CACHE = Settings(cache="")

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here"),
    pytest.mark.timeout(PATIENCE),
]


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "games.jsonl"
    os.mkfifo(path)
    return path


def written(path: Path, data: bytes) -> threading.Thread:
    """Write to a FIFO and close it, in a thread."""
    thread = threading.Thread(target=path.write_bytes, args=(data,))
    thread.start()
    return thread


@pytest.mark.slow
def test_a_fifo_is_read_as_a_file_is(fifo: Path) -> None:
    writer = written(fifo, MATCH.read_bytes())
    piped = engine.analyze(fifo, evaluator="recorded", settings=NO_CACHE)
    writer.join()
    from_file = engine.analyze(MATCH, evaluator="recorded", settings=NO_CACHE)
    assert piped.counts.analysed == 24
    assert piped.reports == from_file.reports
    assert (piped.wins, piped.best, piped.notices) == (from_file.wins, from_file.best, from_file.notices)


def test_a_run_reports_progress_and_stops_while_its_input_says_nothing(fifo: Path) -> None:
    writer = os.open(fifo, os.O_RDWR)
    stop = threading.Event()
    shown: list[Snapshot] = []

    def show(snapshot: Snapshot) -> None:
        shown.append(snapshot)
        if len(shown) == 5:
            stop.set()

    try:
        result = engine.analyze(fifo, evaluator="recorded", settings=NO_CACHE, progress=show, stop=stop)
    finally:
        os.close(writer)
    assert result.interrupted
    assert result.counts.read == 0


def test_items_come_in_order_and_end_with_their_error() -> None:
    def items() -> Iterator[int]:
        yield from range(1000)
        raise ValueError("torn")

    taken = []
    numbers = Feed(items(), lambda _: 1)
    with pytest.raises(ValueError, match="torn"):
        taken.extend(iter(lambda: numbers.take(PATIENCE), None))
    assert taken == list(range(1000))
    assert numbers.close()


@pytest.mark.parametrize("size", [1, feed.BYTES_AHEAD // 3])
def test_only_so_much_is_read_ahead(size: int) -> None:
    read = 0

    def items() -> Iterator[int]:
        nonlocal read
        while True:
            read += 1
            yield read

    numbers = Feed(items(), lambda _: size)
    for n in range(1, 11):
        assert numbers.take(PATIENCE) == n
    assert numbers.close()
    assert not numbers.ended or read
    # One is held that waits for room, and a lot that was handed over.
    assert read <= 10 + 2 * (min(feed.ITEMS_AHEAD, feed.BYTES_AHEAD // size) + 2)


def test_a_file_that_is_not_to_be_read_any_further_ends(fifo: Path) -> None:
    stopped = threading.Event()
    file = PatientFile(str(fifo), stopped.is_set)
    timer = threading.Timer(0.1, stopped.set)
    timer.start()
    assert file.read(10) == b""
    timer.join()
    file.close()
