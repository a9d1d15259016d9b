"""Training positions from the aggregator `mistakes`, as EPD, PGN or CSV.

`-o mistakes.epd` writes a line for each position: `bm` has the accepted moves, `am` the move that was played, `id`
the game, `c0` the Win% that the move lost, and `c1` why, where that can be proved. `-o mistakes.training.pgn`
writes a game for each position, with the best move as its solution and other accepted moves as variations. `-o
mistakes.training.csv` is for spreadsheets and flash-card programs. All three add the aggregator `mistakes` to the
run. Its options, such as `--set mistakes.positions=200`, decide which positions are training positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import chess
import chess.pgn
from msgspec import Struct

from engine.model import RunResult
from engine.plugin import Writer
from engine.positions.fen import board_of
from engine_plugins.writers._csv import csv_lines

_TABLE = "positions"


class _Position(Struct, frozen=True):
    """A row of the table `positions`; moves in SAN."""

    game: int
    ply: int
    played: str
    player: str
    position: str
    best: str
    also: str
    win_before: float
    win_after: float
    reason: str | None = None
    """Why the move was bad, in a sentence; None where that cannot be proved."""

    def board(self) -> chess.Board:
        """Return the position; as one of Chess960 only where castling needs that."""
        return board_of(self.position)

    @property
    def accepted(self) -> list[str]:
        return [self.best, *self.also.split()]

    @property
    def location(self) -> str:
        return f"game {self.game}, {self.played} ({self.player})"

    @property
    def cost(self) -> str:
        return f"{self.played} took Win% from {self.win_before:.1f} to {self.win_after:.1f}"

    @property
    def played_san(self) -> str:
        return self.played.split()[-1]


def _positions(result: RunResult) -> Iterator[_Position]:
    report = result.reports.get("mistakes")
    table = report.table(_TABLE) if report is not None else None
    for row in table.records() if table is not None else ():
        cells: dict[str, Any] = {key: cell for key, cell in row.items() if key in _Position.__struct_fields__}
        yield _Position(**cells)


class TrainingEpd(Writer):
    """Training positions as EPD, from the aggregator `mistakes`."""

    suffixes: ClassVar[tuple[str, ...]] = (".epd", ".training.epd")
    reports: ClassVar[tuple[str, ...]] = ("mistakes",)

    def finish(self, result: RunResult) -> None:
        for position in _positions(result):
            board = position.board()
            operations: dict[str, Any] = {
                "bm": [board.parse_san(san) for san in position.accepted],
                "am": [board.parse_san(position.played_san)],
                "c0": position.cost,
            }
            if position.reason:
                operations["c1"] = position.reason
            line = board.epd(**operations, id=position.location)
            self.stream.write(f"{line}\n".encode())


class TrainingPgn(Writer):
    """Training positions as PGN, one game for each with its solution, from the aggregator `mistakes`."""

    suffixes: ClassVar[tuple[str, ...]] = (".training.pgn",)
    reports: ClassVar[tuple[str, ...]] = ("mistakes",)

    def finish(self, result: RunResult) -> None:
        for number, position in enumerate(_positions(result), start=1):
            self.stream.write(f"{_exercise(number, position)}\n\n".encode())


def _exercise(number: int, position: _Position) -> chess.pgn.Game:
    board = position.board()
    game = chess.pgn.Game()
    game.headers.clear()
    side = "White" if board.turn else "Black"
    game.headers.update(
        {
            "Event": f"{side} to move: find a better move than {position.played_san}",
            "Site": position.location,
            "Date": "????.??.??",
            "Round": str(number),
            "White": position.player if board.turn else "?",
            "Black": "?" if board.turn else position.player,
            "Result": "*",
        }
    )
    game.setup(board)
    for san in position.accepted:
        game.add_variation(board.parse_san(san))
    game.variations[0].comment = " ".join([f"{position.cost}.", *([position.reason] if position.reason else [])])
    return game


class TrainingCsv(Writer):
    """Training positions as CSV, from the aggregator `mistakes`."""

    suffixes: ClassVar[tuple[str, ...]] = (".training.csv",)
    reports: ClassVar[tuple[str, ...]] = ("mistakes",)

    def finish(self, result: RunResult) -> None:
        heading = ("fen", "best", "also", "played", "win_before", "win_after", "game", "ply", "player", "why")
        rows = (
            (
                position.position,
                position.best,
                position.also,
                position.played,
                position.win_before,
                position.win_after,
                position.game,
                position.ply,
                position.player,
                position.reason or "",
            )
            for position in _positions(result)
        )
        self.stream.write(csv_lines([heading, *rows]))
