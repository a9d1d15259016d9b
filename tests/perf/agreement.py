"""Distance of evaluations from a deep reference: Win% error and equal judgements, with intervals by game.

The reference searches every position with an empty hash and many more nodes, takes exact scores only, and
reconciles nothing. It is a run of `engine analyze` with the user's cache, so it costs nothing the second time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine import scoring
from engine.model import Score
from tests.perf import runs, sides

Evals = list[list[Score | None]]
"""Scores by game and position, from White's point of view; None for a position without one."""
Interval = tuple[float, float, float]
"""A mean and the two ends of its 95% interval."""
PerGame = Sequence[tuple[float, int]]
"""A sum for each game and the number of values in it."""


def reference(source: Path, evaluator: str, nodes: int, workers: int) -> Evals:
    """Return the reference evaluations of a file, from the cache where they are in it.

    A position that has to be searched takes about a second on one core at 1M nodes."""
    sides.say(f"reference: {nodes:,} nodes a position, from the cache where it is in there")
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        out = Path(name, "out.jsonl")
        runs.analyze(
            source, "--nodes", str(nodes), "--set", "search.policy=fresh", "--set", "search.reconcile=false",
            "--set", f"{evaluator if evaluator in ('embedded', 'stockfish') else 'uci'}.scores=exact",
            "-j", str(workers), "-o", out, evaluator=evaluator, cache="user",
        )  # fmt: skip
        return read_evals(runs.read_games(out))


def recorded(source: Path) -> Evals:
    """Return the evaluations that are in a file, such as those of Lichess's server analysis."""
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        out = Path(name, "out.jsonl")
        runs.analyze(source, "-o", out, evaluator="recorded")
        return read_evals(runs.read_games(out))


def scaled(evals: Evals, scale: float) -> Evals:
    """Return the evaluations with their centipawns multiplied by a factor."""

    def multiply(score: Score | None) -> Score | None:
        return score if score is None or score.cp is None else Score(cp=round(score.cp * scale))

    return [[multiply(score) for score in game] for game in evals]


def read_evals(games: list[dict[str, Any]], *, reconciled: bool = True) -> Evals:
    """Return the evaluations of a JSON Lines output, as delivered; without `reconciled`, as they were searched."""
    return [[_score(position, reconciled=reconciled) for position in game["positions"]] for game in games]


def _score(position: dict[str, Any], *, reconciled: bool) -> Score | None:
    if "terminal" in position:
        return None
    source = position if reconciled else position.get("searched", position)
    return Score(**source["eval"]) if source.get("eval") else None


def errors(evals: Evals, deep: Evals) -> list[tuple[float, int]]:
    """Return for each game the sum of |Win% - the reference's|, and the number of positions that both have."""

    def compare_game(game: list[Score | None], deep_game: list[Score | None]) -> tuple[float, int]:
        gaps = [
            abs(_win(a) - _win(b)) for a, b in zip(game, deep_game, strict=True) if a is not None and b is not None
        ]
        return sum(gaps), len(gaps)

    return [compare_game(game, deep_game) for game, deep_game in zip(evals, deep, strict=True)]


def agreeing(evals: Evals, deep: Evals, whites: Sequence[bool]) -> list[tuple[float, int]]:
    """Return for each game the number of moves judged as in the reference, and of all judged moves.

    * **whites** - for each game whether White moves first."""

    def compare_game(game: list[Score | None], deep_game: list[Score | None], white: bool) -> tuple[float, int]:
        equal = [
            _judged(game, k, white) == _judged(deep_game, k, white)
            for k in range(len(game) - 1)
            if None not in (game[k], game[k + 1], deep_game[k], deep_game[k + 1])
        ]
        return sum(equal), len(equal)

    return [
        compare_game(game, deep_game, white) for game, deep_game, white in zip(evals, deep, whites, strict=True)
    ]


def _judged(game: list[Score | None], ply: int, white_begins: bool) -> str | None:
    before, after = game[ply], game[ply + 1]
    assert before is not None
    assert after is not None
    white = white_begins == (ply % 2 == 0)
    return scoring.judgement(before if white else -before, after if white else -after)


def _win(score: Score) -> float:
    return scoring.win_percent(score)


def difference(first: PerGame, second: PerGame) -> Interval:
    """Return the mean of first - second, for two ways on the same positions, with its interval."""
    return sides.by_game([(a - b, count) for (a, count), (b, _) in zip(first, second, strict=True)])


def shown(interval: Interval, digits: int = 2, *, percent: bool = False, sign: bool = False) -> str:
    """Format an interval as `1.31 [1.20, 1.42]`."""
    factor = 100 if percent else 1
    form: Callable[[float], str] = lambda value: f"{value * factor:{'+' if sign else ''}.{digits}f}"  # noqa: E731
    middle, low, high = interval
    return f"{form(middle)}{' %' if percent else ''} [{form(low)}, {form(high)}]"
