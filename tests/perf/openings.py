"""Openings and phases: how often our ECO code is the one in the file, and what they cost.

`python -m tests.perf.openings` reads the Lichess games of the big real data. Lichess's list of openings has
changed since some of them were played, so 100% cannot be had. Games of other variants or from a set-up position,
and games without an ECO code, do not count.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import chess
import chess.pgn

from engine.openings import find
from engine.phases import divide
from tests.support import shared_data

FILES = (
    "human/js_lichess_bullet_clk_1000.pgn",
    "human/lichess_db_438.pgn",
    "lichess-analysed/games_plain.pgn",
    "torture-pgn/pgn-parser/32games.pgn",
    "torture-pgn/pgn-parser/lichess_mliebelt_2024-01-03.pgn",
)
"""Every file of Lichess games with ECO codes; `games_eval_clk.pgn` has the games of `games_plain.pgn` again."""

LOAD = """
import time
import chess
from engine.openings import name_of
started = time.perf_counter()
name_of(chess.Board())
print(time.perf_counter() - started)
"""


def games(path: Path) -> Iterator[chess.pgn.Game]:
    """The games of a file that count."""
    with path.open(encoding="utf-8") as file:
        while (game := chess.pgn.read_game(file)) is not None:
            headers = game.headers
            coded = headers.get("ECO", "?") not in ("", "?")
            if coded and headers.get("Variant", "Standard") == "Standard" and "FEN" not in headers:
                yield game


def boards(game: chess.pgn.Game) -> Iterator[chess.Board]:
    """The positions 0 to N, on one board that changes."""
    board = game.board()
    yield board
    for move in game.mainline_moves():
        board.push(move)
        yield board


def agreement(path: Path) -> tuple[int, int]:
    """How many games of a file have the ECO code that we find, and how many games there are."""
    same = count = 0
    for game in games(path):
        opening = find(boards(game))
        same += opening is not None and opening.eco == game.headers["ECO"]
        count += 1
    return same, count


def main() -> None:
    same = count = 0
    for name in FILES:
        hits, of = agreement(shared_data(name))
        print(f"{name:<56} {hits:5} of {of:5}  {hits / of:6.1%}")
        same, count = same + hits, count + of
    print(f"{'ECO codes that agree':<56} {same:5} of {count:5}  {same / count:6.1%}")
    copies = [[board.copy() for board in boards(game)] for game in games(shared_data(FILES[2]))]
    for what, function in (("find", find), ("divide", divide)):
        started = time.perf_counter()
        for game in copies:
            function(game)
        milliseconds = (time.perf_counter() - started) * 1000 / len(copies)
        print(f"{what}, a game of {sum(map(len, copies)) / len(copies):.0f} positions: {milliseconds:.2f} ms")
    loads = [float(subprocess.check_output([sys.executable, "-c", LOAD])) for _ in range(7)]
    print(f"first look-up, which reads the table: {sorted(loads)[3] * 1000:.1f} ms (median of 7)")


if __name__ == "__main__":
    main()
