"""The positions of a unit that a second, deeper search is worth. Pure.

The first search of a unit takes an eighth of the nodes at every position. Most moves are clear after that: they
lose nothing, or far more than any judgement asks for. In doubt are those that lose a little more than a judgement
takes. The positions before and after such a move are searched again with all the nodes, on the hash that the first
search has left, which knows the rest of the game. What is chosen depends on the unit alone, so the analysis of a
game stays a function of the game.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from engine import scoring
from engine.contracts.messages import Unit
from engine.errors import ConfigError
from engine.model import Evaluation, Limit, Score
from engine.settings import Search

__all__ = ["ABOVE", "FIRST_SHARE", "doubtful", "first_limit", "typical_share", "was_in_doubt"]

FIRST_SHARE = 8
"""The first search gets one in this many of the nodes."""
ABOVE = 4.0
"""A move is in doubt when its loss is less than this much Win% above a threshold."""
_TYPICAL_SHARE = 0.25
"""Share of the nodes of a uniform search that both searches take together, on games of people."""


def typical_share(search: Search) -> float:
    """Return the share of the nodes of a uniform search that searches with these settings typically take."""
    return _TYPICAL_SHARE if search.adaptive else 1.0


def first_limit(limit: Limit) -> Limit:
    """Return the limit of the first search. Raises ConfigError unless `limit` is one of nodes alone."""
    if limit.nodes is None or limit.depth is not None or limit.time is not None:
        raise ConfigError(f"adaptive searches take a limit in nodes alone, not {limit}; use --nodes")
    return structs.replace(limit, nodes=max(1, limit.nodes // FIRST_SHARE))


def was_in_doubt(evaluation: Evaluation, limit: Limit) -> bool:
    """Return whether an evaluation of an adaptive search with this limit comes from a second search."""
    return 2 * evaluation.nodes > 3 * (first_limit(limit).nodes or 0)


def doubtful(unit: Unit, evaluations: Sequence[Evaluation]) -> list[int]:
    """Return which positions of a unit to search again, by index, in the order of the unit.

    Where the best move was played, the position after it has the score that was expected of it, as it will have
    when the game is reconciled.

    * **unit** - a unit with the moves played; without them nothing is in doubt.
    * **evaluations** - the result of the first search of each of its positions.
    """
    chosen: set[int] = set()
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
        if any(drop <= loss < drop + ABOVE for drop in scoring.JUDGED_DROPS):
            chosen |= {index, following}
    return sorted(chosen)
