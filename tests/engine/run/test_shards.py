"""Shards of a run, merged: every file is the one that the whole run would have written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import engine
from engine.errors import AnalysisError, ConfigError, InputError
from engine.model import AnalysedGame, Report, RunResult
from engine.plugin import Aggregator
from engine.settings import Settings
from engine.testing.fake_uci import fake_uci
from tests.support import FEW, shared_data

SETTINGS = Settings(cache="", evaluator="recorded")
GAMES_OF = ("jsonl", "csv", "games.csv", "pgn", "sqlite", "html", "md", "json", "reports.csv", "jsonl.gz")
REPORTS_OF = ("md", "json", "reports.csv")
DAMAGED = '[White "Nobody"]\n[FEN "broken"]\n\n1. e4 *\n\n'
ATOMIC = '[White "Boom"]\n[Variant "Atomic"]\n\n1. e4 *\n\n'


def game(number: int, *, site: int | None = None, cut: bool = False) -> str:
    """Return a game of four moves with evaluations, whose figures depend on its number."""
    white, black = ("Alpha", "Beta") if number % 2 else ("Gamma, A.", "Alpha")
    scores = [(number * 7 + k * 31) % 90 / 10 - 4 for k in range(4)]
    clocks = [f"0:0{5 - k}:00.{number % 10}" for k in range(4)]
    evals = [f"{{ [%eval {scores[k]:.2f}] [%clk {clocks[k]}] }}" for k in range(4)]
    moves = f"1. e4 {evals[0]} e5 {evals[1]} 2. Nf3 {evals[2]} {'Nf5' if cut else 'Nc6'} {evals[3]} 1-0"
    tags = f'[Site "https://lichess.org/game{site or number:04}"]\n[White "{white}"]\n[Black "{black}"]\n'
    return f'[Event "a"]\n{tags}[WhiteElo "{1500 + number}"]\n[Result "1-0"]\n\n{moves}\n\n'


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """Return 23 games: a copy, a cut one, an unreadable one and one of a variant among them."""
    made = [game(k) for k in range(1, 21)]
    made[4] = game(5, cut=True)
    made[7:7] = [DAMAGED, game(3), ATOMIC]
    path = tmp_path / "games.pgn"
    path.write_text("".join(made))
    return path


def outputs(folder: Path, endings: Sequence[str]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [folder / f"out.{ending}" for ending in endings]


def shards(source: Path, folder: Path, of: int, ending: str = "jsonl", **options: Any) -> list[Path]:
    """Analyse all shards, and return their files, the last one first."""
    folder.mkdir(exist_ok=True)
    parts = [folder / f"part{k}.{ending}" for k in range(1, of + 1)]
    for k, part in enumerate(parts, start=1):
        engine.analyze(source, output=part, shard=f"{k}/{of}", **{"settings": SETTINGS, **options})
    return parts[::-1]


def assert_same(whole: Path, merged: Path) -> None:
    names = sorted(path.name for path in whole.iterdir())
    assert names == sorted(path.name for path in merged.iterdir())
    assert [name for name in names if (whole / name).read_bytes() != (merged / name).read_bytes()] == []


def facts(result: RunResult) -> Any:
    counts = structs.replace(result.counts, seconds=0.0)
    return counts, result.notices, result.wins, result.best, result.reports, result.failures


@pytest.mark.parametrize("of", [*(pytest.param(of, marks=pytest.mark.slow) for of in (1, 30)), 3])
def test_merged_parts_are_the_whole_run(games: Path, tmp_path: Path, of: int) -> None:
    whole = engine.analyze(games, output=outputs(tmp_path / "whole", GAMES_OF), settings=SETTINGS)
    parts = shards(games, tmp_path / "parts", of)
    merged = engine.merge(parts, output=outputs(tmp_path / "merged", GAMES_OF))
    assert_same(tmp_path / "whole", tmp_path / "merged")
    assert facts(merged) == facts(whole)
    counts = merged.counts
    assert (counts.damaged, counts.variant, counts.cut, counts.duplicates) == (1, 1, 1, 1)


def test_merged_states_give_the_reports_of_the_whole_run(games: Path, tmp_path: Path) -> None:
    wanted = ["+leaderboard", "openings"]
    whole = outputs(tmp_path / "whole", REPORTS_OF)
    result = engine.analyze(games, output=whole, settings=SETTINGS, aggregators=wanted)
    parts = shards(games, tmp_path / "parts", 3, "state.json", aggregators=wanted)
    merged = engine.merge(parts, output=outputs(tmp_path / "merged", REPORTS_OF))
    assert_same(tmp_path / "whole", tmp_path / "merged")
    assert facts(merged) == facts(result)
    both = [engine.merge(parts[:2], allow_missing=True), engine.merge(parts[2:], allow_missing=True)]
    assert sum(each.counts.analysed for each in both) == result.counts.analysed
    assert list(engine.merge(parts, aggregators=["openings"]).reports) == ["openings"]


def test_a_merged_state_is_merged_on_as_a_whole_one(games: Path, tmp_path: Path) -> None:
    parts = shards(games, tmp_path / "parts", 3, "state.json")
    once, report = tmp_path / "all.state.json", tmp_path / "report.md"
    whole = engine.merge(parts, output=once)
    assert json.loads(once.read_bytes())["state"]["head"]["shard"] == "1/1"
    assert facts(engine.merge(once, output=report)) == facts(whole)


CHOICES: tuple[dict[str, Any], ...] = (
    {"sample": "9"},
    {"players": ("Alpha",), "filter": "my result = win", "same": {"Alpha": ("Beta",)}},
    {"filter": "WhiteElo >= 1507"},
    {"sample": "40%", "seed": 3},
    {"max_games": 10},
    {"keep_duplicates": True},
    {"players": ("gamma, a.",)},
)


@pytest.mark.parametrize(
    "choice", [*CHOICES[:2], *(pytest.param(choice, marks=pytest.mark.slow) for choice in CHOICES[2:])]
)
def test_what_a_run_chooses_is_chosen_before_its_shards(
    games: Path, tmp_path: Path, choice: dict[str, Any]
) -> None:
    settings = structs.replace(SETTINGS, **choice)
    endings = ("jsonl", "json", "pgn")
    whole = engine.analyze(games, output=outputs(tmp_path / "whole", endings), settings=settings)
    parts = shards(games, tmp_path / "parts", 4, settings=settings)
    merged = engine.merge(parts, output=outputs(tmp_path / "merged", endings))
    assert_same(tmp_path / "whole", tmp_path / "merged")
    assert facts(merged) == facts(whole)


def test_a_shard_has_every_so_manieth_game_and_counts_the_others(games: Path, tmp_path: Path) -> None:
    [third, *_] = parts = shards(games, tmp_path / "parts", 3)
    head, *lines, end = [json.loads(line) for line in third.read_text().splitlines()]
    assert (head["part"]["shard"], end["end"]["games"]) == ("3/3", 23)
    numbers = [line.get("game") or line["skipped"]["game"] for line in lines]
    assert numbers == [3, 6, 12, 15, 18, 21]  # game 9 is a copy of game 3
    assert end["end"]["counts"]["elsewhere"] == 16
    alone = engine.analyze(third, settings=SETTINGS, games=True)
    assert [each.origin.game for each in alone.games] == numbers
    assert "shards 1/3, 2/3 are missing: their games are in nothing here" in alone.notices[0].reason
    together = engine.analyze(list(parts), settings=SETTINGS)
    assert facts(together) == facts(engine.merge(parts))
    assert b'"part"' not in engine_jsonl(games, tmp_path)


def engine_jsonl(games: Path, folder: Path) -> bytes:
    engine.analyze(games, output=folder / "plain.jsonl", settings=SETTINGS)
    return (folder / "plain.jsonl").read_bytes()


def test_a_missing_shard_and_one_too_many_are_said(games: Path, tmp_path: Path) -> None:
    parts = shards(games, tmp_path / "parts", 3)
    with pytest.raises(InputError, match=r"shard 2/3 is missing; run `engine analyze` .* or merge what"):
        engine.merge([parts[0], parts[2]])
    merged = engine.merge([parts[0], parts[2]], allow_missing=True)
    assert merged.counts.analysed == 13
    assert [notice.kind for notice in merged.notices][:1] == ["warning"]
    twice = tmp_path / "again.jsonl"
    twice.write_bytes(parts[0].read_bytes())
    with pytest.raises(InputError, match=r"shard 3/3 is there twice, .*part3.jsonl and .*again.jsonl"):
        engine.merge([*parts, twice])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"settings": structs.replace(SETTINGS, seed=7)}, "seed 0 and 7; make all shards with the same command"),
        ({"nodes": 5}, "follow up limit null and .*5"),
        ({"aggregators": "wins"}, "aggregators null and"),
    ],
)
def test_shards_of_different_runs_are_not_merged(
    games: Path, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    first = shards(games, tmp_path / "one", 2)[1]
    second = shards(games, tmp_path / "two", 2, **options)[0]
    with pytest.raises(InputError, match=f"are parts of different runs: {words}"):
        engine.merge([first, second])


@pytest.mark.parametrize("ending", ["jsonl", "state.json"])
def test_shards_of_different_inputs_are_not_merged(games: Path, tmp_path: Path, ending: str) -> None:
    first = shards(games, tmp_path / "one", 2, ending)[1]
    games.write_text(games.read_text().replace("1507", "1508"))
    second = shards(games, tmp_path / "two", 2, ending)[0]
    out = tmp_path / "out.json"
    with pytest.raises(InputError, match=r"are of different inputs \(other games\)"):
        engine.merge([first, second], output=out)
    assert not out.exists()


def test_the_same_input_under_two_names_has_the_first(games: Path, tmp_path: Path) -> None:
    whole = outputs(tmp_path / "whole", ("jsonl", "json"))
    engine.analyze(games, output=whole, settings=SETTINGS)
    copy = tmp_path / "elsewhere.pgn"
    copy.write_bytes(games.read_bytes())
    parts = [shards(games, tmp_path / "here", 2)[1], shards(copy, tmp_path / "there", 2)[0]]
    engine.merge(parts, output=outputs(tmp_path / "merged", ("jsonl", "json")))
    assert_same(tmp_path / "whole", tmp_path / "merged")


def test_damaged_parts_are_refused_in_words(games: Path, tmp_path: Path) -> None:
    part = shards(games, tmp_path / "parts", 1)[0]
    lines = part.read_bytes().splitlines(keepends=True)
    wrong = tmp_path / "wrong.jsonl"
    for data, words in (
        (lines[:-1], "the end of the part is missing"),
        ([lines[0], lines[2], lines[1], *lines[3:]], "game 1 is not to be here"),
        ([lines[0], b"{}\n", *lines[1:]], "not what a shard has written"),
        ([lines[0].replace(b"engine.part/1", b"engine.part/9"), *lines[1:]], "of another version"),
        ([lines[0].replace(b'"1/1"', b'"2/1"'), *lines[1:]], "is no shard"),
        ([lines[0].replace(b'"players":[]', b'"players":7'), *lines[1:]], "not what a shard has written"),
        ([lines[0].replace(b'"search":{', b'"search":{"x":1,'), *lines[1:]], "settings in a part"),
    ):
        wrong.write_bytes(b"".join(data))
        with pytest.raises(InputError, match=words):
            engine.merge(wrong)
    with pytest.raises(InputError, match="no file with a part of a run"):
        engine.merge(games)


@pytest.mark.parametrize(
    "data",
    [
        b'{"state":{}}',
        b'{"state":' + b"[" * 100_000,
        b'{"state":{"head":{"schema":"engine.part/1"',
        b"\x80\x04cos\nsystem\n(S'false'\ntR.",
    ],
)
def test_a_hostile_state_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.state.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"not what a shard has written|no file with a part"):
        engine.merge(path)


def test_a_state_whose_content_is_wrong_disables_its_aggregator_only(games: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.state.json"
    engine.analyze(games, output=path, settings=SETTINGS, aggregators=["wins", "acpl"])
    state = json.loads(path.read_bytes())
    state["state"]["aggregators"]["wins"]["state"] = {"no": ["such", None]}
    path.write_text(json.dumps(state))
    result = engine.merge(path)
    assert [failure.reason.split(":")[0] for failure in result.failures] == [
        "aggregator wins failed and is disabled"
    ]
    assert result.reports["acpl"].tables


class Sets(Aggregator):
    """Keeps what is not JSON."""

    def add(self, game: AnalysedGame) -> None:
        pass

    def report(self) -> Report:
        return Report("Sets")

    def state(self) -> Any:
        return {"kept": {1, 2}}


def test_an_aggregator_whose_state_is_not_json_is_named(games: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.state.json"
    result = engine.analyze(games, output=path, settings=SETTINGS, aggregators=[Sets, "wins"])
    assert "aggregator sets: its state is not JSON" in result.failures[0].reason
    with pytest.raises(ConfigError, match="has no state of the aggregator sets; it has wins"):
        engine.merge(path, aggregators=[Sets])
    assert list(engine.merge(path).reports) == ["wins"]


def test_states_have_no_games(games: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.state.json"
    engine.analyze(games, output=path, settings=SETTINGS)
    for name in ("out.pgn", "out.html", "out.jsonl"):
        with pytest.raises(ConfigError, match=f"{name} has the games, and states have only"):
            engine.merge(path, output=tmp_path / name)
    part = shards(games, tmp_path / "parts", 1)[0]
    with pytest.raises(InputError, match=r"has games and .*x.state.json has not"):
        engine.merge([path, part])


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "1/99999", "-1/3", "a/b", ""])
def test_what_is_no_shard_is_refused(games: Path, text: str) -> None:
    with pytest.raises(AnalysisError, match=r"--shard: .* is no share of the games; example: 3/16"):
        engine.analyze(games, settings=SETTINGS, shard=text)


def test_files_of_players_are_for_the_merge(games: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a player's games are in all shards"):
        engine.analyze(games, settings=SETTINGS, shard="1/2", output=tmp_path / "{player}.html")
    engine.merge(shards(games, tmp_path / "parts", 2), output=tmp_path / "{player}.pgn")
    assert (tmp_path / "Alpha.pgn").read_text().count("[White ") == 20


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["local", "inline"])
def test_searched_shards_have_the_answers_to_follow_up_searches(tmp_path: Path, executor: str) -> None:
    games = tmp_path / "few.pgn"
    games.write_text(FEW)
    evaluator = str(fake_uci(tmp_path))
    settings = Settings(cache="", executor=executor, workers=1, evaluator=evaluator)
    endings = ("jsonl", "json", "pgn", "md")
    options: dict[str, Any] = {"settings": settings, "nodes": 500, "aggregators": "+mistakes"}
    whole = engine.analyze(games, output=outputs(tmp_path / "whole", endings), **options)
    assert whole.counts.follow_ups > 0
    parts = shards(games, tmp_path / "parts", 2, **options)
    engine.merge(parts, output=outputs(tmp_path / "merged", endings))
    assert_same(tmp_path / "whole", tmp_path / "merged")
    other = engine.merge(parts, aggregators=["puzzles"])
    assert "puzzles: no follow-up searches, which the shards make with -a +puzzles" in other.notices[0].reason


@pytest.mark.parity
def test_shards_of_1000_real_games_are_the_whole(tmp_path: Path) -> None:
    lichess = shared_data("lichess-analysed", "games_eval_clk.pgn").read_bytes()
    bullet = shared_data("human", "js_lichess_bullet_clk_1000.pgn").read_bytes().split(b"\n\n[Event ")
    games = tmp_path / "games.pgn"
    games.write_bytes(lichess.rstrip() + b"\n\n" + b"\n\n[Event ".join(bullet[:500]))
    whole = engine.analyze(games, output=outputs(tmp_path / "whole", GAMES_OF), settings=SETTINGS)
    assert whole.counts.read == 1000
    for of in (3, 7, 16):
        parts = shards(games, tmp_path / f"parts{of}", of, "jsonl.zst")
        merged = engine.merge(parts, output=outputs(tmp_path / f"merged{of}", GAMES_OF))
        assert_same(tmp_path / "whole", tmp_path / f"merged{of}")
        assert facts(merged) == facts(whole)
