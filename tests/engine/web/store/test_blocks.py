"""What some games of a block have together is what their states add up to, however many they are."""

from __future__ import annotations

import pytest

from engine.contracts.states import Counts, Histogram, JointMoments, Moments, Sum, Table, TopK, keyed
from engine.model import AnalysedGame, Report
from engine.plugin import Aggregator
from engine.web.store.blocks import Block
from engine.web.store.flat import Flat, cut, flatten, prototypes, unflatten


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


@pytest.mark.parametrize("chosen", [set(range(1, 33)), {3}, {3, 4, 5, 31}, set(range(2, 30)), set()])
@pytest.mark.parametrize("kept", [False, True])
def test_games_of_a_block_add_up(chosen: set[int], kept: bool) -> None:
    declared = prototypes(Everything())
    block, expected = Block(), Everything()
    for number in range(1, 33):
        one = Everything()
        one.count(number)
        block.add(number, flatten(one.state(), declared))
        if number in chosen:
            expected.count(number)
    if kept:
        block = Block.load(block.dump(declared))
        assert block.games == set(range(1, 33))
        block = Block.load(block.dump(declared))  # as when games are added to it
    flat = Flat()
    block.merged({1, 2, 3}, declared)  # changes nothing
    merged = block.merged(chosen, declared)
    flat.merge(merged.sums.items(), merged.rows)
    loaded = Everything()
    loaded.load(unflatten(cut(flat, declared), declared))
    assert loaded.state() == expected.state()


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Block.load(b"no block")
