"""Us beside the ways that others go: wall time at a depth, and error against a deep reference.

Same games, same evaluator, same cores, same hash in all: the python-chess loop with `Threads` = cores, a
`multiprocessing.Pool` with a game per task on a warm hash, the same with a fresh hash for every position,
chunks of 6 + 1 as in fishnet, and `engine analyze`, also with `--adaptive` where the command has it, and with
whatever flags `--also` names.

Wall time at `--depth` is measured in turns, each way as a process of its own. Then every way analyses all games
once at that depth and once at `--nodes` a position. Its error is the mean |Win% - reference's|; `ours - it` is
paired by position, with a 95% interval by resampling games, and so is the share of moves judged as by the
reference. Our own evaluations are taken as delivered, reconciled within the game, and once more as they were
searched.

The reference (`--reference` nodes a position, fresh hash) is made once and kept in the user's cache.
"""

from __future__ import annotations

import argparse
import functools
import json
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import chess
from msgspec import Struct

from engine.model import Score
from engine.settings import parse_count
from tests.perf import agreement, evaluators, games, runs, sides
from tests.perf.agreement import Evals
from tests.perf.evaluators import Searcher
from tests.perf.report import Report, Table

OTHERS = {
    "loop": "loop, Threads = cores",
    "warm": "Pool, warm hash",
    "fresh": "Pool, fresh hash",
    "chunks": "Pool, chunks of 6 + 1",
}
OURS, ADAPTIVE, RAW = "engine", "engine --adaptive", "engine, as searched"
AIMS = {"loop": 0.62, "warm": 1.00, "fresh": 0.75}
"""Our wall time ÷ theirs, at most."""
HALF = 0.5
"""Of the nodes, at most, with `--adaptive`."""


class Answer(Struct):
    """What one way found."""

    wall: float
    nodes: int
    evals: Evals
    searched: Evals | None = None
    """Of ours: before reconciliation."""


