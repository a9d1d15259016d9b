"""The command with positions that kill and workers that die: exit codes, reports, bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci
from tests.e2e.command import Ran, engine
from tests.support import FEW

POISON = "rnbqkbnr/pp1ppppp/8/2p5/4P3/5N2/PPPP1PPP/RNBQKB1R"
"""After 1. e4 c5 2. Nf3: within the first ten plies, hence a unit by itself."""
GAME = """[Event "Poisoned"]
[Result "*"]

1. e4 c5 2. Nf3 d6 3. d4 cxd4 4. Nxd4 Nf6 5. Nc3 a6 6. Be2 e6 7. O-O Be7 8. f4 O-O 9. Kh1 Qc7 10. a4 Nc6 *

[Event "Innocent"]
[Result "*"]

1. d4 d5 2. c4 e6 3. Nc3 Nf6 4. Bg5 Be7 5. e3 O-O 6. Nf3 Nbd7 7. Rc1 c6 8. Bd3 dxc4 9. Bxc4 Nd5 *
"""


Found = list[dict[str, Any]]


def analysed(folder: Path, *arguments: str | Path) -> tuple[Ran, Found]:
    out = folder / "out.jsonl"
    ran = engine(
        *("analyze", folder / "games.pgn", "--nodes", "1000", "-o", out, "-y", "--format", "json"), *arguments
    )
    found = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    return ran, [{**game, "file": "games.pgn"} for game in found]


AS_SEARCHED = ("--set", "search.reconcile=false")
"""A missing evaluation also changes what its neighbours are reconciled with."""


@pytest.fixture
def games(tmp_path: Path) -> Path:
    (tmp_path / "games.pgn").write_text(GAME)
    return tmp_path


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The games with a program that does nothing wrong, once for all tests of a process."""
    folder = tmp_path_factory.mktemp("calm")
    (folder / "games.pgn").write_text(GAME)
    return analysed(folder, "-e", fake_uci(folder / "calm"), "--no-cache", *AS_SEARCHED)[1]


def test_a_poisoned_opening_position_is_quarantined_alone(games: Path, calm: Found) -> None:
    bad = fake_uci(games / "bad", crash=POISON)
    ran, found = analysed(games, "-e", bad, "--no-cache", "-j", "3", *AS_SEARCHED)
    assert ran.code == 1
    report = json.loads(ran.out)
    [failure] = report["failures"]
    assert (failure["game"], failure["ply"]) == (1, 3)
    assert "position given up" in failure["reason"]
    assert found[0]["positions"][3] == {"missing": "quarantined"}
    for number, line in enumerate(found):
        for ply, position in enumerate(line["positions"]):
            if (number, ply) != (0, 3):
                assert position == calm[number]["positions"][ply]
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_a_poisoned_position_in_a_chunk_is_narrowed_down(games: Path, calm: Found) -> None:
    """The other positions of its chunk are searched by themselves, on a fresh hash; nothing else changes."""
    poison = "rnbq1rk1/1p2bppp/p2ppn2/8/3NPP2/2N5/PPP1B1PP/R1BQ1R1K"  # after 9. Kh1
    ran, found = analysed(
        games, "-e", fake_uci(games / "bad", crash=poison), "--no-cache", "-j", "2", *AS_SEARCHED
    )
    assert ran.code == 1
    assert [failure["ply"] for failure in json.loads(ran.out)["failures"]] == [17]
    missing = [ply for ply, position in enumerate(found[0]["positions"]) if "missing" in position]
    assert missing == [17]
    assert found[0]["positions"][:10] == calm[0]["positions"][:10]
    assert found[1] == calm[1]


@pytest.mark.slow
def test_the_same_command_again_searches_only_what_was_given_up(games: Path) -> None:
    log = games / "log"
    bad = fake_uci(games / "bad", crash=POISON, log=str(log))
    first, _ = analysed(games, "-e", bad, "-j", "1")
    log.unlink()
    second, _ = analysed(games, "-e", bad, "-j", "1")
    assert (first.code, second.code) == (1, 1)
    assert second.out == first.out
    asked = [line for line in log.read_text().splitlines() if line == "go nodes 1000"]
    assert len(asked) == 4  # the faults that a position may cause


@pytest.mark.slow
def test_deaths_in_a_partly_cached_run_bend_nothing(tmp_path: Path) -> None:
    """Entries for cached positions survive the recount after a death."""
    (tmp_path / "games.pgn").write_text(FEW)
    _, _ = analysed(tmp_path, "-e", fake_uci(tmp_path / "a"), "--limit", "2")
    good, calm = analysed(tmp_path, "-e", fake_uci(tmp_path / "b"), "--no-cache")
    dying = fake_uci(tmp_path / "c", kill=9, signal="SIGKILL", times=3)
    ran, found = analysed(tmp_path, "-e", dying, "-j", "2")
    assert ran.code == 0, ran.err
    assert found == calm
    assert ran.out == good.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"crash": True, "last_words": "licence expired"}, "licence expired"),
        ({"start_crash": 9, "last_words": "no libfoo"}, "no libfoo"),
    ],
    ids=["every search", "every start"],
)
def test_an_evaluator_that_cannot_be_kept_alive_ends_the_run_with_3(
    games: Path, behaviour: dict[str, Any], words: str
) -> None:
    ran, _ = analysed(games, "-e", fake_uci(games / "bad", **behaviour), "-j", "2")
    assert ran.code == 3
    assert words in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
