"""The searches of a unit, one round after the other, for whoever has them done elsewhere. Pure.

They are those of `engine.workers.worker.Searcher`, but each round begins with an empty hash table, as a client of
fishnet does with all that it is given.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from msgspec import Struct, structs

from engine.model import Evaluation, Limit
from engine.plugin import Unit
from engine.workers import adaptive


class Round(Struct, frozen=True):
    """Positions of a unit that are searched with one limit."""

    indices: tuple[int, ...]
    limit: Limit


Course = Generator[Round, Mapping[int, Evaluation], tuple[Evaluation, ...]]
"""Yields rounds, is sent their evaluations by index, and returns those of the unit."""


def course_of(unit: Unit, limit: Limit) -> Course:
    """Return the rounds of a unit.

    * **limit** - the limit of the run; that of a follow-up search takes its place.
    """
    limit = unit.limit or limit
    first = adaptive.first_limit(limit) if unit.moves else limit
    every = tuple(range(len(unit.positions)))
    found = yield Round(every, first)
    evaluations = [found[index] for index in every]
    left = adaptive.extra_nodes(unit, limit)
    for stage in adaptive.STAGES if left else ():
        deeper = stage.limit(limit)
        chosen = adaptive.doubtful(unit, evaluations, stage, left // (deeper.nodes or 1))
        if chosen:
            found = yield Round(tuple(chosen), deeper)
            _replace(evaluations, found)
            left -= len(chosen) * (deeper.nodes or 0)
    return tuple(evaluations)


def _replace(evaluations: list[Evaluation], found: Mapping[int, Evaluation]) -> None:
    """Put deeper evaluations in the places of those before; they have the nodes of both."""
    for index, again in found.items():
        evaluations[index] = structs.replace(again, nodes=evaluations[index].nodes + again.nodes)
