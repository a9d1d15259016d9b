"""Nothing is left, and the fixture that says so after every test can see what is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from engine.workers import pool
from tests import leaks, processes
from tests.pool_rig import UNITS, Rig, fake_spec
from tests.support import DATA, PATIENCE

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


def test_what_is_left_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of each kind; then they are gone, and nothing is seen."""
    monkeypatch.setattr(leaks, "PATIENCE", 0.1)
    mark = "LEAK_TEST=1"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = leaks.state()
    orphan = subprocess.Popen(["/bin/sleep", "60"], env={"LEAK_TEST": "1"}, start_new_session=True)
    dead = subprocess.Popen(["/bin/true"])
    processes.end_of([dead.pid])
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="forgotten")
    thread.start()
    reader, writer = os.pipe()
    (temporary / "forgotten").touch()
    named = Path("/dev/shm") / f"psm_engine_test_{os.getpid()}"
    named.touch()
    seen = leaks.left_behind(before, mark, temporary)
    orphan.kill()
    orphan.wait()
    dead.wait()
    release.set()
    thread.join()
    os.close(reader)
    os.close(writer)
    (temporary / "forgotten").unlink()
    named.unlink()
    for words in (
        f"process {orphan.pid}: /bin/sleep 60",
        f"zombie {dead.pid}",
        "thread forgotten",
        f"descriptor {reader}: pipe:",
        f"shared memory {named.name}",
        f"temporary file {temporary / 'forgotten'}",
    ):
        assert any(leak.startswith(words) for leak in seen), (words, seen)
    assert leaks.left_behind(before, mark, temporary) == []


def open_now() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


@pytest.mark.slow
def test_a_pool_keeps_nothing_of_the_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptors, threads and children after ten deaths are those after none."""
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    rig = Rig(fake_spec(tmp_path / "fake"), workers=1)
    try:
        rig.search(UNITS[:1])
        rig.search(UNITS[1:2])
        counts = open_now()
        for unit in UNITS[2:12]:
            processes.kill(rig.pids())
            rig.search([unit])
        assert len(rig.lost) == 10
        assert open_now() == counts
        assert len(rig.pids()) == 1
    finally:
        rig.pool.close()


def test_a_run_has_no_name_in_shared_memory(tmp_path: Path) -> None:
    """Then nothing can be left in shared memory, even when all processes are killed at once."""
    fake = fake_uci(tmp_path / "fake", delay=0.2)
    command = [sys.executable, "-m", "engine", "analyze", str(DATA / "classics.pgn"), "-e", str(fake), "-j", "2"]
    with subprocess.Popen(
        [*command, "--progress", "plain"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            process.stderr.readline()
            everybody = [process.pid, *processes.descendants(process.pid)]
            maps = [(processes.PROC / str(pid) / "maps").read_text() for pid in everybody]
        finally:
            left = [process.pid, *processes.descendants(process.pid)]
            processes.kill(left)
    assert processes.end_of(left) == []
    lines = [line for text in maps for line in text.splitlines()]
    shared = [line for line in lines if "/memfd:engine-" in line or "/dev/shm/" in line]
    assert shared
    assert [line for line in shared if not line.endswith("(deleted)")] == []
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_the_whole_group_is_the_parents_to_understand(tmp_path: Path, number: int) -> None:
    rig = Rig(fake_spec(tmp_path / "fake", delay=0.01), workers=2)
    try:
        rig.search(UNITS[:2])
        before = rig.pids()
        processes.kill(before, number)
        rig.search(UNITS[2:])
        assert not rig.lost
        assert rig.pids() == before
    finally:
        rig.pool.close()


def test_a_caller_that_forgets_to_close_still_ends(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.pool_rig import UNITS, Rig, fake_spec\n"
        "rig = Rig(fake_spec(Path(sys.argv[1]), deaf='rnbqkbnr/pppppppp/8/8/4P3'), workers=2)\n"
        "rig.search(UNITS[:1])\n"
        "rig.pool.submit(UNITS[1])\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "fake")], cwd=root, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0
