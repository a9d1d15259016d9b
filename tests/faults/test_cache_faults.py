"""What can befall the file under a cache, and what must happen instead: no run stops, no score changes."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache import file as cache_file
from engine.cache.exchange import export_rows, import_rows
from engine.cache.network import file_system
from engine.cache.store import Cache
from engine.errors import InputError
from tests.support import PATIENCE

from . import cache_writer
from .cache_writer import key, value

ROWS = 120


@contextmanager
def writer(
    path: Path, name: str, count: int, *more: int, prefix: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A writer that waits for its `go`. No process is left behind, whatever happens."""
    arguments = [*prefix, sys.executable, cache_writer.__file__, str(path), name, str(count), *map(str, more)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def last_words(process: subprocess.Popen[str], count: int) -> str:
    """The notice, after every number was said."""
    out, _ = process.communicate(timeout=PATIENCE)
    said = out.splitlines()
    assert said[:-1] == [str(n) for n in range(count)]
    assert process.returncode == 0
    return said[-1]


def fill(path: Path, count: int = ROWS) -> None:
    with closing(Cache(path)) as cache:
        cache.put((key("a", n), value("a", n)) for n in range(count))
        assert cache.notice is None


def readable(cache: Cache, name: str = "a", count: int = ROWS) -> int:
    """How many of the rows there are; what there is must be what was stored."""
    found = [n for n in range(count) if (got := cache.get(key(name, n))) is not None and got == value(name, n)]
    wrong = [n for n in range(count) if cache.get(key(name, n)) not in (None, value(name, n))]
    assert not wrong
    return len(found)


def damage(path: Path, first: float, last: float = 1.0) -> None:
    """Overwrite a stretch of the file, given as parts of its length."""
    size = path.stat().st_size
    start, end = int(size * first), int(size * last)
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(random.Random(7).randbytes(end - start))


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


# -- other contents --


def old_cache(path: Path) -> None:
    """As the first version wrote it."""
    from engine.contracts.messages import pack

    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE units"
            " (key BLOB PRIMARY KEY, evaluations BLOB NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID"
        )
        db.executemany(
            "INSERT INTO units VALUES (?, ?, ?)",
            [(key("old", n), pack(value("old", n)), 1_700_000_000 - n) for n in range(50)],
        )
        db.execute("PRAGMA user_version = 1")
        db.commit()


