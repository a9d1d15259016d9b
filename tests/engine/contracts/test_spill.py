"""States with more names than the memory is to hold move them to a temporary file, and say the same."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

import engine
from engine.contracts import group_states, spill
from engine.contracts.aggregator import Aggregator, Counts, Histogram, Moments, State, Sum, TopK, keyed
from engine.run import aggregators
from tests.support import DATA

NO_FILES = engine.Settings(cache="", follow_up_evaluator="none")
NAMES = [f"{color}|{name}{k}" for color in ("white", "black") for name in ("a", "é", "\udce9") for k in range(60)]


@pytest.fixture
def _spilling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything goes to the file as soon as it may."""
    monkeypatch.setattr(group_states, "IN_MEMORY", 0)
    monkeypatch.setattr(spill, "_MOST_PARTS", 200)
    monkeypatch.setattr(aggregators, "_SPILL_GAMES", 1)


def fill(state: State, seed: int, *, spilling: bool) -> State:
    rng = random.Random(seed)
    for step in range(700):
        name, value = rng.choice(NAMES), rng.randint(1, 10**20)
        if isinstance(state, Counts):
            state.add(name, value)
        else:
            _add(state[name], value)  # type: ignore[index]
        if spilling and step % 37 == 0:
            state.spill()
    return state


def _add(state: Any, value: int) -> None:
    if isinstance(state, TopK):
        state.add(value % 7, value, 0, "é", None)
    elif isinstance(state, group_states.Keyed):
        state[str(value % 3)].add(value)
    else:
        state.add(value)


STATES = {
    "counts": Counts,
    "moments": lambda: keyed(Moments()),
    "histograms": lambda: keyed(Histogram()),
    "tops": lambda: keyed(TopK(2)),
    "twice keyed": lambda: keyed(keyed(Moments())),
}


@pytest.mark.usefixtures("_spilling")
@pytest.mark.parametrize("name", STATES)
def test_a_state_is_the_same_from_the_file(name: str) -> None:
    plain, spilled = (fill(STATES[name](), 1, spilling=spilling) for spilling in (False, True))
    assert spilled.state() == plain.state()
    assert list(spilled.state()) == list(plain.state())
    for each in (plain, spilled):
        each.merge(fill(STATES[name](), 2, spilling=each is plain))  # type: ignore[arg-type]
    assert spilled.state() == plain.state()
    copy = STATES[name]()
    copy.load(spilled.state())
    assert copy.state() == plain.state()
    fill(spilled, 3, spilling=True)
    fill(plain, 3, spilling=False)
    assert spilled.state() == plain.state()


@pytest.mark.usefixtures("_spilling")
def test_keys_are_found_while_they_are_added() -> None:
    plain, spilled = keyed(Moments()), keyed(Moments())
    fill(plain, 1, spilling=False)
    fill(spilled, 1, spilling=True)
    assert all(spilled.get(key).state() == state.state() for key, state in plain.each())
    assert "white|a1" in spilled
    assert "nobody" not in spilled
    assert spilled.get("nobody").n == 0
    assert len(spilled) == len(plain) == len(plain.state())
    spilled["white|a1"].add(7)
    assert spilled.get("white|a1").n == plain.get("white|a1").n + 1
    found = [key for key, _ in spilled.each("white|é")]
    assert found == [key for key in plain.state() if key.startswith("white|é")]
    assert found


@pytest.mark.usefixtures("_spilling")
def test_counts_are_ranked_from_the_file() -> None:
    plain, spilled = Counts(), Counts()
    fill(plain, 1, spilling=False)
    fill(spilled, 1, spilling=True)
    assert spilled.most_common() == plain.most_common()
    assert spilled.most_common(3) == plain.most_common()[:3]
    assert spilled.items() == plain.items()
    assert (spilled.total, spilled["white|a1"], spilled["nobody"]) == (plain.total, plain["white|a1"], 0)


def reports() -> dict[str, engine.Report]:
    settings = structs.replace(NO_FILES, max_games=6)
    result = engine.analyze(DATA / "match.jsonl.zst", evaluator="recorded", aggregators=["all"], settings=settings)
    assert not result.failures
    assert len(result.reports) > 15
    return result.reports


def test_every_report_is_the_same_from_the_file(request: pytest.FixtureRequest) -> None:
    before = reports()
    request.getfixturevalue("_spilling")
    assert reports() == before


class Opponents(Aggregator):
    """Counts the games of each player."""

    games = Counts()

    def add(self, game: engine.AnalysedGame) -> None:
        for color in game.view:
            self.games.add(game.player(color))

    def report(self) -> engine.Report:
        return engine.Report("Opponents", {"games": engine.Metric(self.games.total, "Games")})


class Small(sqlite3.Connection):
    """A database whose folder has no room."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        super().execute("PRAGMA max_page_count = 4")
        return super().execute(*arguments)


@pytest.mark.usefixtures("_spilling")
def test_no_room_for_the_file_costs_that_report_and_says_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def small(*arguments: Any, **keywords: Any) -> sqlite3.Connection:
        return connect(*arguments, **keywords, factory=Small)

    monkeypatch.setattr(sqlite3, "connect", small)
    text = "".join(_games(600))
    result = engine.analyze(text, evaluator="recorded", aggregators=[Opponents, "best-scores"], settings=NO_FILES)
    [failure] = result.failures
    assert "aggregator opponents failed" in failure.reason
    assert "no room for them in the folder for temporary files (database or disk is full)" in failure.reason
    assert "TMPDIR=FOLDER names another" in failure.reason
    assert result.counts.analysed == 600
    assert result.reports["best-scores"].metrics["best"].value == -30


def _games(number: int) -> Iterator[str]:
    for k in range(number):
        yield f'[White "a player with the number {k}"]\n[Black "-"]\n\n1. e4 {{ [%eval 0.3] }} *\n\n'


def test_heavy_values_leave_the_memory_sooner() -> None:
    numbers, tables = keyed(Sum()), keyed(TopK(5))
    for key in range(group_states.IN_MEMORY // 4 + 1):
        numbers[str(key)].add(1)
        tables[str(key)].add(1, key, 0)
    for state in (numbers, tables):
        state.spill()
    assert (len(numbers._groups), len(tables._groups)) == (group_states.IN_MEMORY // 4 + 1, 0)
    assert tables.get("7").entries()[0].game == 7
