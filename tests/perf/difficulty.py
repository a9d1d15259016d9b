"""The estimate of a puzzle's rating: its mean error on puzzles left out of the fit, beside always saying the mean.

A ridge regression on the features of `engine.positions.themes.features`, in five parts: each part is estimated by
the numbers that the other four give. `--write` fits all of them and writes the file that
`engine.positions.themes.rating` reads.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.positions.themes import themes
from engine.positions.themes.features import features
from engine.positions.themes.rating import WEIGHTS, Model
from tests.perf import sides
from tests.perf.puzzles import FOLDS, puzzles
from tests.perf.report import Report, Table

PENALTY = 10.0
"""How much a weight costs (lambda); results are alike from 3 to 30."""
QUICK = 500
SAMPLE = tuple[int, dict[str, float], int]
"""Part, features and rating of a puzzle."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--puzzles", type=Path, metavar="FILE", help="another file with the same columns")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name}, fitted to all puzzles")


class Sums:
    """The sums of products that a least-squares fit needs: sums of several parts can be added."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.index = {name: k for k, name in enumerate(names)}
        self.products = [[0.0] * len(names) for _ in names]
        self.targets = [0.0] * len(names)

    def add(self, found: dict[str, float], rating: int) -> None:
        pairs = [(self.index[name], value) for name, value in found.items()]
        for row, value in pairs:
            self.targets[row] += value * rating
            products = self.products[row]
            for column, other in pairs:
                products[column] += value * other

    def plus(self, other: Sums) -> Sums:
        """Return the sums of both."""
        both = Sums(self.names)
        both.targets = [a + b for a, b in zip(self.targets, other.targets, strict=True)]
        rows = zip(self.products, other.products, strict=True)
        both.products = [[a + b for a, b in zip(mine, its, strict=True)] for mine, its in rows]
        return both

    def weights(self) -> dict[str, float]:
        """Return the weights that fit best with the penalty, by Gaussian elimination."""
        size = len(self.names)
        matrix = [[*row, target] for row, target in zip(self.products, self.targets, strict=True)]
        for k, name in enumerate(self.names):
            matrix[k][k] += 1e-6 if name == "constant" else PENALTY
        for k, pivot in enumerate(matrix):
            for row in matrix[k + 1 :]:
                factor = row[k] / pivot[k]
                if factor:
                    row[k:] = [a - factor * b for a, b in zip(row[k:], pivot[k:], strict=True)]
        solved = [0.0] * size
        for k in reversed(range(size)):
            rest = sum(matrix[k][j] * solved[j] for j in range(k + 1, size))
            solved[k] = (matrix[k][size] - rest) / matrix[k][k]
        return dict(zip(self.names, solved, strict=True))


def samples(path: Path | None, limit: int | None) -> list[SAMPLE]:
    """Return the features of the puzzles of a file, or of the first ones."""
    found: list[SAMPLE] = []
    for puzzle in puzzles(path):
        found.append((puzzle.fold, features(puzzle.line, themes(puzzle.line)), puzzle.rating))
        if len(found) % 5_000 == 0:
            sides.say(f"{len(found):,} puzzles")
        if len(found) == limit:
            break
    return found


def run(args: argparse.Namespace) -> Report:
    rows = samples(args.puzzles, QUICK if args.quick else None)
    names = sorted({name for _, found, _ in rows for name in found})
    parts = [Sums(names) for _ in range(FOLDS)]
    for fold, found, rating in rows:
        parts[fold].add(found, rating)
    errors: list[float] = []
    guesses: list[float] = []
    table = Table("by part, each estimated from the others", ("part", "puzzles", "mean error", "of the mean"))
    for part in range(FOLDS):
        fitted = _total([sums for k, sums in enumerate(parts) if k != part]).weights()
        mean = statistics.fmean(rating for fold, _, rating in rows if fold != part)
        own = [(found, rating) for fold, found, rating in rows if fold == part]
        off = [abs(Model("", 0, fitted).rate(found) - rating) for found, rating in own]
        guess = [abs(mean - rating) for _, rating in own]
        table.add(str(part), f"{len(own):,}", f"{statistics.fmean(off):.0f}", f"{statistics.fmean(guess):.0f}")
        errors += off
        guesses += guess
    error, guess_error = statistics.fmean(errors), statistics.fmean(guesses)
    report = Report(tables=[table])
    report.find(
        f"mean error of the estimated rating of {len(rows):,} puzzles, in five parts", f"{error:.0f}",
    )  # fmt: skip
    report.find("that of always saying the mean", f"{guess_error:.0f}")
    report.data = {"error": error, "mean": guess_error}
    fitted = _total(parts).weights()
    report.tables.append(_strongest(fitted))
    if args.write and not args.quick:
        _write(fitted, error, len(rows))
        report.notes.append(f"{WEIGHTS}: written")
    return report


def _total(parts: Sequence[Sums]) -> Sums:
    total, *rest = parts
    for part in rest:
        total = total.plus(part)
    return total


def _strongest(weights: dict[str, float]) -> Table:
    table = Table("what adds and takes away most", ("feature", "rating"))
    for name in sorted(weights, key=lambda name: -abs(weights[name]))[:20]:
        table.add(name, f"{weights[name]:+.0f}")
    return table


def _write(weights: dict[str, float], error: float, count: int) -> None:
    source = (
        f"Ridge regression (penalty {PENALTY:g}) to the ratings of {count} puzzles of Lichess's database (CC0), "
        "by `python -m tests.perf difficulty --write`."
    )
    fitted = Model(source, round(error, 1), {name: round(weights[name], 1) for name in sorted(weights)})
    text = msgspec.json.format(msgspec.json.encode(fitted), indent=1)
    WEIGHTS.write_bytes(text + b"\n")
