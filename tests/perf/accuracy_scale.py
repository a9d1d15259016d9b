"""Which centipawn scale brings the accuracy of searched games closest to Lichess's.

    python -m tests.perf.scale [EVALUATOR [GAMES [NODES]]]

Searches the first GAMES (100) games of `lichess-analysed` with NODES (100,000) a position, about 20 minutes on two
cores the first time and seconds from the cache, and compares accuracies and judgements with Lichess's for several
scales, before and after reconciliation.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import engine
from engine import analysis
from engine.model import AnalysedGame, AnalysedPosition, Origin, SourceGame
from engine.plugin import RawGame
from engine.reconcile import before_reconciliation, reconcile
from engine_plugins.readers.jsonl import JsonlReader
from tests.support import shared_data

SCALES = (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5)
Searched = tuple[SourceGame, list[AnalysedPosition]]


def searched(evaluator: str, games: int, nodes: int) -> list[Searched]:
    """The games with the positions as they were searched."""
    settings = engine.Settings(max_games=games)
    source = str(shared_data("lichess-analysed", "games_plain.pgn"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "games.jsonl"
        engine.analyze(source, evaluator=evaluator, nodes=nodes, settings=settings, output=str(out))
        return [_read(line) for line in out.read_bytes().splitlines()]


def _read(line: bytes) -> Searched:
    source = JsonlReader().parse(RawGame(line, 1))
    assert isinstance(source, SourceGame)
    assert source.recording is not None
    positions = [
        before_reconciliation(known) if known is not None else AnalysedPosition(terminal=given.get("terminal"))
        for known, given in zip(source.recording.positions, json.loads(line)["positions"], strict=True)
    ]
    return source, positions


def compare(games: list[Searched], wanted: list[dict[str, Any]], scale: float, *, reconciled: bool) -> str:
    """One row: bias and mean distance of the accuracies, share of equal judgements."""
    distances: list[float] = []
    equal = plies = 0
    for (source, positions), want in zip(games, wanted, strict=False):
        found = reconcile(source.moves, positions) if reconciled else positions
        game = analysis.analyse(Origin(1, "", 1), source, found, scale=scale, reconciled=reconciled)
        distances += _distances(game, want)
        for ply, judgement in zip(game.plies, want["judgements"], strict=False):
            plies += 1
            equal += (ply.judgement or "") == (judgement or "").lower()
    bias = sum(distances) / len(distances)
    distance = sum(map(abs, distances)) / len(distances)
    when = "after" if reconciled else "before"
    return f"{when:6}  {scale:5.2f}  {bias:+7.3f}  {distance:7.3f}  {100 * equal / plies:7.2f}%"


def _distances(game: AnalysedGame, want: dict[str, Any]) -> list[float]:
    pairs = [(game.side(color).accuracy, want["summary"][color]["accuracy"]) for color in ("white", "black")]
    return [found - given for found, given in pairs if found is not None and given is not None]


def main() -> None:
    evaluator, games, nodes = [*sys.argv[1:], *("embedded", "100", "100000")[len(sys.argv) - 1 :]]
    wanted = [
        json.loads(line)
        for line in shared_data("lichess-analysed", "derived_expected.ndjson").read_text().splitlines()
    ]
    print(f"python -m tests.perf.scale {evaluator} {games} {nodes}   ({platform.machine()}, {platform.system()})")
    found = searched(evaluator, int(games), int(nodes))
    print("reconciliation, scale, bias and mean distance of accuracy (points), equal judgements")
    for reconciled in (False, True):
        for scale in SCALES:
            print(compare(found, wanted, scale, reconciled=reconciled))


if __name__ == "__main__":
    main()
