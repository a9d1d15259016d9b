"""Storms: everything that can be killed is killed, again and again; the outputs must not change by a byte.

Short ones are marked `slow`; the long ones are marked `storm`. The seed is printed with a failure, the
moments are the machine's. Only descendants of the command that a test started are ever killed.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine import scoring
from engine.model import Score
from engine.testing.fake_uci import fake_uci
from tests import processes

from .games import write_games

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes in /proc")
long = [pytest.mark.storm, pytest.mark.timeout(2400)]


class Command:
    """One `engine analyze` of the same games with the same evaluator, as often as wanted."""

    def __init__(self, folder: Path, source: Path, evaluator: Path | str, *arguments: str, workers: int) -> None:
        self.folder = folder
        self._arguments = [
            *(sys.executable, "-m", "engine", "analyze", str(source), "-e", str(evaluator), "-j", str(workers)),
            *("-y", "--format", "json", "--progress", "none", *arguments),
        ]

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a run whose outputs carry this name."""
        outputs = [word for suffix in ("pgn", "jsonl") for word in ("-o", str(self.folder / f"{name}.{suffix}"))]
        with (self.folder / f"{name}.json").open("wb") as out, (self.folder / f"{name}.err").open("wb") as err:
            return subprocess.Popen([*self._arguments, *outputs, *arguments], stdout=out, stderr=err)

    def run(self, name: str, *arguments: str) -> None:
        """One run to its end, undisturbed."""
        with self.start(name, *arguments) as process:
            process.wait()
        self.assert_good(name, process.returncode)

    def assert_good(self, name: str, code: int) -> None:
        said = (self.folder / f"{name}.err").read_text()
        assert code == 0, said
        assert "Traceback" not in said, said

    def outputs(self, name: str) -> dict[str, bytes]:
        return {suffix: (self.folder / f"{name}.{suffix}").read_bytes() for suffix in ("pgn", "jsonl", "json")}

    def assert_counter_exact(self, name: str) -> None:
        """The counter and the board, recounted from the games that were written."""
        report: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_bytes())
        assert report["failures"] == []
        wins = 0
        best: dict[int, tuple[int, int, int]] = {}
        for line in (self.folder / f"{name}.jsonl").read_text().splitlines():
            game = json.loads(line)
            for ply, position in enumerate(game["positions"]):
                if "eval" in position:
                    score = Score(**position.get("searched", position)["eval"])
                    mover = score if (" w " in game["fen"]) == (ply % 2 == 0) else -score
                    wins += scoring.is_winning(mover, 300)
                    entry = (-scoring.board_value(mover), game["game"], ply)
                    best[game["game"]] = min(best.get(game["game"], entry), entry)
        board = report["run"]["scoreboard"]
        assert board["wins"] == wins > 0
        assert [(-b["score"], b["game"], b["ply"]) for b in board["best"]] == sorted(best.values())[:10]


def victims(root: int) -> list[int]:
    """Workers, evaluator programs and their guards; not what multiprocessing keeps for the parent itself."""
    workers = [pid for pid in processes.descendants(root) if "spawn_main" in processes.command_of(pid)]
    return [*workers, *(pid for worker in workers for pid in processes.descendants(worker))]


def searched_more(process: subprocess.Popen[bytes], log: Path, count: int) -> bool:
    """Wait until the programs have begun `count` more searches; False when the run has ended before."""
    enough = searches(log) + count
    while process.poll() is None:
        if searches(log) >= enough:
            return True
        time.sleep(0.005)
    return False


def workers_of(root: int) -> list[int]:
    return [pid for pid in processes.descendants(root) if "spawn_main" in processes.command_of(pid)]


def kill_a_start(process: subprocess.Popen[bytes], rng: random.Random) -> int:
    """Kill a worker, and the one that takes its place while that starts; return how many were killed."""
    before = workers_of(process.pid)
    killed = processes.kill([rng.choice(before)]) if before else 0
    while killed and process.poll() is None:
        new = set(workers_of(process.pid)) - set(before)
        if new:
            time.sleep(rng.uniform(0.0, 0.3))  # anywhere in its start
            return killed + processes.kill([new.pop()])
        time.sleep(0.005)
    return killed


