"""Pure formulas, one function each. `lichess` is the only definition here; sources are named at each.

Everything takes values and returns values: no state, no I/O. Win% is 0 to 100. `scale` multiplies centipawns
before a Win% formula sees them: Stockfish's centipawns changed meaning with 15.1, and the formulas were fitted
to older ones (about 1.32 × Stockfish 15.1's). 1.0 takes them as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from engine.model import Color, Judgement, Score

__all__ = [
    "CP_CEILING",
    "JUDGED_DROPS",
    "START",
    "TURN",
    "acpl",
    "board_value",
    "clamp_cp",
    "clamped_loss",
    "game_accuracy",
    "is_winning",
    "judgement",
    "loss",
    "move_accuracy",
    "turning_point",
    "win_percent",
]

CP_CEILING = 1000
"""Centipawns beyond which Win% and centipawn loss see no difference; a mate counts as this much."""

START = Score(cp=15)
"""White's view of the standard initial position, which Lichess takes instead of searching it."""

TURN = 10.0
"""Win% that a turning point moves for good, at least."""

_WIN_RATE = 0.00368208
"""Fitted to 75,000 positions of rapid games above 2300 (lila #11148, June 2022; scalachess `eval.scala`)."""

_CP_LIMIT = 31_000
_MATE_VALUE = 32_000

_DROPS: tuple[tuple[float, Judgement], ...] = ((0.3, "blunder"), (0.2, "mistake"), (0.1, "inaccuracy"))
"""Least drop of winning chances (-1 to 1) for each judgement: 15, 10 and 5 Win%."""

_LEAST_CP = math.floor(2 * _DROPS[-1][0] / _WIN_RATE)
"""Chances are steepest at 0, with half of `_WIN_RATE` a centipawn: fewer centipawns are never a judged drop."""

JUDGED_DROPS = tuple(50 * drop for drop, _ in _DROPS)
"""The same in Win%."""


def clamp_cp(score: Score, scale: float = 1.0) -> float:
    """Centipawns within ±1000, mate as ±1000 by its sign; view as in `score`. Source: scalachess `eval.scala`."""
    if score.mate is not None:
        return math.copysign(CP_CEILING, score.mate)
    return max(-CP_CEILING, min(CP_CEILING, (score.cp or 0) * scale))


def win_percent(score: Score, scale: float = 1.0) -> float:
    """Win% (0-100) of whoever's view `score` is. Source: scalachess `eval.scala`, lila #11148."""
    return 50 + 50 * _chances(clamp_cp(score, scale))


def _chances(cp: float) -> float:
    # 2 / (1 + exp(-x)) - 1 is tanh(x / 2), which cannot overflow.
    return math.tanh(_WIN_RATE * cp / 2)


def move_accuracy(before: float, after: float) -> float:
    """Accuracy of a move in percent, from the mover's Win% before and after it.

    The last + 1 is Lichess's bonus for the uncertainty of an evaluation. Source: lila `AccuracyPercent.scala`.
    """
    if after >= before:
        return 100.0
    raw = 103.1668100711649 * math.exp(-0.04354415386753951 * (before - after)) - 3.166924740191411 + 1
    return max(0.0, min(100.0, raw))


