"""Writers for the tests of outputs, and runs that use them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from engine.model import (
    AnalysedGame,
    EvaluatorInfo,
    Limit,
    Origin,
    RunCounts,
    RunResult,
    SkippedGame,
)
from engine.output.files import Outputs, Targets, check_outputs
from engine.plugin import RunInfo, Writer
from engine.testing import analysed_game

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

INFO = RunInfo(EvaluatorInfo("Stockfish", "15.1", "f00d"), Limit(nodes=100))


class Names(Writer):
    """A line for each game, and one at the end."""

    suffixes = (".txt", ".names.txt")

    def game(self, game: AnalysedGame) -> None:
        for part in (b"game ", str(game.origin.game).encode(), b"\n"):
            self.stream.write(part)

    def skipped(self, game: SkippedGame) -> None:
        self.stream.write(f"skipped {game.origin.game}\n".encode())

    def finish(self, result: RunResult) -> None:
        self.stream.write(f"end at {self.stream.tell()}\n".encode())


class Other(Writer):
    """Says nothing before the end."""

    suffixes = (".md",)

    def finish(self, result: RunResult) -> None:
        self.stream.write(b"# wins: %d\n" % result.wins)


class Faulty(Writer):
    """Fails at the second game, half way."""

    suffixes = (".bad",)

    def game(self, game: AnalysedGame) -> None:
        self.stream.write(b"half a ga")
        if game.origin.game == 2:
            raise KeyError("oops")
        self.stream.write(b"me\n")


class Volumes(Writer):
    """A file for every two games, which all learn how many there were."""

    suffixes = (".vol",)

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        self.files: list[tuple[str, BinaryIO]] = [(info.output, stream)]
        self.games = 0

    def game(self, game: AnalysedGame) -> None:
        if self.games and self.games % 2 == 0 and (more := self.next_file()) is not None:
            self.files.append(more)
        self.games += 1
        self.files[-1][1].write(b"game %d\n" % game.origin.game)
        if game.origin.game == 9:
            raise KeyError("oops")

    def finish(self, result: RunResult) -> None:
        for name, stream in self.files:
            stream.write(f"{name}: {len(self.files)} files\n".encode())


WRITERS: dict[str, type[Writer]] = {"names": Names, "other": Other, "faulty": Faulty, "volumes": Volumes}


def check(targets: Sequence[str | Path], **given: object) -> Targets:
    settings: dict[str, object] = {"format": None, "force": False, "writers": WRITERS, **given}
    return check_outputs([str(target) for target in targets], **settings)  # type: ignore[arg-type]


def begin(*targets: Path, force: bool = False) -> Outputs:
    return check(targets, force=force).open(INFO)


def game(number: int) -> AnalysedGame:
    return analysed_game("1. e4", [0, 0], number=number)


def result(*, interrupted: bool = False) -> RunResult:
    return RunResult({}, 5, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), (), interrupted)


SKIPPED = SkippedGame(Origin(2, "games.pgn", 9), "damaged", "no moves", "?")


def unzstd(data: bytes) -> bytes:
    return zstd.decompress(data)
