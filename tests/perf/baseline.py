"""Whether the percentiles of `peers` are right: uniform on held-out games, with intervals that hold.

The games of each file are split into two halves at random, several times. A baseline is built from one half, and
each side of the other gets its percentile, as `peers` computes it; a tie falls at random within its ranks. The
distance (Kolmogorov-Smirnov) from a uniform distribution is given for the first split, beside two yardsticks: what
95% of samples of as many independent uniform numbers stay below, as if the baseline were known without error, and
what 95% of two independent halves stay below, since the baseline is a sample too. In how many splits the distance
is above the second says whether the percentiles are right. The distance of all splits together says less: each
side is on both sides of the comparison in turn, so chance averages out, and errors of the method are left.

Then players of 50 games are drawn at random from one half and compared with the other: they are average peers, so
in 95% of the draws the interval must contain 50%, and in at most 5% may anything be called sure.
"""

from __future__ import annotations

import argparse
import math
import random
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

import engine
from engine.model import SPEED_NAMES, AnalysedGame
from engine.plugin import certainties
from engine_plugins.aggregators import _side_figures
from engine_plugins.aggregators._baseline_file import WIDTH
from engine_plugins.aggregators._placements import Cell, Placement, Sample, place
from engine_plugins.aggregators._side_figures import FIGURES
from tests.perf.games import big
from tests.perf.report import Report, Table, Unavailable

AIM = 0.08
PLAYER_GAMES = 50


class Side(Struct):
    """A side of a game, with its figures."""

    game: int
    cell: Cell
    figures: dict[str, int]


class Row(Struct):
    """Distances of one figure in one band."""

    speed: str
    rating: int
    figure: str
    sides: int
    """Sides of the band."""
    held: int
    """Sides of the half that is held out in the first split."""
    single: tuple[float, ...]
    """Distance of each split."""
    uniform: float
    """Distance that 95% of samples of `held` independent uniform numbers stay below."""
    halves: float
    """Distance that 95% of two independent halves stay below, of the sizes of the first split."""
    together: float
    """Distance of all splits together."""

    @property
    def above(self) -> int:
        """Number of splits whose distance is above `halves`."""
        return sum(distance > self.halves for distance in self.single)


def sides_of(path: str) -> list[Side]:
    """Return the sides that count, of a file of games with evaluations."""
    sides: list[Side] = []

    def take(game: AnalysedGame) -> None:
        for _, cell, figures in _side_figures.sides_of(game, ("white", "black"), WIDTH):
            if cell is not None:
                sides.append(Side(game.origin.game, cell, figures))

    with engine.Analyzer(workers=1, evaluator="recorded") as analyzer:
        for game in analyzer.submit(path, aggregators=[]):
            take(game)
    return sides


