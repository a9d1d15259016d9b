"""Workers that kill themselves at named points: in place of `engine.workers.worker.main`, in the child only.

Nothing of this is in the production code; the child's own objects are wrapped before the work begins.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.contracts.messages import Done, Lost, pack, unpack_from_worker
from engine.workers import worker

POINTS = (
    "task taken",
    "lock taken",
    "share written",
    "line written",
    "list written",
    "lock released",
    "result half sent",
    "result sent",
)
"""The points at which a worker may die, in the order in which it passes them."""
Die = Callable[[str], None]


def once(folder: Path, point: str, *of_worker: Any) -> None:
    """A worker that dies at `point`, once over all processes."""

    def die(here: str) -> None:
        if here == point:
            try:
                (folder / "died").touch(exist_ok=False)
            except FileExistsError:
                return
            _die()

    _work(die, *of_worker)


def often(chance: float, seed: int, *of_worker: Any) -> None:
    """A worker that dies with this chance at each point it passes."""
    rng = random.Random(f"{seed} {os.getpid()}")

    def die(_: str) -> None:
        if rng.random() < chance:
            _die()

    _work(die, *of_worker)


def stops_in_the_lock(folder: Path, *of_worker: Any) -> None:
    """A worker that is stopped while it holds the scoreboard's lock, once over all processes."""
    scoreboard = of_worker[4]

    def stop() -> None:
        try:
            (folder / "stopped").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGSTOP)

    scoreboard._report = _first(stop, scoreboard._report)
    worker.main(*of_worker)


def exits(code: int, *of_worker: Any) -> None:
    """A worker that takes a task and ends of itself, without a word."""
    _, _, tasks, _, _ = of_worker
    tasks.get = _then(tasks.get, lambda _: os._exit(code))
    worker.main(*of_worker)


def before_start(folder: Path, times: int, *of_worker: Any) -> None:
    """A worker that is killed before its evaluator is up, so many times over all processes."""
    for n in range(times):
        try:
            (folder / f"died-{n}").touch(exist_ok=False)
        except FileExistsError:
            continue
        _die()
    worker.main(*of_worker)


def finds_another(folder: Path, times: int, *of_worker: Any) -> None:
    """A worker that takes its evaluator for another one than the run's, so many times over all processes."""
    for n in range(times):
        try:
            (folder / f"found-{n}").touch(exist_ok=False)
        except FileExistsError:
            continue
        for piece in worker.pieces(pack(Lost(worker.NO_UNIT, None, "replaced", "it was replaced"))):
            of_worker[3].send_bytes(piece)
        return
    worker.main(*of_worker)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _then(call: Callable[..., Any], after: Callable[[Any], object]) -> Callable[..., Any]:
    def both(*arguments: Any, **named: Any) -> Any:
        result = call(*arguments, **named)
        after(result)
        return result

    return both


def _first(before: Callable[[], object], call: Callable[..., Any]) -> Callable[..., Any]:
    def both(*arguments: Any, **named: Any) -> Any:
        before()
        return call(*arguments, **named)

    return both


def _work(die: Die, *of_worker: Any) -> None:
    slot, job, tasks, results, scoreboard = of_worker
    tasks.get = _then(tasks.get, lambda _: die("task taken"))
    wins, best = scoreboard._wins, scoreboard._best
    scoreboard._report = _first(lambda: die("lock taken"), scoreboard._report)
    wins.add = _then(wins.add, lambda _: die("share written"))
    best._write = _then(best._write, lambda _: die("line written"))
    best._replace = _then(best._replace, lambda _: die("list written"))
    scoreboard.record = _then(scoreboard.record, lambda _: die("lock released"))
    worker.main(slot, job, tasks, _Results(results, die), scoreboard)


class _Results:
    def __init__(self, pipe: Any, die: Die) -> None:
        self._pipe = pipe
        self._die = die
        self._message = b""

    def send_bytes(self, piece: bytes) -> None:
        self._message += piece[1:]
        last = piece[:1] == worker.LAST
        done = last and isinstance(unpack_from_worker(self._message), Done)
        if done:
            # The kernel cuts no write of this size; a worker dies between two pieces.
            self._pipe.send_bytes(worker.MORE + piece[1 : len(piece) // 2])
            self._die("result half sent")
            piece = piece[:1] + piece[len(piece) // 2 :]
        self._pipe.send_bytes(piece)
        if last:
            self._message = b""
        if done:
            self._die("result sent")
