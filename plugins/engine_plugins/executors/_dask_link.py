"""The connection to a cluster: a thread with an event loop, in which the client of Dask lives.

The thread checks the workers, now and when others come, has bundles searched, and puts what happens into a queue,
which the thread of the run empties.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, Security
from distributed.client import FutureCancelledError
from msgspec import Struct

from engine.contracts.messages import Job
from engine.errors import AnalysisError, EvaluatorError
from engine.loading.evaluators import make
from engine.workers.deadlines import start_deadline
from engine_plugins.executors import _dask_worker as theirs
from engine_plugins.executors._dask_messages import DISTRIBUTION, Status, pack, unpack_status

LOGGER = logging.getLogger("engine.executors.dask")

CONNECT_SECONDS = 10.0
"""Seconds after which a scheduler that does not answer is given up."""
_PATIENCE = 60.0
"""Seconds after which a scheduler that has answered before is given up."""
_LOOKS = 2.0
"""Seconds between two looks at which workers there are."""
_CLOSING_SECONDS = 1.5
_INSTALL = f"pip install '{DISTRIBUTION}[dask]'"
_AGAIN = "the same command continues from the cache"


class Slots(Struct, frozen=True):
    """How many searches the cluster makes at the same time, from now on."""

    number: int
    workers: tuple[str, ...]
    """Addresses of the workers."""


class Answer(Struct, frozen=True):
    """A bundle that was searched."""

    bundle: int
    data: bytes
    """`Searched`, packed."""


class Gone(Struct, frozen=True):
    """A bundle that was lost."""

    bundle: int
    reason: str
    killed: int = 0
    """How many workers died with it."""


class Said(Struct, frozen=True):
    """Something that people should know."""

    text: str


class _Away(EvaluatorError):
    """A worker went before it answered."""


Event = Slots | Answer | Gone | Said | AnalysisError


class Link:
    """A cluster, as the thread of a run sees it."""

    def __init__(self, address: Callable[[], str], security: Security, job: Job) -> None:
        """Connect in the background.

        * **address** - returns the address of the scheduler; may take time, and raise EvaluatorError.
        * **security** - the certificates of TLS, if there are any.
        * **job** - the job of the run.
        """
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._address = address
        self._security = security
        self._job = job
        self._packed_job = pack(job)
        self._run = f"engine-{uuid.uuid4().hex[:16]}"
        self._version = metadata.version(DISTRIBUTION)
        self._file = type(make(job.evaluator)).file_to_send()
        self._client: Any = None
        self._admitted: dict[str, int] = {}
        """Slots of the workers that search, by address."""
        self._always: set[str] = set()
        """Workers of which one at least was there all the time, so that no bundle was ever without one."""
        self._refused: set[str] = set()
        self._asked: set[str] = set()
        self._bundles: dict[int, tuple[bytes, asyncio.Task[None]]] = {}
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name="dask", daemon=True)
        self._thread.start()

    def send(self, bundle: int, data: bytes) -> None:
        """Have a bundle searched, without waiting. Any thread."""
        self._loop.call_soon_threadsafe(self._begin, bundle, data)

    def withdraw(self, address: str) -> None:
        """Give a worker no other bundle. Any thread."""
        self._loop.call_soon_threadsafe(self._refuse, address)

    def close(self, seconds: float) -> None:
        """Cancel what is searched and leave the cluster, within so many seconds."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(seconds)

    # -- the thread --

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(log_unawaited)
        try:
            with _quiet() if self._job.log_level >= logging.WARNING else contextlib.nullcontext():
                self._loop.run_until_complete(self._serve())
        finally:
            with contextlib.suppress(Exception):
                self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        serving = asyncio.ensure_future(self._work())
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait([serving, closing], return_when=asyncio.FIRST_COMPLETED)
        if serving.done() and (error := serving.exception()) is not None:
            self.events.put(self._in_words(error))
            await closing
        serving.cancel()
        await asyncio.wait([serving])
        await self._leave()

    def _in_words(self, error: BaseException) -> AnalysisError:
        if isinstance(error, AnalysisError):
            return error
        return EvaluatorError(f"the Dask cluster fails: {type(error).__name__}: {error}")

    async def _work(self) -> None:
        where = await asyncio.to_thread(self._address)
        self._where = where
        try:
            self._client = await Client(
                where, asynchronous=True, security=self._security, set_as_default=False, timeout=CONNECT_SECONDS
            )
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            reason = _last_cause(error)
            raise EvaluatorError(
                f"no Dask scheduler can be used at {where}: {reason}; dask.address says where it is "
                "(dask.tls_ca, tls_cert and tls_key for tls://), and without it the run has workers here"
            ) from error
        await self._check_scheduler()
        await self._check_all(await self._workers())
        while True:
            await asyncio.sleep(_LOOKS)
            await self._look()

    async def _check_scheduler(self) -> None:
        try:
            await self._client.run_on_scheduler(theirs.version_here)
        except (ImportError, AttributeError) as error:
            raise EvaluatorError(
                f"the scheduler at {self._where} lacks this program ({error}): {_INSTALL}"
            ) from error

    async def _workers(self) -> set[str]:
        """Return the addresses of the workers. Raises EvaluatorError where the scheduler is gone."""
        if self._client.status != "running":
            raise self._lost()
        try:
            return set(await asyncio.wait_for(self._client.nthreads(), _PATIENCE))
        except (OSError, TimeoutError) as error:
            raise self._lost() from error

    def _lost(self) -> EvaluatorError:
        return EvaluatorError(f"the scheduler at {self._where} is gone; when it is back, {_AGAIN}")

    async def _check_all(self, addresses: set[str]) -> None:
        """Check the workers of the beginning. Raises EvaluatorError if they are not all the same."""
        statuses = await self._prepared(addresses)
        wrong = {address: reason for address, status in statuses.items() if (reason := self._objection(status))}
        if wrong:
            raise EvaluatorError(f"not all workers of {self._where} can search for this run: {_listed(wrong)}")
        self._admit({address: status for address, status in statuses.items() if isinstance(status, Status)})
        self._always = set(self._admitted)
        if not addresses:
            self.events.put(Said(f"{self._where} has no worker yet; the run begins when one comes"))

    async def _look(self) -> None:
        """Check the workers that have come, and forget those that are gone."""
        addresses = await self._workers()
        gone = self._admitted.keys() - addresses
        for address in gone:
            del self._admitted[address]
        self._refused &= addresses
        new = addresses - self._admitted.keys() - self._refused
        statuses = await self._prepared(new)
        for address, status in statuses.items():
            if isinstance(status, _Away):
                continue  # until the next look
            if reason := self._objection(status):
                self._refused.add(address)
                self.events.put(Said(f"a worker is left out: {_listed({address: reason})}"))
        earlier = set(self._admitted)
        self._admit({a: s for a, s in statuses.items() if isinstance(s, Status) and a not in self._refused})
        self._always &= addresses
        if self._always:
            self._always |= earlier
        elif self._admitted:
            self._begin_again()
        if gone:
            self._tell_slots()

    def _admit(self, statuses: dict[str, Status]) -> None:
        self._admitted |= {address: status.slots for address, status in statuses.items()}
        if statuses:
            self._tell_slots()

    def _refuse(self, address: str) -> None:
        self._admitted.pop(address, None)
        self._refused.add(address)
        self._tell_slots()

    def _tell_slots(self) -> None:
        self.events.put(Slots(sum(self._admitted.values()), tuple(sorted(self._admitted))))

    # -- the workers --

    async def _prepared(self, addresses: Iterable[str]) -> dict[str, Status | Exception]:
        """Make workers ready and return their answers. A host that lacks the evaluator's file gets it."""
        statuses = await self._ask_all(addresses)
        for _ in range(2):
            lacking = {a: s for a, s in statuses.items() if isinstance(s, Status) and s.lacks_file}
            hosts = {status.host: address for address, status in lacking.items()}
            if not hosts or self._file is None:
                break
            data = await asyncio.to_thread(Path(self._file).read_bytes)
            for address in hosts.values():
                answer = await self._call(address, theirs.keep_file, self._packed_job, data)
                if isinstance(answer, Exception):
                    statuses[address] = answer
            again = await self._ask_all(a for a in lacking if isinstance(statuses[a], Status))
            statuses |= again
        return statuses

    async def _ask_all(self, addresses: Iterable[str]) -> dict[str, Status | Exception]:
        asked = list(addresses)
        self._asked.update(asked)
        calls = (
            self._call(address, theirs.prepare, self._run, self._packed_job, self._version, self._file is not None)
            for address in asked
        )
        answers = await asyncio.gather(*calls)
        return {
            address: unpack_status(answer) if isinstance(answer, bytes) else answer
            for address, answer in zip(asked, answers, strict=True)
        }

    async def _call(self, address: str, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function in a worker; return its result, or the exception."""
        call = self._client.run(function, *arguments, workers=[address], on_error="return")
        try:
            return (await asyncio.wait_for(call, start_deadline(self._job)))[address]
        except TimeoutError:
            return EvaluatorError("it does not answer")
        except (OSError, KeyError) as error:
            return _Away(f"it is gone ({type(error).__name__})")

    def _objection(self, status: Status | Exception) -> str:
        """Return why a worker cannot search for this run, in words; empty if it can."""
        if isinstance(status, Exception) and "engine_plugins" in str(status):  # what does not unpickle has no type
            return f"lacks this program ({status}): {_INSTALL} there"
        if isinstance(status, Exception):
            return str(status)
        if status.version != self._version:
            return f"{status.host} has {DISTRIBUTION} {status.version}, and here it is {self._version}"
        if status.reason:
            return f"{status.host}: {status.reason}"
        expected = self._job.fingerprint
        if expected and status.fingerprint != expected:
            return f"{status.host} has another evaluator than this machine, or other options: {status.evaluator}"
        return ""

    # -- bundles --

    def _begin(self, bundle: int, data: bytes) -> None:
        self._bundles[bundle] = data, asyncio.ensure_future(self._search(bundle, data))

    def _begin_again(self) -> None:
        """Hand out anew what waits for workers that are all gone.

        The scheduler does not look at it again when a worker gets the resource that it asks for.
        """
        self._always = set(self._admitted)
        for bundle, (data, task) in list(self._bundles.items()):
            task.cancel()
            self._begin(bundle, data)

    async def _search(self, bundle: int, data: bytes) -> None:
        future: Future[bytes] = self._client.submit(
            theirs.search_bundle, self._run, data, pure=False, resources={self._run: 1}
        )
        event: Event
        try:
            event = Answer(bundle, await future)
        except FutureCancelledError:
            event = self._lost()
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await future.cancel(force=True)
            raise
        except KilledWorker as error:
            killed = error.allowed_failures + 1
            event = Gone(bundle, f"{killed} workers died with it, at last {error.last_worker.address}", killed)
        except Exception as error:
            event = Gone(bundle, f"{type(error).__name__}: {error}")
        self._bundles.pop(bundle, None)
        self.events.put(event)

    async def _leave(self) -> None:
        """Cancel what is left, end what the run has on the workers, and close the client."""
        for _, task in list(self._bundles.values()):
            task.cancel()
        if self._client is None:
            return
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._release(), _CLOSING_SECONDS)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._client.close(), _CLOSING_SECONDS)

    async def _release(self) -> None:
        tasks = [task for _, task in self._bundles.values()]
        if tasks:
            await asyncio.wait(tasks)
        calls = (
            self._client.run(theirs.release, self._run, workers=[address], on_error="return")
            for address in self._asked
        )
        await asyncio.gather(*calls, return_exceptions=True)


def log_unawaited(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what failed in the loop while nobody waited for it.

    Time-outs and broken connections of what the client was told to give up stay at DEBUG: if they matter, the next
    look at the workers fails as well, and is said.
    """
    del loop
    error = context.get("exception")
    level = logging.DEBUG if isinstance(error, OSError) else logging.WARNING
    LOGGER.log(level, "%s: %s: %s", context["message"], type(error).__name__, error)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's warnings off standard error, also those of its loggers with handlers of their own.

    What people should know of is said by us, in a line.
    """
    names = [name for name in logging.root.manager.loggerDict if f"{name}.".startswith("distributed.")]
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _listed(reasons: dict[str, str]) -> str:
    return "; ".join(f"{address}: {reason}" for address, reason in sorted(reasons.items()))


def _last_cause(error: BaseException) -> str:
    """Return what the first of a chain of errors says, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__
