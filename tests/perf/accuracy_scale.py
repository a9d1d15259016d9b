"""Which centipawn scale brings the accuracy of searched games closest to Lichess's.

Searches the first games of `lichess-analysed` (the big real data), about 20 minutes on two cores the first time
and seconds from the user's cache, and compares accuracies and judgements with Lichess's for several scales,
before and after reconciliation. With the embedded Stockfish unless another is named.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from msgspec import Struct

import engine
from engine.analysis import judge
from engine.analysis.reconcile import before_reconciliation, reconcile
from engine.model import AnalysedGame, AnalysedPosition, Origin, SourceGame
from engine.plugin import RawGame
from engine.settings import parse_count
from engine_plugins.evaluators.embedded import SCALE
from engine_plugins.readers.jsonl import JsonlReader
from tests.perf import evaluators
from tests.perf.games import big
from tests.perf.report import Report, Table, Unavailable

SCALES = (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5)
Searched = tuple[SourceGame, list[AnalysedPosition]]


class Row(Struct):
    """Differences between our figures and Lichess's at one scale."""

    scale: float
    reconciled: bool
    bias: float
    """Mean of our accuracy minus Lichess's, in points."""
    distance: float
    """Mean of |our accuracy - Lichess's|, in points."""
    equal: float
    """Share of moves with the same judgement, 0 to 1."""


def searched(source: str, evaluator: str, games: int, nodes: int, workers: int) -> list[Searched]:
    """Analyse the first games of a file and return them with their positions as searched."""
    settings = engine.Settings(max_games=games, workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "games.jsonl"
        engine.analyze(
            source, evaluator=evaluator, nodes=nodes, adaptive=False, settings=settings, output=str(out)
        )
        return [_read(line) for line in out.read_bytes().splitlines()]


def _read(line: bytes) -> Searched:
    source = JsonlReader().parse(RawGame(line, 1))
    assert isinstance(source, SourceGame)
    assert source.recording is not None
    positions = [
        before_reconciliation(known) if known is not None else AnalysedPosition(terminal=written.get("terminal"))
        for known, written in zip(source.recording.positions, json.loads(line)["positions"], strict=True)
    ]
    return source, positions


def compare(games: list[Searched], references: list[dict[str, Any]], scale: float, *, reconciled: bool) -> Row:
    """Compare the games with Lichess's figures at one scale."""
    distances: list[float] = []
    equal = plies = 0
    for (source, positions), reference in zip(games, references, strict=False):
        evaluated = reconcile(source.moves, positions) if reconciled else positions
        game = judge.analyse(Origin(1, "", 1), source, evaluated, scale=scale, reconciled=reconciled)
        distances += _distances(game, reference)
        for ply, judgement in zip(game.plies, reference["judgements"], strict=False):
            plies += 1
            equal += (ply.judgement or "") == (judgement or "").lower()
    bias = sum(distances) / len(distances)
    distance = sum(map(abs, distances)) / len(distances)
    return Row(scale, reconciled, bias, distance, equal / plies)


def _distances(game: AnalysedGame, reference: dict[str, Any]) -> list[float]:
    pairs = [(game.side(color).accuracy, reference["summary"][color]["accuracy"]) for color in ("white", "black")]
    return [ours - theirs for ours, theirs in pairs if ours is not None and theirs is not None]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", type=int, metavar="N", help="[100]")
    parser.add_argument("--nodes", type=parse_count, metavar="N", help="a position  [100k]")


def run(args: argparse.Namespace) -> Report:
    source, expected = (big("lichess-analysed", file) for file in ("games_plain.pgn", "derived_expected.ndjson"))
    if source is None or expected is None:
        raise Unavailable("lichess-analysed is not here; ENGINE_TEST_DATA names the folder with the big real data")
    report = Report()
    searcher = evaluators.find_searcher(args.evaluator or "embedded")
    report.evaluators = [searcher.label]
    references = [json.loads(line) for line in expected.read_text(encoding="utf-8").splitlines()]
    count, nodes = args.games or (3 if args.quick else 100), args.nodes or (5_000 if args.quick else 100_000)
    games = searched(str(source), searcher.name, count, nodes, args.workers)
    rows = [
        compare(games, references, scale, reconciled=reconciled)
        for reconciled in (False, True)
        for scale in SCALES
    ]
    table = Table(
        f"{searcher.label}, {count} games, {nodes:,} nodes a position",
        ("reconciliation", "scale", "bias, points", "mean distance", "equal judgements"),
    )
    for row in rows:
        when = "after" if row.reconciled else "before"
        table.add(when, f"{row.scale:.2f}", f"{row.bias:+.2f}", f"{row.distance:.2f}", f"{row.equal:.2%}")
    report.tables = [table]
    for scale in (1.0, SCALE):
        row = next(row for row in rows if row.reconciled and row.scale == scale)
        report.find(
            f"accuracy against Lichess's on {count} games, scale {scale:.2f}",
            f"bias {row.bias:+.1f} points, mean distance {row.distance:.1f}",
        )
    report.data = {"rows": rows}
    return report
