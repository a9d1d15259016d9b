"""The only types that cross a process boundary: small structs of strings and numbers, packed with msgspec.

    parent --Unit--> task queue --> worker --Ready | Done | Lost--> result pipe --> parent

A worker is told once, at its start, what `Job` it works on. No board, plugin object or exception object ever
crosses; an exception becomes a reason in words.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from engine.model import Evaluation, EvaluatorInfo, Limit, Position


class PluginSpec(Struct, frozen=True):
    """A plugin to load by name, or from a file, and the options to give it."""

    namespace: str
    name: str
    options: dict[str, Any] = {}
    file: str | None = None
    """Path of a single-file plugin; None for an installed one."""


class CpuSettings(Struct, frozen=True):
    """How workers share the processor with the other programs of the machine."""

    nice: int = 0
    """Added to its niceness: from 1 on others go first."""
    pin: bool = False
    """Whether it keeps to one core."""


class Job(Struct, frozen=True):
    """What every unit of a run has in common."""

    evaluator: PluginSpec
    limit: Limit
    winning_cp: int = 300
    """From this score on a position counts as a winning move found."""
    cpu: CpuSettings = CpuSettings()
    """How every worker shares the processor."""
    log_level: int = 30
    """Workers write log records from this level on to standard error; 30 (WARNING) leaves that to Python."""


class Unit(Struct, frozen=True, array_like=True):
    """What one worker searches in one go on one warm hash, whole or not at all."""

    id: int
    """Serial within the run."""
    game: int
    """Ordinal of the game it is searched for."""
    plies: tuple[int, ...]
    """Which plies of that game, in the order of the search (backwards)."""
    positions: tuple[Position, ...]
    """One per ply."""
    limit: Limit | None = None
    """Of an extra search, which whoever searches it keeps off the scoreboard; None: the job's."""
    deeper: bool = False
    """Whether it searches positions of the game again, deeper, because the first pass left something in doubt."""

    @property
    def extra(self) -> bool:
        """Whether it comes on top of the run's first searches: deeper, or a follow-up that an aggregator wants."""
        return self.limit is not None

    @property
    def follow_up(self) -> bool:
        """Whether an aggregator asked for it."""
        return self.extra and not self.deeper


class Ready(Struct, frozen=True, array_like=True, tag="ready"):
    """The worker's evaluator has started."""

    evaluator: EvaluatorInfo


class Done(Struct, frozen=True, array_like=True, tag="done"):
    """A unit searched whole."""

    unit: int
    evaluations: tuple[Evaluation, ...]
    """One per position of the unit, in its order."""
    counted: bool
    """Whether whoever searched it has entered it on the scoreboard."""


class Lost(Struct, frozen=True, array_like=True, tag="lost"):
    """A unit that was not searched, and why."""

    unit: int
    index: int | None
    """Which of the unit's positions was being searched, when that is known."""
    blame: Literal["position", "outside", "evaluator"]
    """`position`: this position may be the cause. `outside`: a kill from outside. `evaluator`: it cannot start."""
    reason: str


Outcome = Done | Lost
"""What an executor yields for each unit it was given."""

FromWorker = Ready | Done | Lost

pack = msgspec.msgpack.Encoder().encode
unpack_unit = msgspec.msgpack.Decoder(Unit).decode
unpack_job = msgspec.msgpack.Decoder(Job).decode
unpack_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
unpack_evaluations = msgspec.msgpack.Decoder(tuple[Evaluation, ...]).decode
