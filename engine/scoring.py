"""Lichess's formulas for Win%, accuracy, centipawn loss and judgements, each with its source.

Every function is pure. Win% is a number from 0 to 100. A score is seen from the side to move, from the mover or
from White, as each function says. Centipawns are multiplied by `scale` before they become Win%: Stockfish 15.1
changed the meaning of its centipawns, and the formulas were fitted to older centipawns (about 1.32 × those of
Stockfish 15.1). A scale of 1.0 leaves them unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from engine.model import Color, Judgement, Score

__all__ = [
    "CP_CEILING",
    "JUDGED_DROPS",
    "START",
    "TURN",
    "acpl",
    "board_value",
    "chances",
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
"""Largest centipawn value that Win% and centipawn loss distinguish; a mate counts as this value."""

START = Score(cp=15)
"""White's score in the standard initial position, which Lichess uses instead of a search."""

TURN = 10.0
"""Smallest Win% that a turning point changes for good."""

_WIN_RATE = 0.00368208
"""Fitted to 75,000 positions of rapid games above 2300 (lila #11148, June 2022; scalachess `eval.scala`)."""

_CP_LIMIT = 31_000
_MATE_VALUE = 32_000

_DROPS: tuple[tuple[float, Judgement], ...] = ((0.3, "blunder"), (0.2, "mistake"), (0.1, "inaccuracy"))
"""Smallest drop of winning chances (-1 to 1) for each judgement: 15, 10 and 5 Win%."""

_LEAST_CP = math.floor(2 * _DROPS[-1][0] / _WIN_RATE)
"""A loss of fewer centipawns is never judged: the curve is steepest at 0, with `_WIN_RATE` / 2 per centipawn."""

JUDGED_DROPS = tuple(50 * drop for drop, _ in _DROPS)
"""Smallest drop of Win% for a blunder, a mistake and an inaccuracy."""


def clamp_cp(score: Score, scale: float = 1.0) -> float:
    """Return a score as centipawns between -1000 and 1000; a mate is ±1000.

    * **score** - the score; the result has the same point of view.
    * **scale** - *(optional)* factor for centipawns.

    Source: scalachess `eval.scala`.
    """
    if score.mate is not None:
        return math.copysign(CP_CEILING, score.mate)
    return max(-CP_CEILING, min(CP_CEILING, (score.cp or 0) * scale))


def win_percent(score: Score, scale: float = 1.0) -> float:
    """Return the Win% (0 to 100) of the side from whose view `score` is.

    `Win% = 50 + 50 × (2 / (1 + exp(-0.00368208 × cp)) - 1)`, with centipawns between -1000 and 1000.

    * **score** - the score from that side's point of view.
    * **scale** - *(optional)* factor for centipawns.

    Source: scalachess `eval.scala`, lila #11148.
    """
    return 50 + 50 * chances(clamp_cp(score, scale))


def chances(cp: float) -> float:
    """Return winning chances from -1 to 1, of centipawns that are not clamped.

    * **cp** - centipawns, already scaled; the result has the same point of view.

    Source: lila `WinPercent.scala`.
    """
    # 2 / (1 + exp(-x)) - 1 is tanh(x / 2), which cannot overflow.
    return math.tanh(_WIN_RATE * cp / 2)


def move_accuracy(before: float, after: float) -> float:
    """Return the accuracy of a move in percent.

    `103.1668 × exp(-0.04354 × loss) - 3.1669 + 1`, with the loss in Win%, between 0 and 100. The 1 that is added
    is Lichess's bonus for the uncertainty of an evaluation.

    * **before** - the mover's Win% before the move.
    * **after** - the mover's Win% after the move.

    Source: lila `AccuracyPercent.scala`.
    """
    if after >= before:
        return 100.0
    raw = 103.1668100711649 * math.exp(-0.04354415386753951 * (before - after)) - 3.166924740191411 + 1
    return max(0.0, min(100.0, raw))


