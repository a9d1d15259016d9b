"""How far evaluations are from those of a deep reference: Win% error and equal judgements, with intervals by game.

The reference searches every position on a fresh hash with many more nodes, and reconciles nothing. It is an
`engine analyze` on the user's cache: the second time it costs nothing.
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
"""By game and position, White's view; None where there is none."""
Interval = tuple[float, float, float]
"""Mean, and the ends of its 95% interval."""
PerGame = Sequence[tuple[float, int]]


def reference(source: Path, evaluator: str, nodes: int, workers: int) -> Evals:
    """From the cache, or searched now: at 1M nodes a position about a second a core for each."""
    sides.say(f"reference: {nodes:,} nodes a position, from the cache where it is in there")
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        out = Path(name, "out.jsonl")
        runs.analyze(
            source, "--nodes", str(nodes), "--set", "search.policy=fresh", "--set", "search.reconcile=false",
            "-j", str(workers), "-o", out, evaluator=evaluator, cache="user",
        )  # fmt: skip
        return ours(runs.read_games(out))


def ours(games: list[dict[str, Any]], *, reconciled: bool = True) -> Evals:
    """Of a JSON Lines output; `reconciled`: as delivered, else as they were searched."""
    return [[_score(position, reconciled=reconciled) for position in game["positions"]] for game in games]


def _score(position: dict[str, Any], *, reconciled: bool) -> Score | None:
    if "terminal" in position:
        return None
    source = position if reconciled else position.get("searched", position)
    return Score(**source["eval"]) if source.get("eval") else None


def errors(found: Evals, wanted: Evals) -> list[tuple[float, int]]:
    """By game: the sum of |Win% - the reference's| over the positions that both have, and how many."""

    def one(game: list[Score | None], want: list[Score | None]) -> tuple[float, int]:
        gaps = [abs(_win(a) - _win(b)) for a, b in zip(game, want, strict=True) if a is not None and b is not None]
        return sum(gaps), len(gaps)

    return [one(game, want) for game, want in zip(found, wanted, strict=True)]


def agreeing(found: Evals, wanted: Evals, whites: Sequence[bool]) -> list[tuple[float, int]]:
    """By game: how many moves are judged as by the reference, and how many are judged. `whites`: who begins."""

    def one(game: list[Score | None], want: list[Score | None], white: bool) -> tuple[float, int]:
        equal = [
            _judged(game, k, white) == _judged(want, k, white)
            for k in range(len(game) - 1)
            if None not in (game[k], game[k + 1], want[k], want[k + 1])
        ]
        return sum(equal), len(equal)

    return [one(*three) for three in zip(found, wanted, whites, strict=True)]


def _judged(game: list[Score | None], ply: int, white_begins: bool) -> str | None:
    before, after = game[ply], game[ply + 1]
    assert before is not None
    assert after is not None
    white = white_begins == (ply % 2 == 0)
    return scoring.judgement(before if white else -before, after if white else -after)


def _win(score: Score) -> float:
    return scoring.win_percent(score)


def difference(first: PerGame, second: PerGame) -> Interval:
    """Of two ways on the same positions: the mean of first - second."""
    return sides.by_game([(a - b, count) for (a, count), (b, _) in zip(first, second, strict=True)])


def shown(interval: Interval, digits: int = 2, *, percent: bool = False, sign: bool = False) -> str:
    """`1.31 [1.20, 1.42]`."""
    factor = 100 if percent else 1
    form: Callable[[float], str] = lambda value: f"{value * factor:{'+' if sign else ''}.{digits}f}"  # noqa: E731
    middle, low, high = interval
    return f"{form(middle)}{' %' if percent else ''} [{form(low)}, {form(high)}]"
