"""Another evaluator with a clock on it: where the time of a worker goes, and what exactly it is sent.

`PERF_INNER` names the evaluator, `PERF_TIMES` a folder in which each worker leaves a JSON file when it ends, and
`PERF_LOG`, if set, a file that gets a line per call: `null` for a fresh hash, else the position.
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
    """Passes everything on and measures it."""

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
        found = self._inner.search(position, limit)
        self._times["searching"] += time.perf_counter() - started
        self._times["searches"] += 1
        self._note(position)
        return found

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
            file = Path(os.environ["PERF_TIMES"], f"{os.getpid()}.json")
            file.write_bytes(msgspec.json.encode(self._times))

    def kill(self) -> None:
        if self._inner is not None:
            self._inner.kill()

    def _note(self, position: Position | None) -> None:
        if self._log is not None:
            self._log.write(msgspec.json.encode(position) + b"\n")


def age() -> float:
    """Seconds since this process was started, to 10 ms; 0 where the system does not say."""
    with contextlib.suppress(OSError, AttributeError, ValueError, IndexError):
        ticks = int(Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        return max(0.0, now - ticks / os.sysconf("SC_CLK_TCK"))
    return 0.0
