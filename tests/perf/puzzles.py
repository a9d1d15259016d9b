"""Puzzles with the tags and ratings of Lichess's database (CC0), in five parts by their names."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from pathlib import Path

import chess
from msgspec import Struct

from engine.positions.themes import Line
from tests.perf.games import big
from tests.perf.report import Unavailable

FOLDS = 5
NAME = "puzzles-tagged/lichess_puzzles_train.csv"


class Puzzle(Struct):
    """A puzzle as the file has it."""

    name: str
    line: Line
    themes: frozenset[str]
    rating: int

    @property
    def fold(self) -> int:
        """The part that the puzzle belongs to, 0 to 4; a puzzle stays in it whatever else is in the file."""
        return zlib.crc32(self.name.encode()) % FOLDS

    @property
    def san(self) -> str:
        """The line in SAN."""
        return self.line.boards[0].variation_san(self.line.moves)


def puzzles(path: Path | None = None) -> Iterator[Puzzle]:
    """Yield the puzzles of a file. Raises `Unavailable` where there is no file.

    * **path** - columns PuzzleId, FEN (the solver is to move), PreFlawFEN, PV, Themes, Rating; None: that of the
      big real data.
    """
    path = path or big(NAME)
    if path is None or not path.exists():
        raise Unavailable(f"{path or NAME} is not here; ENGINE_TEST_DATA names the folder with the big real data")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            moves = [chess.Move.from_uci(move) for move in row["PV"].split()]
            line = Line.of(chess.Board(row["FEN"]), moves, chess.Board(row["PreFlawFEN"]))
            yield Puzzle(row["PuzzleId"], line, frozenset(row["Themes"].split()), int(row["Rating"]))
