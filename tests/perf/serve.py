"""How fast a store of 10,000 games answers: `python -m tests.perf.serve [--games N] [--folder FOLDER]`.

The games are the 500 that Lichess analysed, again and again under other names and dates; half of them are one
player's. Prints the seconds to build the store, and of a process that has just opened it: the seconds of filters
that it has not seen before (the first page, the list of games and the pages of default reports one after the
other, each with all that a browser asks for until it is complete, and all default reports at once), with the
states of games on the disk, those of positions of the tree, and the memory of all its processes, shared pages
divided: the most, looked at five times a second, and at rest. In between all default reports
are made once, which counts the states. `--folder` keeps the games and the store for the next time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any

from engine.web.reports import Reports
from engine.web.site import Site, application
from engine.web.store import Filter, Store, build
from tests import processes
from tests.engine.web.asgi import get
from tests.perf.games import big
from tests.perf.report import Unavailable

PLAYER = "Ferdinand"
FILTERS = (
    {},
    {"speed": "rapid"},
    {"since": "2015", "until": "2019-06"},
    {"player": PLAYER},
    {"player": PLAYER, "side": "black", "speed": "rapid"},
    {"player": PLAYER, "opening": "B", "result": "loss"},
    {"player": PLAYER, "phase": "endgame", "judgement": "blunder"},
    {"player": PLAYER, "rating": "1500-1700", "clock": "10%"},
)
LINES = ("", "e4", "e4 e5", "e4 e5 Nf3 Nc6 Bc4", "d4 d5", "e4 c5 Nf3 d6 d4 cxd4 Nxd4")
_STREAM = re.compile(r'data-stream="([^"]+)"')
_TAG = re.compile(r'^\[(White|Black|Date|UTCDate|Site) "([^"]*)"\]$', re.MULTILINE)


def multiply(text: str, copy: int) -> str:
    """Return the games of a PGN under other names and dates; in every second copy one side is `PLAYER`'s."""
    number = 0

    def renamed(found: re.Match[str]) -> str:
        nonlocal number
        tag, value = found[1], found[2]
        if tag == "Site":
            number += 1
            return f'[Site "{value}{copy}"]'
        if tag.endswith("Date"):
            return f'[{tag} "{int(value[:4]) - copy % 10}{value[4:]}"]'
        if copy % 2 and tag == ("White" if number % 2 else "Black"):
            return f'[{tag} "{PLAYER}"]'
        return f'[{tag} "{value}{copy}"]'

    return _TAG.sub(renamed, text)


