"""Pools of real workers, and what they find when nothing goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.contracts.messages import Job
from engine.loading import evaluators
from engine.model import Limit
from engine.workers import worker
from tests.pool_rig import UNITS, Found, Make, Rig, fake_spec, rigs

__all__ = ["calm", "make", "rigs"]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes pools over fakes; afterwards closes them."""
    made: list[Rig] = []

    def new(
        workers: int = 2, method: str = "spawn", *, options: dict[str, Any] | None = None, **behaviour: Any
    ) -> Rig:
        made.append(Rig(fake_spec(tmp_path / f"fake{len(made)}", options, **behaviour), workers, method))
        return made[-1]

    yield new
    for rig in made:
        rig.pool.close()
    made.clear()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The evaluations of a single evaluator without any fault."""
    job = Job(fake_spec(tmp_path_factory.mktemp("calm")), Limit(nodes=1000))
    evaluator = evaluators.make(job.evaluator)
    try:
        evaluator.start()
        searcher = worker.Searcher(job, evaluator, None, 1)
        return {unit.id: searcher.search(unit).evaluations for unit in UNITS}
    finally:
        evaluator.close()
