"""Declared states and the aggregator built from them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from msgspec import Meta

from engine.contracts.aggregator import (
    Aggregator,
    Counts,
    Histogram,
    JointMoments,
    Moments,
    Needs,
    State,
    Sum,
    Table,
    TopK,
    keyed,
)
from engine.contracts.options import Options
from engine.model import AnalysedGame, Column, Metric, Report
from engine.testing import analysed_game

Add = Callable[[Any, random.Random], None]

STATES: dict[str, tuple[Callable[[], State], Add]] = {
    "sum": (Sum, lambda state, rng: state.add(rng.randint(-5, 5))),
    "counts": (Counts, lambda state, rng: state.add(rng.choice("abc"), rng.randint(0, 3))),
    "histogram": (Histogram, lambda state, rng: state.add(rng.randint(-4, 4))),
    "moments": (Moments, lambda state, rng: state.add(rng.randint(-9, 9))),
    "top": (
        lambda: TopK(3),
        lambda state, rng: state.add(rng.randint(0, 2), rng.randint(1, 9), 0, rng.choice("xy")),
    ),
    "table": (
        lambda: Table(4),
        lambda state, rng: state.add((rng.randint(1, 9), rng.choice("xy")), rng.choice("pq")),
    ),
    "whole table": (Table, lambda state, rng: state.add(rng.randint(1, 9), None, rng.choice("pq"))),
    "keyed": (lambda: keyed(Sum()), lambda state, rng: state[rng.choice("abc")].add(rng.randint(1, 3))),
    "twice keyed": (lambda: keyed(keyed(TopK(2))), lambda state, rng: state[rng.choice("ab")]["c"].add(1, 2, 3)),
}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("seed", range(10))
def test_states_keep_the_laws(name: str, seed: int) -> None:
    make, add = STATES[name]

    def filled(*seeds: int) -> State:
        state = make()
        for each in seeds:
            rng = random.Random(each)
            for _ in range(rng.randint(1, 200)):
                add(state, rng)
        return state

    def merged(*states: State) -> State:
        first, *rest = states
        for other in rest:
            first.merge(other)
        return first

    one, two, three = seed * 3, seed * 3 + 1, seed * 3 + 2
    whole = filled(one, two, three).state()
    assert merged(filled(one), filled(two), filled(three)).state() == whole
    follower = make()
    follower.follow(filled(one))
    for each in (two, three):
        rng = random.Random(each)
        for _ in range(rng.randint(1, 200)):
            add(follower, rng)
    assert merged(filled(one), follower).state() == whole
    assert merged(filled(three), filled(one), filled(two)).state() == whole
    assert merged(filled(one), merged(filled(two), filled(three))).state() == whole
    assert merged(make(), filled(one)).state() == merged(filled(one), make()).state() == filled(one).state()
    assert filled(one).fresh().state() == make().state()
    shipped = filled(two)
    shipped.load(json.loads(json.dumps(filled(one).state())))
    assert shipped.state() == filled(one).state()
    assert merged(shipped, filled(two), filled(three)).state() == whole


@pytest.mark.parametrize(
    "add",
    [
        lambda: Sum().add(0.5),  # type: ignore[arg-type]
        lambda: Counts().add("a", 0.5),  # type: ignore[arg-type]
        lambda: Histogram().add(1.0),  # type: ignore[arg-type]
        lambda: Moments().add(1.0),  # type: ignore[arg-type]
        lambda: JointMoments(2).add(1, 0.0),  # type: ignore[arg-type]
        lambda: TopK().add(1.0, 1, 1),  # type: ignore[arg-type]
        lambda: TopK().add(1, 1, 1, 0.5),  # type: ignore[arg-type]
        lambda: Table().add(1, 0.5),  # type: ignore[arg-type]
    ],
)
def test_floats_are_refused(add: Callable[[], None]) -> None:
    with pytest.raises(TypeError):
        add()


def test_histogram_statistics() -> None:
    histogram = Histogram()
    assert (histogram.total, histogram.mean(), histogram.median()) == (0, None, None)
    for value in (9, 1, 2, 2):
        histogram.add(value)
    assert histogram.items() == [(1, 1), (2, 2), (9, 1)]
    assert (histogram.total, histogram.mean(), histogram.median(), histogram[2]) == (4, 3.5, 2, 2)
    assert (histogram.percentile(0), histogram.percentile(25), histogram.percentile(76)) == (1, 1, 9)


def test_moments() -> None:
    moments = Moments()
    assert (moments.mean(), moments.deviation()) == (None, None)
    for value in (2, 4, 4, 4, 5, 5, 7, 9):
        moments.add(value)
    assert (moments.n, moments.mean(), moments.deviation()) == (8, 5.0, 2.0)


def test_counts_order_ties_by_key() -> None:
    counts = Counts()
    for key in ("b", "c", "a", "c"):
        counts.add(key)
    assert counts.most_common() == [("c", 2), ("a", 1), ("b", 1)]
    assert counts.most_common(1) == [("c", 2)]
    assert (counts["a"], counts["nothing"], counts.total) == (1, 0, 4)


def test_the_board_keeps_the_highest_and_ties_go_to_the_earlier_game_and_ply() -> None:
    board = TopK(3)
    for score, game, ply in [(5, 9, 1), (7, 2, 4), (5, 3, 8), (5, 3, 2), (1, 1, 1)]:
        board.add(score, game, ply, f"{game}/{ply}")
    assert [(entry.score, entry.cells) for entry in board.entries()] == [
        (7, ("2/4",)),
        (5, ("3/2",)),
        (5, ("3/8",)),
    ]
    assert board.admits(5, 3, 7)
    assert not board.admits(5, 3, 9)
    assert not board.admits(4, 1, 1)
    assert board.left_out == 2


def test_a_table_is_in_the_order_of_its_keys_and_says_how_much_it_leaves_out() -> None:
    table = Table(2)
    for number in range(500, 0, -1):
        table.add(number, f"game {number}")
    columns = [Column("game", "Game")]
    assert table.render("games", "Games", columns).rows == (("game 1",), ("game 2",))
    assert (table.total, table.left_out) == (500, 498)
    nothing = Table(0)
    nothing.add(1, "a")
    assert (nothing.rows(), nothing.left_out) == ([], 1)


def test_looking_into_a_keyed_state_adds_nothing() -> None:
    per_player = keyed(Sum())
    per_player["Anna"].add(3)
    assert per_player.get("Bert").value == 0
    assert "Bert" not in per_player
    assert [(name, total.value) for name, total in per_player.items()] == [("Anna", 3)]


class Captures(Aggregator):
    """How often is something taken?"""

    by_ply = Histogram()
    games = Sum()

    def add(self, game: AnalysedGame) -> None:
        self.games.add()
        for k, ply in enumerate(game.plies):
            if "x" in ply.san:
                self.by_ply.add(k)

    def report(self) -> Report:
        return Report("Captures", {"captures": Metric(self.by_ply.total, "Captures")})


class CapturesAndChecks(Captures):
    """Inherits two states and declares one."""

    checks = Sum()

    def add(self, game: AnalysedGame) -> None:
        super().add(game)
        self.checks.add(sum("+" in ply.san for ply in game.plies))


GAME = analysed_game("1. e4 d5 2. exd5 Qxd5 3. Nc3 Qe5+")


def test_declared_states_belong_to_the_instance() -> None:
    first, second = Captures(), Captures()
    first.add(GAME)
    assert first.report().metrics["captures"].value == 2
    assert second.report().metrics["captures"].value == 0
    assert Captures().state() == {"by_ply": [], "games": 0}


def test_merge_state_and_load_follow_from_the_declaration_and_are_inherited() -> None:
    left, right = CapturesAndChecks(), CapturesAndChecks()
    left.add(GAME)
    right.add(GAME)
    right.merge(left)
    assert right.state() == {"by_ply": [[2, 2], [3, 2]], "checks": 2, "games": 2}
    assert left.state() == {"by_ply": [[2, 1], [3, 1]], "checks": 1, "games": 1}
    left.load(json.loads(json.dumps(right.state())))
    assert left.state() == right.state()


def test_a_state_of_another_class_is_refused() -> None:
    with pytest.raises(ValueError, match="keeps by_ply, checks, games; this state has by_ply, games"):
        CapturesAndChecks().load(Captures().state())


def test_a_state_has_one_name() -> None:
    shared = Sum()
    namespace = {"one": shared, "two": shared}
    with pytest.raises((TypeError, RuntimeError)) as caught:
        type("Twice", (Captures,), namespace)
    assert "Twice.two" in str(caught.value.__cause__ or caught.value)


class _Size(Options, frozen=True):
    size: Annotated[int, Meta(ge=1, description="Rows.")] = 2


class Longest(Aggregator):
    """The longest games."""

    Options = _Size
    options: _Size

    longest = TopK()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.longest = TopK(self.options.size)

    @classmethod
    def needs(cls, options: _Size) -> Needs:
        return Needs(multipv=options.size)

    def add(self, game: AnalysedGame) -> None:
        self.longest.add(len(game.plies), game.origin.game, 0, game.origin.game)

    def report(self) -> Report:
        return Report(
            "Longest", tables=(self.longest.render("longest", "Longest", [Column("game", "Game", "int")]),)
        )


def test_options_have_defaults_and_may_shape_the_state() -> None:
    plain, large = Longest(), Longest(_Size(size=3))
    for aggregator in (plain, large):
        for number in (3, 1, 2, 4):
            aggregator.add(analysed_game("1. e4 e5", number=number))
    assert plain.report().tables[0].rows == ((1,), (2,))
    assert large.report().tables[0].rows == ((1,), (2,), (3,))
    assert (Longest.needs(_Size()), Captures.needs(None)) == (Needs(multipv=2), Needs(multipv=1))
