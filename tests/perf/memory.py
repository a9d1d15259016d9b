"""Peak memory of the parent on many short games: `python -m tests.perf.memory [GAMES ...]`.

Generates random games of 20 plies, analyses them with an evaluator that costs nothing, and prints the peak of
the parent process (VmHWM) for each number of games. It must not grow with the file.
"""

from __future__ import annotations

import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import chess

PLIES = 20
INSTANT = Path(__file__).with_name("instant.py")


def write_games(path: Path, games: int, seed: int = 1) -> None:
    """Random legal games."""
    rng = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(games):
            board, sans = chess.Board(), []
            for _ in range(PLIES):
                moves = list(board.legal_moves)
                if not moves:
                    break
                sans.append(board.san_and_push(rng.choice(moves)))
            numbered = " ".join(f"{k // 2 + 1}. {san}" if k % 2 == 0 else san for k, san in enumerate(sans))
            file.write(f'[Event "Random"]\n[White "W{number % 50}"]\n[Black "B{number % 50}"]\n\n{numbered} *\n\n')


def peak(source: Path, folder: Path) -> tuple[float, float]:
    """MiB at the peak of the parent, and seconds."""
    outputs = ["-o", str(folder / "out.jsonl"), "--cache", str(folder / "cache.sqlite")]
    command = ["analyze", str(source), "--plugin", str(INSTANT), "-e", "instant", "-q", "-y", *outputs]
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "engine", *command], stdout=subprocess.DEVNULL) as process:
        most = 0
        while process.poll() is None:
            most = max(most, _high_water(process.pid))
            time.sleep(0.1)
    return most / 1024, time.monotonic() - started


def _high_water(pid: int) -> int:
    """KiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [2_000, 20_000]
    print(f"$ python -m tests.perf.memory {' '.join(map(str, sizes))}   ({platform.platform()})")
    for games in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_games(folder / "games.pgn", games)
            mib, seconds = peak(folder / "games.pgn", folder)
            rate = games * (PLIES + 1) / seconds
            print(f"{games:>8,} games  {mib:7.1f} MiB  {seconds:6.1f} s  {rate:8,.0f} positions/s")


if __name__ == "__main__":
    main()
