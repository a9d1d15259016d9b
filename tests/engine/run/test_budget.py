"""The nodes for a time budget: the arithmetic, and the pace measured with a made-up executor and clock."""

from __future__ import annotations

from collections.abc import Sequence

import chess
import pytest

from engine.contracts.messages import Done, Job, Outcome, PluginSpec, Unit
from engine.errors import EvaluatorError
from engine.model import Evaluation, Limit, Position, Score
from engine.plugin import Executor, ExecutorContext, Lost
from engine.run.budget import (
    MOST_NODES,
    Pace,
    busiest,
    fit,
    near,
    nodes_for,
    seconds_for,
    spelled,
    two_figures,
)
from engine.run.pace import LIGHT_NODES, Measured, Measuring, measure
from engine.settings import parse_count, parse_duration, spell_duration

# -- the arithmetic ---------------------------------------------------------------------------------------------


def test_as_many_nodes_are_chosen_as_fit_with_two_significant_figures() -> None:
    pace = Pace(position=0.002, node=2e-6)
    nodes = nodes_for(1_800, positions=40_000, pace=pace)
    assert nodes == 22_000  # 43 ms each: 21,500
    assert seconds_for(nodes, 40_000, pace) == pytest.approx(1_800, rel=0.05)
    assert nodes_for(1_800, 40_000, pace, share=0.5) == 43_000
    assert nodes_for(60, 40_000, pace) == 0  # not even the fixed part of each position fits
    assert nodes_for(1e9, 1, Pace(0.0, 1e-9)) == MOST_NODES


def figures(pace: Pace) -> tuple[float, float]:
    return pace.position, pace.node


def test_the_pace_is_the_line_through_two_measurements() -> None:
    assert figures(fit((500, 0.003), (10_000, 0.022))) == pytest.approx((0.002, 2e-6))
    assert fit((10_000, 0.022), (500, 0.003)) == fit((500, 0.003), (10_000, 0.022))
    noisy = fit((500, 0.05), (10_000, 0.02))  # the light ones took longer: something else went on
    assert figures(noisy) == pytest.approx((0.004, 1.6e-6))
    assert figures(fit((500, 0.001), (10_000, 0.5))) == pytest.approx((0.0, 5e-5))


def test_the_worker_that_gets_the_most_decides() -> None:
    assert busiest({12: 2, 6: 1, 1: 10}, workers=2) == 20
    assert busiest({12: 3}, workers=2) == 24  # one waits for the other
    assert busiest({12: 1}, workers=8) == 12
    assert busiest({12: 100_000}, workers=4) == 300_000


@pytest.mark.parametrize(
    ("nodes", "text"),
    [(950, "950"), (9_000, "9k"), (1_500, "1.5k"), (42_000, "42k"), (4_100_000, "4.1M"), (3_000_000_000, "3G")],
)
def test_nodes_are_spelled_as_the_option_takes_them(nodes: int, text: str) -> None:
    assert spelled(nodes) == text
    assert parse_count(text) == nodes


