"""The positions of a unit that another, deeper search is worth. Pure.

The first search of a unit takes an eighth of the nodes at every position. Most moves are clear after that: they
lose nothing, or far more than any judgement asks for. In doubt are those whose loss is near a threshold of the
judgements. The positions before and after such a move are searched again, on the hash that the searches before
have left, which knows the rest of the game: with a quarter of the nodes, and what is still in doubt with all of
them. What is nearest to a threshold goes first, until another eighth of the nodes is spent; so a game takes a
quarter at most. What is chosen depends on the unit alone, so the analysis of a game stays a function of the game.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from msgspec import structs

from engine import scoring
from engine.contracts.messages import Unit
from engine.errors import ConfigError
from engine.model import Evaluation, Limit, Score
from engine.settings import Search

__all__ = [
    "LEAST_NODES",
    "STAGES",
    "Stage",
    "by_default",
    "doubtful",
    "extra_nodes",
    "first_limit",
    "full_nodes",
    "is_worth_it",
    "typical_share",
    "was_in_doubt",
]

LEAST_NODES = 40_000
"""Nodes from which on searches are adaptive unless the settings say otherwise (engine/why.md)."""

_FIRST_PART = 8
"""The first search gets one in this many of the nodes; later ones together get as many at most."""
_TYPICAL_SHARE = 0.24
"""Share of the nodes of a uniform search that all searches of a game take together (engine/why.md)."""
_SIMILAR = 0.05
"""How far the nodes of searches with one limit may be apart."""


class Stage(NamedTuple):
    """Which moves are in doubt, and how their positions are searched again."""

    below: float
    """Win% below a threshold of the judgements from which a loss is in doubt."""
    above: float
    """Win% above one up to which it is."""
    part: int
    """The search gets one in this many of the nodes."""

    def limit(self, limit: Limit) -> Limit:
        """Return the limit of its searches, for that of a search with all nodes."""
        return _part_of(limit, self.part)


STAGES = (Stage(below=1.0, above=5.0, part=4), Stage(below=0.5, above=2.0, part=1))
"""The searches after the first one, in their order."""


def by_default(search: Search, limit: Limit) -> bool:
    """Return whether searches are adaptive where the settings leave that open."""
    only_nodes = limit.depth is None and limit.time is None and limit.multipv == 1
    return only_nodes and (limit.nodes or 0) >= LEAST_NODES and search.policy == "chunk"


def is_worth_it(plies: Collection[int]) -> bool:
    """Return whether there are two positions in a row among these: a move between them can be in doubt."""
    return any(ply + 1 in plies for ply in plies)


def typical_share(unit: Unit) -> float:
    """Return the share of the nodes of a uniform search that the searches of a unit typically take."""
    return _TYPICAL_SHARE if unit.moves else 1.0


def first_limit(limit: Limit) -> Limit:
    """Return the limit of the first search. Raises ConfigError unless `limit` is one of nodes alone."""
    if limit.nodes is None or limit.depth is not None or limit.time is not None:
        raise ConfigError(f"adaptive searches take a limit in nodes alone, not {limit}; use --nodes")
    return _part_of(limit, _FIRST_PART)


def extra_nodes(unit: Unit, limit: Limit) -> int:
    """Return how many nodes the searches after the first one may take in a unit."""
    return (limit.nodes or 0) * len(unit.positions) // _FIRST_PART if unit.moves else 0


def was_in_doubt(evaluation: Evaluation, limit: Limit) -> bool:
    """Return whether an evaluation of an adaptive search with this limit comes from more than one search."""
    return 2 * evaluation.nodes > 3 * (first_limit(limit).nodes or 0)


def full_nodes(nodes: Sequence[int]) -> int | None:
    """Return the nodes of the limit with which positions were searched adaptively; None if it was not so.

    * **nodes** - the nodes of each position's evaluation, in increasing order.
    """
    first = nodes[len(nodes) // 3] if nodes else 0
    sums = [1]
    for stage in STAGES:
        sums += [each + _FIRST_PART // stage.part for each in sums]
    sums.append(_FIRST_PART)  # a position by itself

    def is_a_sum(count: int) -> bool:
        return any(abs(count / first - part) <= part * _SIMILAR for part in sums)

    again = [count for count in nodes if count > first * (1 + _SIMILAR)]
    return first * _FIRST_PART if again and all(map(is_a_sum, again)) else None


def doubtful(unit: Unit, evaluations: Sequence[Evaluation], stage: Stage, most: int) -> list[int]:
    """Return which positions of a unit to search again, by index, in the order of the unit.

    * **unit** - a unit with the moves played; without them nothing is in doubt.
    * **evaluations** - what is known of its positions.
    * **stage** - which losses are in doubt.
    * **most** - how many positions may be searched; those beside the moves nearest to a threshold are chosen.
    """
    chosen: set[int] = set()
    for _, pair in sorted(_in_doubt(unit, evaluations, stage)):
        if len(chosen | pair) <= most:
            chosen |= pair
    return sorted(chosen)


def _in_doubt(
    unit: Unit, evaluations: Sequence[Evaluation], stage: Stage
) -> Iterator[tuple[tuple[float, int], set[int]]]:
    """Yield for each move in doubt its distance from a threshold and its ply, and the positions beside it.

    Where the best move was played, the position after it has the score that was expected of it, as it will have
    when the game is reconciled.
    """
    index_by_ply = {ply: index for index, ply in enumerate(unit.plies)} if unit.moves else {}
    expected: Score | None = None
    for ply in sorted(index_by_ply):
        index, following = index_by_ply[ply], index_by_ply.get(ply + 1)
        evaluation = evaluations[index]
        score = evaluation.score if expected is None else expected
        expected = None
        if following is None:
            continue
        if unit.moves[index] == evaluation.best:
            expected = -score
            continue
        loss = scoring.win_percent(score) - scoring.win_percent(-evaluations[following].score)
        distances = [loss - drop for drop in scoring.JUDGED_DROPS]
        near = [abs(distance) for distance in distances if -stage.below <= distance < stage.above]
        if near:
            yield (min(near), ply), {index, following}


def _part_of(limit: Limit, part: int) -> Limit:
    return structs.replace(limit, nodes=max(1, (limit.nodes or 0) // part))
