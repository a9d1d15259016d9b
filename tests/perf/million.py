"""Peak memory of the parent over a million games: it must not grow with the games.

With a folder of Parquet, or with `--no-output` of the reports alone.

The games are generated and short, 6 plies, with evaluations and clocks, so that nothing is searched: 4,000
beginnings, played by 200,000 players over ten years, as in a database in the order of time. What fills the memory
does so within the first size; the growth from there to the second is what counts. The peak is the kernel's own
figure.

`--each` measures every aggregator by itself, without outputs, over 10,000 and 40,000 of these games. `--real`
takes the PGN files of the big real data: each by itself, all in one run, and all of them ten times.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import chess

from engine.loading.registry import Registry
from tests.perf import games, runs, sides
from tests.perf.report import Report, Table, Unavailable

AIM = 50.0
"""Greatest growth of the parent's peak memory, in MiB."""
SIZES = (100_000, 1_000_000)
QUICK = (200, 1_000)
EACH_SIZES = (10_000, 40_000)
EACH_AIM = 1.0
"""Greatest growth with one aggregator, in MiB for each 10,000 games."""
PER = 10_000
TIMES = 10
"""Times that the real files are named in the last run of `--real`."""
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
    parser.add_argument(
        "--each", action="store_true", help=f"each aggregator by itself, over {list(EACH_SIZES)} games"
    )
    parser.add_argument("--real", action="store_true", help="the PGN files of the big real data")
    parser.add_argument("--no-output", action="store_true", help="without the folder of Parquet")
    parser.add_argument("--only", metavar="NAMES", default=ONLY, help=f"aggregators  [{ONLY}]")


def run(args: argparse.Namespace) -> Report:
    if args.each:
        return _each(args)
    if args.real:
        return _real(args)
    report = Report()
    sizes = args.games or (QUICK if args.quick else SIZES)
    table = Table("peak memory of the parent, MiB", ("games", "parent", "seconds"))
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="perf-") as name:
            source = write_games(Path(name) / "games.pgn", size)
            output = () if args.no_output else ("-o", f"{Path(name) / 'tables'}/")
            peak, seconds = measure([source], args.workers, args.only, *output)
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


def _each(args: argparse.Namespace) -> Report:
    """Measure every aggregator by itself."""
    report = Report()
    sizes = args.games or (QUICK if args.quick else EACH_SIZES)
    names = Registry().names("engine.aggregators")
    if args.only != ONLY:
        names = args.only.split(",")
    head = ("aggregator", *(f"{size:,} games" for size in sizes), f"growth for {PER:,} games")
    table = Table("peak memory of the parent, MiB", head)
    grown: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="perf-") as folder:
        sources = [write_games(Path(folder) / f"{size}.pgn", size) for size in sizes]
        for name in names:
            peaks = [measure([source], args.workers, name)[0] for source in sources]
            grown[name] = (peaks[-1] - peaks[0]) * PER / max(1, sizes[-1] - sizes[0])
            table.add(name, *(f"{peak:.1f}" for peak in peaks), f"{grown[name]:+.2f}")
            report.data[name] = {str(size): peak for size, peak in zip(sizes, peaks, strict=True)}
            sides.say(f"{name}: {', '.join(f'{peak:.1f}' for peak in peaks)}")
    report.tables = [table]
    worst = max(grown, key=grown.__getitem__)
    report.find(
        f"greatest growth of the parent's peak memory for {PER:,} games with one of {len(grown)} aggregators",
        f"{grown[worst]:+.2f} MiB ({worst})", f"< {EACH_AIM:.0f} MiB", met=grown[worst] < EACH_AIM,
    )  # fmt: skip
    return report


def _real(args: argparse.Namespace) -> Report:
    """Measure the real files: each, all of them, and all of them many times."""
    report = Report()
    root = games.big()
    files = sorted(root.rglob("*.pgn")) if root is not None else []
    if not files or root is None:
        raise Unavailable("the big real data has no PGN files here")
    table = Table("peak memory of the parent, MiB", ("input", "MB", "parent", "seconds"))

    def add(what: str, sources: Sequence[Path]) -> float:
        peak, seconds = measure(sources, args.workers, args.only, "--keep-duplicates")
        size = sum(source.stat().st_size for source in sources) / 1e6
        table.add(what, f"{size:.1f}", f"{peak:.1f}", f"{seconds:.0f}")
        report.data[what] = {"MB": size, "parent": peak, "seconds": seconds}
        sides.say(f"{what}: {peak:.1f} MiB, {seconds:.0f} s")
        return peak

    single = [add(str(file.relative_to(root)), [file]) for file in (files[:2] if args.quick else files)]
    whole = add(f"all {len(files)} files", files)
    many = add(f"all of them {TIMES} times", files * TIMES)
    report.tables = [table]
    for what, grown, to in (
        (f"from the file with the highest to {TIMES} times all files", many - max(single), many),
        (f"from all files to {TIMES} times all files", many - whole, many),
    ):
        report.find(
            f"growth of the parent's peak memory over real games, {what}",
            f"{grown:+.1f} MiB (to {to:.1f})", f"< {AIM:.0f} MiB", met=grown < AIM,
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


def measure(sources: Sequence[Path], workers: int, aggregators: str, *flags: str) -> tuple[float, float]:
    """Analyse recorded files; return the peak memory of the parent in MiB, and seconds."""
    command = runs.engine_command(
        "analyze", *sources, "-e", "recorded", "-q", "-y", "--progress", "none", "--no-cache", "-j", str(workers),
        "-a", aggregators, "--follow-up-evaluator", "none", *flags,
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