def test_two_figures_and_their_neighbours() -> None:
    assert [two_figures(n) for n in (7, 95, 996, 42_499, 99_600, 1_250_001)] == [
        7, 95, 1_000, 42_000, 100_000, 1_300_000,
    ]  # fmt: skip
    around = near(42_000)
    assert around[0] == 42_000
    assert sorted(around) == list(range(36_000, 49_000, 1_000))
    assert {98_000, 100_000, 110_000} < set(near(100_000))
    assert all(two_figures(n) == n for n in near(100_000))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1_800), ("30min", 1_800), ("2h", 7_200), ("1h30m", 5_400), ("1H 30m 5s", 5_405),
     ("0.5h", 1_800), ("night", 28_800)],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(spell_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "0s", "30m2h", "-5m", "1d", "nan", "9" * 60 + "h", "٣m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


# -- the measurement --------------------------------------------------------------------------------------------


class Clock:
    """A clock that the workers below move on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Simulated(Executor):
    """Workers whose searches take `2 ms + nodes * 2 us`, times the game's number; they start in three seconds."""

    def __init__(self, context: ExecutorContext, clock: Clock) -> None:
        super().__init__(context)
        self.clock = clock
        self.begun: list[tuple[float, Unit]] = []
        self.ready = clock() + 3.0
        self.nodes: list[int] = []

    def wants(self) -> bool:
        return len(self.begun) < 2 * self.context.workers

    def submit(self, unit: Unit) -> None:
        assert len(self.begun) < self.context.workers, "a unit would wait for a worker, and seem to take longer"
        assert unit.limit is not None
        nodes = unit.limit.nodes or 0
        self.nodes.append(nodes)
        each = (0.002 + 2e-6 * nodes) * unit.game
        self.begun.append((max(self.clock(), self.ready) + each * len(unit.plies), unit))

    def collect(self, timeout: float) -> Sequence[Outcome]:
        self.begun.sort(key=lambda one: one[0])
        self.clock.now, unit = self.begun.pop(0)
        evaluation = Evaluation(Score(cp=1), ("e2e4",), 1, 1)
        return [Done(unit.id, (evaluation,) * len(unit.plies), counted=False)]

    def close(self) -> None:
        pass


def measured(
    units: Sequence[Unit], seconds: float, nodes: int, workers: int = 2
) -> tuple[Measured, float, list[int]]:
    """Measure simulated workers; return what was found, the seconds it took, and the nodes of all searches."""
    clock = Clock()
    context = ExecutorContext(Job(PluginSpec("engine.evaluators", "none"), Limit(nodes=1)), workers, None)
    executor = Simulated(context, clock)
    measuring = Measuring(lambda: executor, context.job, workers, clock, lambda: False)
    found = measure(measuring, units, 1, seconds, lambda _pace, _workers: nodes)
    return found, clock(), executor.nodes


def units_of(games: int, size: int = 12, each: int = 6) -> list[Unit]:
    position = Position(chess.STARTING_FEN)
    return [Unit(number, 1, tuple(range(size)), (position,) * size) for number in range(1, games * each + 1)]


@pytest.mark.parametrize(("games", "nodes"), [(1, 200_000), (20, 20_000), (500, 5_000)])
@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("size", [12, 80])
def test_the_pace_of_busy_workers_is_found_in_the_seconds_given(
    games: int, nodes: int, workers: int, size: int
) -> None:
    found, took, searched = measured(units_of(games, size), 4.0, nodes, workers)
    assert figures(found.pace) == pytest.approx((0.002, 2e-6), rel=0.02)
    assert found.startup == pytest.approx(3.0, abs=0.1)
    assert took - found.startup < 4.1
    assert max(searched) <= nodes
    assert found.workers == workers


def test_positions_that_were_only_searched_lightly_count_too() -> None:
    slow = units_of(4)
    mixed = [Unit(unit.id, 1 + unit.id % 2, unit.plies, unit.positions) for unit in slow]
    mixed.sort(key=lambda unit: unit.game)  # the quick ones come first, and only these are searched heavily
    found, _, searched = measured(mixed, 3.0, 50_000)
    assert searched.count(LIGHT_NODES) == len(mixed)
    assert found.pace.seconds(50_000) == pytest.approx(1.5 * (0.002 + 0.1), rel=0.02)


def test_a_position_that_nobody_can_search_is_said() -> None:
    class Losing(Simulated):
        def collect(self, timeout: float) -> Sequence[Outcome]:
            [done] = super().collect(timeout)
            return [Lost(done.unit, 0, "position", "no")]

    clock = Clock()
    context = ExecutorContext(Job(PluginSpec("engine.evaluators", "none"), Limit(nodes=1)), 1, None)
    measuring = Measuring(lambda: Losing(context, clock), context.job, 1, clock, lambda: False)
    with pytest.raises(EvaluatorError, match="--nodes"):
        measure(measuring, units_of(1), 1, 2.0, lambda _pace, _workers: 1_000)
