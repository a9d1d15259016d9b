"""Games whose evaluations stand in the input, and follow-up searches."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from msgspec import structs

import engine as library
from engine.model import AnalysedGame, Limit, Metric, Report
from engine.plugin import Aggregator, Counts, Needs, Request, Sum
from engine.run.progress import Snapshot
from engine.settings import Search
from engine.testing.fake_uci import fake_uci
from tests.support import DATA, FEW, shared_data

from .command import engine, refused

CLASSICS = DATA / "classics.pgn"
NODES = ("--nodes", "1000")
EVALUATED = """[White "A"]
[Black "B"]
[Result "0-1"]

1. f3 { [%eval -0.6] [%clk 0:03:00] } e5 { [%eval -0.5] [%clk 0:02:55] } 2. g4 { [%eval #-1] } Qh4# 0-1

[White "C"]
[Black "D"]
[Result "*"]

1. e4 e5 *
"""


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path)


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    path = tmp_path / "evaluated.pgn"
    path.write_text(EVALUATED)
    return path


def jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_recorded_searches_nothing(evaluated: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ran = engine("analyze", evaluated, "-e", "recorded", "-o", out, "--format", "json")
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    assert report["run"]["evaluator"]["name"] == "recorded"
    assert report["run"]["positions"] == 3
    # -1 for White before the mating move is mate for Black, who is to move: a winning move.
    assert report["run"]["scoreboard"]["wins"] == 1
    assert report["run"]["scoreboard"]["best"][0] == {"score": 31999, "game": 1, "ply": 3, "move": ""}
    first, second = jsonl(out)
    assert first["positions"][1] == {
        "eval": {"cp": -60}, "best": None, "pv": [], "depth": 0, "nodes": 0, "recorded": True,
    }  # fmt: skip
    assert first["positions"][4] == {"terminal": "checkmate"}
    assert first["plies"][2]["judgement"] == "blunder"
    assert first["scale"] == 1.0
    assert not first["reconciled"]
    assert second["positions"] == [{"missing": "input"}] * 3
    notes = report["reports"]["judgements"]["notes"]
    assert "Left out, without an evaluation: 1 game." in notes
    assert "Win%, accuracy and judgements take centipawns × 1." in notes


def test_a_chain_searches_what_is_missing_and_marks_which_is_which(
    evaluated: Path, tmp_path: Path, fake: Path
) -> None:
    out = tmp_path / "out.jsonl"
    ran = engine("analyze", evaluated, "-e", f"recorded,{fake}", *NODES, "-o", out, "--format", "json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["run"]["evaluator"]["name"].startswith("recorded, ")
    marks = [
        [
            "recorded" if position.get("recorded") else "searched"
            for position in game["positions"]
            if "eval" in position
        ]
        for game in jsonl(out)
    ]
    assert marks == [["searched", "recorded", "recorded", "recorded"], ["searched"] * 3]


@pytest.mark.parametrize("chain", ["recorded,recorded", "{fake},recorded", "{fake},{fake}", "recorded,nobody"])
def test_a_chain_that_makes_no_sense(capsys: Any, evaluated: Path, fake: Path, chain: str) -> None:
    ran = refused(capsys, "analyze", evaluated, "-e", chain.format(fake=fake))
    assert ran.code in (2, 3)


@pytest.mark.slow
def test_analysed_games_make_the_same_reports_again(tmp_path: Path, fake: Path) -> None:
    """Whole, and as two halves; no evaluator is needed."""
    out = tmp_path / "out.jsonl"
    first = engine("analyze", CLASSICS, "-e", fake, *NODES, "--limit", "5", "-o", out, "--format", "json")
    assert first.code == 0, first.err
    lines = out.read_bytes().splitlines(keepends=True)
    halves = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    halves[0].write_bytes(b"".join(lines[:2]))
    halves[1].write_bytes(b"".join(lines[2:]))
    expected = json.loads(first.out)
    for inputs in ([out], halves):
        again = engine("analyze", *inputs, "--format", "json", "-o", tmp_path / "again.jsonl", "-y")
        assert again.code == 0, again.err
        assert json.loads(again.out)["reports"] == expected["reports"]
        assert json.loads(again.out)["run"]["scoreboard"] == expected["run"]["scoreboard"]
        for was, now in zip(jsonl(out), jsonl(tmp_path / "again.jsonl"), strict=True):
            assert {**was, "file": "", "line": 0} == {**now, "file": "", "line": 0}


def test_a_folder_passes_over_what_a_run_has_written_beside_its_games(tmp_path: Path, fake: Path) -> None:
    folder = tmp_path / "games"
    folder.mkdir()
    (folder / "a.pgn").write_text(EVALUATED)
    ran = engine("analyze", folder, "-e", fake, *NODES, "-o", folder / "out.jsonl", "--format", "json")
    assert json.loads(ran.out)["run"]["games"] == 2
    again = engine("analyze", folder, "-e", fake, *NODES, "--format", "json")
    assert json.loads(again.out)["run"]["games"] == 2
    (folder / "a.pgn").unlink()
    only = engine("analyze", folder, "--format", "json")
    assert json.loads(only.out)["run"]["games"] == 2


def test_no_judged_move_is_the_best_move(tmp_path: Path, fake: Path) -> None:
    """The fake program contradicts itself all the time; reconciled, it is consistent."""
    judged = {}
    for setting in ("true", "false"):
        out = tmp_path / f"{setting}.jsonl"
        arguments = (*NODES, "--limit", "6", "--set", f"search.reconcile={setting}", "-o", out)
        ran = engine("analyze", CLASSICS, "-e", fake, *arguments)
        assert ran.code == 0, ran.err
        judged[setting] = sum(
            ply["judgement"] is not None and ply["uci"] == position.get("best")
            for game in jsonl(out)
            for ply, position in zip(game["plies"], game["positions"], strict=False)
        )
    assert judged["true"] == 0
    assert judged["false"] > 0


@pytest.mark.parity
def test_lichess_games_are_judged_as_lichess_does(tmp_path: Path) -> None:
    """Every judgement of every ply, both ACPL, accuracy, phases and opening of 500 games, through the command."""
    expected = shared_data("lichess-analysed", "derived_expected.ndjson").read_text().splitlines()
    out = tmp_path / "out.jsonl"
    source = shared_data("lichess-analysed", "games_eval_clk.pgn")
    ran = engine("analyze", source, "-e", "recorded", "-o", out, "-q")
    assert ran.code == 0, ran.err
    for want, game in zip(map(json.loads, expected), jsonl(out), strict=True):
        judgements = [ply["judgement"] and ply["judgement"].capitalize() for ply in game["plies"]]
        # The list leaves out a mating move, which is never judged.
        assert judgements[: len(want["judgements"])] == want["judgements"], want["id"]
        assert not any(judgements[len(want["judgements"]) :]), want["id"]
        for color in ("white", "black"):
            summary = want["summary"][color]
            assert game[color]["acpl"] == summary["acpl"], want["id"]
            assert game[color]["accuracy"] == pytest.approx(summary["accuracy"], abs=0.002), want["id"]
        assert game["opening"] == want["opening"], want["id"]
        division = want["division"]
        assert game["phases"] == {"middlegame": division.get("middle"), "endgame": division.get("end")}, want["id"]


class Asks(Aggregator):
    """Asks for the second best move of every third position, and what comes after the best one."""

    lines = Counts()
    games = Sum()

    @classmethod
    def needs(cls, options: Any) -> Needs:
        return Needs(evaluations=True)

    def requests(self, game: AnalysedGame) -> list[Request]:
        wanted = [Request(k, multipv=2) for k in range(0, len(game.positions), 3)]
        first = game.positions[0].evaluation
        return [*wanted, Request(0, moves=(first.best,))] if first and first.best else wanted

    def add(self, game: AnalysedGame) -> None:
        self.games.add()
        for answer in self.answers(game):
            self.lines.add("none" if answer is None else str(len(answer.lines)))

    def report(self) -> Report:
        return Report("Asks", {key: Metric(n, key) for key, n in self.lines.items()})


def test_follow_up_searches_are_answered_cached_and_off_the_scoreboard(tmp_path: Path) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path, log=str(log))
    settings = library.Settings(cache=str(tmp_path / "cache.sqlite"), workers=2)
    plain = library.analyze(FEW, settings=settings, nodes=1000, evaluator=str(fake))
    searched = log.read_text().count("go nodes 1000\n")
    asked = [
        library.analyze(FEW, settings=settings, nodes=1000, evaluator=str(fake), aggregators=[Asks, "wins"])
        for _ in range(2)
    ]
    for result in asked:
        assert result.ok
        assert (result.wins, result.best) == (plain.wins, plain.best)
        # Every third position that has a legal move, and the one after the best move of each game.
        lines = {key: metric.value for key, metric in result.reports["asks"].metrics.items()}
        assert lines["2"] > 20
        assert lines["0"] == 3
        assert result.counts.follow_ups > 30
    assert asked[0].reports == asked[1].reports
    # The second run found everything in the cache; the first one some openings.
    assert asked[0].counts.searched > 20
    assert asked[1].counts.searched == 0
    assert log.read_text().count("go nodes 1000\n") == searched + asked[0].counts.searched


def test_an_aggregator_that_asks_for_the_impossible_is_disabled(tmp_path: Path, fake: Path) -> None:
    class Impossible(Asks):
        def requests(self, game: AnalysedGame) -> list[Request]:
            return [Request(len(game.positions))]

    result = library.analyze(
        str(CLASSICS), nodes=1000, evaluator=str(fake), aggregators=[Impossible, "wins"],
        settings=library.Settings(cache="", workers=1),
    )  # fmt: skip
    assert [failure.reason.split(":")[0] for failure in result.failures] == [
        "aggregator impossible failed in game 1 and is disabled"
    ]
    assert result.wins == result.reports["wins"].metrics["wins"].value


def test_under_recorded_follow_ups_go_to_the_evaluator_that_is_named(evaluated: Path, fake: Path) -> None:
    for name, answers in ((str(fake), 3), ("none", 0)):
        settings = library.Settings(follow_up_evaluator=name, cache="", workers=1)
        result = library.analyze(
            str(evaluated), evaluator="recorded", aggregators=[Asks], settings=settings, nodes=1000
        )
        assert result.ok
        assert result.counts.follow_ups == (2 if answers else 0)
        assert result.counts.positions == 3


@pytest.mark.parity
def test_an_official_export_of_lichess_exactly(tmp_path: Path) -> None:
    """Evaluations, judgements, figures of both sides, phases and opening of a game, as Lichess has them."""
    pgn = shared_data("facts", "lichess_official_game_q7ZvsdUF.pgn")
    official = json.loads(shared_data("facts", "lichess_official_game_q7ZvsdUF.json").read_text())
    out = tmp_path / "out.jsonl"
    ran = engine("analyze", pgn, "-e", "recorded", "-o", out, "--format", "json")
    assert ran.code == 0, ran.err
    [game] = jsonl(out)
    assert [ply["san"] for ply in game["plies"]] == official["moves"].split()
    evals = [position["eval"]["cp"] for position in game["positions"][1:]]
    assert evals == [entry["eval"] for entry in official["analysis"]]
    judged = [entry["judgment"]["name"].lower() if "judgment" in entry else None for entry in official["analysis"]]
    assert [ply["judgement"] for ply in game["plies"]] == judged
    for color in ("white", "black"):
        expected, got = official["players"][color]["analysis"], game[color]
        assert got["acpl"] == expected["acpl"]
        assert round(got["accuracy"]) == expected["accuracy"]
        for ours, theirs in (("inaccuracies", "inaccuracy"), ("mistakes", "mistake"), ("blunders", "blunder")):
            assert got[ours] == expected[theirs]
    assert game["opening"] == official["opening"]
    assert game["phases"] == {
        "middlegame": official["division"]["middle"], "endgame": official["division"]["end"],
    }  # fmt: skip


@pytest.fixture
def analysed(tmp_path: Path, fake: Path) -> Path:
    """Two games that were analysed with 3,000 nodes a position."""
    path = tmp_path / "analysed.jsonl"
    settings = library.Settings(cache="", workers=1, max_games=2)
    library.analyze(CLASSICS, nodes=3000, evaluator=str(fake), settings=settings, output=path)
    return path


@pytest.mark.slow
def test_follow_up_searches_are_announced_limited_like_the_games_and_credited(
    analysed: Path, fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "asks.py"
    plugin.write_text(ASKING)
    outputs = [tmp_path / name for name in ("out.json", "out.md", "out.sqlite")]
    command = [
        *("analyze", analysed, "--plugin", plugin, "-a", "asking", "--follow-up-evaluator", fake),
        *("--cache", tmp_path / "cache.sqlite"),
    ]
    dry = refused(capsys, *command, "--dry-run")
    assert "2 games, 0 positions" in dry.out
    assert "6 follow-up searches by Fake UCI for asking" in dry.out
    ran = engine(*command, *(part for output in outputs for part in ("-o", output)))
    assert ran.code == 0, ran.err
    first, *_, last = (line for line in ran.err.splitlines() if not line.startswith("written"))
    assert first == (
        "note: asking asks Fake UCI for follow-up searches: 6 positions, up to 3 a game, at 3,000 nodes; "
        "--follow-up-evaluator none leaves them out"
    )
    assert " from the evaluations of the input; 6 follow-up searches by Fake UCI 1.0 at 3,000 nodes;" in last
    assert json.loads(outputs[0].read_text())["run"]["follow_ups"] == {
        "evaluator": {"name": "Fake UCI", "version": "1.0", "fingerprint": ANY},
        "limits": [{"nodes": 3000}],
    }
    assert "Follow-up searches by Fake UCI at 3,000 nodes." in outputs[1].read_text()
    with sqlite3.connect(outputs[2]) as database:
        found = database.execute("SELECT follow_up_evaluator, follow_up_limits FROM run").fetchall()
    database.close()
    assert found == [("Fake UCI", "3000 nodes")]

    again = engine(*command)  # all of them are in the cache, so nothing is announced
    assert "note:" not in again.err
    assert "6 follow-up searches (6 from the cache) by Fake UCI 1.0 at 3,000 nodes" in again.err
    dry = refused(capsys, *command, "--dry-run")
    assert "6 follow-up searches by Fake UCI for asking; 6 are in the cache" in dry.out
    events = [
        json.loads(line) for line in engine(*command, "--nodes", "50", "--progress", "json").err.splitlines()
    ]
    assert [(e["kind"], e["reason"].partition(": ")[2]) for e in events if e["event"] == "notice"] == [
        ("note", "6 positions, up to 3 a game, at 50 nodes; --follow-up-evaluator none leaves them out")
    ]
    progress = [event for event in events if event["event"] == "progress"]
    assert all(event["recorded"] == event["positions"] for event in progress)
    assert events[-1]["follow_ups"] == {
        "searches": 6,
        "cached": 0,
        "evaluator": {"name": "Fake UCI", "version": "1.0"},
        "limits": [{"nodes": 50}],
    }


ASKING = '''
from engine.model import Report
from engine.plugin import Aggregator, Request


class Asking(Aggregator):
    """Wants three positions of each game to be searched again."""

    def requests(self, game):
        return [Request(k, multipv=2) for k in (8, 9, 11)]

    def add(self, game):
        pass

    def report(self):
        return Report("Asking")
'''


def test_progress_counts_follow_up_searches_and_foresees_the_time_they_take(analysed: Path, fake: Path) -> None:
    shown: list[Snapshot] = []
    settings = library.Settings(follow_up_evaluator=str(fake), cache="", workers=1)
    result = library.analyze(analysed, aggregators=[Asks], settings=settings, progress=shown.append)
    last = shown[-1]
    assert (last.positions, last.total, last.recorded) == (result.counts.positions,) * 3
    assert last.follow_ups == last.follow_ups_total == result.counts.follow_ups > 10
    assert last.work() == (last.follow_ups, 0)
    assert result.follow_up_limits == (Limit(nodes=3000),)
    # Recorded positions cost nothing: what is left are follow-up searches, by those of the games so far.
    assert structs.replace(last, follow_ups=4, follow_ups_total=10).work() == (4, 6)
    assert structs.replace(last, follow_ups=4, follow_ups_total=None).work() == (4, None)


def test_games_that_say_no_limit_get_that_of_the_run_which_is_said(
    evaluated: Path, fake: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "asks.py"
    plugin.write_text(ASKING.replace("(8, 9, 11)", "range(2)"))
    ran = engine(
        *("analyze", evaluated, "-e", "recorded", "--plugin", plugin, "-a", "asking", "--no-cache"),
        *("--follow-up-evaluator", fake),
    )
    assert "at 100,000 nodes (the games do not say what they were analysed with)" in ran.err.splitlines()[0]
    assert "4 follow-up searches by Fake UCI 1.0 at 100,000 nodes" in ran.err


def test_positions_from_the_cache_are_positions_of_games(fake: Path, tmp_path: Path) -> None:
    """Follow-up searches are counted apart, so there are never more of them than positions."""
    settings = library.Settings(
        cache=str(tmp_path / "cache.sqlite"), workers=1, max_games=2, search=Search(adaptive=True)
    )
    first, second = (
        library.analyze(CLASSICS, nodes=3000, evaluator=str(fake), aggregators=[Asks], settings=settings)
        for _ in range(2)
    )
    counts, again = first.counts, second.counts
    assert counts.cached < counts.positions
    evaluated = counts.searched + counts.cached + counts.follow_ups_cached
    assert evaluated == counts.positions + counts.follow_ups
    assert (again.searched, again.cached) == (0, again.positions)
    assert (again.follow_ups_cached, again.deeper) == (again.follow_ups, counts.deeper)
    assert min(counts.follow_ups, counts.deeper) > 0
