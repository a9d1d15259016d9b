"""A writer of the counts and times of a run: `--plugin tests/perf/counts.py -o FILE.counts`.

With `PERF_SAMPLE` it also measures where the parent's processor time goes. A timer of the kernel (SIGPROF)
interrupts every `PERF_SAMPLE` seconds of processor time, and the sample goes to the innermost frame that belongs
to a stage. Time spent in C counts for its caller. Waiting takes no processor time and is not sampled.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from types import FrameType
from typing import ClassVar

import msgspec

from engine.model import RunResult
from engine.plugin import RunInfo, Writer

STAGES = {
    "reading": ("engine/input/", "engine/system/compression.py", "engine_plugins/readers/"),
    "planning": ("engine/search/planner.py",),
    "cache": ("engine/cache/",),
    "handing over": (
        "engine/search/scheduler.py", "engine/search/lookups.py",
        "engine/search/retries.py", "engine/workers/pool.py", "engine/system/",
        "engine_plugins/executors/",
    ),
    "scoreboard": ("engine/workers/scoreboard.py", "engine/shared.py"),
    "positions and moves": ("engine/positions/",),
    "assembling": ("engine/analysis/", "engine/search/assembler.py"),
    "aggregating": (
        "engine/contracts/aggregator.py", "engine/contracts/scalar_states.py", "engine/contracts/states.py",
        "engine/contracts/table_states.py", "engine/run/aggregators.py", "engine_plugins/aggregators/",
    ),
    "finishing": (
        "engine/run/finishing.py", "engine/run/batch_pool.py", "engine/run/batches.py", "engine/run/delivery.py",
    ),
    "writing": ("engine/output/", "engine_plugins/writers/"),
}  # fmt: skip
"""Files of each stage. Modules that several stages use (`model`, `scoring`, `messages`) count for their caller."""

_OTHER = "other"


class Counts(Writer):
    """Writes the counts and times of the run as JSON."""

    suffixes: ClassVar[tuple[str, ...]] = (".counts",)

    def __init__(self, stream: object, info: RunInfo) -> None:
        super().__init__(stream, info)  # type: ignore[arg-type]
        self._begun, self._cpu = time.monotonic(), time.process_time()
        self._samples: Counter[str] = Counter()
        self._stage_of: dict[str, str] = {}
        interval = float(os.environ.get("PERF_SAMPLE", "0"))
        if interval:
            signal.signal(signal.SIGPROF, self._sample)
            signal.setitimer(signal.ITIMER_PROF, interval, interval)

    def finish(self, result: RunResult) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        summary = {
            "counts": result.counts,
            "evaluator": result.evaluator,
            "limit": str(result.limit),
            "cpu_before": self._cpu,
            "cpu": time.process_time() - self._cpu,
            "seconds": time.monotonic() - self._begun,
            "samples": self._samples,
            "failures": len(result.failures),
        }
        self.stream.write(msgspec.json.encode(summary) + b"\n")

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            file = frame.f_code.co_filename
            stage = self._stage_of.get(file)
            if stage is None:
                stage = self._stage_of[file] = stage_of(file)
            if stage != _OTHER:
                break
            frame = frame.f_back
        else:
            stage = _OTHER
        self._samples[stage] += 1


def stage_of(file: str) -> str:
    """Return the stage that a source file belongs to, or `other`."""
    path = "/" + file.replace(os.sep, "/")
    for stage, parts in STAGES.items():
        if any(f"/{part}" in path for part in parts):
            return stage
    return _OTHER
