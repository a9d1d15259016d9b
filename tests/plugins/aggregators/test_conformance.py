"""Every aggregator of ours keeps the laws: on odd games and real ones, with odd options and on few games."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.loading.registry import OURS, Registry
from engine.plugin import Aggregator
from engine.testing import check_aggregator, example_games
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, report, table
from tests.support import DATA

REGISTRY = Registry()
SMALL: Mapping[str, Mapping[str, Any]] = {
    "accuracy": {"games": 2, "players": 1, "definition": "lichess-insights"},
    "acpl": {"games": 0, "players": 1},
    "baseline": {},
    "best-scores": {"size": 1},
    "classification": {"moments": 1, "players": 1},
    "conversion": {"games": 1, "players": 1, "won": 60},
    "endgames": {"rows": 1, "players": 1, "ply_minimum": 1},
    "epd-solved": {"unsolved": 1},
    "explain": {"players": 1},
    "highlights": {"games": 1, "moments": 1, "least_moves": 1},
    "judgements": {"worst": 2, "players": 1},
    "leaderboard": {"players": 1, "by": "accuracy"},
    "leaks": {"ranked": 1, "openings": 1, "min_moves": 2},
    "missed-mates": {"longest": 9, "rows": 1, "players": 1},
    "mistakes": {"positions": 1, "least": 1},
    "openings": {"rows": 1, "group": "eco"},
    "peers": {"rows": 1, "games": 5, "sides": 30},
    "phases": {"players": 1},
    "puzzles": {"puzzles": 1, "swing": 0.1, "margin": 0.05, "second": 10_000, "shortest": 1, "winning": -1_000},
    "repertoire": {"rows": 1, "lines": str(DATA / "repertoire.pgn")},
    "time-management": {"longest": 1, "players": 1},
    "trends": {"by": "day"},
    "wins": {"games": 1, "players": 1, "winning_cp": 50},
}
"""Options under which tables overflow."""


def loaded(name: str) -> type[Aggregator]:
    cls: type[Aggregator] = REGISTRY.load("engine.aggregators", f"{OURS}:{name}")
    return cls


def test_all_are_here() -> None:
    ours = [info.name for info in REGISTRY.describe("engine.aggregators") if info.distribution == OURS]
    assert sorted(ours) == sorted(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_laws(name: str) -> None:
    check_aggregator(loaded(name), example_games(), rounds=ROUNDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_laws_in_many_orders(name: str) -> None:
    check_aggregator(loaded(name), example_games(), seed=3)


LONG = ("repertoire", "mistakes", "explain", "classification")
"""Those whose small tables take seconds."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in SMALL]
)
def test_laws_when_the_tables_overflow(name: str) -> None:
    check_aggregator(loaded(name), example_games(), SMALL[name], seed=1, rounds=ROUNDS)


LISTING_PLAYERS = [name for name, options in SMALL.items() if "players" in options]


@pytest.mark.parametrize("name", LISTING_PLAYERS)
def test_a_table_of_players_has_as_many_rows_as_the_option_says_and_a_note_says_so(name: str) -> None:
    games = example_games()
    whole = report(loaded(name), *games, players=100)
    players = table(whole, "players").rows
    assert len(players) > 1
    for number in (0, 1):
        some = report(loaded(name), *games, players=number)
        assert table(some, "players").rows == players[:number]
        note = f"{len(players) - number} more players are not listed; --set {name}.players=N lists N."
        assert note in some.notes
        assert some.metrics == whole.metrics
    assert not any("more players" in note for note in whole.notes)


@pytest.mark.parity
@pytest.mark.parametrize("name", SMALL)
def test_laws_on_real_games(name: str) -> None:
    options = SMALL[name] if name == "repertoire" else {}
    check_aggregator(loaded(name), lichess_games()[:15], options, seed=2, rounds=1)


@pytest.mark.parametrize("name", SMALL)
def test_nothing_is_said_to_be_no_data(name: str) -> None:
    empty = loaded(name)().report()
    assert any(note.startswith("No data") for note in empty.notes)
    assert all(table.rows == () for table in empty.tables)
