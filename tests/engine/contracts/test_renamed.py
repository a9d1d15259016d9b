"""States by player are renamed when a report is made: it does not matter when, nor where they are kept."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.contracts import group_states, spill
from engine.contracts.aggregator import Counts, Histogram, Moments, TopK, keyed

STATES = {
    "Counts": lambda by: Counts(by=by),
    "Histogram": lambda by: keyed(Histogram(), by=by),
    "Moments": lambda by: keyed(Moments(), by=by),
    "TopK": lambda by: keyed(TopK(2), by=by),
    "keyed Counts": lambda by: keyed(keyed(Counts()), by=by),
}
NAMES = ["Anna", "ANNA", "anna|x", "Bob", "bob", "Cleo"]


def rename(name: str) -> str:
    return name.lower()


def filled(kind: str, by: str | None, seed: int, names: list[str], *, spilling: bool = False) -> Any:
    rng, state = random.Random(seed), STATES[kind](by)
    for step in range(60):
        name, value = rng.choice(names), rng.randint(1, 99)
        name = f"{rng.choice(['white', 'black'])}|{name}" if by == "group|player" else name
        if kind == "Counts":
            state.add(name, value)
        elif kind == "TopK":
            state[name].add(value, step, seed)
        elif kind == "keyed Counts":
            state[name][str(step % 3)].add("x", value)
        else:
            state[name].add(value)
        if spilling and step % 7 == 0:
            state.spill()
    return state


@pytest.mark.parametrize("by", ["player", "group|player"])
@pytest.mark.parametrize("kind", STATES)
def test_renaming_is_as_if_the_games_had_the_names(kind: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_states, "IN_MEMORY", 0)
    monkeypatch.setattr(spill, "_MOST_PARTS", 5)
    expected = filled(kind, by, 1, [name.lower() for name in NAMES])
    expected.merge(filled(kind, by, 2, [name.lower() for name in NAMES]))
    for spilling in (False, True):
        one, other = (filled(kind, by, seed, NAMES, spilling=spilling) for seed in (1, 2))
        before = one.state()
        parts = one.renamed(rename)
        parts.merge(other.renamed(rename))
        assert one.state() == before
        assert parts.state() == expected.state()
        one.merge(other)
        assert one.renamed(rename).state() == expected.state()


def test_other_keys_stay() -> None:
    state = filled("Counts", None, 1, NAMES)
    assert state.renamed(rename) is state
