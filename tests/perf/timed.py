"""A wrapper that times another evaluator and logs exactly what it is sent.

`PERF_INNER` names the evaluator, and `PERF_TIMES` a folder in which each worker leaves a JSON file when it ends.
`PERF_LOG`, if set, names a file that gets a line for each call: `null` for `clear`, otherwise the position.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator, EvaluatorOptions


class Timed(Evaluator):
    """Passes every call to the inner evaluator and measures its time."""

    plays_moves = True  # measured are evaluators that do

    def __init__(self, options: EvaluatorOptions) -> None:
        super().__init__(options)
        self._times: dict[str, float] = {"before": age(), "starting": 0.0, "searching": 0.0, "searches": 0}
        self._inner: Evaluator | None = None
        self._ready = 0.0
        self._log: Any = None

    def start(self) -> EvaluatorInfo:
        inner = os.environ.get("PERF_INNER", "stockfish")
        options = {"hash": self.options.hash, "uci": self.options.uci}
        files = [file for file in os.environ.get("PERF_PLUGINS", "").split(os.pathsep) if file]
        started = time.perf_counter()
        self._inner = evaluators.make(evaluators.resolve(Registry(files), inner, options))
        info = self._inner.start()
        self._ready = time.perf_counter()
        self._times["starting"] = self._ready - started
        if "PERF_LOG" in os.environ:
            self._log = open(os.environ["PERF_LOG"], "ab")  # noqa: SIM115  open as long as the evaluator
        return info

    def clear(self) -> None:
        assert self._inner is not None
        started = time.perf_counter()
        self._inner.clear()
        self._times["searching"] += time.perf_counter() - started
        self._note(None)

    def search(self, position: Position, limit: Limit) -> Evaluation:
        assert self._inner is not None
        started = time.perf_counter()
        evaluation = self._inner.search(position, limit)
        self._times["searching"] += time.perf_counter() - started
        self._times["searches"] += 1
        self._note(position)
        return evaluation

    def close(self) -> None:
        if self._inner is None:
            return
        alive = time.perf_counter() - self._ready
        self._times["waiting"] = alive - self._times["searching"]
        self._inner.close()
        self._inner = None
        if self._log is not None:
            self._log.close()
        # The parent starts one too, to learn who it is: that one searches nothing.
        if "PERF_TIMES" in os.environ and self._times["searches"]:
            file = Path(os.environ["PERF_TIMES"], f"{os.getpid()}-{id(self)}.json")
            file.write_bytes(msgspec.json.encode(self._times))

    def kill(self) -> None:
        if self._inner is not None:
            self._inner.kill()

    def _note(self, position: Position | None) -> None:
        if self._log is not None:
            self._log.write(msgspec.json.encode(position) + b"\n")


def age() -> float:
    """Return the seconds since this process was started, to 10 ms; 0 if the system does not tell."""
    with contextlib.suppress(OSError, AttributeError, ValueError, IndexError):
        ticks = int(Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        return max(0.0, now - ticks / os.sysconf("SC_CLK_TCK"))
    return 0.0
