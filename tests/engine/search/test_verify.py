"""`--verify`: a share of what the cache knows is searched again and compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.errors import ConfigError
from engine.testing.fake_uci import fake_uci
from tests.e2e.command import engine as command
from tests.e2e.command import refused
from tests.support import FEW

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")
GAME = "".join(FEW.partition("1-0\n")[:2])


def analyse(folder: Path, verify: float, **behaviour: Any) -> engine.RunResult:
    """Analyse with one cache, by fakes that have one fingerprint whatever they do."""
    fake = fake_uci(folder / "fake", **behaviour)
    settings = engine.Settings(
        evaluator=str(fake),
        executor="inline",
        limit=engine.Limit(nodes=10),
        cache=str(folder / "cache"),
        verify=verify,
    )
    return engine.analyze(GAME, settings=settings, output=folder / "out.jsonl", force=True)


@pytest.mark.slow
def test_what_is_the_same_is_counted_and_nothing_else(tmp_path: Path) -> None:
    first = analyse(tmp_path, 0.0)
    searched = first.counts.searched
    found = (tmp_path / "out.jsonl").read_bytes()
    all_again = analyse(tmp_path, 1.0)
    counts = all_again.counts
    assert (counts.verified, counts.searched, counts.cached) == (searched, searched, 0)
    assert all_again.ok
    assert (tmp_path / "out.jsonl").read_bytes() == found
    assert all_again.wins == first.wins
    some = [analyse(tmp_path, 0.4).counts.verified for _ in range(2)]
    assert 0 < some[0] < searched
    assert some[0] == some[1]
    assert analyse(tmp_path, 0.0).counts.verified == 0


def test_what_differs_is_a_failure_and_is_replaced(tmp_path: Path) -> None:
    analyse(tmp_path, 0.0)
    other = analyse(tmp_path, 1.0, hash_sensitive=False)
    assert 0 < len(other.failures) <= 10
    assert "in the cache," in other.failures[0].reason
    assert "when searched again; `engine cache clear` empties the cache" in other.failures[0].reason
    assert other.failures[0].ply is not None
    assert not other.ok
    found = (tmp_path / "out.jsonl").read_bytes()
    again = analyse(tmp_path, 1.0, hash_sensitive=False)
    assert again.ok
    assert (tmp_path / "out.jsonl").read_bytes() == found


def test_what_cannot_be_searched_again_is_taken_from_the_cache_and_said(tmp_path: Path) -> None:
    first = analyse(tmp_path, 0.0)
    found = (tmp_path / "out.jsonl").read_bytes()
    again = analyse(tmp_path, 1.0, crash="rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w")
    assert [failure.ply for failure in again.failures] == [2]
    assert "in the cache, but not searched again: " in again.failures[0].reason
    assert (again.counts.quarantined, again.counts.cached) == (0, 1)
    assert (tmp_path / "out.jsonl").read_bytes() == found
    assert again.wins == first.wins


def test_searches_that_cannot_be_repeated_are_not_verified() -> None:
    for verify, limit in ((1.5, engine.Limit(nodes=1)), (0.1, engine.Limit(time=10))):
        with pytest.raises(ConfigError, match="verify: "):
            engine.analyze(GAME, settings=engine.Settings(limit=limit, verify=verify))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    analyse(tmp_path, 0.0)
    source = tmp_path / "game.pgn"
    source.write_text(GAME)
    fake = fake_uci(tmp_path / "fake", hash_sensitive=False)
    arguments = ("analyze", source, "-e", fake, "--nodes", "10", "--executor", "inline")
    other = command(*arguments, "--cache", tmp_path / "cache", "--verify", "100%")
    assert other.code == 1
    assert "searched again, to verify the cache" in other.err
    assert "failed: " in other.err
    assert "`engine cache clear` empties the cache" in other.err
    wrong = refused(capsys, *arguments, "--verify", "1")
    assert wrong.code == 2
    assert "not a share such as 1%" in wrong.err