Way = Callable[[Path, str], Answer]
"""Analyse a file with a limit, `depth=14` or `nodes=100000`."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN; default: the match of tests/data, 2,312 positions")
    parser.add_argument("--timed", type=int, metavar="N", help="so many games for the wall times  [12]")
    parser.add_argument("--depth", type=int, default=14, help="[14]")
    parser.add_argument("--nodes", type=parse_count, metavar="N", help="a position, for equal nodes  [100k]")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="FLAGS",
        help="one more way of ours: flags of analyze; repeatable",
    )
    parser.add_argument("--only-ours", action="store_true", help="leave the others out")
    parser.add_argument("--reference", type=parse_count, metavar="N", help="nodes a position  [1M]")


def run(args: argparse.Namespace) -> Report:
    found = Report()
    searcher = evaluators.found(args.evaluator)
    found.evaluators = [searcher.label]
    depth = 8 if args.quick else args.depth
    nodes = args.nodes or (5_000 if args.quick else 100_000)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        source = games.chosen(args.games, folder, None, quick=args.quick)
        timed = games.cut(source, folder / "timed.pgn", args.timed or 12)
        ways = _ways(found, searcher, args, folder)
        _time(found, ways, timed, f"depth={depth}", args.rounds or (1 if args.quick else 5))
        reference_nodes = args.reference or (50_000 if args.quick else 1_000_000)
        wanted = agreement.reference(source, searcher.name, reference_nodes, args.workers)
        whites = [board.turn == chess.WHITE for _, board in games.boards(source)]
        for limit in (f"depth={depth}", f"nodes={nodes}"):
            answers = {what: only for what, [only] in _measure(ways, source, limit, 1).items()}
            _judge(found, answers, wanted, whites, limit)
    reference = f"{searcher.label}; reference: {reference_nodes:,} nodes a position, fresh hash."
    found.notes.append(f"{reference} Seconds and nodes of the error tables are those of all games, once.")
    return found


# -- the ways ------------------------------------------------------------------------------------------------


def _ways(found: Report, searcher: Searcher, args: argparse.Namespace, folder: Path) -> dict[str, Way]:
    """By label, in the order of the tables."""
    cores = args.workers
    program = [str(searcher.path)] if searcher.path else [sys.executable, "-m", "tests.perf.bridge"]
    if searcher.path is None and not args.only_ours:
        found.notes.append("The embedded Stockfish has one thread: the loop with Threads = cores has one too.")
    ways: dict[str, Way] = {}
    if not args.only_ours:
        ways = {label: _other(way, program, cores, folder) for way, label in OTHERS.items()}
    ways[OURS] = _engine(searcher, cores, folder)
    if runs.has_flag("--adaptive"):
        ways[ADAPTIVE] = _engine(searcher, cores, folder, "--adaptive")
    else:
        found.notes.append("`engine analyze` has no --adaptive here; that way is left out.")
    for flags in args.also:
        ways[f"engine {flags}"] = _engine(searcher, cores, folder, *shlex.split(flags))
    return ways


def _other(way: str, program: list[str], cores: int, folder: Path) -> Way:
    def go(source: Path, limit: str) -> Answer:
        out = folder / "out.json"
        command = [
            sys.executable,
            "-m",
            "tests.perf.ways",
            way,
            str(source),
            str(out),
            str(cores),
            limit,
            *program,
        ]
        wall = runs.call(command)
        content = json.loads(out.read_bytes())
        evals = [[None if one is None else Score(*one) for one in game] for game in content["scores"]]
        return Answer(wall, content["nodes"], evals)

    return go


def _engine(searcher: Searcher, cores: int, folder: Path, *flags: str) -> Way:
    def go(source: Path, limit: str) -> Answer:
        key, _, value = limit.partition("=")
        out = folder / "ours.jsonl"
        ran = runs.analyze(
            source, f"--{key}", value, "-j", str(cores), "-o", out, *flags, evaluator=searcher.name
        )  # fmt: skip
        read = runs.read_games(out)
        evals, searched = (agreement.ours(read, reconciled=reconciled) for reconciled in (True, False))
        return Answer(ran.wall, ran.counts.nodes, evals, searched)

    return go


# -- the figures ---------------------------------------------------------------------------------------------


def _measure(ways: dict[str, Way], source: Path, limit: str, rounds: int) -> dict[str, list[Answer]]:
    turns = {
        what: functools.partial(way, source, limit)
        for what, way in ways.items()
        if what != ADAPTIVE or limit.startswith("nodes=")  # which has no limit but this
    }
    return sides.in_turns(turns, rounds)


def _time(found: Report, ways: dict[str, Way], source: Path, limit: str, rounds: int) -> None:
    """Wall times, in turns."""
    count, positions = games.count(source)
    measured = _measure(ways, source, limit, rounds)
    ours = [one.wall for one in measured[OURS]]
    table = Table(f"{count} games, {positions:,} positions, {limit}", ("way", "seconds", "ours ÷ it", "Mnodes"))
    for what, answers in measured.items():
        ratio = sides.ratios(ours, [one.wall for one in answers])
        nodes = [one.nodes / 1e6 for one in answers]
        table.add(
            what, sides.spread([one.wall for one in answers], 1), sides.spread(ratio), sides.spread(nodes, 1)
        )
        aim = AIMS.get(next((way for way, label in OTHERS.items() if label == what), ""))
        if aim is not None:
            middle = sides.median(ratio)
            found.find(f"wall time at {limit}, ours ÷ {what}", f"{middle:.2f}", f"≤ {aim:.2f}", met=middle <= aim)
    found.tables.append(table)
    found.data["wall"] = {what: [(one.wall, one.nodes) for one in answers] for what, answers in measured.items()}


def _judge(found: Report, answers: dict[str, Answer], wanted: Evals, whites: list[bool], limit: str) -> None:
    """Errors and judgements against the reference, paired with ours."""
    ours = answers[OURS]
    assert ours.searched is not None
    answers = {**answers, RAW: Answer(ours.wall, ours.nodes, ours.searched)}
    errors = {what: agreement.errors(one.evals, wanted) for what, one in answers.items()}
    judged = {what: agreement.agreeing(one.evals, wanted, whites) for what, one in answers.items()}
    positions = sum(count for _, count in errors[OURS])
    table = Table(
        f"{limit}, against the reference; {positions:,} positions",
        ("way", "seconds", "Mnodes", "|Win% error|", "ours - it", "same judgement", "ours - it"),
    )
    for what, one in answers.items():
        gap = agreement.difference(errors[OURS], errors[what])
        judged_gap = agreement.difference(judged[OURS], judged[what])
        table.add(
            what, f"{one.wall:.1f}", f"{one.nodes / 1e6:.1f}", agreement.shown(sides.by_game(errors[what])),
            agreement.shown(gap, sign=True),
            agreement.shown(sides.by_game(judged[what]), 1, percent=True),
            agreement.shown(judged_gap, 1, percent=True, sign=True),
        )  # fmt: skip
        if limit.startswith("nodes") and what in OTHERS.values():
            searched = agreement.shown(agreement.difference(errors[RAW], errors[what]), sign=True)
            figure = f"{agreement.shown(gap, sign=True)}; as searched {searched}"
            # Not worse within the interval: no difference, or a smaller error, is still in it.
            found.find(f"|Win% error| at {limit}, ours - {what}", figure, "≤ 0", met=gap[1] <= 0)
    found.tables.append(table)
    found.data[limit] = {
        what: {"wall": one.wall, "nodes": one.nodes, "errors": errors[what], "judged": judged[what]}
        for what, one in answers.items()
    }
    if ADAPTIVE in answers:
        _judge_adaptive(found, answers, judged, limit)


def _judge_adaptive(
    found: Report, answers: dict[str, Answer], judged: dict[str, list[tuple[float, int]]], limit: str
) -> None:
    share = answers[ADAPTIVE].nodes / answers[OURS].nodes
    gap = agreement.difference(judged[ADAPTIVE], judged[OURS])
    found.find(f"nodes of --adaptive ÷ uniform, {limit}", f"{share:.2f}", f"≤ {HALF}", met=share <= HALF)
    found.find(
        f"same judgement as the reference, --adaptive - uniform, {limit}",
        agreement.shown(gap, 1, percent=True, sign=True), "≥ 0", met=gap[2] >= 0,
    )  # fmt: skip
