"""`baseline` and `peers`: a player's games beside those of players with the same rating."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.errors import ConfigError
from engine.model import AnalysedGame
from engine.scoring import Score, win_percent
from engine.testing import analysed_game
from engine_plugins.aggregators._baseline_file import SCHEMA, SHIPPED, baseline_of, load_baseline
from engine_plugins.aggregators._placements import Sample, place
from engine_plugins.aggregators._side_figures import FIGURES, side_figures
from engine_plugins.aggregators.baseline import Baseline
from engine_plugins.aggregators.peers import Peers
from tests.perf import baseline as perf
from tests.plugins.aggregators.rig import report, rows
from tests.support import shared_data

HEADERS = {
    "Site": "https://lichess.org/abcdefgh",
    "White": "Anna",
    "Black": "Bert",
    "WhiteElo": "1500",
    "BlackElo": "1701",
    "TimeControl": "100+0",
    "Result": "1-0",
}
SHUFFLE = ("Nf3", "Nf6", "Ng1", "Ng8")
PLIES = 24


def game(evals: Sequence[int], clocks: Sequence[int] = (), number: int = 1, **headers: str) -> AnalysedGame:
    """Return a game of 12 moves of each side in which the knights go out and home."""
    words = []
    for k in range(PLIES):
        words += [f"{k // 2 + 1}."] if k % 2 == 0 else []
        words.append(SHUFFLE[k % 4])
        if clocks:
            words.append(f"{{[%clk 0:{clocks[k] // 60:02}:{clocks[k] % 60:02}]}}")
    return analysed_game(" ".join(words), evals, headers=HEADERS | headers, number=number, view=("white",))


def level(after: int = PLIES, cp: int = 0) -> list[int]:
    """Return White's view of all positions: 15, and `cp` from the position `after` on."""
    return [15] * after + [cp] * (PLIES + 1 - after)