def test_an_older_cache_is_migrated_and_keeps_its_ages(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    old_cache(path)
    with closing(Cache(path)) as cache:
        assert cache.notice is None
        assert readable(cache, "old", 50) == 50
        assert cache.info().oldest == 1_700_000_000 - 49
    assert [file.name for file in tmp_path.iterdir() if file.name != "engine-home"] == ["units.sqlite"]


def test_a_newer_cache_is_left_to_the_version_that_made_it(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    fill(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with closing(Cache(path)) as cache:
        assert "schema 99" in (cache.notice or "")
        cache.put([(key("b", 0), value("b", 0))])
        assert cache.get(key("b", 0)) == value("b", 0)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b'[Event "My games"]\n\n1. e4 *\n' * 200, b"x", b"\x1f\x8b\x08" + b"\x37" * 400]
)
def test_somebody_s_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "games.pgn"
    path.write_bytes(content)
    with closing(Cache(path)) as cache:
        assert "not a database" in (cache.notice or "")
    assert path.read_bytes() == content


def test_somebody_s_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE places (name TEXT)")
    before = path.read_bytes()
    with closing(Cache(path)) as cache:
        assert "another program" in (cache.notice or "")
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    path.touch()
    fill(path)
    with closing(Cache(path)) as cache:
        assert readable(cache) == ROWS


@pytest.mark.parametrize("place", ["folder", "pipe", "below a file", "nul"])
def test_what_cannot_be_a_file_costs_the_cache_only(tmp_path: Path, place: str) -> None:
    path = tmp_path / "here"
    if place == "folder":
        path.mkdir()
    elif place == "pipe":
        os.mkfifo(path)
    elif place == "below a file":
        path.touch()
        path = path / "units.sqlite"
    else:
        path = tmp_path / "a\0b"
    with closing(Cache(path)) as cache:
        assert "going on without it" in (cache.notice or "")
        cache.put([(key("b", 0), value("b", 0))])
        assert cache.get(key("b", 0)) == value("b", 0)
        assert not cache.written


def test_a_link_stays_a_link_when_its_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real, path = tmp_path / "disk" / "real.sqlite", tmp_path / "units.sqlite"
    real.write_bytes(b"\0" * 9_000)
    path.symlink_to(real)
    fill_again = Cache(path)
    fill_again.close()
    assert path.is_symlink()
    assert (tmp_path / "disk" / "real.sqlite.corrupt-1").read_bytes() == b"\0" * 9_000


# -- damage --


def test_a_damaged_file_is_set_aside_and_its_sound_rows_can_be_had_back(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    fill(path)
    damage(path, 0.5, 0.7)
    with closing(Cache(path)) as cache:
        assert readable(cache) < ROWS
        aside = tmp_path / "units.sqlite.corrupt-1"
        assert "was damaged" in (cache.notice or "")
        assert str(aside) in (cache.notice or "")
        cache.put((key("b", n), value("b", n)) for n in range(ROWS))
        assert (readable(cache), readable(cache, "b")) == (0, ROWS)
        counts = import_rows(cache, aside)
        assert counts.added >= ROWS // 3
        assert (readable(cache), readable(cache, "b")) == (counts.added, ROWS)


def test_a_flipped_bit_in_a_row_costs_that_row_until_it_is_stored_again(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    fill(path)
    with closing(sqlite3.connect(path)) as db:
        (blob,) = db.execute("SELECT evaluations FROM units WHERE key = ?", (key("a", 7),)).fetchone()
    content = path.read_bytes()
    at = content.index(blob) + 4
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with closing(Cache(path)) as cache:
        assert cache.get(key("a", 7)) is None
        assert cache.notice is None
        assert readable(cache) == ROWS - 1
        cache.put([(key("a", 7), value("a", 7))])
        assert readable(cache) == ROWS


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache as a killed writer leaves it: some rows in the file, some in its journal."""
    path = tmp_path_factory.mktemp("sound") / "units.sqlite"
    fill(path, ROWS // 2)
    copy = tmp_path_factory.mktemp("copy") / "units.sqlite"
    with closing(Cache(path)) as cache:
        cache.put((key("a", n), value("a", n)) for n in range(ROWS))
        for name in ("", "-wal"):
            shutil.copy(f"{path}{name}", f"{copy}{name}")
    return copy


flips = st.lists(st.tuples(st.sampled_from(["", "-wal"]), st.floats(0, 1), st.integers(1, 255)), max_size=12)
cuts = st.none() | st.tuples(st.sampled_from(["", "-wal"]), st.floats(0, 1))


@settings(max_examples=120, deadline=None)
@given(flips=flips, header=st.lists(st.tuples(st.integers(0, 8191), st.integers(1, 255)), max_size=4), cut=cuts)
def test_whatever_is_damaged_a_cache_opens_and_never_says_anything_wrong(
    tmp_path_factory: pytest.TempPathFactory,
    sound: Path,
    flips: list[tuple[str, float, int]],
    header: list[tuple[int, int]],
    cut: tuple[str, float] | None,
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "units.sqlite"
    content = {name: bytearray(Path(f"{sound}{name}").read_bytes()) for name in ("", "-wal")}
    for name, where, mask in flips:
        content[name][min(int(where * len(content[name])), len(content[name]) - 1)] ^= mask
    for at, mask in header:
        content[""][at] ^= mask
    if cut is not None:
        del content[cut[0]][int(cut[1] * len(content[cut[0]])) :]
    for name, data in content.items():
        Path(f"{path}{name}").write_bytes(data)

    with closing(Cache(path)) as cache:
        intact = readable(cache)
        if not (flips or header or cut):
            assert (intact, cache.notice) == (ROWS, None)
        cache.info()
        for n in range(5):  # damage that is found by one of them takes those before it along
            cache.put([(key("a", n), value("a", n)), (key("b", n), value("b", n))])
            assert (cache.get(key("a", n)), cache.get(key("b", n))) == (value("a", n), value("b", n))
        written = cache.written
        sum(row is not None for row in cache.rows())
    with closing(Cache(path)) as again:
        if written and again.notice is None:
            assert again.get(key("b", 4)) == value("b", 4)
        for aside in path.parent.glob("*.corrupt-[0-9]"):
            with suppress(InputError):  # nothing in it can be read
                import_rows(again, aside)
        readable(again)
    shutil.rmtree(path.parent)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    fill(folder / "units.sqlite", 12)
    with closing(Cache(folder / "units.sqlite")) as cache:
        export_rows(cache, folder / "units.jsonl", force=False)
    return folder / "units.jsonl"


@settings(max_examples=150, deadline=None)
@given(
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=8),
    suffix=st.sampled_from([".jsonl", ".jsonl.zst", ".jsonl.gz"]),
)
def test_whatever_is_in_a_file_that_is_imported_nothing_wrong_comes_in(
    tmp_path_factory: pytest.TempPathFactory,
    exported: Path,
    edits: list[tuple[float, int, bytes]],
    suffix: str,
) -> None:
    from engine.system.compression import COMPRESSORS

    data = bytearray(exported.read_bytes())
    make = COMPRESSORS.get(f".{suffix.rpartition('.')[2]}")
    early = edits[0][1] % 2 == 0  # damaged before it was compressed, or after
    for where, length, new in edits if early or make is None else []:
        at = int(where * len(data))
        data[at : at + length] = new
    if make is not None:
        compressor = make()
        data = bytearray(compressor.compress(bytes(data)) + compressor.flush())
        for where, length, new in [] if early else edits:
            at = int(where * len(data))
            data[at : at + length] = new
    path = tmp_path_factory.mktemp("import") / f"units{suffix}"
    path.write_bytes(data)
    with closing(Cache(None)) as cache:
        with suppress(InputError):  # the first line was damaged
            assert import_rows(cache, path).added == readable(cache, "a", 12)
        assert cache.info().units == readable(cache, "a", 12)
    shutil.rmtree(path.parent)