def prepare(folder: Path, games: int) -> None:
    """Write the games, build the store and make the default reports, unless that was done."""
    source = big("lichess-analysed", "games_eval_clk.pgn")
    if source is None:
        raise Unavailable("the big real data is not here: ENGINE_TEST_DATA")
    pgn, path = folder / "games.pgn", folder / "games.store"
    if not pgn.exists():
        text = source.read_text(encoding="utf-8")
        pgn.write_text("\n".join(multiply(text, copy) for copy in range(-(-games // 500))), encoding="utf-8")
    if path.exists():
        return
    started = time.perf_counter()
    store = build([pgn], path)
    seconds = time.perf_counter() - started
    print(f"built in {seconds:.1f} s: {store.count(Filter()):,} games, {path.stat().st_size / 1e6:.0f} MB")
    reports = Reports(store)
    for where in (Filter(), Filter(player=PLAYER)):
        started = time.perf_counter()
        for name in reports.default_names(where):
            reports.report(name, where)
        print(f"counted {where.words()}: {time.perf_counter() - started:.1f} s")
    reports.close()
    store.close()
    states = path.with_name(f"{path.name}.states")
    print(f"states: {states.stat().st_size / 1e6:.0f} MB")


def measure(path: Path) -> None:
    """Print what a process that has just started does with the store."""
    store = Store.open(path)
    memory = Memory()
    for whole in (alone, together):  # each with reports of its own: none knows what the other has made
        reports = Reports(store)
        site = Site(store, reports)
        site.prepare()
        pages = application(site)
        time.sleep(5)  # the processes start
        for query in FILTERS:
            where = Filter.from_query(query)
            told = whole(pages, reports.default_names(where), where.to_query())
            print(f"{told}: {where.words()}, {store.count(where):,} games", flush=True)
        if whole is together:
            tree(store)
        memory.tell(whole.__name__)
        reports.close()
    print(f"most memory of this process, resident: {peak():.0f} MB")
    store.close()


def alone(pages: Any, names: list[str], to: str) -> str:
    """Say how long pages take, one after the other."""
    first, lists = complete(pages, f"/?{to}"), complete(pages, f"/games?{to}")
    most, name = max((complete(pages, f"/reports/{name}?{to}"), name) for name in names)
    return f"{first:6.2f} s first page, {lists:.2f} s games, {most:.2f} s the slowest report ({name})"


def together(pages: Any, names: list[str], to: str) -> str:
    """Say how long the pages of all default reports take at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor() as visitors:
        seconds = list(visitors.map(lambda name: complete(pages, f"/reports/{name}?{to}"), names))
    whole = time.perf_counter() - started
    each = ", ".join(f"{name} {taken:.2f}" for name, taken in zip(names, seconds, strict=True))
    return f"{whole:6.2f} s all reports ({each})"


class Memory:
    """The memory of this process and those below it, shared pages divided, five times a second; Linux."""

    def __init__(self) -> None:
        self._most: list[float] = []
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(0.2)
            self._most = max(self._most, _sizes(), key=sum)

    def tell(self, name: str) -> None:
        """Print the most since the last time, and what it is at rest."""
        most = self._most
        time.sleep(8)  # until the processes let go of it
        for when, sizes in (("at most", most), ("at rest", _sizes())):
            each = " + ".join(f"{size:.0f}" for size in sizes)
            print(f"memory of all processes, {name}, {when}: {sum(sizes):.0f} MB ({each})", flush=True)
        self._most = []


def _sizes() -> list[float]:
    """Return the megabytes of this process and of all below it, shared pages divided."""
    sizes: list[float] = []
    for pid in (os.getpid(), *processes.descendants(os.getpid())):
        with contextlib.suppress(OSError, StopIteration):  # it has ended
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
            sizes.append(next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:")))
    return sizes


def complete(pages: Any, address: str) -> float:
    """Return how long a page takes with all that it asks for afterwards."""
    started = time.perf_counter()
    streams = map(unescape, _STREAM.findall(get(pages, address).text))
    with ThreadPoolExecutor() as threads:
        for answer in threads.map(lambda stream: get(pages, stream), streams):
            if "event: done" not in answer.text:
                raise SystemExit(f"{address}: {answer.text[-300:]}")
    return time.perf_counter() - started


def tree(store: Store) -> None:
    """Print how long positions of the tree take."""
    import chess

    seconds = []
    for line in LINES:
        board = chess.Board()
        for san in line.split():
            board.push_san(san)
        for query in ({}, {"player": PLAYER}, {"speed": "rapid", "result": "white"}):
            started = time.perf_counter()
            store.tree(Filter.from_query(query), board.fen())
            seconds.append(time.perf_counter() - started)
    print(f"tree: median {1000 * statistics.median(seconds):.0f} ms, most {1000 * max(seconds):.0f} ms")
    for query in ({}, {"player": PLAYER}):
        started = time.perf_counter()
        store.leaks(Filter.from_query(query))
        print(f"leaks: {1000 * (time.perf_counter() - started):.0f} ms")


def peak() -> float:
    """Return the most memory that this process has had, in megabytes; Linux."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure is not None:
        measure(args.measure)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        prepare(folder, args.games)
        command = [sys.executable, "-m", "tests.perf.serve", "--measure", str(folder / "games.store")]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
