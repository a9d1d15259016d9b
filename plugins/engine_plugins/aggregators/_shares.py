"""Shares of moves, with errors that take the moves of one game as one observation."""

from __future__ import annotations

from engine.plugin import JointMoments
from engine_plugins.aggregators import _estimates
from engine_plugins.aggregators._common import interval


def share_interval(sums: JointMoments, part: int, whole: int) -> str | None:
    """Return the 95% interval of a share of moves as text, `12.3-45.6`; None without a move.

    * **sums** - sums over games.
    * **part**, **whole** - places in it of the moves that are counted and of all moves.

    Wilson's interval for as many independent moves as carry as much as these: their number divided by the design
    effect, which is at least 1 (Kish, Survey Sampling, 1965, section 8.2).
    """
    number = sums.sums[whole]
    if not number:
        return None
    p = sums.sums[part] / number
    weights = [0.0] * sums.size
    _estimates.put(weights, sums, (part, whole))
    simple, variance = p * (1 - p) / number, sums.quadratic(weights)
    effect = max(1.0, variance / simple) if simple > 0 else 1.0
    independent = max(1, round(number / effect))
    return interval(p * independent, independent)


def difference(sums: JointMoments, least: int) -> tuple[float, float, float] | None:
    """Return two shares in percent and the p-value of their difference; None where there are too few moves.

    * **sums** - sums over games of four integers: part and whole of the first share, and of the second.
    * **least** - moves that each share needs.
    """
    part, whole, other_part, other_whole = sums.sums
    if whole < least or other_whole < least:
        return None
    found = _estimates.difference(sums)
    return 100 * part / whole, 100 * other_part / other_whole, 1.0 if found is None else found.p
