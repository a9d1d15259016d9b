"""Speed, size and memory of the tables: `python -m tests.perf.tables [GAMES ...]`.

Each format is written in a process of its own, from the games of `tests/data/match.jsonl.zst` over and over, and
its peak memory beyond that of a process that only holds those games is printed: it must not grow with the games.
Seconds are those of the processor. Bytes are true of the first 24 games; after them compression finds repetitions.
"""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import structs

import engine
from engine.loading.registry import Registry
from engine.model import AnalysedGame, EvaluatorInfo, Limit, Report, RunCounts, RunResult
from engine.output.files import check_outputs
from engine.plugin import Aggregator, RunInfo
from engine.settings import Settings
from tests.support import DATA

NAMES = ("x.jsonl", "x.csv", "x.csv.zst", "x.games.csv", "x.parquet", "x.sqlite")
INFO = RunInfo(EvaluatorInfo("Stockfish", "19", "f00d"), Limit(nodes=100_000))


class Keep(Aggregator):
    """Keeps all games in memory."""

    games: list[AnalysedGame] = []  # noqa: RUF012 - msgspec copies it

    def add(self, game: AnalysedGame) -> None:
        self.games.append(game)

    def report(self) -> Report:
        return Report("Keep")


def measure(path: Path, number: int) -> None:
    """Write a number of games; print seconds, plies, and the peak memory in KiB before and after."""
    engine.analyze(DATA / "match.jsonl.zst", aggregators=[Keep], settings=Settings(cache=""))
    writers = Registry().load_all("engine.writers")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outputs = check_outputs([str(path)], format=None, force=True, writers=writers).open(INFO)
    started, plies = time.process_time(), 0
    for k in range(number):
        game = Keep.games[k % len(Keep.games)]
        outputs.game(structs.replace(game, origin=structs.replace(game.origin, game=k + 1)))
        plies += len(game.plies)
    outputs.finish(RunResult({}, 0, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), ()))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(time.process_time() - started, plies, before, after)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        measure(Path(sys.argv[2]), int(sys.argv[3]))
        return
    sizes = [int(text) for text in sys.argv[1:]] or [24, 2_000, 10_000]
    print(f"$ python -m tests.perf.tables {' '.join(map(str, sizes))}   ({platform.platform()})")
    for name in NAMES:
        for games in sizes:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                command = [sys.executable, "-m", "tests.perf.tables", "--one", str(path), str(games)]
                words = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()
                seconds, plies, before, after = map(float, words)
                size = path.stat().st_size / plies
            print(
                f"{name:12} {games:>6,} games  {plies / seconds:8,.0f} plies/s  {size:6.1f} bytes/ply"
                f"  +{(after - before) / 1024:5.1f} MiB"
            )


if __name__ == "__main__":
    main()
