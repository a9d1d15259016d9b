"""A task queue: Celery workers that analyse, and tell how far they are.

    celery --workdir plugins/examples --app tasks worker --pool threads --concurrency 2

Broker and result backend are named in a module `celeryconfig`. The pool must be `threads` or `solo`: the processes
of Celery's default pool are daemonic and may not have workers of their own. Each Celery process has one Analyzer,
which stays warm between tasks; tasks at the same time take turns on its workers. What was searched is in the
cache, so a task that is delivered twice costs little the second time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from celery import Celery, Task

import engine

app = Celery("tasks")
app.config_from_object("celeryconfig", silent=True)


@cache
def analyzer() -> engine.Analyzer:
    """Made at the first task; ends with the process."""
    return engine.Analyzer()


@app.task(bind=True, acks_late=True)
def analyze(self: Task, pgn: str, nodes: int = 20_000) -> dict[str, Any]:
    """Reports by name, as JSON can have them."""

    def tell(snapshot: engine.Snapshot) -> None:
        self.update_state(state="PROGRESS", meta={"games": snapshot.games, "positions": snapshot.positions})

    result = analyzer().analyze(pgn.encode(), nodes=nodes, progress=tell)
    reports: dict[str, Any] = msgspec.to_builtins(result.reports)
    return reports
