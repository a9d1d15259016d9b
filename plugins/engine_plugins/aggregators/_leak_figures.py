"""The figures of groups of moves, their intervals by game, and how certain it is that a group is a weak one.

A figure is a sum of Win% lost over a sum of moves. The player's moves depend on the opponent's, so the error of
their difference is that of one sum over games (`_estimates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from engine.model import Certainty
from engine.plugin import JointMoments, certainties, critical_value
from engine_plugins.aggregators._common import mean
from engine_plugins.aggregators._estimates import Estimate, Places, estimate, freedom, put, ratio
from engine_plugins.aggregators._leak_groups import ALL, KINDS

_PER_HUNDRED = 10
"""Thousandths of Win% a move, divided by this, are Win% per 100 moves."""
OURS, THEIRS = (0, 1), (2, 3)
"""Places of a group's loss and moves. Those of all moves of the same games come four places later."""


class Rate(NamedTuple):
    """Win% lost per 100 moves, with its 95% interval."""

    value: float
    error: float | None
    """Half of the interval; None for fewer than two games."""


class Group(NamedTuple):
    """Our moves in one group and those of the opponents; all figures are Win% per 100 moves."""

    kind: str
    name: str
    moves: int
    games: int
    """Games in which we made such moves."""
    lost: float | None
    """Lost in our moves."""
    opponents: float | None
    """Lost in the opponents' moves; None without such moves."""
    weaker: float | None
    """Our loss less theirs, less the same over all moves: by how much we are weaker here than altogether. Without
    opponents, the loss less that over all moves."""
    error: float | None
    """Half of the 95% interval of `weaker`."""
    p_value: float
    """Probability of a `weaker` so far from 0 if it were 0 in truth; 1 where there is no interval."""
    share: float
    """Share of all our moves in percent."""
    certainty: Certainty | None = None
    """None for a group that is not compared."""

    @property
    def cost(self) -> float | None:
        """Win% that the weakness costs per 100 of all our moves."""
        return None if self.weaker is None else round(self.weaker * self.share / 100, 3)

    @property
    def key(self) -> str:
        """Kind and name as one string."""
        return f"{self.kind}|{self.name}"


def figures(sums: Mapping[str, JointMoments], games: Mapping[str, int], least: int, openings: int) -> list[Group]:
    """Return the groups in the order of their tables, those that are compared with a word of certainty.

    * **sums** - by group and for `ALL`: our loss and moves and theirs, and those of all moves of the same games.
    * **games** - by group, the games in which we made such moves.
    * **least** - moves that a group needs on each side to be compared.
    * **openings** - how many openings there are at most, those with the most moves.
    """
    everything = sums.get(ALL)
    if everything is None or not everything.sums[1]:
        return []
    names = {kind: _names(sums, kind, openings) for kind in KINDS}
    groups = [_group(sums, kind, name, games) for kind, found in names.items() for name in found]
    alone = not everything.sums[3]
    compared = [
        k
        for k, group in enumerate(groups)
        if (KINDS[group.kind].compared_alone if alone else KINDS[group.kind].compared)
        and group.moves >= least
        and (alone or sums[group.key].sums[3] >= least)
        and group.error is not None
    ]
    words = certainties([groups[k].p_value for k in compared])
    for k, word in zip(compared, words, strict=True):
        groups[k] = groups[k]._replace(certainty=word)
    return groups


def rate(sums: JointMoments, places: Places = OURS) -> Rate | None:
    """Return the Win% lost per 100 moves with its interval; None without a move.

    * **sums** - sums over the games.
    * **places** - `OURS` or `THEIRS`.
    """
    loss, moves = places
    if not sums.sums[moves]:
        return None
    value, found = sums.sums[loss] / sums.sums[moves], ratio(sums, places)
    return Rate(round(value / _PER_HUNDRED, 3), None if found is None else _reach(found))


def _names(sums: Mapping[str, JointMoments], kind: str, openings: int) -> list[str]:
    names = [key.partition("|")[2] for key, group in sums.items() if key.startswith(f"{kind}|") and group.sums[1]]
    if KINDS[kind].names:
        return [name for name in KINDS[kind].names if name in names]
    if kind == "opening":
        return sorted(names, key=lambda name: (-sums[f"opening|{name}"].sums[1], name))[:openings]
    return sorted(names, reverse=True)


def _group(sums: Mapping[str, JointMoments], kind: str, name: str, games: Mapping[str, int]) -> Group:
    key = f"{kind}|{name}"
    group, everything = sums[key], sums[ALL]
    alone = not everything.sums[3]
    lost, theirs = _mean(group, OURS), _mean(group, THEIRS)
    all_lost, all_theirs = _mean(everything, OURS), _mean(everything, THEIRS)
    assert lost is not None
    assert all_lost is not None
    share = 100 * group.sums[1] / everything.sums[1]
    weaker = error = None
    p = 1.0
    if alone:
        weaker = lost - all_lost
    elif theirs is not None and all_theirs is not None:
        weaker = lost - theirs - (all_lost - all_theirs)
    if weaker is not None:
        variance = _variance(group, everything, alone=alone)
        degrees = freedom(group, ((OURS[1],),) if alone else ((OURS[1],), (THEIRS[1],)))
        found = estimate(weaker * _PER_HUNDRED, variance, group.n, degrees)
        if found is not None:
            error, p = _reach(found), found.p
    figures = lost, theirs, None if weaker is None else round(weaker, 3), error, p, share
    return Group(kind, name, group.sums[1], games.get(key, 0), *figures)


def _variance(group: JointMoments, everything: JointMoments, *, alone: bool) -> float:
    """Return the sum over all games of the squares of what each adds to the linearised `weaker`.

    A game without a move of the group adds to the figure of all moves only. Blunders are rare, so a group of few
    games without one has a rate and a variance that are both too small. Hence the larger of two variances: around
    the rates of the group, and around those that it would have if it were not weaker (a score test; Boos, The
    American Statistician 46 (1992), 327-333).
    """
    sides = ((OURS, 1.0), (THEIRS, -1.0))[: 1 if alone else 2]
    outside = [0.0] * 8
    for places, sign in sides:
        put(outside, everything, (places[0] + 4, places[1] + 4), -sign)
    variances = []
    for equal in (False, True):
        both = list(outside)
        for places, sign in sides:
            value = _if_equal(group, everything, places, alone=alone) if equal else None
            put(both, group, places, sign, value)
        variances.append(group.quadratic(both) + everything.quadratic(outside) - group.quadratic(outside))
    return max(variances)


def _if_equal(group: JointMoments, everything: JointMoments, places: Places, *, alone: bool) -> float:
    """Return the thousandths of Win% lost a move of the group, if the group were not weaker than all moves."""
    ours, our_moves, theirs, their_moves = everything.sums[:4]
    if alone:
        return ours / our_moves
    difference = ours / our_moves - theirs / their_moves
    lost, moves, their_lost, their_group = group.sums[:4]
    their_rate = (lost + their_lost - difference * moves) / (moves + their_group)
    return their_rate + (difference if places == OURS else 0.0)


def _reach(found: Estimate) -> float:
    """Return half of the 95% interval in Win% per 100 moves, of a figure in thousandths of Win% a move."""
    return round(critical_value(round(found.freedom, 2)) * found.error / _PER_HUNDRED, 3)


def _mean(sums: JointMoments, places: Places) -> float | None:
    return mean(100 * sums.sums[places[0]], sums.sums[places[1]], 1000)
