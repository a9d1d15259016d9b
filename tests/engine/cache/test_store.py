from __future__ import annotations

import json
import logging
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.cache.exchange import export_rows, import_rows
from engine.cache.keys import unit_key
from engine.cache.sizes import DEFAULT_LIMIT, parse_size
from engine.cache.store import Cache, default_path
from engine.contracts.messages import Unit
from engine.errors import ConfigError, InputError, OutputError
from engine.model import Evaluation, Limit, Line, Position, Score

FOUND = (
    Evaluation(Score(cp=-31), ("e2e4", "e7e5"), 12, 100_047),
    Evaluation(
        Score(mate=3), ("d1h5",), 9, 5, (Line(Score(mate=3), ("d1h5",), 9), Line(Score(cp=0), ("a2a3",), 8))
    ),
)


def unit(*fens: str, game: int = 1) -> Unit:
    return Unit(1, game, tuple(range(len(fens))), tuple(Position(fen, ("e2e4",)) for fen in fens))


def numbered(n: int) -> bytes:
    return n.to_bytes(16, "big")


def large(n: int) -> tuple[Evaluation, ...]:
    return tuple(Evaluation(Score(cp=n), ("e2e4", "e7e5") * 6, 10, k) for k in range(12))


# -- rows --


def test_what_was_stored_is_found_by_another_one_on_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "units.sqlite"
    first = Cache(path)
    first.put([(b"k" * 16, FOUND)])
    second = Cache(path)
    assert second.get(b"k" * 16) == FOUND
    assert second.get(b"x" * 16) is None
    assert second.info().units == 1
    first.put([(b"k" * 16, FOUND), (b"l" * 16, FOUND[:1])])
    assert second.get(b"l" * 16) == FOUND[:1]
    assert (first.written, first.notice, second.notice) == (True, None, None)
    first.close()
    second.close()


def test_a_unit_that_is_stored_again_replaces_the_old_one(tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "units.sqlite")) as cache:
        cache.put([(b"k" * 16, FOUND)])
        cache.put([(b"k" * 16, FOUND[:1])])
        assert cache.get(b"k" * 16) == FOUND[:1]
        assert cache.info().units == 1


def test_the_key_is_all_that_is_sent_and_nothing_else() -> None:
    limit = Limit(nodes=1000)
    key = unit_key("f", limit, unit("a", "b"))
    assert key == unit_key("f", limit, unit("a", "b", game=99))
    others = [
        unit_key("g", limit, unit("a", "b")),
        unit_key("f", Limit(nodes=1001), unit("a", "b")),
        unit_key("f", Limit(nodes=1000, multipv=2), unit("a", "b")),
        unit_key("f", limit, unit("b", "a")),
        unit_key("f", limit, unit("a")),
    ]
    assert len({key, *others}) == 1 + len(others)


def test_a_temporary_cache_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(Cache(None)) as cache:
        cache.put((numbered(n), large(n)) for n in range(3_000))
        cache.put([(b"k" * 16, FOUND)])  # waits in memory for others
        assert all(cache.get(numbered(n)) == large(n) for n in range(3_000))
        known = cache.get_many([b"k" * 16, b"l" * 16, *map(numbered, range(2_990, 3_003))])
        assert known == {b"k" * 16: FOUND, **{numbered(n): large(n) for n in range(2_990, 3_000)}}
        assert not cache.written
        assert cache.notice is None
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_was_closed_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    import sqlite3

    cache = Cache(tmp_path / "units.sqlite")
    cache.close()
    with pytest.raises(sqlite3.ProgrammingError):
        cache.get(b"k" * 16)


# -- size --


def test_above_the_limit_the_oldest_go_and_the_file_stays_in_bounds(tmp_path: Path) -> None:
    limit = 1 << 20
    path = tmp_path / "units.sqlite"
    with closing(Cache(path, limit)) as cache:
        for n in range(0, 4_000, 4):
            cache.put((numbered(k), large(k)) for k in range(n, n + 4))
            assert len(cache.get_many([numbered(k) for k in range(n, n + 4)])) == 4
        there = [n for n in range(4_000) if cache.get(numbered(n)) is not None]
        assert there == list(range(there[0], 4_000))
        assert len(there) > 300
        info = cache.info()
        assert info.units == len(there)
        assert info.used <= limit
    assert path.stat().st_size <= limit + limit // 2


