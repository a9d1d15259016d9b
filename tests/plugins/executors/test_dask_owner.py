"""The part of a cluster's worker that owns the evaluators, without a cluster around it."""

from __future__ import annotations

import asyncio
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from engine.contracts.messages import Done, Job, Lost
from engine.loading.evaluators import choose
from engine.loading.registry import Registry
from engine.model import Limit
from tests.pool_rig import UNITS, fake_spec

pytest.importorskip("distributed")
VERSION = metadata.version("grandmaster-analysis")


class Worker:
    """What the owner of evaluators uses of a `distributed.Worker`."""

    def __init__(self) -> None:
        self.address = "tcp://here:1"
        self.state = SimpleNamespace(nthreads=3)
        self.resources: dict[str, float] = {}

    async def set_resources(self, **resources: float) -> None:
        self.resources |= resources


def job(folder: Path, **behaviour: Any) -> Job:
    spec = fake_spec(folder, **behaviour)
    fingerprint = choose(Registry(), spec.options["path"], {}).info.fingerprint
    return Job(spec, Limit(nodes=100), fingerprint=fingerprint)


def set_up(job: Job, version: str = VERSION, **keywords: Any) -> tuple[Any, Worker]:
    """Set up an owner in a worker, call `work` with both, end the owner, and return both."""
    from engine_plugins.executors._dask_worker import EvaluatorOwner

    worker = Worker()
    owner = EvaluatorOwner("run", job, worker, version, sends_file=False)

    async def live() -> None:
        await owner.setup(worker)
        try:
            if work := keywords.get("work"):
                work(owner, worker)
        finally:
            await owner.teardown(worker)

    asyncio.run(live())
    return owner, worker


def test_a_worker_with_the_evaluator_of_the_run_is_admitted_and_searches(tmp_path: Path) -> None:
    crashing = UNITS[2]
    found: list[Any] = []

    def work(owner: Any, worker: Worker) -> None:
        assert worker.resources == {"run": 3}
        found.append(owner.search(tuple(UNITS[:4])))
        found.append(owner.search((UNITS[0],)))

    owner, worker = set_up(job(tmp_path, crash=crashing.positions[0].board().fen()), work=work)
    first, again = found
    assert [type(outcome) for outcome in first.outcomes] == [Done, Done, Lost, Done]
    assert (first.outcomes[2].unit, first.outcomes[2].blame) == (crashing.id, "position")
    assert again.outcomes == first.outcomes[:1]
    assert first.worker == worker.address
    assert len(first.seconds) == 4
    assert not first.withdrawn
    assert worker.resources == {"run": 0}
    [after] = owner.search((UNITS[0],)).outcomes
    assert (after.blame, after.reason) == ("outside", "the run has ended")


def test_a_worker_with_another_evaluator_gets_no_resource(tmp_path: Path) -> None:
    other = structs.replace(job(tmp_path), fingerprint="of another program")

    def work(owner: Any, worker: Worker) -> None:
        assert worker.resources == {}
        assert owner.status.evaluator == "Fake UCI 1.0"
        assert owner.status.fingerprint != other.fingerprint

    set_up(other, work=work)


def test_nor_does_one_with_another_version(tmp_path: Path) -> None:
    def work(owner: Any, worker: Worker) -> None:
        assert worker.resources == {}
        assert owner.status.version == VERSION
        assert owner.status.reason == "another version"

    set_up(job(tmp_path), "0.0.1", work=work)


def test_a_worker_on_which_the_evaluator_no_longer_starts_withdraws(tmp_path: Path) -> None:
    this = job(tmp_path, crash=UNITS[0].positions[0].board().fen())

    def work(owner: Any, worker: Worker) -> None:
        assert [outcome.blame for outcome in owner.search((UNITS[0],)).outcomes] == ["position"]
        Path(this.evaluator.options["path"]).unlink()
        searched = owner.search((UNITS[1],))
        assert [outcome.blame for outcome in searched.outcomes] == ["outside"]
        assert "no program" in searched.withdrawn or "no such file" in searched.withdrawn.lower()

    set_up(this, work=work)
