"""Parts of a run: what one shard knows beside its games, so that `engine merge` can put the whole together."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from engine.model.evaluation import EvaluatorInfo, Limit
from engine.model.game import Note, Origin
from engine.model.run_facts import Best, Failure, Notice, RunCounts

SCHEMA = "engine.part/1"
"""Version of everything here, as files have it."""


class NotedGames(Struct):
    """The games of a file that have a note on the same topic."""

    origin: Origin
    """The first of them."""
    note: Note
    """Its note."""
    games: int = 1
    """How many there are."""
    counts: tuple[int, ...] = ()
    """The counts of their notes, added up."""


class PartHead(Struct, frozen=True, kw_only=True):
    """What is known of a part before its first game."""

    schema: str
    """`SCHEMA` of the framework that wrote it."""
    version: str
    """Version of that framework."""
    shard: str
    """Which part it is: `3/16`, and `1/1` for a whole run."""
    inputs: tuple[str, ...]
    """Names of the inputs, as the user wrote them."""
    settings: dict[str, Any]
    """The settings that decide what is computed, by field of `Settings`."""
    evaluator: EvaluatorInfo
    """Evaluator of the run."""
    limit: Limit
    """Limit of each search."""
    adaptive: bool = False
    """Whether the searches were adaptive."""
    epd: bool = False
    """Whether an input has EPD."""
    aggregators: tuple[str, ...] = ()
    """Names of all aggregators of the shard, those that its outputs added too."""
    players: tuple[str, ...] = ()
    """Names of the run's player, with the others that the input has for them."""
    joined: dict[str, str] | None = None
    """The name to show of each player with several names in the input, by the other ones; None where that was not
    known before the run."""
    apart: dict[str, list[str]] = {}
    """The names that could be meant, by each name that could mean several."""


class PlacedNotice(Struct, frozen=True):
    """A notice of a run, and when it was said."""

    after: int
    """Games of the whole input that had been read."""
    notice: Notice
    """What was said."""


class PartEnd(Struct, frozen=True, kw_only=True):
    """What is known of a part after its last game."""

    games: int
    """Games of the whole input."""
    checksum: int
    """CRC-32 of their bytes."""
    counts: RunCounts
    """Counts of the shard."""
    notices: tuple[PlacedNotice, ...] = ()
    """Its notices."""
    noted: tuple[NotedGames, ...] = ()
    """Its notes on games by file and topic."""
    failures: tuple[Failure, ...] = ()
    """Its failures, but for those of aggregators."""
    missing_tags: tuple[str, ...] = ()
    """In words, which tags the filter compares that no game has."""
    left_out: tuple[str, ...] = ()
    """In words, whose games may be the player's too."""
    follow_up_evaluator: EvaluatorInfo | None = None
    """Evaluator of the follow-up searches, where another one made them."""
    follow_up_limits: tuple[tuple[Limit, int], ...] = ()
    """How many follow-up searches were asked for with each limit."""


class AggregatorState(Struct, frozen=True, kw_only=True):
    """What an aggregator has counted."""

    distribution: str
    """Distribution that has the aggregator; empty for one of a single file or of a program."""
    version: str
    """Version of that distribution."""
    options: dict[str, Any]
    """Its options."""
    state: msgspec.Raw
    """What `Aggregator.state` returned, as JSON."""


class AggregatorCrash(Struct, frozen=True):
    """An aggregator that raised, and is disabled."""

    name: str
    """Name of the aggregator."""
    message: str
    """The exception in words."""
    origin: Origin | None
    """The game that it was given; None when it was not given one."""


class RunState(Struct, frozen=True, kw_only=True):
    """A part without its games: all that reports are made of."""

    head: PartHead
    """What a part says at its beginning."""
    end: PartEnd
    """What it says at its end."""
    wins: int
    """Winning moves."""
    best: tuple[Best, ...]
    """The best-scores board."""
    scales: tuple[float, ...]
    """Factors that centipawns were multiplied by, ascending."""
    unevaluated: int
    """Games without an evaluation."""
    players: dict[str, int]
    """Games by name of player."""
    aggregators: dict[str, AggregatorState]
    """States by name of aggregator."""
    crashes: tuple[AggregatorCrash, ...] = ()
    """Aggregators that are disabled."""