def game_accuracy(
    wins: Sequence[float | None], first: Color, accuracies: Sequence[float | None] | None = None
) -> tuple[float | None, float | None]:
    """Accuracy of White and of Black in one game, in percent.

    `wins` is White's Win% in the positions 0 to N, None where there is no evaluation; `first` moves in
    position 0; `accuracies` are the `move_accuracy` of each move, for who has them already. The mean of two means
    over a colour's moves: one weighted by how much Win% swings in a window that ends with the move, and the
    harmonic one. A missing evaluation is dropped from the windows, and the moves beside it do not count.
    (None, None) unless both colours have a move that counts, as in Lichess.

    Source: lila `AccuracyPercent.scala`, scalalib `Maths.scala`.
    """
    known = [(k, win) for k, win in enumerate(wins) if win is not None]
    values = [win for _, win in known]
    width = max(2, min(8, (len(values) - 1) // 10))
    moves: dict[Color, list[tuple[float, float]]] = {"white": [], "black": []}
    for index in range(1, len(known)):
        (k, before), (after_k, after) = known[index - 1], known[index]
        if after_k != k + 1:
            continue
        start = max(0, index + 1 - width)
        weight = max(0.5, min(12.0, _deviation(values[start : start + width])))
        white = (first == "white") == (k % 2 == 0)
        accuracy = accuracies[k] if accuracies else None
        if accuracy is None:
            accuracy = move_accuracy(before, after) if white else move_accuracy(100 - before, 100 - after)
        moves["white" if white else "black"].append((accuracy, weight))
    if not moves["white"] or not moves["black"]:
        return None, None
    return _mean_of_means(moves["white"]), _mean_of_means(moves["black"])


def _deviation(values: Sequence[float]) -> float:
    """Standard deviation of a whole population."""
    mean = math.fsum(values) / len(values)
    return math.dist(values, (mean,) * len(values)) / math.sqrt(len(values))


def _mean_of_means(moves: Sequence[tuple[float, float]]) -> float:
    weighted = math.fsum([a * w for a, w in moves]) / math.fsum([w for _, w in moves])
    harmonic = len(moves) / math.fsum([1 / max(1.0, a) for a, _ in moves])
    return (weighted + harmonic) / 2


def loss(before: Score, after: Score) -> int:
    """Centipawns the mover lost, 0 to 2000; both scores are the mover's view, clamped to ±1000.

    Source: lila `AccuracyCP.scala`.
    """
    return clamped_loss(int(clamp_cp(before)), int(clamp_cp(after)))


def clamped_loss(before: int, after: int) -> int:
    """The same of what `clamp_cp` has made of the scores already."""
    return max(0, before - after)


def acpl(losses: Iterable[int]) -> int | None:
    """Average centipawn loss, rounded half up; None without a move. Source: lila `AccuracyCP.scala`, scalalib."""
    moves = list(losses)
    return (2 * sum(moves) + len(moves)) // (2 * len(moves)) if moves else None


def judgement(before: Score, after: Score, scale: float | tuple[float, float] = 1.0) -> Judgement | None:
    """What Lichess says of a move; both scores are the mover's view, centipawns *not* clamped.

    `scale` is that of both scores, or of each where they come from different evaluators.

    Between centipawns the drop of winning chances decides. Running into a mate, or losing one, is a blunder
    unless the position was already lost, or is still won. A slower mate is no mistake.

    Source: lila `Advice.scala`.
    """
    of_before, of_after = scale if isinstance(scale, tuple) else (scale, scale)
    cp_before = None if before.cp is None else before.cp * of_before
    cp_after = None if after.cp is None else after.cp * of_after
    if cp_before is not None and cp_after is not None:
        if cp_before - cp_after < _LEAST_CP:
            return None
        drop = _chances(cp_before) - _chances(cp_after)
        return next((name for least, name in _DROPS if drop >= least), None)
    had_mate = before.mate is not None and before.mate > 0
    is_mated = after.mate is not None and after.mate < 0
    if cp_before is not None and is_mated:
        return _unless(-cp_before)
    if had_mate and (cp_after is not None or is_mated):
        return _unless(cp_after or 0)
    return None


def _unless(decided: float) -> Judgement:
    """A blunder, or less when the game was decided by that many centipawns anyway."""
    if decided > 999:  # noqa: PLR2004
        return "inaccuracy"
    return "mistake" if decided > 700 else "blunder"  # noqa: PLR2004


def turning_point(wins: Sequence[float | None]) -> tuple[int, float] | None:
    """The move that decided how the game went on: its ply, and the Win% that it moved for good.

    `wins` is White's Win% in the positions 0 to N, None where there is no evaluation. A move's lasting gain is
    the Win% that it brought one of the sides and that this side never had to give back: the least that the side
    had in any later position, less what it had before the move. The move with the greatest one, the first of
    equals, is the turning point; None below `TURN`. Ours, no other program's definition.
    """
    best: tuple[int, float] | None = None
    least, most = math.inf, -math.inf
    for ply in range(len(wins) - 2, -1, -1):
        before, after = wins[ply], wins[ply + 1]
        if after is None:
            continue
        least, most = min(least, after), max(most, after)
        if before is None:
            continue
        gain = max(least - before, before - most)
        if gain >= TURN and (best is None or gain >= best[1]):
            best = ply, gain
    return best


def is_winning(score: Score, threshold: int = 300) -> bool:
    """Whether this is a winning move found: mate for the side whose view it is, or `threshold` centipawns."""
    if score.mate is not None:
        return score.mate > 0
    return (score.cp or 0) >= threshold


def board_value(score: Score) -> int:
    """The score as the scoreboard orders it, an int32: centipawns, mate in n as 32000 - n, mated as n - 32000.

    Centipawns stop at ±31000 and mates at 999 moves, so that no evaluator's odd number outranks a mate.
    """
    if score.mate is None:
        return max(-_CP_LIMIT, min(_CP_LIMIT, score.cp or 0))
    distance = _MATE_VALUE - min(abs(score.mate), 999)
    return distance if score.mate > 0 else -distance
