"""Caches of other versions, files of other programs and damaged ones: nothing wrong is ever read from them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.exchange import export_rows, import_rows
from engine.cache.store import Cache
from engine.errors import InputError

from .cache_rig import ROWS, damage, fill, old_cache, readable
from .cache_writer import key, value

# -- other contents --


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


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=60, deadline=None)
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
