"""Sizes of units: opening plies, chunk length and hash, each by what it costs and what it gives.

For each value, the others at their default: nodes to reach `--depth` in every position (fewer are better), and the
mean |Win% error| at `--nodes` a position against the deep reference of `peers` (less is better), as searched and
not reconciled; `- default` is paired by position, with a 95% interval by resampling games.

For the opening plies also how many positions of a large file are known from other games of the file, counted with
an evaluator that costs nothing: Lichess bullet games where the big real data is, else the match.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from engine.settings import Search, parse_count
from tests.perf import agreement, evaluators, games, runs, sides
from tests.perf.agreement import Evals, PerGame
from tests.perf.report import Report, Table

DEFAULT_HASH = 16
OPENINGS = (0, 4, 8, 10, 12, 16, 24)
CHUNKS = (0, 6, 9, 12, 18, 24, 200)
"""Lengths of a chunk; 0 is an empty hash for each position, 200 is whole games."""
HASHES = (1, 4, 16, 64, 256)
QUICK = {"opening": (10, 16), "chunk": (0, 12), "hash": (16, 64)}


class Cost(Struct):
    """Cost of one value of a size."""

    nodes: int
    """Nodes to reach the depth in all positions."""
    seconds: float
    """Seconds to reach the depth in all positions."""
    errors: PerGame
    """Win% errors by game, with the same nodes for each position."""


class Study(Struct):
    """A size and the values to measure."""

    name: str
    values: tuple[int, ...]
    default: int
    flags: Callable[[int], tuple[str, ...]]
    """Function that returns the flags of `engine analyze` for a value."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN; default: the match of tests/data")
    parser.add_argument("--most", type=int, metavar="N", help="so many games of it  [12]")
    parser.add_argument("--depth", type=int, default=14, help="[14]")
    parser.add_argument("--nodes", type=parse_count, metavar="N", help="a position  [100k]")
    parser.add_argument("--reference", type=parse_count, metavar="N", help="nodes a position  [1M]")
    parser.add_argument("--only", choices=["opening", "chunk", "hash"], help="measure one of the three")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    searcher = evaluators.find_searcher(args.evaluator)
    report.evaluators = [searcher.label]
    depth, nodes, deep = (8, 5_000, 50_000) if args.quick else (args.depth, args.nodes or 100_000, 1_000_000)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        # Position by position the same searches as in `peers`: whoever comes second finds them in the cache.
        source = games.choose(args.games, folder, args.most or 12, quick=args.quick)
        deep_evals = agreement.reference(source, searcher.name, args.reference or deep, args.workers)

        def cost(*flags: str) -> Cost:
            out = folder / "out.jsonl"
            common = ("-j", str(args.workers), "--set", "search.reconcile=false", "-o", str(out), *flags)
            to_depth = runs.analyze(source, "--depth", str(depth), *common, evaluator=searcher.name)
            runs.analyze(source, "--nodes", str(nodes), *common, evaluator=searcher.name)
            evals: Evals = agreement.read_evals(runs.read_games(out))
            return Cost(to_depth.counts.nodes, to_depth.wall, agreement.errors(evals, deep_evals))

        title = f"{searcher.label}; {{}}; nodes to depth {depth}, error at {nodes:,} nodes a position"
        for study in _studies(quick=args.quick):
            if args.only in (None, study.name):
                _study(report, title.format(study.name), study, cost)
        if args.only in (None, "opening"):
            report.tables.append(_shared(args, folder))
    return report


def _studies(*, quick: bool) -> list[Study]:
    search = Search()
    return [
        Study("opening", QUICK["opening"] if quick else OPENINGS, search.opening, _opening),
        Study("chunk", QUICK["chunk"] if quick else CHUNKS, search.chunk, _chunk),
        Study("hash", QUICK["hash"] if quick else HASHES, DEFAULT_HASH, lambda value: ("--hash", str(value))),
    ]


def _opening(value: int) -> tuple[str, ...]:
    return "--set", f"search.opening={value}"


def _chunk(value: int) -> tuple[str, ...]:
    return ("--set", f"search.chunk={value}") if value else ("--set", "search.policy=fresh")


def _with(default: int, values: tuple[int, ...]) -> list[int]:
    return sorted({default, *values})


def _study(report: Report, title: str, study: Study, cost: Callable[..., Cost]) -> None:
    name, default = study.name, study.default
    measured = {value: only for value, [only] in _one_round(study, cost).items()}
    usual = measured[default]
    table = Table(title, (name, "Mnodes", "÷ default", "seconds", "|Win% error|", "- default"))
    for value, size_cost in measured.items():
        table.add(
            _label(name, value, default), f"{size_cost.nodes / 1e6:.1f}", f"{size_cost.nodes / usual.nodes:.3f}",
            f"{size_cost.seconds:.1f}", agreement.shown(sides.by_game(size_cost.errors)),
            agreement.shown(agreement.difference(size_cost.errors, usual.errors), sign=True),
        )  # fmt: skip
    report.tables.append(table)
    cheapest = min(measured, key=lambda value: measured[value].nodes)
    closest = min(measured, key=lambda value: sides.by_game(measured[value].errors)[0])
    report.find(
        f"unit sizes: {name} {default} (default); fewest nodes to the depth, smallest error",
        f"{cheapest} ({measured[cheapest].nodes / usual.nodes:.2f} of the nodes); {closest}",
    )
    report.data[name] = {str(value): size_cost for value, size_cost in measured.items()}


def _one_round(study: Study, cost: Callable[..., Cost]) -> dict[int, list[Cost]]:
    by_name = {f"{study.name} {value}": value for value in _with(study.default, study.values)}
    turns = {name: functools.partial(cost, *study.flags(value)) for name, value in by_name.items()}
    measured = sides.in_turns(turns, 1)
    return {by_name[name]: costs for name, costs in measured.items()}


def _label(size: str, value: int, default: int) -> str:
    name = {("chunk", 0): "fresh hash", ("chunk", 200): "whole game"}.get((size, value), str(value))
    return f"{name} (default)" if value == default else name


def _shared(args: argparse.Namespace, folder: Path) -> Table:
    """Count the positions that games of one file have in common, by opening plies."""
    large = games.big("human", "js_lichess_bullet_clk_1000.pgn")
    source = folder / "shared.pgn"
    if large is None or args.quick:
        games.write_match(source)
        label = "the match"
    else:
        source.write_bytes(large.read_bytes())
        label = "1,000 bullet games"
    table = Table(f"{label}: positions known from other games of the file", ("opening", "known", "of", "share"))
    for value in _with(Search().opening, QUICK["opening"] if args.quick else OPENINGS):
        counts = runs.analyze(
            source, *_opening(value), "-j", str(args.workers), evaluator="instant", plugin=runs.INSTANT
        ).counts  # fmt: skip
        label = _label("opening", value, Search().opening)
        share = f"{counts.cached / max(1, counts.positions):.1%}"
        table.add(label, f"{counts.cached:,}", f"{counts.positions:,}", share)
    return table
