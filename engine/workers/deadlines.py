"""How long a worker may take before it is taken for hung.

These are a backstop behind the evaluator's own deadlines, hence always later: generous, because a slow machine is
not a fault. An evaluator that lets the user set its deadlines calls the options `search_timeout` and
`start_timeout`.
"""

from __future__ import annotations

from engine.contracts.messages import Job
from engine.model import Limit


def search_deadline(job: Job) -> float:
    """Return the seconds after which a worker that has finished no position is taken for hung."""
    own_seconds = float(job.evaluator.options.get("search_timeout") or 0.0)
    return max(_limit_deadline(job.limit), own_seconds + 60.0) + start_timeout(job)


def _limit_deadline(limit: Limit) -> float:
    if limit.time is not None:
        return 60.0 + 2 * limit.time / 1000
    if limit.nodes is not None:
        return 60.0 + limit.nodes / 5_000
    return 3_600.0


def start_timeout(job: Job) -> float:
    """Return the seconds that the evaluator's options allow a start to take."""
    return float(job.evaluator.options.get("start_timeout") or 60.0)


def start_deadline(job: Job) -> float:
    """Return the seconds after which a worker that is not ready is taken for hung."""
    return 60.0 + start_timeout(job)