def halves(games: Sequence[int], seed: int) -> set[int]:
    """Return one half of the games."""
    shuffled = sorted(set(games))
    random.Random(seed).shuffle(shuffled)
    return set(shuffled[: len(shuffled) // 2])


def ranks(values: Sequence[int], baseline: Sequence[int], rng: random.Random) -> list[float]:
    """Return the percentiles of values in a baseline, 0 to 1, ties at random."""
    known = sorted(baseline)
    found = []
    for value in values:
        low, high = bisect_left(known, value), bisect_right(known, value)
        found.append((low + (high - low) * rng.random()) / len(known))
    return found


def distance(shares: Sequence[float]) -> float:
    """Return the Kolmogorov-Smirnov distance from a uniform distribution."""
    ordered, n = sorted(shares), len(shares)
    return max(max((k + 1) / n - share, share - k / n) for k, share in enumerate(ordered))


def quantile(n: float) -> float:
    """Return the Kolmogorov-Smirnov distance that 95% of samples of `n` independent uniform numbers stay below.

    Source: Stephens, Journal of the Royal Statistical Society B 32 (1970), 115-122.
    """
    return 1.358 / (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))


def row(cell: Cell, figure: str, sides: Sequence[Side], splits: int) -> Row:
    """Measure one figure of one band."""
    rng = random.Random(f"{cell}{figure}")
    together: list[float] = []
    single: list[float] = []
    sizes: list[tuple[int, int]] = []
    for seed in range(splits):
        first = halves([side.game for side in sides], seed)
        base = [side.figures[figure] for side in sides if side.game in first]
        held = [side.figures[figure] for side in sides if side.game not in first]
        shares = ranks(held, base, rng)
        together += shares
        single.append(distance(shares))
        sizes.append((len(held), len(base)))
    n, m = sizes[0]
    yardsticks = quantile(n), quantile(n * m / (n + m))
    return Row(*cell, figure, len(sides), n, tuple(single), *yardsticks, distance(together))


def average_players(sides: Sequence[Side], draws: int) -> tuple[int, int, int]:
    """Return how many intervals of average players hold, of how many, and how many draws have something `sure`."""
    holds = number = sure = 0
    for seed in range(draws):
        first = halves([side.game for side in sides], seed)
        chosen: dict[int, Side] = {}
        for side in random.Random(seed).sample(list(sides), len(sides)):
            if side.game not in first and len(chosen) < PLAYER_GAMES:
                chosen.setdefault(side.game, side)
        placements = [
            found
            for figure in FIGURES
            if (found := _placement(figure, [s for s in sides if s.game in first], list(chosen.values())))
        ]
        holds += sum(abs(found.share - 0.5) <= found.reach for found in placements)
        number += len(placements)
        sure += "sure" in certainties([found.p_value for found in placements])
    return holds, number, sure


def _placement(figure: str, base: Sequence[Side], own: Sequence[Side]) -> Placement | None:
    known, ours = _samples(figure, base), _samples(figure, own)
    peers = {cell: [cell] for cell in ours if cell in known}
    ours = {cell: ours[cell] for cell in peers}
    return place(ours, peers, known) if sum(sample.n for sample in ours.values()) >= 10 else None


def _samples(figure: str, sides: Sequence[Side]) -> Mapping[Cell, Sample]:
    values: dict[Cell, Counter[int]] = defaultdict(Counter)
    games: dict[Cell, set[int]] = defaultdict(set)
    for side in sides:
        if figure in side.figures:
            values[side.cell][side.figures[figure]] += 1
            games[side.cell].add(side.game)
    return {
        cell: Sample(sorted(found), [found[value] for value in sorted(found)], len(games[cell]))
        for cell, found in values.items()
    }


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", nargs="*", metavar="FILE", help="games with evaluations  [lichess-analysed]")
    parser.add_argument("--splits", type=int, metavar="N", help="[20]")


def run(args: argparse.Namespace) -> Report:
    shipped = big("lichess-analysed", "games_eval_clk.pgn")
    files = args.games or ([str(shipped)] if shipped is not None else [])
    if not files:
        raise Unavailable("lichess-analysed is not here; ENGINE_TEST_DATA names the folder with the big real data")
    splits = args.splits or (2 if args.quick else 20)
    report = Report()
    for file in files:
        sides = sides_of(file)
        cells: dict[Cell, list[Side]] = defaultdict(list)
        for side in sides:
            cells[side.cell].append(side)
        rows = [
            row(cell, figure, [side for side in cells[cell] if figure in side.figures], splits)
            for cell in sorted(cells, key=lambda cell: (SPEED_NAMES.index(cell[0]), cell[1]))
            for figure in FIGURES
            if sum(figure in side.figures for side in cells[cell]) >= 100
        ]
        _tell(report, Path(file).name, rows, splits)
        largest = max(cells.values(), key=len)
        holds, number, sure = average_players(largest, 10 * splits)
        report.find(
            f"intervals of average players of {PLAYER_GAMES} games that contain 50%, {Path(file).name}",
            f"{holds / number:.1%} of {number:,}",
        )
        report.find(
            f"average players of whom something is sure, {Path(file).name}",
            f"{sure / (10 * splits):.1%}",
            aim="≤ 5%",
            met=sure <= 0.05 * 10 * splits,
        )
    return report


def _tell(report: Report, name: str, rows: Sequence[Row], splits: int) -> None:
    table = Table(
        f"{name}: distances of held-out percentiles from a uniform distribution",
        ("band", "figure", "n", "one split", "n uniform, 95%", "two halves, 95%", "splits above", "all splits"),
    )
    for found in rows:
        cells = (f"{cell:.3f}" for cell in (found.single[0], found.uniform, found.halves))
        above = f"{found.above} of {splits}"
        table.add(
            f"{found.speed} {found.rating}", found.figure, str(found.held), *cells, above, f"{found.together:.3f}"
        )
    report.tables.append(table)
    report.data[name] = rows
    if not rows:
        return
    above = sum(found.above for found in rows)
    report.find(
        f"distances (Kolmogorov-Smirnov) of held-out percentiles above what 95% of two halves have, {name}",
        f"{above / (splits * len(rows)):.1%} of {splits * len(rows):,}; by chance 5%",
    )
    greatest = max(rows, key=lambda found: found.together)
    report.find(
        f"greatest of these distances, all {splits} splits together, {name}",
        f"{greatest.together:.3f} ({greatest.figure}, {greatest.speed} {greatest.rating})",
        aim=f"≤ {AIM}",
        met=greatest.together <= AIM,
    )
