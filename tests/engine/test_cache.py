from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.cache import Cache, unit_key
from engine.messages import Unit
from engine.model import Evaluation, Limit, Line, Position, Score

FOUND = (
    Evaluation(Score(cp=-31), ("e2e4", "e7e5"), 12, 100_047),
    Evaluation(
        Score(mate=3), ("d1h5",), 9, 5, (Line(Score(mate=3), ("d1h5",), 9), Line(Score(cp=0), ("a2a3",), 8))
    ),
)


def unit(*fens: str, game: int = 1) -> Unit:
    return Unit(1, game, tuple(range(len(fens))), tuple(Position(fen, ("e2e4",)) for fen in fens))


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
    first.close()
    second.close()


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


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look like one" * 40, b"\0" * 5000]
)
def test_a_foreign_file_is_set_aside_and_the_run_goes_on(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "units.sqlite"
    path.write_bytes(content)
    cache = Cache(path)
    assert cache.notice is not None
    assert (tmp_path / "units.sqlite.corrupt-1").read_bytes() == content
    cache.put([(b"k" * 16, FOUND)])
    assert cache.get(b"k" * 16) == FOUND
    cache.close()
    again = Cache(path)
    assert again.notice is None
    assert again.get(b"k" * 16) == FOUND
    again.close()


def test_a_newer_schema_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    cache = Cache(path)
    assert "schema 99" in (cache.notice or "")
    cache.close()


def test_a_folder_in_its_place_costs_the_cache_only(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert "going on without it" in (cache.notice or "")
    cache.put([(b"k" * 16, FOUND)])
    assert cache.get(b"k" * 16) == FOUND
    cache.close()


def test_a_row_that_does_not_read_back_counts_as_absent(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    cache = Cache(path)
    cache.put([(b"k" * 16, FOUND)])
    db = sqlite3.connect(path)
    db.execute("UPDATE units SET evaluations = x'c1c1'")
    db.commit()
    db.close()
    assert cache.get(b"k" * 16) is None
    cache.close()
