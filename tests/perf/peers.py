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

The reference (`--reference` nodes a position, fresh hash) is made once and kept in the user's cache; or it is what
the file has, such as the evaluations of Lichess's servers.
"""

from __future__ import annotations

import argparse
import functools
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

import chess
from msgspec import Struct, structs

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
"""Greatest ratio of our wall time to theirs, by way."""
RECORDED = "recorded"
"""The reference that is in the file."""
ADAPTIVE_AIMS = {"loop": 0.25, "warm": 0.40}
"""Greatest ratio of the wall time of `--adaptive` to theirs at as many nodes, by way."""
QUARTER = 0.25
"""Greatest share of the nodes that `--adaptive` may search."""


class Answer(Struct):
    """The result of one way to analyse games."""

    wall: float
    nodes: int
    evals: Evals
    searched: Evals | None = None
    """Our evaluations before reconciliation; None for the other ways."""


Way = Callable[[Path, str], Answer]
"""A function that analyses a file with a limit, `depth=14` or `nodes=100000`."""


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
    parser.add_argument(
        "--reference",
        type=_reference,
        metavar="N",
        help="nodes a position, or `recorded`: the evaluations in --games  [1M]",
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="factor for centipawns beside recorded ones  [1]"
    )


def _reference(text: str) -> int | str:
    return text if text == RECORDED else parse_count(text)


def run(args: argparse.Namespace) -> Report:
    report = Report()
    searcher = evaluators.find_searcher(args.evaluator)
    report.evaluators = [searcher.label]
    depth = 8 if args.quick else args.depth
    nodes = args.nodes or (5_000 if args.quick else 100_000)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        source = games.choose(args.games, folder, None, quick=args.quick)
        timed = games.cut(source, folder / "timed.pgn", args.timed or 12)
        ways = _ways(report, searcher, args, folder)
        _time(report, ways, timed, f"depth={depth}", args.rounds or (1 if args.quick else 5))
        reference_nodes = args.reference or (50_000 if args.quick else 1_000_000)
        if reference_nodes == RECORDED:
            deep = agreement.recorded(source)
        else:
            deep = agreement.reference(source, searcher.name, reference_nodes, args.workers)
        whites = [board.turn == chess.WHITE for _, board in games.boards(source)]
        for limit in (f"depth={depth}", f"nodes={nodes}"):
            answers = {
                label: structs.replace(
                    answer,
                    evals=agreement.scaled(answer.evals, args.scale),
                    searched=agreement.scaled(answer.searched, args.scale) if answer.searched else None,
                )
                for label, [answer] in _measure(ways, source, limit, 1).items()
            }
            _judge(report, answers, deep, whites, limit)
    words = (
        "the evaluations in the file"
        if reference_nodes == RECORDED
        else f"{reference_nodes:,} nodes a position, fresh hash"
    )
    reference = f"{searcher.label}; reference: {words}."
    report.notes.append(f"{reference} Seconds and nodes of the error tables are those of all games, once.")
    return report


# -- the ways ------------------------------------------------------------------------------------------------


def _ways(report: Report, searcher: Searcher, args: argparse.Namespace, folder: Path) -> dict[str, Way]:
    """Return the ways by label, in the order of the tables."""
    cores = args.workers
    if searcher.path is None and not args.only_ours:
        report.notes.append("The embedded Stockfish has one thread: the loop with Threads = cores has one too.")
    ways: dict[str, Way] = {}
    if not args.only_ours:
        ways = {label: _other(way, searcher.program, cores, folder) for way, label in OTHERS.items()}
    ways[OURS] = _engine(searcher, cores, folder)
    if runs.has_flag("--adaptive"):
        ways[ADAPTIVE] = _engine(searcher, cores, folder, "--adaptive")
    else:
        report.notes.append("`engine analyze` has no --adaptive here; that way is left out.")
    for flags in args.also:
        ways[f"engine {flags}"] = _engine(searcher, cores, folder, *shlex.split(flags))
    return ways


def _other(way: str, program: list[str], cores: int, folder: Path) -> Way:
    def go(source: Path, limit: str) -> Answer:
        return Answer(*runs.another_way(way, source, folder / "out.json", cores, limit=limit, program=program))

    return go


def _engine(searcher: Searcher, cores: int, folder: Path, *flags: str) -> Way:
    def go(source: Path, limit: str) -> Answer:
        key, _, value = limit.partition("=")
        out = folder / "ours.jsonl"
        ran = runs.analyze(
            source, f"--{key}", value, "-j", str(cores), "-o", out, *flags, evaluator=searcher.name
        )  # fmt: skip
        read = runs.read_games(out)
        evals, searched = (agreement.read_evals(read, reconciled=reconciled) for reconciled in (True, False))
        return Answer(ran.wall, ran.counts.nodes, evals, searched)

    return go


# -- the figures ---------------------------------------------------------------------------------------------


def _measure(ways: dict[str, Way], source: Path, limit: str, rounds: int) -> dict[str, list[Answer]]:
    turns = {
        label: functools.partial(way, source, limit)
        for label, way in ways.items()
        if label != ADAPTIVE or limit.startswith("nodes=")  # which has no limit but this
    }
    return sides.in_turns(turns, rounds)


def _time(report: Report, ways: dict[str, Way], source: Path, limit: str, rounds: int) -> None:
    """Measure the wall times in turns and add them to the report."""
    count, positions = games.count(source)
    measured = _measure(ways, source, limit, rounds)
    ours = [answer.wall for answer in measured[OURS]]
    table = Table(f"{count} games, {positions:,} positions, {limit}", ("way", "seconds", "ours ÷ it", "Mnodes"))
    for label, answers in measured.items():
        ratio = sides.ratios(ours, [answer.wall for answer in answers])
        nodes = [answer.nodes / 1e6 for answer in answers]
        table.add(
            label,
            sides.spread([answer.wall for answer in answers], 1),
            sides.spread(ratio),
            sides.spread(nodes, 1),
        )
        aim = AIMS.get(next((way for way, other in OTHERS.items() if other == label), ""))
        if aim is not None:
            middle = sides.median(ratio)
            report.find(
                f"wall time at {limit}, ours ÷ {label}", f"{middle:.2f}", f"≤ {aim:.2f}", met=middle <= aim
            )
    report.tables.append(table)
    report.data["wall"] = {
        label: [(answer.wall, answer.nodes) for answer in answers] for label, answers in measured.items()
    }


def _judge(report: Report, answers: dict[str, Answer], deep: Evals, whites: list[bool], limit: str) -> None:
    """Compare errors and judgements with the reference, paired with ours, and add them to the report."""
    ours = answers[OURS]
    assert ours.searched is not None
    answers = {**answers, RAW: Answer(ours.wall, ours.nodes, ours.searched)}
    errors = {label: agreement.errors(answer.evals, deep) for label, answer in answers.items()}
    judged = {label: agreement.agreeing(answer.evals, deep, whites) for label, answer in answers.items()}
    positions = sum(count for _, count in errors[OURS])
    table = Table(
        f"{limit}, against the reference; {positions:,} positions",
        ("way", "seconds", "Mnodes", "|Win% error|", "ours - it", "same judgement", "ours - it"),
    )
    for label, answer in answers.items():
        gap = agreement.difference(errors[OURS], errors[label])
        judged_gap = agreement.difference(judged[OURS], judged[label])
        table.add(
            label, f"{answer.wall:.1f}", f"{answer.nodes / 1e6:.1f}",
            agreement.shown(sides.by_game(errors[label])),
            agreement.shown(gap, sign=True),
            agreement.shown(sides.by_game(judged[label]), 1, percent=True),
            agreement.shown(judged_gap, 1, percent=True, sign=True),
        )  # fmt: skip
        if limit.startswith("nodes") and label in OTHERS.values():
            searched = agreement.shown(agreement.difference(errors[RAW], errors[label]), sign=True)
            figure = f"{agreement.shown(gap, sign=True)}; as searched {searched}"
            # Not worse within the interval: no difference, or a smaller error, is still in it.
            report.find(f"|Win% error| at {limit}, ours - {label}", figure, "≤ 0", met=gap[1] <= 0)
    report.tables.append(table)
    report.data[limit] = {
        label: {"wall": answer.wall, "nodes": answer.nodes, "errors": errors[label], "judged": judged[label]}
        for label, answer in answers.items()
    }
    if ADAPTIVE in answers:
        _judge_adaptive(report, answers, judged, limit)


def _judge_adaptive(
    report: Report, answers: dict[str, Answer], judged: dict[str, list[tuple[float, int]]], limit: str
) -> None:
    share = answers[ADAPTIVE].nodes / answers[OURS].nodes
    gap = agreement.difference(judged[ADAPTIVE], judged[OURS])
    report.find(f"nodes of --adaptive ÷ uniform, {limit}", f"{share:.2f}", f"≤ {QUARTER}", met=share <= QUARTER)
    report.find(
        f"same judgement as the reference, --adaptive - uniform, {limit}",
        agreement.shown(gap, 1, percent=True, sign=True), "≥ 0", met=gap[2] >= 0,
    )  # fmt: skip
    for way, aim in ADAPTIVE_AIMS.items():
        label = OTHERS[way]
        if label in answers:
            ratio = answers[ADAPTIVE].wall / answers[label].wall
            gap = agreement.difference(judged[ADAPTIVE], judged[label])
            report.find(
                f"wall time at {limit}, --adaptive ÷ {label}; same judgement, --adaptive - it",
                f"{ratio:.2f}; {agreement.shown(gap, 1, percent=True, sign=True)}",
                f"≤ {aim:.2f}; ≥ 0",
                met=ratio <= aim and gap[2] >= 0,
            )
