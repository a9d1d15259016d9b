"""One worker: one process, one evaluator, no policy.

It searches the units it is given, enters each position on the scoreboard as soon as it is searched, and sends the
evaluations. Whatever goes wrong ends it, with a reason in words if there is one: the parent retires it and starts
another (`engine.workers.pool`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import structs

from engine import system
from engine.contracts.messages import Done, FromWorker, Job, Lost, Ready, Unit, pack, unpack_job, unpack_unit
from engine.errors import AnalysisError, EvaluatorKilled, EvaluatorReplaced
from engine.loading import answers
from engine.loading.answers import AnswerCheck
from engine.loading.evaluators import make
from engine.model import Evaluation, EvaluatorInfo, Limit
from engine.plugin import Evaluator
from engine.text.logs import show_logs
from engine.workers import adaptive
from engine.workers.scoreboard import Scoreboard, scored

STOP = b""
"""Sent in place of a unit: there is no more work."""
NO_UNIT = -1
"""The `unit` of a `Lost` that says the evaluator did not start."""
NO_GAME = 0
"""The `game` of a unit that belongs to no game: a trial of the evaluator, kept off the scoreboard."""
MORE, LAST = b"+", b"."
"""First byte of a piece of a message: whether others follow."""
_PIECE = system.ATOMIC_WRITE - 16
"""Bytes of a message in one piece, which leave room for what the pipe and we put before it."""

_WAY_OUT = "run the same command again"

Blame = Literal["position", "outside"]


class SearchFailed(Exception):
    """A position of a unit could not be searched.

    * **index** - the position's index in the unit.
    * **reason** - why, in words.
    * **blame** - whether the position may be the cause, or something outside.
    """

    def __init__(self, index: int, reason: str, blame: Blame = "position") -> None:
        super().__init__(index, reason, blame)
        self.index = index
        self.reason = reason
        self.blame: Blame = blame


class Searcher:
    """An evaluator that searches units: the part of a worker that any executor can use."""

    def __init__(self, job: Job, evaluator: Evaluator, scoreboard: Scoreboard | None, slot: int) -> None:
        self.job = job
        self.evaluator = evaluator
        self._answers = AnswerCheck(evaluator)
        self._scoreboard = scoreboard
        self._slot = slot

    def search(self, unit: Unit) -> Done:
        """Search a unit whole, on a fresh hash, in its order. Raises SearchFailed."""
        limit = unit.limit or self.job.limit
        first = adaptive.first_limit(limit) if unit.moves else limit
        evaluations: list[Evaluation] = []
        index = 0
        try:
            self.evaluator.clear()
            for index in range(len(unit.positions)):
                evaluations.append(self._search(unit, index, first))  # noqa: PERF401 - `index` says where it failed
            left = adaptive.extra_nodes(unit, limit)
            for stage in adaptive.STAGES if left else ():
                deeper = stage.limit(limit)
                for index in adaptive.doubtful(unit, evaluations, stage, left // (deeper.nodes or 1)):
                    again = self._search(unit, index, deeper)
                    evaluations[index] = structs.replace(again, nodes=evaluations[index].nodes + again.nodes)
                    left -= deeper.nodes or 0
        except EvaluatorKilled as error:
            raise SearchFailed(index, error.message, "outside") from error
        except Exception as error:
            raise SearchFailed(index, describe_error(error)) from error
        if self._scoreboard is not None and unit.moves:
            for ply, evaluation in zip(unit.plies, evaluations, strict=True):
                entry, winning = scored(unit.game, ply, evaluation, self.job.winning_cp)
                self._scoreboard.enter(self._slot, entry, winning=winning)
        return Done(unit.id, tuple(evaluations), counted=self._scoreboard is not None)

    def _search(self, unit: Unit, index: int, limit: Limit) -> Evaluation:
        """Search one position of a unit, and enter it on the scoreboard unless it may be searched again."""
        position = unit.positions[index]
        evaluation = self._answers.check(self.evaluator.search(position, limit), position)
        if self._scoreboard is None or unit.game == NO_GAME:
            return evaluation
        if unit.follow_up or unit.moves:
            self._scoreboard.report_activity(self._slot, unit.game, unit.plies[index], evaluation.nodes)
        else:
            entry, winning = scored(unit.game, unit.plies[index], evaluation, self.job.winning_cp)
            self._scoreboard.record(self._slot, entry, winning=winning, nodes=evaluation.nodes)
        return evaluation


def start_evaluator(job: Job, evaluator: Evaluator) -> EvaluatorInfo:
    """Start an evaluator and return its identity.

    Raises EvaluatorReplaced if that is not the job's, and EvaluatorError.
    """
    info = answers.start(evaluator, job.evaluator.name)
    if job.fingerprint not in ("", info.fingerprint):
        name = job.evaluator.options.get("path") or f"evaluator {job.evaluator.name}"
        raise EvaluatorReplaced(f"{name}, or a file that it uses, was replaced while the run used it: {_WAY_OUT}")
    return info


def describe_error(error: Exception) -> str:
    """Return the message of an error of ours; of any other, its type and message."""
    return error.message if isinstance(error, AnalysisError) else f"{type(error).__name__}: {error}"


def pieces(message: bytes) -> Iterator[bytes]:
    """Cut a message so that each piece reaches the pipe whole or not at all.

    A worker that is stopped in the middle of a long message then never blocks the parent, which reads a piece
    only when there is one.
    """
    for start in range(0, len(message), _PIECE):
        mark = MORE if start + _PIECE < len(message) else LAST
        yield mark + message[start : start + _PIECE]


def main(slot: int, job_bytes: bytes, tasks: Any, results: Any, scoreboard: Scoreboard) -> None:
    """Run as the worker process.

    * **slot** - its slot on the scoreboard, from 1.
    * **job_bytes** - the packed `Job`.
    * **tasks** - its queue of packed units.
    * **results** - its end of a pipe to the parent.
    """
    system.leave_signals_to_parent()
    system.adopt_orphans()
    job = unpack_job(job_bytes)
    show_logs(job.log_level)
    system.apply_cpu_settings(slot, nice=job.cpu.nice, pin=job.cpu.pin)
    # A parent that is gone needs no answer: the broken pipe is the end, quietly.
    with contextlib.suppress(BrokenPipeError):
        _work(slot, job, tasks, results, scoreboard)


def _work(slot: int, job: Job, tasks: Any, results: Any, scoreboard: Scoreboard) -> None:
    def send(message: FromWorker) -> None:
        for piece in pieces(pack(message)):
            results.send_bytes(piece)

    try:
        evaluator = make(job.evaluator)
    except Exception as error:
        send(Lost(NO_UNIT, None, "evaluator", describe_error(error)))
        return
    system.end_with_parent(None if type(evaluator).kill is Evaluator.kill else evaluator.kill)
    try:
        try:
            info = start_evaluator(job, evaluator)
        except EvaluatorKilled as error:
            send(Lost(NO_UNIT, None, "outside", error.message))
            return
        except EvaluatorReplaced as error:
            send(Lost(NO_UNIT, None, "replaced", error.message))
            return
        except Exception as error:
            send(Lost(NO_UNIT, None, "evaluator", describe_error(error)))
            return
        send(Ready(info))
        searcher = Searcher(job, evaluator, scoreboard, slot)
        while (packed := tasks.get()) != STOP:
            unit = unpack_unit(packed)
            try:
                send(searcher.search(unit))
            except SearchFailed as failed:
                send(Lost(unit.id, failed.index, failed.blame, failed.reason))
                return
    finally:
        evaluator.close()