def game_accuracy(
    wins: Sequence[float | None],
    first: Color,
    accuracies: Sequence[float | None] | None = None,
    unjudged: Collection[int] = (),
) -> tuple[float | None, float | None]:
    """Return the accuracy of White and of Black in one game, in percent.

    A colour's accuracy is the mean of two means over its moves: the harmonic mean, and a mean weighted by the
    standard deviation of Win% in a window of positions that ends with the move. A missing evaluation is left out
    of the windows, and the moves beside it do not count. As in Lichess, the result is (None, None) unless both
    colours have a move that counts.

    * **wins** - White's Win% in the positions 0 to N; None for a position without an evaluation.
    * **first** - the colour that moves in position 0.
    * **accuracies** - *(optional)* the `move_accuracy` of each move, if already computed.
    * **unjudged** - *(optional)* the plies that do not count, such as null moves.

    Source: lila `AccuracyPercent.scala`, scalalib `Maths.scala`.
    """
    known = [k for k, win in enumerate(wins) if win is not None]
    values = [win for win in wins if win is not None]
    deviations = _deviations(values, max(2, min(8, (len(values) - 1) // 10)))
    moves: tuple[list[tuple[float, float]], ...] = ([], [])
    for index, k in enumerate(known[:-1]):
        if known[index + 1] != k + 1 or k in unjudged:
            continue
        black = (first == "white") == (k % 2 == 1)
        accuracy = accuracies[k] if accuracies else None
        if accuracy is None:
            before, after = values[index], values[index + 1]
            accuracy = move_accuracy(100 - before, 100 - after) if black else move_accuracy(before, after)
        moves[black].append((accuracy, max(0.5, min(12.0, deviations[index]))))
    if not moves[0] or not moves[1]:
        return None, None
    return _mean_of_means(moves[0]), _mean_of_means(moves[1])


def _deviations(values: Sequence[float], width: int) -> list[float]:
    """Return the population standard deviation in the window that ends with each value but the first.

    The windows at the beginning would have fewer values, so they are the first one of full width.
    """
    deviations: list[float] = []
    for end in range(min(width, len(values)) or 1, len(values) + 1):
        window = values[end - width if end > width else 0 : end]
        mean = math.fsum(window) / len(window)
        deviations.append(math.dist(window, (mean,) * len(window)) / math.sqrt(len(window)))
    return [*deviations[:1] * (len(values) - len(deviations) - 1), *deviations]


def _mean_of_means(moves: Sequence[tuple[float, float]]) -> float:
    weighted = math.fsum([a * w for a, w in moves]) / math.fsum([w for _, w in moves])
    harmonic = len(moves) / math.fsum([1 / max(1.0, a) for a, _ in moves])
    return (weighted + harmonic) / 2


def loss(before: Score, after: Score) -> int:
    """Return the centipawns that the mover lost, 0 to 2000.

    * **before** - the score before the move, from the mover's point of view.
    * **after** - the score after the move, from the mover's point of view too.

    Both are clamped to ±1000, a mate counts as ±1000. Source: lila `AccuracyCP.scala`.
    """
    return clamped_loss(int(clamp_cp(before)), int(clamp_cp(after)))


def clamped_loss(before: int, after: int) -> int:
    """Return the centipawns that the mover lost, 0 to 2000, like `loss`.

    * **before** - centipawns before the move from the mover's point of view, already clamped by `clamp_cp`.
    * **after** - the same after the move.
    """
    return max(0, before - after)


def acpl(losses: Iterable[int]) -> int | None:
    """Return the average centipawn loss, rounded half up; None without a move.

    * **losses** - the `loss` of each move of one side.

    Source: lila `AccuracyCP.scala`, scalalib.
    """
    moves = list(losses)
    return (2 * sum(moves) + len(moves)) // (2 * len(moves)) if moves else None


def judgement(before: Score, after: Score, scale: float | tuple[float, float] = 1.0) -> Judgement | None:
    """Return Lichess's judgement of a move; None if the move is good enough.

    If both scores are centipawns, the drop of Win% decides: 5 for an inaccuracy, 10 for a mistake, 15 for a
    blunder. A move that allows a mate or loses one is a blunder, but less if the position was already lost or is
    still won: beyond 700 centipawns a mistake, beyond 999 an inaccuracy. A slower mate is not judged.

    * **before** - the score before the move, from the mover's point of view, centipawns *not* clamped.
    * **after** - the score after the move, from the mover's point of view too.
    * **scale** - *(optional)* factor for centipawns, or a factor for each score if different evaluators gave them.

    Source: lila `Advice.scala`.
    """
    scale_before, scale_after = scale if isinstance(scale, tuple) else (scale, scale)
    cp_before = None if before.cp is None else before.cp * scale_before
    cp_after = None if after.cp is None else after.cp * scale_after
    if cp_before is not None and cp_after is not None:
        if cp_before - cp_after < _LEAST_CP:
            return None
        drop = chances(cp_before) - chances(cp_after)
        return next((name for least, name in _DROPS if drop >= least), None)
    had_mate = before.mate is not None and before.mate > 0
    is_mated = after.mate is not None and after.mate < 0
    if cp_before is not None and is_mated:
        return _judge_mate(-cp_before)
    if had_mate and (cp_after is not None or is_mated):
        return _judge_mate(cp_after or 0)
    return None


def _judge_mate(decided_by: float) -> Judgement:
    """Judge a move that allowed or lost a mate in a game that was decided by that many centipawns anyway."""
    if decided_by > 999:  # noqa: PLR2004
        return "inaccuracy"
    return "mistake" if decided_by > 700 else "blunder"  # noqa: PLR2004


def turning_point(wins: Sequence[float | None], unjudged: Collection[int] = ()) -> tuple[int, float] | None:
    """Return the move that decided the game: its ply (0-based) and its lasting gain in Win%.

    The lasting gain of a move is the Win% that it gave one side and that this side kept to the end: the lowest
    Win% of the side in any later position, less its Win% before the move. The turning point is the move with the
    highest gain, the first one of equals; None if no move gains `TURN` or more.

    * **wins** - White's Win% in the positions 0 to N; None for a position without an evaluation.
    * **unjudged** - *(optional)* the plies that do not count, such as null moves.

    Source: a definition of this project.
    """
    best: tuple[int, float] | None = None
    lowest, highest = math.inf, -math.inf
    for ply in range(len(wins) - 2, -1, -1):
        before, after = wins[ply], wins[ply + 1]
        if after is None:
            continue
        lowest, highest = min(lowest, after), max(highest, after)
        if before is None or ply in unjudged:
            continue
        gain = max(lowest - before, before - highest)
        if gain >= TURN and (best is None or gain >= best[1]):
            best = ply, gain
    return best


def is_winning(score: Score, threshold: int = 300) -> bool:
    """Return whether a position counts as a winning move found.

    * **score** - the score of the position, from the view of the side to move.
    * **threshold** - *(optional)* centipawns from which it counts; a mate for the side to move always does.
    """
    if score.mate is not None:
        return score.mate > 0
    return (score.cp or 0) >= threshold


def board_value(score: Score) -> int:
    """Return the score as an int32 that the scoreboard can sort: centipawns, or 32000 - n for a mate in n moves.

    Being mated in n moves is n - 32000. Centipawns stop at ±31000 and mates at 999 moves, so that no odd number
    from an evaluator ranks above a mate.

    * **score** - the score; the result has the same point of view.
    """
    if score.mate is None:
        cp = score.cp or 0
        return cp if -_CP_LIMIT <= cp <= _CP_LIMIT else int(math.copysign(_CP_LIMIT, cp))
    distance = _MATE_VALUE - min(abs(score.mate), 999)
    return distance if score.mate > 0 else -distance