def test_a_lower_limit_shrinks_the_file_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    with closing(Cache(path)) as cache:
        cache.put((numbered(n), large(n)) for n in range(6_000))
        full = cache.info().bytes
    with closing(Cache(path, 1 << 20)) as cache:
        cache.put([(numbered(10_000), FOUND)])
        assert cache.info().units > 6_000 - 300
        for n in range(40):
            cache.put([(numbered(20_000 + n), FOUND)])
        assert cache.info().used <= 1 << 20
        assert cache.get(numbered(20_039)) == FOUND
    assert path.stat().st_size < min(full / 2, 3 << 20)


def test_a_unit_above_the_limit_is_still_kept_until_the_next(tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "units.sqlite", 1 << 20)) as cache:
        cache.put((numbered(n), large(n)) for n in range(3_000))
        assert all(cache.get(numbered(n)) == large(n) for n in range(3_000))
        cache.put([(numbered(5_000), FOUND)])
        assert cache.get(numbered(5_000)) == FOUND
        assert cache.info().units < 3_000


@pytest.mark.parametrize(
    ("text", "size"),
    [("2G", 2 << 30), ("500M", 500 << 20), ("1.5 GiB", 3 << 29), ("3mb", 3 << 20), ("1048576", 1 << 20)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "2 apples", "-1G", "0", "1023K", "nan", "9999999999T", "1e9", "²G"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


def test_the_limit_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "units.sqlite"
    for text, limit, words in (("", DEFAULT_LIMIT, ""), ("5M", 5 << 20, ""), ("lots", DEFAULT_LIMIT, "'lots'")):
        monkeypatch.setenv("ENGINE_CACHE_LIMIT", text)
        with closing(Cache(path)) as cache:
            assert cache.info().limit == limit
            assert words in (cache.notice or "")
            assert (cache.notice is None) == (words == "")


def test_clear_empties_it_under_the_eyes_of_others(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    with closing(Cache(path)) as cache, closing(Cache(path)) as other:
        cache.put((numbered(n), large(n)) for n in range(1_000))
        assert other.get(numbered(1)) == large(1)
        assert cache.clear() == 1_000
        assert other.get(numbered(1)) is None
        assert cache.info().units == 0
        assert path.stat().st_size < 100_000
        other.put([(numbered(1), FOUND)])
        assert cache.get(numbered(1)) == FOUND
        assert other.notice is None


def test_info_knows_the_age(tmp_path: Path) -> None:
    before = int(time.time())
    with closing(Cache(default_path())) as cache:
        assert cache.info().oldest is None
        cache.put([(numbered(1), FOUND)])
        assert before <= (cache.info().oldest or 0) <= time.time()
    assert default_path().is_relative_to(tmp_path)


# -- between machines --


@pytest.mark.parametrize("name", ["units.jsonl", "units.jsonl.zst", "units.jsonl.gz"])
def test_what_is_exported_here_is_imported_there(tmp_path: Path, name: str) -> None:
    with closing(Cache(tmp_path / "here.sqlite")) as here:
        here.put([(numbered(0), FOUND), *((numbered(n), large(n)) for n in range(1, 700))])
        exported = export_rows(here, tmp_path / name, force=False)
    assert (exported.units, exported.unsound) == (700, 0)
    with closing(Cache(tmp_path / "there.sqlite")) as there:
        there.put([(numbered(1), FOUND)])
        counts = import_rows(there, tmp_path / name)
        assert (counts.added, counts.known, counts.unsound, counts.damage) == (699, 1, 0, None)
        assert there.get(numbered(0)) == FOUND
        assert there.get(numbered(1)) == FOUND, "its own rows stay"
        assert all(there.get(numbered(n)) == large(n) for n in range(2, 700))
        again = import_rows(there, tmp_path / name)
        assert (again.added, again.known) == (0, 700)
    assert sorted(path.name for path in tmp_path.glob("units*")) == [name]


def test_a_cache_file_is_imported_as_it_is(tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "here.sqlite")) as here, closing(Cache(tmp_path / "there.sqlite")) as there:
        here.put((numbered(n), large(n)) for n in range(50))
        assert import_rows(there, tmp_path / "here.sqlite").added == 50  # while it is in use
        assert there.get(numbered(49)) == large(49)
        with pytest.raises(ConfigError, match="itself"):
            import_rows(there, tmp_path / "there.sqlite")


def test_an_export_does_not_overwrite_unless_told(tmp_path: Path) -> None:
    target = tmp_path / "units.jsonl"
    target.write_text("mine")
    with closing(Cache(tmp_path / "units.sqlite")) as cache:
        with pytest.raises(ConfigError, match="--force"):
            export_rows(cache, target, force=False)
        assert target.read_text() == "mine"
        target.chmod(0o600)
        (tmp_path / "theirs").write_text("theirs")
        (tmp_path / "units.jsonl.part").symlink_to("theirs")
        export_rows(cache, target, force=True)
        assert target.read_text() == '{"schema":"engine.cache/1"}\n'
        assert target.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "theirs").read_text() == "theirs"
        assert sorted(path.name for path in tmp_path.glob("units.jsonl*")) == ["units.jsonl", "units.jsonl.part"]
        with pytest.raises(ConfigError, match="JSON Lines"):
            export_rows(cache, tmp_path / "units.csv", force=False)
        with pytest.raises(OutputError, match="cannot write"):
            export_rows(cache, tmp_path / "nowhere" / "units.jsonl", force=False)


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "games.jsonl"
    other.write_text('{"game": 1}\n')
    with closing(Cache(tmp_path / "units.sqlite")) as cache:
        for path in (other, tmp_path / "nothing.jsonl", tmp_path):
            with pytest.raises(InputError, match=path.name):
                import_rows(cache, path)
        assert cache.info().units == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "AAAA"},
        {"evaluations": []},
        {"evaluations": [[[1, None], ["e2e4"], 1, 1, []]], "more": 1},
        {"evaluations": [[[1, 2], ["e2e4"], 1, 1, []]]},
        {"evaluations": [[[None, None], ["e2e4"], 1, 1, []]]},
        {"evaluations": [[[None, 0], ["e2e4"], 1, 1, []]]},
        {"evaluations": [[[10**30, None], ["e2e4"], 1, 1, []]]},
        {"evaluations": [[[1, None], [], 1, 1, []]]},
        {"evaluations": [[[1, None], ["e2e4\nquit"], 1, 1, []]]},
        {"evaluations": [[[1, None], ["e2e4"] * 13, 1, 1, []]]},
        {"evaluations": [[[1, None], ["e2e4"], -1, 1, []]]},
        {"evaluations": [[[1, None], ["e2e4"], 1, 10**30, []]]},
        {"evaluations": [[[1, None], ["e2e4"], 1, 1, [[[1, None], [], 1]]]]},
        {"evaluations": [[[2, None], ["e2e4"], 1, 1, []]]},
    ],
)
def test_a_unit_that_cannot_be_is_left_out_and_counted(tmp_path: Path, changed: dict[str, object]) -> None:
    sound = (Evaluation(Score(cp=1), ("e2e4",), 1, 1),)
    with closing(Cache(tmp_path / "here.sqlite")) as here:
        here.put([(numbered(1), sound), (numbered(2), sound)])
        export_rows(here, tmp_path / "units.jsonl", force=False)
    lines = (tmp_path / "units.jsonl").read_text().splitlines()
    row = json.loads(lines[1])
    assert row["evaluations"] == [[[1, None], ["e2e4"], 1, 1, []]]
    lines[1] = json.dumps({**row, **changed})
    (tmp_path / "units.jsonl").write_text("\n".join(lines) + "\n")
    with closing(Cache(tmp_path / "there.sqlite")) as there:
        counts = import_rows(there, tmp_path / "units.jsonl")
        assert (counts.added, counts.unsound) == (1, 1)
        assert there.get(numbered(1)) is None
        assert there.get(numbered(2)) == sound


def test_what_happens_to_the_file_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "engine.cache")
    path = tmp_path / "units.sqlite"
    path.write_bytes(b"\0" * 9_000)
    cache = Cache(path)
    cache.get(b"0" * 16)
    cache.close()
    assert [(record.levelname, record.name) for record in caplog.records] == [
        ("INFO", "engine.cache"),
        ("INFO", "engine.cache"),
        ("DEBUG", "engine.cache"),
    ]
    damaged, opened, closed = (record.getMessage() for record in caplog.records)
    assert damaged == cache.notice
    assert opened.startswith(f"opened {path}")
    assert "0 hits, 1 misses" in closed