def storm(process: subprocess.Popen[bytes], log: Path, *, kills: int, stops: int, gap: int, seed: int) -> int:
    """Kill and stop processes at random, up to `gap` searches apart; return how many before the run ended.

    Every fourth kill is one of a worker and of the one that takes its place. `stops` workers are stopped besides.
    """
    rng = random.Random(seed)
    killed = stopped = 0
    while killed < kills and searched_more(process, log, rng.randint(0, gap)):
        if stopped < stops and killed * stops >= stopped * kills:
            stopped += processes.kill(workers_of(process.pid)[:1], signal.SIGSTOP)
        if rng.random() < 0.25 and killed + 2 <= kills:
            killed += kill_a_start(process, rng)
        elif candidates := victims(process.pid):
            killed += processes.kill([rng.choice(candidates)])
    assert (killed, stopped) == (kills, stops), "the run ended before"
    return killed


@pytest.mark.parametrize(
    ("games", "kills", "stops", "delay"),
    [
        pytest.param(4, 15, 1, 0.02, id="short", marks=pytest.mark.slow),
        pytest.param(96, 500, 25, 0.05, id="long", marks=long),
    ],
)
def test_a_storm_over_workers_and_programs(
    tmp_path: Path, games: int, kills: int, stops: int, delay: float
) -> None:
    source = write_games(tmp_path / "games.pgn", games, 50)
    calm = Command(tmp_path, source, fake_uci(tmp_path / "calm"), "--nodes", "1000", "--no-cache", workers=2)
    calm.run("calm")
    log = tmp_path / "log"
    slow = fake_uci(tmp_path / "slow", delay=delay, log=str(log))
    stormy = Command(tmp_path, source, slow, "--nodes", "1000", "--no-cache", workers=3)
    begun = time.monotonic()
    with stormy.start("stormy") as process:
        try:
            killed = storm(process, log, kills=kills, stops=stops, gap=6, seed=games)
            process.wait()
        finally:
            process.kill()
    stormy.assert_good("stormy", process.returncode)
    report(kills=killed, seconds=time.monotonic() - begun, positions=positions(stormy, "stormy"))
    assert killed == kills
    assert stormy.outputs("stormy") == calm.outputs("calm")
    stormy.assert_counter_exact("stormy")


def put(program: Path, text: str) -> None:
    """Put a program in the place of another as an upgrade does, in one step."""
    program.parent.mkdir(exist_ok=True)
    new = program.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o755)
    new.replace(program)


@pytest.mark.parametrize(
    ("games", "replacements"),
    [pytest.param(2, 2, id="short", marks=pytest.mark.storm), pytest.param(24, 25, id="long", marks=long)],
)
def test_a_storm_of_replaced_programs(tmp_path: Path, games: int, replacements: int) -> None:
    """The program is another one again and again, and something is killed, so that one of them starts."""
    source = write_games(tmp_path / "games.pgn", games, 50)
    log = tmp_path / "log"
    fake = tmp_path / "used" / "fake-uci"
    texts = []
    for name in ("First 1.0", "Second 1.0"):
        slow = fake_uci(tmp_path / name, name=name, delay=0.02, log=str(log))
        texts.append(slow.read_text().replace("$0.json", f"{slow}.json"))
        put(fake, texts[-1])
        command = Command(tmp_path, source, fake, "--nodes", "1000", "--no-cache", workers=2)
        command.run(f"calm {name}")
    put(fake, texts[0])
    cache = ("--nodes", "1000", "--cache", str(tmp_path / "units.sqlite"))
    command = Command(tmp_path, source, fake, *cache, workers=2)
    rng = random.Random(games)
    ended: Counter[int] = Counter()
    for number in range(1, replacements + 1):
        with command.start("stormy", "--force") as process:
            try:
                searched_more(process, log, rng.randint(1, 12))
                put(fake, texts[number % 2])
                while process.poll() is None:
                    if candidates := victims(process.pid):
                        processes.kill([rng.choice(candidates)])
                    searched_more(process, log, 1)
            finally:
                process.kill()
        ended[process.returncode] += 1
        assert "Traceback" not in (tmp_path / "stormy.err").read_text()
    report(**{f"code_{code}": count for code, count in ended.items()})
    assert set(ended) <= {0, 3}
    assert ended[3] > 0
    for text, undisturbed in ((texts[0], "calm First 1.0"), (texts[1], "calm Second 1.0")):
        put(fake, text)
        command.run("stormy", "--force")
        assert command.outputs("stormy") == command.outputs(undisturbed)
    assert command.outputs("calm First 1.0") != command.outputs("calm Second 1.0")


