"""`engine cache`, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci

from .command import CLASSICS, assert_clear_error, engine


@pytest.mark.slow
def test_a_cache_moves_to_another_machine_and_nothing_is_searched_there(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake")
    run = ("analyze", CLASSICS, "-e", fake, "--nodes", "100", "-j", "1", "--limit", "2", "--format", "json")
    here = {"ENGINE_HOME": str(tmp_path / "here")}
    there = {"ENGINE_HOME": str(tmp_path / "there")}
    assert "no cache yet" in engine("cache", "info", **here).out
    first = engine(*run, **here)
    assert first.code == 0, first.err

    info = engine("cache", "info", **here)
    assert info.code == 0
    assert "at most 2.0 GiB" in info.out
    target = tmp_path / "units.jsonl.zst"
    exported = engine("cache", "export", target, **here)
    assert (exported.code, exported.err) == (0, "")
    units = exported.out.split()[0]
    assert f"units       {units}\n" in info.out

    imported = engine("cache", "import", target, **there)
    assert imported.code == 0
    assert f"{units} units added, 0 known, 0 unsound" in imported.out
    second = engine(*run, **there)
    assert second.out == first.out
    assert "58 positions (58 from the cache)" in second.err

    cleared = engine("cache", "clear", **there)
    assert cleared.out.startswith(f"{units} units deleted")
    assert "units       0\n" in engine("cache", "info", **there).out


@pytest.mark.slow
def test_mistakes_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "games.pgn").write_bytes(CLASSICS.read_bytes())
    other = str(tmp_path / "games.pgn")
    assert_clear_error(engine("cache", "export", tmp_path / "x.jsonl"), 2, "nothing to export")
    assert_clear_error(engine("cache", "import", other), 2, "no export of a cache")
    assert_clear_error(engine("cache", "info", "--cache", other), 2, "not a database")
    assert_clear_error(engine("cache", "clear", "--cache", other), 4, "not a database")
    assert_clear_error(engine("cache", "import", tmp_path / "none.jsonl"), 2, "No such file")
    assert (tmp_path / "games.pgn").read_bytes() == CLASSICS.read_bytes()


def test_a_damaged_cache_is_reported_and_its_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "units.sqlite"
    path.write_bytes(b"\0" * 9_000)
    info = engine("cache", "info", "--cache", path)
    assert info.code == 0
    assert "was damaged" in info.err
    assert "set aside   units.sqlite.corrupt-1" in info.out
    ran = engine("cache", "import", "--cache", path, tmp_path / "units.sqlite.corrupt-1")
    assert_clear_error(ran, 2, "no export of a cache")


@pytest.mark.slow
def test_part_of_an_export_is_imported_and_said_to_be_so(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake")
    run = ("analyze", CLASSICS, "-e", fake, "--nodes", "100", "-j", "1", "--limit", "1", "-q")
    assert engine(*run).code == 0
    target = tmp_path / "units.jsonl.gz"
    assert engine("cache", "export", target).code == 0
    target.write_bytes(target.read_bytes()[:-40])
    ran = engine("cache", "import", target, "--cache", tmp_path / "there.sqlite")
    assert ran.code == 1
    assert "truncated" in ran.err
