"""Openings and phases: how often our ECO code is the one in the file, and what they cost.

It reads the Lichess games of the big real data. Lichess's list of openings has changed since some of them were
played, so 100% cannot be had. Games of other variants or from a set-up position, and games without an ECO code, do
not count.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import chess
import chess.pgn

from engine.positions.openings import find
from engine.positions.phases import divide
from tests.perf import sides
from tests.perf.games import big
from tests.perf.report import Report, Table, Unavailable

FILES = (
    "human/js_lichess_bullet_clk_1000.pgn",
    "human/lichess_db_438.pgn",
    "lichess-analysed/games_plain.pgn",
    "torture-pgn/pgn-parser/32games.pgn",
    "torture-pgn/pgn-parser/lichess_mliebelt_2024-01-03.pgn",
)
"""All files of Lichess games with ECO codes but `games_eval_clk.pgn`, which repeats those of `games_plain.pgn`."""

LOAD = """
import time
import chess
from engine.positions.openings import name_of
started = time.perf_counter()
name_of(chess.Board())
print(time.perf_counter() - started)
"""


def games(path: Path) -> Iterator[chess.pgn.Game]:
    """Yield the games of a file that count: standard chess from the usual position, with an ECO code."""
    with path.open(encoding="utf-8") as file:
        while (game := chess.pgn.read_game(file)) is not None:
            headers = game.headers
            coded = headers.get("ECO", "?") not in ("", "?")
            if coded and headers.get("Variant", "Standard") == "Standard" and "FEN" not in headers:
                yield game


def boards(game: chess.pgn.Game) -> Iterator[chess.Board]:
    """Yield the positions 0 to N of a game, always on the same board."""
    board = game.board()
    yield board
    for move in game.mainline_moves():
        board.push(move)
        yield board


def agreement(path: Path) -> tuple[int, int]:
    """Return the number of games in a file whose ECO code is the one that we find, and of all games that count."""
    same = count = 0
    for game in games(path):
        opening = find(boards(game))
        same += opening is not None and opening.eco == game.headers["ECO"]
        count += 1
    return same, count


def options(parser: argparse.ArgumentParser) -> None:
    """Add no options: this benchmark has only the common ones."""


def run(args: argparse.Namespace) -> Report:
    paths = {name: big(name) for name in FILES}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        raise Unavailable(f"{missing[0]} is not here; ENGINE_TEST_DATA names the folder with the big real data")
    files = {name: path for name, path in paths.items() if path is not None}
    report = Report()
    table = Table("ECO codes that agree", ("file", "same", "games", "share"))
    totals = [0, 0]
    for name, path in list(files.items())[: 1 if args.quick else None]:
        same, count = agreement(path)
        totals = [totals[0] + same, totals[1] + count]
        table.add(name, f"{same:,}", f"{count:,}", f"{same / count:.1%}")
    table.add("all", f"{totals[0]:,}", f"{totals[1]:,}", f"{totals[0] / totals[1]:.1%}")
    cost, milliseconds = _costs(files[FILES[2]], args.rounds or (1 if args.quick else 7))
    report.tables = [table, cost]
    report.find(
        "ECO codes as in the files of Lichess games",
        f"{totals[0]:,} of {totals[1]:,} ({totals[0] / totals[1]:.1%})",
    )
    report.find(
        "opening and phases of a game; reading the table once",
        " and ".join(f"{value:.2f} ms" for value in milliseconds),
    )
    report.data = {"agreeing": totals, "milliseconds": milliseconds}
    return report


def _costs(path: Path, rounds: int) -> tuple[Table, list[float]]:
    """Measure the opening of a game, the phases of a game, and the first look-up, which reads the table.

    Return a table and the three medians in milliseconds."""
    copies = [[board.copy() for board in boards(game)] for game in games(path)]

    def each(function: Callable[..., object]) -> Callable[[], float]:
        def measure() -> float:
            started = time.perf_counter()
            for game in copies:
                function(game)
            return (time.perf_counter() - started) * 1000 / len(copies)

        return measure

    def first() -> float:
        return 1000 * float(subprocess.check_output([sys.executable, "-c", LOAD]))

    measured = sides.in_turns({"opening": each(find), "phases": each(divide), "first look-up": first}, rounds)
    table = Table(
        f"a game of {sum(map(len, copies)) / len(copies):.0f} positions, in the mean", ("what", "milliseconds")
    )
    for label, values in measured.items():
        table.add(label, sides.spread(values))
    return table, [sides.median(values) for values in measured.values()]
