"""Locked, removed, full and read-only cache files: no run stops and no score changes."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from engine.cache import file as cache_file
from engine.cache import store
from engine.cache.network import file_system
from engine.cache.store import Cache

from .cache_rig import ROWS, fill, go, last_words, old_cache, readable, writer
from .cache_writer import key, value

# -- several processes --


@pytest.mark.parametrize("before", ["nothing", "a damaged file", "schema 1"])
def test_several_runs_at_once_lose_nothing(tmp_path: Path, before: str) -> None:
    path = tmp_path / "units.sqlite"
    if before == "a damaged file":
        path.write_bytes(b"\0" * 9_000)
    if before == "schema 1":
        old_cache(path)
    names, count = ("a", "b", "c", "d"), 60
    with ExitStack() as stack:
        processes = [stack.enter_context(writer(path, name, count)) for name in names]
        for process in processes:
            go(process)
        notices = [last_words(process, count) for process in processes]
    assert sum("was damaged" in notice for notice in notices) == (before == "a damaged file")
    assert len(list(tmp_path.glob("*.corrupt-?"))) == (before == "a damaged file")
    with closing(Cache(path)) as cache:
        assert cache.notice is None
        assert [readable(cache, name, count) for name in names] == [count] * len(names)
        if before == "schema 1":
            assert readable(cache, "old", 50) == 50


def test_a_writer_killed_at_any_moment_leaves_all_that_it_had_stored(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    moments = random.Random()
    for k in range(6):
        with writer(path, f"killed {k}", 0) as process:
            go(process)
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(moments.randint(1, 120))]
            process.kill()
            said += [line for line in process.stdout if line.endswith("\n")]
        stored = len(said)
        with closing(Cache(path)) as cache:
            assert cache.notice is None
            assert readable(cache, f"killed {k}", stored) == stored
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_run_goes_on_beside_a_locked_file_and_writes_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    path = tmp_path / "units.sqlite"
    fill(path)
    with closing(Cache(path)) as cache, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        cache.put([(key("b", 0), value("b", 0))])
        assert "locked" in (cache.notice or "")
        assert not cache.written
        assert readable(cache) == ROWS
        assert cache.get(key("b", 0)) == value("b", 0)
        other.execute("COMMIT")
        cache.put([(key("b", 1), value("b", 1))])
        assert cache.written
        with closing(Cache(path)) as second:
            assert readable(second, "b", 2) == 2


def test_a_file_that_is_locked_at_the_start_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    path = tmp_path / "units.sqlite"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with closing(Cache(path)) as cache:
            assert "locked" in (cache.notice or "")
            cache.put([(key("b", 0), value("b", 0))])
            assert cache.get(key("b", 0)) == value("b", 0)
        other.execute("COMMIT")
    with closing(Cache(path)) as cache:
        assert (cache.notice, readable(cache)) == (None, ROWS)


def test_a_file_that_is_removed_during_the_run_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    with closing(Cache(path)) as cache:
        cache.put([(key("a", 0), value("a", 0))])
        for file in tmp_path.glob("units.sqlite*"):
            file.unlink()
        cache.put([(key("a", 1), value("a", 1))])
        assert "moved or removed" in (cache.notice or "")
    with closing(Cache(path)) as cache:
        assert cache.get(key("a", 1)) == value("a", 1)


# -- the disk --


def test_a_full_disk_costs_what_does_not_fit_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    fill(path)
    with writer(path, "b", 40, 64 << 10) as process:
        go(process)
        notice = last_words(process, 40)
    assert "failed" in notice
    assert "could not be kept" in notice
    with closing(Cache(path)) as cache:
        assert cache.notice is None
        assert readable(cache) == ROWS
        assert readable(cache, "b", 40) < 40
        cache.put([(key("b", 39), value("b", 39))])
        assert cache.written


@pytest.mark.parametrize("what", ["the file", "the folder"])
def test_a_read_only_cache_is_read(tmp_path: Path, what: str) -> None:
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere; run the tests as another user, or install setpriv")
        # Root without the right to pass over permissions.
        prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
    folder = tmp_path / "shelf"
    path = folder / "units.sqlite"
    fill(path)
    target = path if what == "the file" else folder
    target.chmod(target.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        with writer(path, "a", 5, prefix=prefix) as process:
            go(process)
            notice = last_words(process, 5)
    finally:
        target.chmod(0o700)
    assert "can only be read" in notice
    with closing(Cache(path)) as cache:
        assert (cache.notice, readable(cache)) == (None, ROWS)


def test_without_shared_memory_there_is_a_rollback_journal(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    (tmp_path / "units.sqlite-shm").mkdir()  # no shared memory for a WAL here
    fill(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with closing(Cache(path)) as first, closing(Cache(path)) as second:
        first.put([(key("b", 0), value("b", 0))])
        assert (second.notice, readable(second), readable(second, "b", 1)) == (None, ROWS, 1)


def test_the_file_system_of_a_path_is_that_of_the_innermost_mount() -> None:
    mounts = (
        "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "22 21 0:50 / /home rw - nfs4 server:/home rw,vers=4.2\n"
        "23 22 0:51 / /home/my\\040disk rw - xfs /dev/sdb rw\n"
        "nonsense\n"
    )
    assert file_system(Path("/home/me/units.sqlite"), mounts) == "nfs4"
    assert file_system(Path("/homes/units.sqlite"), mounts) == "ext4"
    assert file_system(Path("/home/my disk/units.sqlite"), mounts) == "xfs"


def test_a_run_that_is_to_stop_waits_for_no_other_process(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    fill(path)
    asked: list[float] = []

    def stopped() -> bool:
        asked.append(0.0)
        return True

    with (
        closing(Cache(path, stopped=stopped)) as cache,
        closing(sqlite3.connect(path, isolation_level=None)) as db,
    ):
        db.execute("BEGIN IMMEDIATE")
        cache.put([(key("b", 0), value("b", 0))])
        assert len(asked) == 1
        assert not cache.written
        db.execute("COMMIT")
        cache.put([(key("b", 1), value("b", 1))])
        assert cache.written
