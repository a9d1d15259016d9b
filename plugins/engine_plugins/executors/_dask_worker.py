"""The part of the executor `dask` that runs in the workers of the cluster.

The client calls `prepare` on each worker before anything is searched there. It adds a `WorkerPlugin`, which owns
the evaluators: one for each thread that searches, started when it is first needed, and ended when it has not been
needed for a while. Only workers whose evaluator is the one of the run have the resource that its tasks ask for.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
import time
from importlib import metadata
from typing import Any

from distributed import WorkerPlugin, get_worker

from engine.contracts.messages import Job, unpack_job
from engine.errors import AnalysisError, EvaluatorKilled
from engine.loading.evaluators import make
from engine.plugin import Done, Evaluator, Lost, Unit
from engine.workers.worker import Searcher, SearchFailed, describe_error, start_evaluator
from engine_plugins.executors._dask_messages import DISTRIBUTION, Searched, Status, pack, unpack_units

IDLE_SECONDS = 120.0
"""Seconds without a unit after which evaluators are ended: the client may have been killed."""
_LOOKS = 10.0
"""Seconds between two looks at that."""
_STARTS = 3
"""How often an evaluator is started that something else kills while it starts."""

_owners: dict[tuple[str, str], EvaluatorOwner] = {}
"""The plugins of this process by the worker's address and the run: a process may have several workers."""


class EvaluatorOwner(WorkerPlugin):
    """Owns the evaluators of one run in one worker."""

    def __init__(self, run: str, job: Job, worker: Any, version: str, *, sends_file: bool) -> None:
        """Start nothing yet.

        * **run** - name of the run, and of the resource that its tasks ask for.
        * **job** - the job of the run.
        * **worker** - the `distributed.Worker`.
        * **version** - version of this package at the client; the worker is admitted with the same one only.
        * **sends_file** - whether the client has a file of the evaluator to send.
        """
        self.name = run
        self.status = Status(socket.gethostname(), metadata.version(DISTRIBUTION), "", "", worker.state.nthreads)
        self._job = job
        self._address = worker.address
        self._version = version
        self._sends_file = sends_file
        self._lock = threading.Lock()
        self._free: list[Searcher] = []
        self._all: set[Evaluator] = set()
        self._used_at = time.monotonic()
        self._ended = False
        self._watch: asyncio.Task[None] | None = None

    async def setup(self, worker: Any) -> None:
        """Start the first evaluator, and admit the worker to the run if it is the one of the job."""
        _owners[self._address, self.name] = self
        self.status = await asyncio.to_thread(self._first)
        if self.status.fingerprint and self._job.fingerprint in ("", self.status.fingerprint):
            await worker.set_resources(**{self.name: self.status.slots})
        self._watch = asyncio.create_task(self._end_idle())

    async def teardown(self, worker: Any) -> None:
        """End the evaluators, also those that search."""
        _owners.pop((self._address, self.name), None)
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.to_thread(self._end)
        with contextlib.suppress(OSError):  # the scheduler may be gone
            await worker.set_resources(**{self.name: 0})

    def search(self, units: tuple[Unit, ...]) -> Searched:
        """Search units one after the other, each whole, on the calling thread."""
        outcomes, seconds = [], []
        withdrawn = ""
        for unit in units:
            began = time.monotonic()
            outcome: Done | Lost
            try:
                outcome = self._search(unit)
            except AnalysisError as error:
                withdrawn = f"{self.status.host}: {error.message}"
                outcome = Lost(unit.id, None, "outside", withdrawn)
            outcomes.append(outcome)
            seconds.append(time.monotonic() - began)
        return Searched(self._address, tuple(outcomes), tuple(seconds), withdrawn)

    def _search(self, unit: Unit) -> Done | Lost:
        """Search a unit. Raises AnalysisError where no evaluator can be started."""
        with self._lock:
            self._used_at = time.monotonic()
            searcher = self._free.pop() if self._free else None
        if self._ended:
            return Lost(unit.id, None, "outside", "the run has ended")
        searcher = searcher or self._start(self._job)
        try:
            done = searcher.search(unit)
        except SearchFailed as failed:
            self._close(searcher.evaluator)
            blame = "outside" if self._ended else failed.blame
            return Lost(unit.id, failed.index, blame, failed.reason)
        with self._lock:
            self._used_at = time.monotonic()
            self._free.append(searcher)
        return done

    def _first(self) -> Status:
        """Start an evaluator whoever it is, and return who it is, or why there is none."""
        status = self.status
        described = functools.partial(Status, status.host, status.version)
        if status.version != self._version:
            return described("", "", status.slots, reason="another version")
        try:
            evaluator = make(self._job.evaluator)
            if self._sends_file and type(evaluator).file_to_send() is None:
                return described(
                    "", "", status.slots, lacks_file=True, reason="a file of the evaluator is not there"
                )
            job = Job(self._job.evaluator, self._job.limit, self._job.winning_cp)
            searcher = self._start(job)
        except Exception as error:
            return described("", "", status.slots, reason=describe_error(error))
        info = self._info
        searcher.job = self._job
        with self._lock:
            self._free.append(searcher)
        return described(f"{info.name} {info.version}".strip(), info.fingerprint, status.slots)

    def _start(self, job: Job) -> Searcher:
        for attempt in range(_STARTS):
            evaluator = make(job.evaluator)
            with self._lock:
                self._all.add(evaluator)
            try:
                self._info = start_evaluator(job, evaluator)
            except BaseException as error:
                self._close(evaluator)
                if isinstance(error, EvaluatorKilled) and attempt + 1 < _STARTS:
                    continue
                raise
            return Searcher(job, evaluator, None, 0)
        raise AssertionError

    def _close(self, evaluator: Evaluator) -> None:
        with self._lock:
            self._all.discard(evaluator)
        with contextlib.suppress(Exception):
            evaluator.close()

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(_LOOKS)
            with self._lock:
                idle = time.monotonic() - self._used_at > IDLE_SECONDS and len(self._free) == len(self._all)
                ending, self._free = (self._free, []) if idle else ([], self._free)
            for searcher in ending:
                await asyncio.to_thread(self._close, searcher.evaluator)

    def _end(self) -> None:
        self._ended = True
        with self._lock:
            free, self._free = self._free, []
            searching = self._all - {searcher.evaluator for searcher in free}
        for evaluator in searching:
            with contextlib.suppress(Exception):
                evaluator.kill()
        for searcher in free:
            self._close(searcher.evaluator)


