"""What a soak is made of: commands that are disturbed and given again, and a program that lives through it all.

    python -m tests.faults.soak PROGRAM

is that program: for each line on standard input it analyses games with one and the same `Analyzer`, searches a
position, cancels a run, and says what it holds.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

import engine
from tests import processes
from tests.support import DATA, FEW, PATIENCE

ROOT = Path(__file__).parents[2]
STAGES: Mapping[str, tuple[str, float]] = {
    "start": ("", 0.8),
    "search": ("INFO engine.run: evaluator ", 0.4),
    "report": (" games in ", 0.2),
    "publish": ("", 0.004),
}
"""The stages of a run: the line of its log with which the stage begins, and seconds that it may last."""
SIGNALS: Mapping[str, tuple[int, ...]] = {
    "KILL": (signal.SIGKILL,),
    "TERM": (signal.SIGTERM,),
    "INT": (signal.SIGINT,),
    "STOP, KILL": (signal.SIGSTOP, signal.SIGKILL),
}
CODES = {0, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}
"""How a run may end whose parent got a signal; in its first moments it has no handlers."""


class Kill(Struct, frozen=True):
    """One disturbance."""

    stage: str
    victim: str
    signals: str

    @classmethod
    def drawn(cls, rng: random.Random) -> Kill:
        stage = rng.choice(list(STAGES))
        # While it reports and publishes, the workers have nothing left to do.
        victims = ["parent", "everybody"] + (["a worker", "a program"] * 2 if stage in ("start", "search") else [])
        return cls(stage, rng.choice(victims), rng.choice(list(SIGNALS)))

    def strike(self, root: int, rng: random.Random) -> bool:
        """Send the signals. Return whether there was somebody to get them."""
        below = processes.descendants(root)
        workers = [pid for pid in below if "spawn_main" in processes.command_of(pid)]
        programs = [pid for worker in workers for pid in processes.descendants(worker)]
        found = {"parent": [root], "everybody": [root, *below], "a worker": workers, "a program": programs}
        pids = found[self.victim]
        if self.victim.startswith("a ") and pids:
            pids = [rng.choice(pids)]
        struck = 0
        for number in SIGNALS[self.signals]:
            struck = processes.kill(pids, number)
            if number == signal.SIGSTOP:
                time.sleep(rng.uniform(0.0, 0.3))
        return struck > 0


class Command:
    """One `engine analyze`: the same games, evaluator and outputs, as often as wanted."""

    def __init__(
        self, folder: Path, source: Path, evaluator: str, *arguments: str, outputs: tuple[str, ...]
    ) -> None:
        self.folder = folder
        self.made = folder / "made"
        self.cache = folder / "units.sqlite"
        self.made.mkdir(parents=True)
        self._log = folder / "err"
        self._arguments = [
            *(sys.executable, "-m", "engine", "analyze", str(source), "-e", evaluator, "-j", "2", "-y", "-v"),
            *("--format", "json", "--progress", "none", "--cache", str(self.cache), *arguments),
            *(word for output in outputs for word in ("-o", str(self.made / output))),
        ]
        self.reference: dict[str, bytes] = {}

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def learn(self) -> None:
        """Run undisturbed without a cache, and remember the bytes."""
        self._arguments.append("--no-cache")
        self.run()
        self._arguments.remove("--no-cache")
        self.reference = self.bytes()
        for path in self.made.iterdir():
            path.unlink()

    def bytes(self) -> dict[str, bytes]:
        """Return everything that the run has written: its files, and standard output."""
        files = {path.name: path.read_bytes() for path in self.made.iterdir()}
        return {**files, "standard output": (self.folder / "out").read_bytes()}

    def run(self) -> None:
        """Run to the end, undisturbed."""
        with self._started() as process:
            code = process.wait(PATIENCE)
        assert code == 0, self.said
        assert "Traceback" not in self.said, self.said

    def disturb(self, kill: Kill, rng: random.Random) -> bool:
        """Run, with a kill in it. Return whether it came before the end."""
        with self._started() as process:
            struck = False
            if self._reach(kill.stage, process, rng):
                # A worker or program may not have been started yet.
                while not (struck := kill.strike(process.pid, rng)) and process.poll() is None:
                    time.sleep(0.005)
            code = process.wait(PATIENCE)
        allowed = CODES if kill.victim in ("parent", "everybody") else {0}
        assert code in allowed, (kill, code, self.said)
        assert "Traceback" not in self.said, (kill, self.said)
        return struck

    @contextmanager
    def _started(self) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "out").open("wb") as out, self._log.open("wb") as err:
            process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        with process:
            try:
                yield process
            finally:
                process.kill()

    def _reach(self, stage: str, process: subprocess.Popen[bytes], rng: random.Random) -> bool:
        """Wait until some moment of a stage. Return False when the run has ended before."""
        line, longest = STAGES[stage]
        before = self._published()

        def begun() -> bool:
            return self._published() != before if stage == "publish" else line in self.said

        while not begun():
            if process.poll() is not None:
                return False
            time.sleep(0.0005)
        moment = time.monotonic() + rng.uniform(0.0, longest)
        while time.monotonic() < moment:
            if process.poll() is not None:
                return False
            time.sleep(0.0005)
        return process.poll() is None

    def _published(self) -> dict[str, int]:
        """Return the inodes of the outputs that are there under their own names."""
        return {entry.name: entry.inode() for entry in os.scandir(self.made) if entry.name in self.reference}


def commands(folder: Path, fake: Path, *, embedded: bool) -> list[Command]:
    """Return commands that differ in input, evaluator, outputs and kind of run."""
    few = folder / "few.pgn"
    few.write_text(FEW)
    classics, match, finishes = DATA / "classics.pgn", DATA / "match.jsonl.zst", DATA / "finishes.epd"
    every = ("a.pgn", "a.jsonl.gz", "a.csv", "a.games.parquet", "a.sqlite", "a.html", "a.md", "mistakes.epd")
    nodes = ("--nodes", "1000")
    made = [
        Command(folder / "1", classics, str(fake), *nodes, "-a", "all", outputs=every),
        Command(folder / "2", classics, str(fake), *nodes, "--adaptive", outputs=("a.pgn.zst", "a.games.csv")),
        Command(folder / "3", few, str(fake), *nodes, outputs=("{player}.html", "{player}.pgn")),
        Command(folder / "4", finishes, str(fake), *nodes, outputs=("a.jsonl.xz", "a.reports.csv")),
        Command(
            folder / "5",
            match,
            "recorded",
            "-a",
            "+openings,conversion",
            outputs=("a.html", "a.parquet", "a.json", "a.pgn.bz2"),
        ),
    ]
    if embedded:
        made.append(Command(folder / "6", few, "embedded", "--nodes", "3000", outputs=("a.pgn", "a.sqlite")))
    return made


class Held(Struct, frozen=True):
    """What the long-lived program holds after an analysis."""

    wins: int
    memory: float
    """Resident, MB."""
    descriptors: int
    threads: int


class Companion:
    """The long-lived program, as its parent sees it."""

    def __init__(self, fake: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.soak", str(fake)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def analyse(self, rng: random.Random | None = None) -> Held:
        """Let it analyse. With `rng`, kill one of its workers or programs meanwhile."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("analyse\n")
        self.process.stdin.flush()
        if rng is not None:
            time.sleep(rng.uniform(0.0, 0.2))
            Kill("search", rng.choice(["a worker", "a program"]), "KILL").strike(self.process.pid, rng)
        return Held(**json.loads(self.process.stdout.readline()))

    def pids(self) -> set[int]:
        return {self.process.pid, *processes.descendants(self.process.pid)}

    def close(self) -> None:
        """Let it end in good order; it must."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()
            assert self.process.stdout
            self.process.stdout.close()


def held(wins: int) -> dict[str, Any]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    count = {name: len(list(Path(f"/proc/self/{name}").iterdir())) for name in ("fd", "task")}
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return {"wins": wins, "memory": memory, "descriptors": count["fd"], "threads": count["task"]}


def main(fake: str) -> None:
    with engine.Analyzer(evaluator=fake, workers=2, settings=engine.Settings(cache="")) as analyzer:
        for _ in sys.stdin:
            run = analyzer.submit(FEW, nodes=500)
            result = analyzer.analyze(FEW, nodes=1000)
            analyzer.evaluate(nodes=1000)
            run.cancel()
            assert run.result().counts.read <= 3
            del run
            sys.stdout.write(json.dumps(held(result.wins)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
