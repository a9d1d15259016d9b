"""Peak memory of the parent over a million games with a folder of Parquet: it must not grow with the games.

The games are generated and short, 6 plies, with evaluations and clocks, so that nothing is searched: 4,000
beginnings, played by 200,000 players over ten years, as in a database in the order of time. What fills the memory
does so within the first size; the growth from there to the second is what counts. The peak is the kernel's own
figure.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from pathlib import Path

import chess

from tests.perf import runs, sides
from tests.perf.report import Report, Table

AIM = 50.0
"""Greatest growth of the parent's peak memory, in MiB."""
SIZES = (100_000, 1_000_000)
QUICK = (200, 1_000)
PLIES = 6
BEGINNINGS = 4_000
PLAYERS = 200_000
TAGS = (
    '[Event "Rated game"]\n[Site "https://lichess.org/{site}"]\n[White "player {white:06}"]\n'
    '[Black "player {black:06}"]\n[Result "{result}"]\n[UTCDate "{year}.{month:02}.{day:02}"]\n'
    '[UTCTime "12:00:00"]\n[WhiteElo "{white_elo}"]\n[BlackElo "{black_elo}"]\n[TimeControl "{base}+0"]\n'
    '[Termination "Normal"]\n\n'
)
ONLY = "accuracy,judgements,acpl,wins,best-scores,openings"
"""The default reports, and one with a row for each opening."""
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", type=int, nargs="+", metavar="N", help=f"sizes of the files  {list(SIZES)}")
    parser.add_argument("--only", metavar="NAMES", default=ONLY, help=f"aggregators  [{ONLY}]")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    sizes = args.games or (QUICK if args.quick else SIZES)
    table = Table("peak memory of the parent, MiB", ("games", "parent", "seconds"))
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="perf-") as name:
            source = write_games(Path(name) / "games.pgn", size)
            peak, seconds = measure(source, Path(name), args.workers, args.only)
        peaks.append(peak)
        table.add(f"{size:,}", f"{peak:.1f}", f"{seconds:.0f}")
        report.data[str(size)] = {"parent": peak, "seconds": seconds}
        sides.say(f"{size:,} games: {peak:.1f} MiB, {seconds:.0f} s")
    report.tables = [table]
    grown = peaks[-1] - peaks[0]
    report.find(
        f"growth of the parent's peak memory from {sizes[0]:,} to {sizes[-1]:,} games",
        f"{grown:+.1f} MiB (to {peaks[-1]:.1f})", f"< {AIM:.0f} MiB", met=grown < AIM,
    )  # fmt: skip
    return report


def write_games(path: Path, games: int) -> Path:
    """Write games, and return the file."""
    rng = random.Random(1)
    beginnings = [_movetext(rng) for _ in range(min(games, BEGINNINGS))]
    with path.open("w", encoding="utf-8") as file:
        for number in range(games):
            white, black = rng.sample(range(PLAYERS), 2)
            month = 120 * number // games
            result = rng.choice(("1-0", "0-1", "1/2-1/2"))
            tags = TAGS.format(
                site=_site(number), white=white, black=black, result=result,
                year=2015 + month // 12, month=1 + month % 12, day=1 + rng.randrange(28),
                white_elo=1000 + white % 1500, black_elo=1000 + black % 1500, base=rng.choice((60, 180, 600)),
            )  # fmt: skip
            file.write(f"{tags}{rng.choice(beginnings)} {result}\n\n")
    return path


def _site(number: int) -> str:
    letters = ""
    for _ in range(8):
        number, digit = divmod(number, len(LETTERS))
        letters += LETTERS[digit]
    return letters


def _movetext(rng: random.Random) -> str:
    board = chess.Board()
    words: list[str] = []
    score = 0.2
    for ply in range(PLIES):
        move = rng.choice(list(board.legal_moves))
        san = board.san_and_push(move)
        score += rng.gauss(0, 0.15) + rng.choice((0,) * 39 + (2.5,)) * rng.choice((-1, 1))
        words.append(f"{ply // 2 + 1}{'...' if ply % 2 else '.'} {san}")
        words.append(f"{{ [%eval {score:.2f}] [%clk 0:00:{59 - 2 * (ply // 2):02}] }}")
        if board.is_game_over():
            break
    return " ".join(words)


def measure(source: Path, folder: Path, workers: int, aggregators: str) -> tuple[float, float]:
    """Analyse a recorded file; return the peak memory of the parent in MiB, and seconds."""
    command = runs.engine_command(
        "analyze", source, "-e", "recorded", "-q", "-y", "--progress", "none", "--no-cache", "-j", str(workers),
        "-a", aggregators, "--follow-up-evaluator", "none", "-o", f"{folder / 'tables'}/",
    )  # fmt: skip
    started = time.monotonic()
    peak = 0
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=runs.environment())
        while process.poll() is None:
            peak = max(peak, runs.peak_memory(process.pid))
            time.sleep(0.1)
        errors.seek(0)
        runs.check(process.returncode, errors.read(), command)
    return peak / 1024, time.monotonic() - started
