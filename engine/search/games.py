"""A game on its way through a run. Each stage is a type of its own, and none of them changes.

SourceGame -> PlannedGame -> SearchedGame -> AnalysedGame -> AnsweredGame -> FinishedGame
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from engine.contracts.messages import Unit
from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Color,
    Evaluation,
    Landmarks,
    Limit,
    Origin,
    Position,
    SourceGame,
)


class PlannedGame(Struct, frozen=True):
    """A game, and what has to be searched for it."""

    origin: Origin
    game: SourceGame
    positions: tuple[AnalysedPosition | None, ...]
    """N + 1; None where a search has to fill in the evaluation."""
    refused: tuple[tuple[int, str], ...]
    """Plies whose position is not sent to an evaluator, each with the reason."""
    units: tuple[Unit, ...]
    """The searches that fill in the positions, in the order in which they are handed out."""
    landmarks: Landmarks


class SearchedGame(Struct, frozen=True):
    """A game all of whose positions are known."""

    origin: Origin
    game: SourceGame
    positions: tuple[AnalysedPosition, ...]
    """N + 1, as searched: not yet reconciled."""
    landmarks: Landmarks


class RequestKey(NamedTuple):
    """An aggregator that asks for follow-up searches of a game, and its view of it."""

    aggregator: str
    view: tuple[Color, ...]
    """The side or sides from which it sees the game: `AnalysedGame.view`."""


class FollowUp(Struct, frozen=True):
    """A search that an aggregator asked for, in the run's terms."""

    ply: int
    """The position of the game that it starts from."""
    position: Position
    limit: Limit


FollowUps = Mapping[RequestKey, Sequence[FollowUp | None]]
"""Searches asked for, in the order of the requests; None where there is nothing to search."""

Answers = Mapping[RequestKey, tuple[Evaluation | None, ...]]
"""Evaluations, in the order of the requests; None for a request that was not searched."""


NO_ANSWERS: Answers = MappingProxyType({})


class FollowUpUnits(Struct, frozen=True):
    """The searches that answer the follow-ups of one game; equal ones are one."""

    units: tuple[Unit, ...] = ()
    ids: Mapping[RequestKey, tuple[int | None, ...]] = {}
    """The unit that answers each request, by who asked."""


class FollowUpTally(Struct):
    """How far the follow-up searches of a run are."""

    planned: int = 0
    """Searches that were asked for so far."""
    done: int = 0
    """Those of them that are answered, or given up."""
    asked: int = 0
    """Positions of the games of which aggregators were asked what they want to be searched."""


class AnsweredGame(Struct, frozen=True):
    """A game whose follow-up searches so far are answered; more may follow from the answers."""

    source: SourceGame
    game: AnalysedGame
    """Without answers: which of them it gets depends on the view."""
    answers: Answers
    rounds: int
    """How many times aggregators have asked."""


class FinishedGame(Struct, frozen=True):
    """A game whose positions are known, and its follow-up searches answered."""

    game: AnalysedGame | SearchedGame
    """Analysed, if somebody had to know the analysis so far. Without answers: which of them it gets depends on the
    view."""
    answers: Answers


def all_known(game: PlannedGame) -> SearchedGame:
    """Return a game of which nothing is to be searched as one that is."""
    positions = tuple(position for position in game.positions if position is not None)
    assert len(positions) == len(game.positions)
    return SearchedGame(game.origin, game.game, positions, game.landmarks)
