"""A task queue: Celery workers that analyse games and report their progress.

    celery --workdir plugins/examples --app tasks worker --pool threads --concurrency 2

Broker and result backend are set in a module `celeryconfig`. The pool must be `threads` or `solo`: the processes
of Celery's default pool are daemonic and may not have workers of their own. Each Celery process has one Analyzer,
which keeps its workers between tasks; concurrent tasks take turns on these workers. Evaluations are cached, so a
task that is delivered twice takes little time the second time.
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
    """Return the Analyzer of this process, created at the first task."""
    return engine.Analyzer()


@app.task(bind=True, acks_late=True)
def analyze(self: Task, pgn: str, nodes: int = 20_000) -> dict[str, Any]:
    """Analyse games and return the reports by name, in a form that JSON supports."""

    def report_progress(snapshot: engine.Snapshot) -> None:
        self.update_state(state="PROGRESS", meta={"games": snapshot.games, "positions": snapshot.positions})

    result = analyzer().analyze(pgn.encode(), nodes=nodes, progress=report_progress)
    reports: dict[str, Any] = msgspec.to_builtins(result.reports)
    return reports
