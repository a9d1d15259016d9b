"""The only types that cross a process boundary: small structs of strings and numbers, packed with msgspec.

    parent --Unit--> task queue --> worker --Ready | Done | Lost--> result pipe --> parent

A worker gets its `Job` once, at its start. No board, plugin object or exception object ever crosses; an exception
becomes a reason in words.
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
    target: str | None = None
    """`module:Class` of a class that a program has given; None for an installed one."""


class CpuSettings(Struct, frozen=True):
    """How a worker shares the processor with the other programs of the machine."""

    nice: int = 0
    """Added to its niceness; from 1 on other programs go first."""
    pin: bool = False
    """Whether it keeps to one core."""


class Job(Struct, frozen=True):
    """What every unit of a run has in common."""

    evaluator: PluginSpec
    limit: Limit
    winning_cp: int = 300
    """Score, in centipawns, from which a position counts as a winning move found."""
    cpu: CpuSettings = CpuSettings()
    """How every worker shares the processor."""
    log_level: int = 30
    """Workers write log records from this level on to standard error; 30 (WARNING) leaves that to Python."""
    fingerprint: str = ""
    """The evaluator's; a start that finds another one ends the run. Empty: it is not checked."""


class Unit(Struct, frozen=True, array_like=True):
    """What one worker searches in one go on one warm hash, whole or not at all."""

    id: int
    """Serial within the run."""
    game: int
    """Number of the game it is searched for, from 1."""
    plies: tuple[int, ...]
    """Plies of that game, in the order of the search (backwards)."""
    positions: tuple[Position, ...]
    """One per ply."""
    limit: Limit | None = None
    """Limit of a follow-up search, which is kept off the scoreboard; None for the job's limit."""
    moves: tuple[str, ...] = ()
    """In an adaptive search the move played from each position, in UCI; empty where there is none. A first search
    takes a share of the nodes, and others follow where a judgement is in doubt."""

    @property
    def follow_up(self) -> bool:
        """Whether an aggregator asked for it."""
        return self.limit is not None


class Ready(Struct, frozen=True, array_like=True, tag="ready"):
    """The worker's evaluator has started."""

    evaluator: EvaluatorInfo


class Done(Struct, frozen=True, array_like=True, tag="done"):
    """A unit searched whole."""

    unit: int
    evaluations: tuple[Evaluation, ...]
    """One per position of the unit, in its order."""
    counted: bool
    """Whether it has been entered on the scoreboard already."""


class Lost(Struct, frozen=True, array_like=True, tag="lost"):
    """A unit that was not searched, and why."""

    unit: int
    index: int | None
    """Index of the position that was being searched; None when that is not known."""
    blame: Literal["position", "outside", "evaluator", "replaced"]
    """`position`: perhaps the cause is this position; `outside`: a kill; `evaluator`: it cannot start; `replaced`:
    it is not the one that the run began with."""
    reason: str


Outcome = Done | Lost
"""The result that an executor returns for each unit."""

FromWorker = Ready | Done | Lost

pack = msgspec.msgpack.Encoder().encode
unpack_unit = msgspec.msgpack.Decoder(Unit).decode
unpack_job = msgspec.msgpack.Decoder(Job).decode
unpack_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
unpack_evaluations = msgspec.msgpack.Decoder(tuple[Evaluation, ...]).decode
