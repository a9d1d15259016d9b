"""Themes of puzzles beside the tags of Lichess: precision and recall of each.

The rules have no fitted numbers but a few limits, which were chosen while looking at parts 0 to 3 of the puzzles.
Puzzles of part 4 were counted and never looked at, so its row says how well the rules do on new ones. The file has
no scores: what a position is worth (crushing, advantage, equality) is told from material, where it is told at all.
Tags that say who played (master ...) are left out.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path

from engine.positions.themes import THEMES, themes
from tests.perf import sides
from tests.perf.puzzles import FOLDS, Puzzle, puzzles
from tests.perf.report import Report, Table

COMMON = 50
"""Themes with fewer examples do not count in the mean recall."""
PRECISION, RECALL = 0.97, 0.80
QUICK = 500


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--puzzles", type=Path, metavar="FILE", help="another file with the same columns")
    parser.add_argument("--misses", choices=sorted(THEMES), metavar="THEME", help="show some that we get wrong")
    parser.add_argument("--count", type=int, default=10, help="how many of each kind [10]")


class Tally:
    """Counts what was found and what there was, by theme."""

    def __init__(self) -> None:
        self.puzzles = 0
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.tagged: Counter[str] = Counter()

    def add(self, found: frozenset[str], tagged: frozenset[str]) -> None:
        self.puzzles += 1
        self.right.update(found & tagged)
        self.wrong.update(found - tagged)
        self.tagged.update(tagged & THEMES.keys())

    def precision(self, *names: str) -> float:
        """Return the share of what was found that is tagged, over some themes or all."""
        right, wrong = (sum(counts[name] for name in names or THEMES) for counts in (self.right, self.wrong))
        return right / (right + wrong) if right + wrong else 0.0

    def recall(self, name: str) -> float:
        return self.right[name] / self.tagged[name] if self.tagged[name] else 0.0

    def mean_recall(self, common: list[str]) -> float:
        """Return the mean recall of some themes, those left out that no puzzle here has."""
        present = [name for name in common if self.tagged[name]]
        return sum(map(self.recall, present)) / len(present) if present else 0.0


def run(args: argparse.Namespace) -> Report:
    total, parts = Tally(), [Tally() for _ in range(FOLDS)]
    missed: dict[str, list[Puzzle]] = {"found, not tagged": [], "tagged, not found": []}
    for puzzle in puzzles(args.puzzles):
        found = frozenset(themes(puzzle.line))
        for tally in (total, parts[puzzle.fold]):
            tally.add(found, puzzle.themes)
        if args.misses in found ^ puzzle.themes:
            missed["found, not tagged" if args.misses in found else "tagged, not found"].append(puzzle)
        if total.puzzles % 5_000 == 0:
            sides.say(f"{total.puzzles:,} puzzles")
        if args.quick and total.puzzles == QUICK:
            break
    common = [name for name in THEMES if total.tagged[name] >= COMMON]
    report = Report(tables=[_by_theme(total), _by_part(parts, total, common)])
    report.tables += [_misses(kind, args.count, found) for kind, found in missed.items() if args.misses]
    precision, recall = total.precision(), total.mean_recall(common)
    what = f"{total.puzzles:,} tagged puzzles"
    report.find(
        f"precision of all themes found in {what}",
        f"{precision:.4f}",
        f"≥ {PRECISION}",
        met=precision >= PRECISION,
    )
    report.find(
        f"mean recall of the {len(common)} themes with {COMMON} examples or more in {what}",
        f"{recall:.4f}",
        f"≥ {RECALL}",
        met=recall >= RECALL,
    )
    report.data = {
        "precision": precision,
        "recall": recall,
        "themes": {name: [total.tagged[name], total.right[name], total.wrong[name]] for name in THEMES},
    }
    return report


def _by_theme(total: Tally) -> Table:
    table = Table("by theme, the worst first", ("theme", "examples", "precision", "recall", "wrong", "missed"))
    for name in sorted(THEMES, key=lambda name: (total.recall(name) * total.precision(name), name)):
        tagged, right, wrong = total.tagged[name], total.right[name], total.wrong[name]
        shown = (f"{total.precision(name):.3f}" if right + wrong else "-", f"{total.recall(name):.3f}")
        table.add(name, f"{tagged:,}", *shown, f"{wrong:,}", f"{tagged - right:,}")
    return table


def _by_part(parts: list[Tally], total: Tally, common: list[str]) -> Table:
    table = Table("by part", ("part", "puzzles", "precision", "mean recall"))
    for name, tally in [*((str(k), part) for k, part in enumerate(parts)), ("all", total)]:
        table.add(name, f"{tally.puzzles:,}", f"{tally.precision():.4f}", f"{tally.mean_recall(common):.4f}")
    return table


def _misses(kind: str, count: int, found: list[Puzzle]) -> Table:
    table = Table(f"{kind}: {len(found):,}", ("puzzle", "position", "line"))
    for puzzle in random.Random(1).sample(found, min(count, len(found))):
        table.add(puzzle.name, puzzle.line.boards[0].fen(), puzzle.san)
    return table