def test_the_figures_of_a_side_by_hand() -> None:
    """White's 12th move loses 515 centipawns, with 9 of 100 seconds left, as its 5 last moves have."""
    clocks = [100 - 4 * (k // 2) for k in range(14)] + [9] * 10
    played = game(level(PLIES - 1, -500), clocks)
    timing = played.timing()
    lost = win_percent(Score(cp=15)) - win_percent(Score(cp=-500))
    white = side_figures(played, "white", timing.white)
    assert white == {
        "accuracy": round(10 * (played.white.accuracy or 0)),
        "acpl": round(515 / 12),
        "inaccuracies": 0,
        "mistakes": 0,
        "blunders": round(1000 / 12),
        "opening": round(100 * lost / 12),
        "trouble": round(1000 * 5 / 12),
        "trouble_lost": round(100 * lost / 5),
        "defence": 100,
    }
    black = side_figures(played, "black", timing.black)
    assert (black["blunders"], black["opening"], black["conversion"]) == (0, 0, 0)
    assert "defence" not in black
    assert set(white) | set(black) < set(FIGURES)
    assert side_figures(game([15] * 9), "white", timing.white) == {}


def test_mean_percentile_and_its_error_by_hand() -> None:
    """Placements 1/8 and 5/8; of the peers 1, 2, 3, 4 the shares of ours below are 1/4, 1/2, 3/4, 1."""
    cell = ("rapid", 1600)
    own, peers = Sample([1, 3], [1, 1], 2), Sample([1, 2, 3, 4], [1, 1, 1, 1], 4)
    placed = place({cell: own}, {cell: [cell]}, {cell: peers})
    assert placed.share == 3 / 8
    assert placed.error**2 == pytest.approx((2 * 0.25**2) / 1 / 2 + (2 * 0.375**2 + 2 * 0.125**2) / 3 / 4)
    assert (placed.own, placed.peers) == (2, 2.5)
    both = place({cell: own}, {cell: [cell]}, {cell: Sample([1, 2, 3, 4], [1, 1, 1, 1], 2)})
    assert both.error**2 - placed.error**2 == pytest.approx(0.3125 / 3 / 4)  # two sides of a game count as one
    other = ("rapid", 1800)
    split = place(
        {cell: Sample([1], [1], 1), other: Sample([3], [1], 1)},
        {cell: [cell, other], other: [cell, other]},
        {cell: Sample([1, 3], [1, 1], 2), other: Sample([2, 4], [1, 1], 2)},
    )
    assert (split.share, split.own, split.peers) == (3 / 8, 2, 2.5)


def band(rating: int, values: Sequence[int], speed: str = "bullet", **others: Any) -> dict[str, Any]:
    figure = {"games": len(values), "values": list(values), "counts": [1] * len(values)}
    n = len(values)
    content = {"speed": speed, "rating": rating, "sides": n, "players": n, "most": 1, "figures": {"acpl": figure}}
    return content | others


def written(path: Path, *bands: dict[str, Any], **others: Any) -> str:
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "about": "",
        "selection": "",
        "games": 50,
        "evaluations": {"100,000 nodes": 50},
        "sites": {"lichess.org": 50},
        "bands": bands,
    }
    path.write_text(json.dumps(content | others), encoding="utf-8")
    return str(path)


def annas(number: int = 10) -> list[AnalysedGame]:
    """Return games in which Anna loses 0, 12, 24 … centipawns at her last move but one: ACPL 0, 1, 2 …"""
    return [game(level(PLIES - 3, 15 - 12 * k), number=k + 1) for k in range(number)]


def test_what_is_said_of_a_player(tmp_path: Path) -> None:
    """ACPL 0 to 9 beside 40 sides of which 5 have 0 to 4 and 35 have 100 and more."""
    values = [0, 1, 2, 3, 4, *range(100, 135)]
    file = written(tmp_path / "x.baseline.json", band(1400, values), selection="games of a club")
    got = report(Peers, *annas(), baseline=file, sides=40)
    [row] = rows(got, "figures")
    better = [35 / 40 + (4 - k + 0.5) / 40 if k < 5 else 35 / 40 for k in range(10)]
    assert row["better_than"] == pytest.approx(100 * sum(better) / 10)
    assert (row["own"], row["peers"]) == (4.5, sum(values) / 40)
    assert (row["games"], row["sides"], row["rated"], row["speed"]) == (10, 40, "1,400-1,599", "bullet")
    assert row["certainty"] == "sure"
    [finding] = got.findings
    assert finding.text == (
        f"In bullet, Anna is better by centipawns lost than {row['better_than']:.0f}% of the sides with "
        f"the same rating ({row['low']:.0f} to {row['high']:.0f}%; 10 games against 40 sides rated 1,400-1,599 in "
        "games of a club)."
    )
    assert (finding.certainty, finding.table) == ("sure", "figures")
    assert not got.notes


def test_bands_are_made_wider_and_otherwise_nothing_is_said(tmp_path: Path) -> None:
    bands = [band(1000, range(30)), band(1200, range(30)), band(1400, range(20)), band(1600, range(30))]
    file = written(tmp_path / "x.baseline.json", *bands)
    for sides, rated, number in ((30, "1,200-1,799", 80), (80, "1,200-1,799", 80), (81, "1,000-1,799", 110)):
        [row] = rows(report(Peers, *annas(), baseline=file, sides=sides), "figures")
        assert (row["rated"], row["sides"]) == (rated, number)
    for options in ({"sides": 111}, {"games": 11}):
        got = report(Peers, *annas(), baseline=file, **options)
        assert (got.tables, got.findings, len(got.notes)) == ((), (), 1)
        assert "It has bullet 1,000-1,799 (110 sides)." in got.notes[0]
    few = written(tmp_path / "few.baseline.json", band(1200, range(300)), band(1400, range(19)))
    assert report(Peers, *annas(), baseline=few).tables == ()


def test_several_players_have_a_row_each(tmp_path: Path) -> None:
    figure = {"games": 100, "values": list(range(900, 1000)), "counts": [1] * 100}
    file = written(tmp_path / "x.baseline.json", band(1400, range(100), figures={"accuracy": figure}))
    games = [*annas(), *(game(level(), number=k, White="Carl") for k in range(10))]
    got = report(Peers, *games, baseline=file)
    assert [row["player"] for row in rows(got, "players")] == ["Anna"]  # Carl's games are all equal
    assert not got.findings


def test_it_says_what_is_not_comparable(tmp_path: Path) -> None:
    file = written(
        tmp_path / "x.baseline.json",
        band(1400, range(100), most=60),
        evaluations={"the file": 50},
        sites={"chess.com": 50},
        about="A club",
    )
    source, one, evaluations, sites = report(Peers, *annas(), baseline=file).notes
    assert source == "Baseline: A club."
    assert one.startswith("One player has 60 of the 100 sides of bullet rated from 1,400")
    assert evaluations.startswith(
        "The evaluations of the baseline are from the file, those here from 100,000 nodes"
    )
    assert sites == "Ratings of lichess.org are compared with those of chess.com: these are different scales."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not JSON", "not a baseline"),
        ("[" * 100_000, "not a baseline"),
        ('{"schema": "engine.baseline/2"}', "engine.baseline/2"),
        (None, "No such file"),
        ([band(1450, range(3))], "multiple of 200"),
        ([band(1400, [3, 1])], "ascend"),
        (
            [band(1400, range(3), figures={"acpl": {"games": 9, "values": [1], "counts": [1]}})],
            "1 sides of 9 games",
        ),
        ([band(1400, range(3)), band(1400, range(3))], "twice"),
        ([band(1400, range(3), speed="warp")], "warp"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, content: Any, words: str) -> None:
    file = tmp_path / "x.baseline.json"
    if isinstance(content, str):
        file.write_text(content, encoding="utf-8")
    elif content is not None:
        written(file, *content)
    with pytest.raises(ConfigError, match=words) as caught:
        Peers(Peers.Options(baseline=str(file))).prepare()
    assert "engine baseline build" in caught.value.message


def test_a_side_counts_with_rating_time_control_and_moves() -> None:
    others = [
        game(level(), number=2, WhiteElo="?"),
        game(level(), number=3, TimeControl="?"),
        game(level()[:9], number=4),
        game(level(), number=5, WhiteTitle="BOT"),
    ]
    got = report(Baseline, game(level()), *others)
    cells = [
        (row["speed"], row["rating"], row["sides"], row["players"], row["most"]) for row in rows(got, "bands")
    ]
    assert cells == [("bullet", 1400, 1, 1, 1), ("bullet", 1600, 3, 1, 3)]
    assert "Sides that do not count: 6." in got.notes
    data = baseline_of(got, "us", "")
    assert (data.about, data.games, data.sites) == ("us", 3, {"lichess.org": 3})
    assert data.by_cell()["bullet", 1600].figures["acpl"].counts == (3,)


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def pgn(number: int) -> str:
    tags = HEADERS | {"Site": f"https://lichess.org/{number:08}"}
    head = "".join(f'[{name} "{value}"]\n' for name, value in tags.items())
    moves = " ".join(
        f"{SHUFFLE[k % 4]} {{[%eval {-0.1 * number if k > PLIES - 3 else 0.15:.2f}]}}" for k in range(PLIES)
    )
    return f"{head}\n{moves} 1-0\n\n"


def test_a_baseline_is_built_shown_and_compared_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    games = [pgn(k) for k in range(40)]
    (tmp_path / "a.pgn").write_text("".join(games), encoding="utf-8")
    (tmp_path / "b.pgn").write_text("".join(reversed(games)), encoding="utf-8")
    outputs = [tmp_path / f"{name}.baseline.json" for name in "ab"]
    for name, output in zip("ab", outputs, strict=True):
        code, out, err = run(
            capsys, "baseline", "build", tmp_path / f"{name}.pgn", "-o", output, "-q", "--about", "Us", "-j", "1"
        )
        assert (code, err) == (0, "")
        assert "One player has 40 of the 40 sides" in out
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    code, out, _ = run(capsys, "baseline", "show", outputs[0])
    assert code == 0
    assert "Source: Us" in out
    assert "Ratings of lichess.org: 40 games" in out
    analyze = ("analyze", tmp_path / "a.pgn", "-e", "recorded", "--player", "Anna", "-q", "-j", "1")
    code, out, _ = run(capsys, *analyze, "--baseline", outputs[0], "--set", "peers.sides=30", "-a", "acpl")
    assert code == 0
    assert "50.0%" in out  # beside herself
    assert "Average centipawn loss" in out


def test_wrong_names_of_baselines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pgn").write_text(pgn(1), encoding="utf-8")
    code, _, err = run(capsys, "baseline", "build", tmp_path / "a.pgn", "-o", tmp_path / "x.json")
    assert (code, "ends in .baseline.json" in err) == (2, True)
    code, _, err = run(capsys, "analyze", tmp_path / "a.pgn", "-e", "recorded", "--baseline", "none.json", "-q")
    assert (code, "engine baseline build" in err) == (2, True)


def test_what_is_shipped() -> None:
    data = load_baseline(SHIPPED)
    assert "CC0" in data.about
    assert data.selection
    assert {(found.speed, found.rating) for found in data.bands if found.sides >= 100} >= {
        ("rapid", 1600),
        ("rapid", 1800),
        ("classical", 1600),
    }


def test_held_out_percentiles_are_uniform_and_average_players_are_average() -> None:
    """As `python -m tests.perf baseline` measures it on real games: here on sides whose figures are random."""
    assert perf.distance([0.125, 0.375, 0.625, 0.875]) == 0.125
    assert perf.quantile(20) == pytest.approx(0.294, abs=0.001)  # Massey, JASA 46 (1951), table 1
    rng = random.Random(1)
    cell = ("rapid", 1600)
    sides = [
        perf.Side(k // 2, cell, {"acpl": rng.randrange(100), "blunders": rng.randrange(3)}) for k in range(600)
    ]
    for figure in ("acpl", "blunders"):
        found = perf.row(cell, figure, sides, 8)
        assert found.together <= perf.AIM
        assert found.uniform < found.halves
        assert found.above <= 2
    holds, number, sure = perf.average_players(sides, 60)
    assert (number, holds >= 0.92 * number, sure <= 6) == (120, True, True)


@pytest.mark.slow
def test_what_is_shipped_is_what_the_command_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, data = shared_data("lichess-analysed/games_eval_clk.pgn"), load_baseline(SHIPPED)
    output = tmp_path / "lichess.baseline.json"
    words = ("--about", data.about, "--selection", data.selection, "-q")
    assert run(capsys, "baseline", "build", source, "-o", output, *words)[0] == 0
    assert load_baseline(str(output)) == data
    assert output.stat().st_size < 60_000
