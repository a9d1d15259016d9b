"""What some games of a block have together is what their states add up to, however many they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.contracts.states import Counts, Histogram, JointMoments, Moments, Sum, Table, TopK, keyed
from engine.model import AnalysedGame, Report
from engine.plugin import Aggregator
from engine.web.store.blocks import Block, Gathered, bits_of
from engine.web.store.flat import Flat, StateTree, flatten, prototypes
from engine.web.store.states import States


class Everything(Aggregator):
    """All kinds of states."""

    total = Sum()
    names = Counts()
    values = Histogram()
    moments = Moments()
    joint = keyed(JointMoments(3))
    best = keyed(keyed(TopK(2)))
    rows = Table(3)
    nested = keyed(Counts())

    def add(self, game: AnalysedGame) -> None:
        """Not used."""

    def count(self, number: int) -> None:
        self.total.add(number)
        self.names.add(f"a\0b\1{number % 3}", 0)
        self.values.add(-number % 5)
        self.moments.add(number - 7)
        self.joint[str(number % 2)].add(number, 0, -1)
        self.best["x"][str(number % 4)].add(number % 6, number, 0, "cell", None, number)
        self.rows.add((number % 7, "k"), number)
        _ = self.nested[f"empty {number % 2}"]

    def report(self) -> Report:
        return Report("Everything")


def state_of(number: int) -> Flat:
    one = Everything()
    one.count(number)
    return flatten(one.state(), prototypes(Everything()))


def gather(states: States, chosen: set[int]) -> Any:
    """Return the state of an aggregator that has seen the chosen games of two blocks."""
    gathered = Gathered(states.chunks("kind"), prototypes(Everything()))
    for number in (0, 1):
        gathered.add(states.load("kind", "both", number), chosen)
    return loaded(gathered.tree())


def loaded(tree: StateTree) -> Any:
    """Return the state of an aggregator that goes on from a tree, which has its states once."""
    aggregator, held = Everything(), tree.states(prototypes(Everything()))
    assert len(held["rows"][1]) <= 3, "as many rows as the state has"
    aggregator.load(held)
    return aggregator.state()


def counted(chosen: set[int]) -> Any:
    expected = Everything()
    for number in chosen:
        expected.count(number)
    return expected.state()


CHOICES = [set(range(1, 97)), {3}, {3, 4, 5, 31, 64, 90}, set(range(2, 80)), set()]


@pytest.mark.parametrize("chosen", CHOICES)
def test_games_of_blocks_add_up(chosen: set[int], tmp_path: Path) -> None:
    states = States(tmp_path / "x.store")
    for block, numbers in ((0, range(1, 40)), (1, range(64, 97)), (0, range(30, 64))):  # some are there already
        assert states.keep("kind", "both", block, {number: state_of(number) for number in numbers})
    assert states.kept("kind") == {("both", 0): bits_of(range(1, 64)), ("both", 1): bits_of(range(64, 97))}
    assert gather(states, chosen) == counted(chosen)
    other = States(tmp_path / "x.store")  # as another process that counts at the same time
    assert other.keep("kind", "white", 0, {1: state_of(1), 2: state_of(500)})
    states.rest()
    assert states.keep("kind", "both", 1, {100: state_of(100), 101: state_of(1_001)})
    assert gather(other, {*chosen, 100}) == counted({*chosen, 100})
    for each in (states, other):
        each.close()


def test_states_that_are_not_kept_add_up_too() -> None:
    tree = StateTree()
    for number in (1, 2, 3, 50):
        tree.add_flat(state_of(number))
    assert loaded(tree) == counted({1, 2, 3, 50})


@pytest.mark.parametrize("number", [1 << 40, 1 << 62, -(1 << 62)])
def test_sums_of_more_than_64_bits(number: int, tmp_path: Path) -> None:
    states = States(tmp_path / "x.store")
    sums = {"total": number, "names\0a": -1}
    assert states.keep("kind", "both", 0, {game: Flat(sums) for game in range(5)})
    gathered = Gathered(states.chunks("kind"), prototypes(Everything()))
    gathered.add(states.load("kind", "both", 0), range(5))
    state = gathered.tree().states(prototypes(Everything()))
    assert (state["total"], state["names"]) == (5 * number, {"a": -5})
    assert not states.keep("kind", "both", 0, {6: Flat({"total": 1 << 63})})
    assert states.kept("kind") == {("both", 0): 0b11111}
    states.close()


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Block.load(b"no block")
