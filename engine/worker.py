"""One worker: one process, one evaluator, no policy.

It searches the units it is given, enters each position on the scoreboard the moment it is known, and sends what
it found. Whatever goes wrong ends it, with a reason in words if there is one: the parent retires it and starts
another (`engine.pool`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import connection, parent_process
from typing import Any

from engine.choice import make
from engine.errors import AnalysisError
from engine.messages import Done, FromWorker, Job, Lost, Ready, Unit, pack, unpack_job, unpack_unit
from engine.model import Evaluation
from engine.plugin import Evaluator
from engine.scoreboard import Scoreboard, scored

STOP = b""
"""In place of a unit: no more work."""
NO_UNIT = -1
"""The `unit` of a `Lost` that says the evaluator did not start."""


class SearchFailed(Exception):
    """A position of a unit could not be searched; carries its index in the unit and the reason."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(index, reason)
        self.index = index
        self.reason = reason


class Searcher:
    """An evaluator that searches units; the part of a worker that any executor can use."""

    def __init__(self, job: Job, evaluator: Evaluator, scoreboard: Scoreboard | None, slot: int) -> None:
        self.job = job
        self.evaluator = evaluator
        self._scoreboard = scoreboard
        self._slot = slot

    def search(self, unit: Unit) -> Done:
        """Search a unit whole, on a fresh hash, in its order. Raises SearchFailed."""
        found = []
        index = 0
        try:
            self.evaluator.clear()
            for index, position in enumerate(unit.positions):
                evaluation = self.evaluator.search(position, self.job.limit)
                found.append(evaluation)
                self._enter(unit, index, evaluation)
        except AnalysisError as error:
            raise SearchFailed(index, error.message) from error
        except Exception as error:
            raise SearchFailed(index, f"{type(error).__name__}: {error}") from error
        return Done(unit.id, tuple(found), counted=self._scoreboard is not None)

    def _enter(self, unit: Unit, index: int, evaluation: Evaluation) -> None:
        if self._scoreboard is None:
            return
        entry, winning = scored(unit.game, unit.plies[index], evaluation, self.job.winning_cp)
        self._scoreboard.found(self._slot, entry, winning=winning, nodes=evaluation.nodes)


def main(slot: int, job_bytes: bytes, tasks: Any, results: Any, scoreboard: Scoreboard) -> None:
    """The worker process. `tasks` is its queue of packed units, `results` its end of a pipe to the parent."""
    # Ctrl-C reaches the whole foreground group; what it means is the parent's to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that is gone needs no answer: the broken pipe is the end, quietly.
    with contextlib.suppress(BrokenPipeError):
        _work(slot, unpack_job(job_bytes), tasks, results, scoreboard)


def _work(slot: int, job: Job, tasks: Any, results: Any, scoreboard: Scoreboard) -> None:
    def send(message: FromWorker) -> None:
        results.send_bytes(pack(message))

    try:
        evaluator = make(job.evaluator)
    except AnalysisError as error:
        send(Lost(NO_UNIT, None, "evaluator", error.message))
        return
    _die_with_parent(evaluator.kill)
    try:
        send(Ready(evaluator.start()))
        searcher = Searcher(job, evaluator, scoreboard, slot)
        while (packed := tasks.get()) != STOP:
            unit = unpack_unit(packed)
            try:
                send(searcher.search(unit))
            except SearchFailed as failed:
                send(Lost(unit.id, failed.index, "position", failed.reason))
                return
    except AnalysisError as error:
        send(Lost(NO_UNIT, None, "evaluator", error.message))
    finally:
        evaluator.close()


def _die_with_parent(kill_evaluator: Callable[[], None]) -> None:
    """End this process and its evaluator as soon as the parent is gone, whatever the main thread does."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        try:
            kill_evaluator()
        finally:
            os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