def embedded_storm(process: subprocess.Popen[bytes], kills: int, seed: int) -> int:
    """Kill workers as `storm` does, by the clock: no search of the embedded Stockfish is logged."""
    rng = random.Random(seed)
    killed = 0
    while killed < kills and process.poll() is None:
        time.sleep(min(rng.expovariate(1 / 0.7), 7.0))
        candidates = victims(process.pid)
        if candidates:
            killed += processes.kill([rng.choice(candidates)])
    return killed


@pytest.mark.stockfish
@pytest.mark.storm
@pytest.mark.timeout(600)
def test_a_storm_over_the_embedded_stockfish(
    tmp_path: Path, stockfish_wasm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(stockfish_wasm))
    source = write_games(tmp_path / "games.pgn", 10, 50)
    command = Command(tmp_path, source, "embedded", "--nodes", "30k", "--no-cache", workers=2)
    command.run("calm")
    begun = time.monotonic()
    with command.start("stormy") as process:
        try:
            killed = embedded_storm(process, 30, seed=30)
            process.wait()
        finally:
            process.kill()
    command.assert_good("stormy", process.returncode)
    report(kills=killed, seconds=time.monotonic() - begun, positions=positions(command, "stormy"))
    assert killed == 30
    assert command.outputs("stormy") == command.outputs("calm")
    command.assert_counter_exact("stormy")


@pytest.mark.parametrize(
    ("games", "moments", "delay"),
    [
        pytest.param(3, 3, 0.02, id="short", marks=pytest.mark.slow),
        pytest.param(24, 25, 0.02, id="long", marks=long),
    ],
)
def test_the_same_command_continues(tmp_path: Path, games: int, moments: int, delay: float) -> None:
    """Everything is killed at random moments; what was searched twice was in flight."""
    source = write_games(tmp_path / "games.pgn", games, 50)
    logs = {name: tmp_path / f"{name}.log" for name in ("calm", "killed")}
    calm = Command(
        tmp_path,
        source,
        fake_uci(tmp_path / "calm", log=str(logs["calm"])),
        *("--nodes", "1000", "--cache", str(tmp_path / "calm.sqlite")),
        workers=2,
    )
    calm.run("calm")
    fake = fake_uci(tmp_path / "killed", log=str(logs["killed"]), delay=delay)
    command = Command(
        tmp_path, source, fake, *("--nodes", "1000", "--cache", str(tmp_path / "units.sqlite")), workers=2
    )
    whole = searches(logs["calm"])
    rng = random.Random(games)
    begun = time.monotonic()
    killed = 0
    while killed < moments:
        with command.start("killed") as process:
            try:
                # Every run advances by a share of the work, so that no moment comes after the end.
                share = rng.uniform(0.1, 1.4) / (moments + 2)
                if not searched_more(process, logs["killed"], round(share * whole)):
                    break
                killed += 1
            finally:
                everybody = [process.pid, *processes.descendants(process.pid)]
                processes.kill(everybody)
                assert processes.end_of(everybody) == []
    command.run("killed")
    twice = searches(logs["killed"]) - searches(logs["calm"])
    report(kills=killed, seconds=time.monotonic() - begun, twice=twice)
    assert killed == moments
    assert command.outputs("killed") == calm.outputs("calm")
    command.assert_counter_exact("killed")
    # A worker has one unit of at most 12 positions in hand; the parent may hold one more of each, not yet stored.
    assert twice <= moments * 2 * 2 * 12


def searches(log: Path) -> int:
    """Return how many positions the programs have begun to search."""
    if not log.exists():
        return 0
    return Counter(log.read_text(errors="replace").splitlines())["go nodes 1000"]


def positions(command: Command, name: str) -> int:
    count: int = json.loads((command.folder / f"{name}.json").read_bytes())["run"]["positions"]
    return count


def report(**figures: float) -> None:
    """Print figures, for `pytest -s`."""
    sys.stdout.write(" ".join(f"{name}={value:.0f}" for name, value in figures.items()) + "\n")
