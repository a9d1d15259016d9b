"""The workers of a Dask cluster (`pip install 'grandmaster-analysis[dask]'`).

    engine analyze games.pgn --executor dask --set dask.address=tls://host:8786

Without an address, the run starts a scheduler and workers of its own on this machine, one for each of `-j`, and
ends them with itself. Cache, reports and outputs stay on this machine; the workers only search. They need this
package, and the evaluator of the run, which is checked on each of them before it gets work. The embedded Stockfish
travels to workers that lack it.

Units that a worker is lost with are searched again. What Dask itself does with lost and new workers, TLS and the
dashboard is as Dask's documentation says. Anyone who can reach the scheduler can run programs on the cluster: see
plugins/clusters.md.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import queue
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from engine.errors import AnalysisError, ConfigError, EvaluatorError
from engine.plugin import Done, Executor, ExecutorContext, Lost, Options, Outcome, Unit, WorkerState
from engine_plugins.executors._dask_bundles import Bundler
from engine_plugins.executors._dask_local import LocalCluster
from engine_plugins.executors._dask_messages import DISTRIBUTION, pack, unpack_searched

if TYPE_CHECKING:
    from distributed import Security

    from engine_plugins.executors._dask_link import Event, Link

LOGGER = logging.getLogger("engine.executors.dask")

BUNDLES_PER_SLOT = 2
"""Bundles for each search at a time: one in hand and one waiting, so that a worker never idles between two."""
UNITS_PER_SLOT = 200
"""Units held for each search at a time, at most, however short they are."""
KILLS = 25
"""Workers that may die with a unit before its positions are suspected."""
_CLOSING_SECONDS = 4.0


class DaskOptions(Options, frozen=True):
    """Options of `dask`."""

    address: Annotated[
        str, Meta(description="Address of the scheduler, such as tls://host:8786. Empty: workers on this machine.")
    ] = ""
    tls_ca: Annotated[str, Meta(description="File with the certificate of the authority (tls://).")] = ""
    tls_cert: Annotated[str, Meta(description="File with the certificate of this client.")] = ""
    tls_key: Annotated[str, Meta(description="File with its key.")] = ""
    bundle: Annotated[
        float, Meta(ge=0.01, le=600, description="Seconds of searching in a task; more for larger clusters.")
    ] = 1.0


class Dask(Executor):
    """The workers of a Dask cluster, or of one on this machine."""

    Options = DaskOptions
    options: DaskOptions
    supervises = False

    def __init__(self, context: ExecutorContext) -> None:
        """Begin to connect. Raises ConfigError for wrong options, EvaluatorError for missing files."""
        super().__init__(context)
        if importlib.util.find_spec("distributed") is None:
            raise ConfigError(f"--executor dask needs Dask: pip install '{DISTRIBUTION}[dask]'")
        address = checked_address(self.options)
        if context.job.cpu.nice or context.job.cpu.pin:
            context.warn("--nice and --pin do nothing with --executor dask: they are the affair of its workers")
        self._cluster: LocalCluster | None = None
        if not address:
            self._cluster = LocalCluster(context.workers)
            context.warn(f"dask.address is not set: a cluster of {context.workers} workers starts on this machine")
        self._where = address
        self._link = self._linked(address)
        self._bundler = Bundler(self.options.bundle)
        self._flying: dict[int, tuple[Unit, ...]] = {}
        """Bundles that the cluster has."""
        self._in_hand = 0
        """Units in them."""
        self._serial = 0
        self._slots: int | None = None
        """Searches at a time; None until the workers have been checked."""
        self._workers: tuple[str, ...] = ()
        self._positions: Counter[str] = Counter()
        self._nodes: Counter[str] = Counter()
        self._kills: Counter[int] = Counter()
        self._bytes = Counter(sent=0, back=0, units=0)
        self._verdict: AnalysisError | None = None

    def _linked(self, address: str) -> Link:
        from engine_plugins.executors._dask_link import Link

        try:
            cluster = self._cluster
            return Link(
                (lambda: address) if cluster is None else cluster.address,
                _security(self.options),
                self.context.job,
            )
        except BaseException:
            if self._cluster is not None:
                self._cluster.close()
            raise

    # -- what an executor does --

    def capacity(self) -> int | None:
        return self._slots

    def wants(self) -> bool:
        slots = self._slots or self.context.workers
        if len(self._bundler) + self._in_hand >= slots * UNITS_PER_SLOT:
            return False
        return self._bundler.bundles() < max(1, slots * BUNDLES_PER_SLOT - len(self._flying))

    def submit(self, unit: Unit) -> None:
        self._bundler.add(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        self._send()
        outcomes: list[Outcome] = []
        for event in self._events(timeout):
            outcomes += self._take(event)
        self._send()
        # What has been searched is delivered before a verdict is, and so is not searched again.
        if self._verdict is not None and not outcomes:
            raise self._verdict
        return outcomes

    def states(self) -> Iterable[WorkerState]:
        busy = len(self._flying)
        for number, name in enumerate(self._workers):
            done = self._positions[name], self._nodes[name]
            yield WorkerState(name, "searching" if number < busy else "idle", None, None, *done)

    def close(self) -> None:
        LOGGER.info(
            "%d bundles with %d units: %d bytes sent, %d bytes back",
            self._serial, *(self._bytes[key] for key in ("units", "sent", "back")),
        )  # fmt: skip
        if self._cluster is not None and self._slots is None:
            self._cluster.close()  # the connection waits for it
        self._link.close(_CLOSING_SECONDS)
        if self._cluster is not None:
            self._cluster.close()

    # -- what it does --

    def _events(self, timeout: float) -> Iterator[Event]:
        with contextlib.suppress(queue.Empty):
            yield self._link.events.get(timeout=timeout) if timeout > 0 else self._link.events.get_nowait()
            while True:
                yield self._link.events.get_nowait()

    def _send(self) -> None:
        """Send as many bundles as the cluster should have."""
        slots = self._slots or 0
        while len(self._bundler) and len(self._flying) < slots * BUNDLES_PER_SLOT:
            units = self._bundler.take(slots - len(self._flying))
            if not units:
                return
            self._serial += 1
            self._flying[self._serial] = units
            self._in_hand += len(units)
            data = pack(units)
            self._bytes.update(sent=len(data), units=len(units))
            self._link.send(self._serial, data)

    def _take(self, event: Event) -> list[Outcome]:
        from engine_plugins.executors._dask_link import Answer, Gone, Said, Slots

        if isinstance(event, Answer):
            return self._answered(event.bundle, event.data)
        if isinstance(event, Gone):
            return self._lost(event.bundle, event.reason, event.killed)
        if isinstance(event, Slots):
            if not self._slots and not self._workers and self._where:
                count = f"{len(event.workers)} workers, {event.number} searches at a time"
                self.context.warn(f"{self._where}: {count}, whatever -j is")
            self._slots, self._workers = event.number, event.workers
        elif isinstance(event, Said):
            self._slots = self._slots or 0
            self.context.warn(event.text)
        else:
            self._verdict = event
        return []

    def _landed(self, bundle: int) -> tuple[Unit, ...]:
        units = self._flying.pop(bundle)
        self._in_hand -= len(units)
        return units

    def _answered(self, bundle: int, data: bytes) -> list[Outcome]:
        units, searched = self._landed(bundle), unpack_searched(data)
        self._bytes["back"] += len(data)
        if searched.withdrawn:
            self._link.withdraw(searched.worker)
            self.context.warn(f"a worker is left out: {searched.withdrawn}")
            if set(self._workers) <= {searched.worker}:
                self._verdict = EvaluatorError(f"no worker of the cluster is left: {searched.withdrawn}")
        for unit, outcome, seconds in zip(units, searched.outcomes, searched.seconds, strict=True):
            if isinstance(outcome, Done):
                self._bundler.pace.learn(unit, seconds)
                self._bundler.done(unit)
                self._kills.pop(unit.id, None)
                self._positions[searched.worker] += len(outcome.evaluations)
                self._nodes[searched.worker] += sum(evaluation.nodes for evaluation in outcome.evaluations)
        return list(searched.outcomes)

    def _lost(self, bundle: int, reason: str, killed: int) -> list[Outcome]:
        units = self._landed(bundle)
        self._bundler.suspect(units)
        self._kills.update({unit.id: killed for unit in units})
        return [
            Lost(unit.id, None, "position" if self._kills[unit.id] > KILLS else "outside", reason)
            for unit in units
        ]


def checked_address(options: DaskOptions) -> str:
    """Return the address with its protocol; empty if there is none.

    Raises EvaluatorError for files that are not there, and ConfigError for options that do not go together.
    """
    files = {"tls_ca": options.tls_ca, "tls_cert": options.tls_cert, "tls_key": options.tls_key}
    given = [name for name, file in files.items() if file]
    address = options.address if "://" in options.address or not options.address else f"tcp://{options.address}"
    if given and not address.startswith("tls://"):
        raise ConfigError(f"dask.{given[0]} has an effect only with a dask.address that begins with tls://")
    for name in given:
        if not Path(files[name]).is_file():
            raise EvaluatorError(f"dask.{name}: {files[name]}: no such file")
    if given and len(given) < len(files):
        [*lacking] = [name for name in files if name not in given]
        raise ConfigError(f"dask.{lacking[0]} is missing: tls_ca, tls_cert and tls_key go together")
    return address


def _security(options: DaskOptions) -> Security:
    from distributed import Security

    if not options.tls_ca:
        return Security()
    return Security(
        require_encryption=True,
        tls_ca_file=options.tls_ca,
        tls_client_cert=options.tls_cert,
        tls_client_key=options.tls_key,
    )