# -- what the client calls --------------------------------------------------------------------------------------


async def prepare(run: str, job: bytes, version: str, sends_file: bool, dask_worker: Any = None) -> bytes:
    """Make a worker ready for a run, and return its packed `Status`."""
    owner = EvaluatorOwner(run, unpack_job(job), dask_worker, version, sends_file=sends_file)
    await dask_worker.plugin_add(plugin=owner, name=run)
    return pack(owner.status)


async def keep_file(job: bytes, data: bytes) -> None:
    """Keep the file of the evaluator on this machine. Raises EvaluatorError if it is not the right one."""
    evaluator = make(unpack_job(job).evaluator)
    await asyncio.to_thread(type(evaluator).receive_file, data)


async def release(run: str, dask_worker: Any = None) -> None:
    """End what a run has on a worker."""
    if run in dask_worker.plugins:
        await dask_worker.plugin_remove(name=run)


async def version_here() -> tuple[str, str]:
    """Return the host and the version of this package there."""
    return socket.gethostname(), metadata.version(DISTRIBUTION)


def search_bundle(run: str, bundle: bytes) -> bytes:
    """Search the packed units of a bundle, and return `Searched`, packed. This is the task that Dask runs."""
    worker = get_worker()
    owner = _owners.get((worker.address, run))
    if owner is None:
        raise LookupError(f"{socket.gethostname()} has not been made ready for this run")
    searched = owner.search(unpack_units(bundle))
    if searched.withdrawn:
        worker.loop.add_callback(functools.partial(worker.set_resources, **{run: 0}))
    return pack(searched)
