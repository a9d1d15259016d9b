"""A program that embeds the engine, to be killed and stopped: says on standard output how far it is.

    python -m tests.faults.host OPTIONS-AS-JSON

Options: source, fake, method, and `jump`, a file: once it exists, much time has passed for this program and its
workers. At the end it prints the result.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import engine
from engine.run.progress import Snapshot
from engine.settings import Settings
from engine.workers import worker
from tests.support import PATIENCE

from . import clocks


def say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def show(snapshot: Snapshot) -> None:
    say(positions=snapshot.positions, states=[worker.state for worker in snapshot.workers])


def main(given: dict[str, Any]) -> None:
    if "jump" in given:
        clocks.let_time_pass_after(Path(given["jump"]))
        worker.main = partial(clocks.worker_that_sleeps_through, Path(given["jump"]))
    settings = Settings(
        start_method=given["method"],
        cache="",
        evaluator_options={"search_timeout": 2 * PATIENCE},
    )
    result = engine.analyze(
        given["source"], nodes=1000, evaluator=given["fake"], workers=2, settings=settings, progress=show
    )
    say(wins=result.wins, failures=[failure.reason for failure in result.failures])


main(json.loads(sys.argv[1]))
