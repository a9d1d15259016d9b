"""The assembler: results come in any order, finished games leave in input order. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from msgspec import Struct

from engine.contracts.messages import Unit
from engine.model import AnalysedGame, AnalysedPosition, Evaluation, SkippedGame
from engine.search.games import (
    NO_ANSWERS,
    AnsweredGame,
    Answers,
    FinishedGame,
    FollowUpUnits,
    PlannedGame,
    SearchedGame,
)


class _Searching(Struct):
    """A game whose positions are being filled in."""

    planned: PlannedGame
    positions: list[AnalysedPosition | None]
    open: int
    """Positions that are still missing."""


class _Answering(Struct):
    """A game whose positions are known, and whose follow-up searches are being answered."""

    planned: PlannedGame
    game: AnalysedGame | SearchedGame
    follow_ups: FollowUpUnits
    earlier: Answers
    """Answers of earlier rounds."""
    rounds: int
    """How many times aggregators have asked."""
    open: int
    """Units that are still missing."""
    evaluations: dict[int, Evaluation] = {}
    """Answers of this round so far, by unit."""

    @property
    def last(self) -> bool:
        """Whether nothing was asked for in this round, so that there is no other."""
        return not self.follow_ups.ids

    def answers(self) -> Answers:
        """Return the answers of all rounds."""
        return {
            **self.earlier,
            **{
                key: (
                    *self.earlier.get(key, ()),
                    *(None if unit is None else self.evaluations.get(unit) for unit in ids),
                )
                for key, ids in self.follow_ups.ids.items()
            },
        }


class Assembler:
    """The games in flight. They are opened in input order and leave in input order, each when it is finished.

    A game goes through these stages: `open` -> positions filled in -> `searched` tells of it -> `answer` ->
    answers filled in -> `answered` tells of it -> `answer`, until nothing more is asked for -> `finished`.
    """

    def __init__(self) -> None:
        self._line: deque[int | SkippedGame] = deque()
        self._games: dict[int, _Searching | _Answering] = {}
        self._units: dict[int, Unit] = {}
        """Units that are not accepted yet, by id."""
        self._searched: dict[int, _Searching] = {}
        """Games that `searched` has not told of yet."""
        self._answered: dict[int, _Answering] = {}
        """Games that `answered` has not told of yet."""

    def __len__(self) -> int:
        """Return the number of games in flight."""
        return len(self._line)

    def open(self, game: PlannedGame | SkippedGame) -> None:
        """Take in the next game of the input."""
        if isinstance(game, SkippedGame):
            self._line.append(game)
            return
        number = game.origin.game
        self._line.append(number)
        missing = sum(position is None for position in game.positions)
        self._games[number] = state = _Searching(game, list(game.positions), missing)
        for unit in game.units:
            self._units[unit.id] = unit
        if not missing:
            self._searched[number] = state

    def planned(self, number: int) -> PlannedGame | None:
        """Return a game in flight by its number."""
        state = self._games.get(number)
        return state.planned if state is not None else None

    def replace(self, unit: Unit, parts: Sequence[Unit]) -> None:
        """Search the positions of `unit` as other units instead, which together have its plies."""
        del self._units[unit.id]
        for part in parts:
            self._units[part.id] = part
        if unit.follow_up:
            self._games[unit.game].open += len(parts) - 1

    def accept(self, unit_id: int, evaluations: Sequence[Evaluation]) -> None:
        """Enter the evaluations of a unit. A unit is accepted once: raises KeyError for one that is not open."""
        unit = self._units.pop(unit_id)
        state = self._games[unit.game]
        if isinstance(state, _Answering):
            state.evaluations[unit.id] = evaluations[0]
            self._close_answer(state)
            return
        for ply, evaluation in zip(unit.plies, evaluations, strict=True):
            self._enter(state, unit, ply, AnalysedPosition(evaluation=evaluation))
        self._close(state, unit)

    def quarantine(self, unit_id: int) -> None:
        """Give up on a unit: its positions get no evaluation."""
        unit = self._units.pop(unit_id)
        state = self._games[unit.game]
        if isinstance(state, _Answering):
            self._close_answer(state)
            return
        for ply in unit.plies:
            self._enter(state, unit, ply, AnalysedPosition(missing="quarantined"))
        self._close(state, unit)

    def _enter(self, state: _Searching, unit: Unit, ply: int, position: AnalysedPosition) -> None:
        if state.positions[ply] is not None:
            raise AssertionError(f"ply {ply} of game {unit.game} was accepted twice")
        state.positions[ply] = position

    def _close(self, state: _Searching, unit: Unit) -> None:
        state.open -= len(unit.plies)
        if not state.open:
            self._searched[unit.game] = state

    def _close_answer(self, state: _Answering) -> None:
        state.open -= 1
        if not state.open:
            self._answered[state.game.origin.game] = state

    def searched(self) -> list[SearchedGame]:
        """Return the games whose positions have all become known since the last call, in that order."""
        games = [_searched(state) for state in self._searched.values()]
        self._searched.clear()
        return games

    def answer(
        self, game: AnalysedGame | SearchedGame, follow_ups: FollowUpUnits, earlier: Answers = NO_ANSWERS
    ) -> None:
        """Hold a game whose positions are known back until its follow-up searches are answered.

        * **earlier** - the answers of earlier rounds.
        """
        number = game.origin.game
        before = self._games[number]
        rounds = before.rounds + 1 if isinstance(before, _Answering) else 1
        state = _Answering(before.planned, game, follow_ups, earlier, rounds, len(follow_ups.units))
        self._games[number] = state
        self._units |= {unit.id: unit for unit in follow_ups.units}
        if not state.last and not state.open:  # nothing of what was asked for can be searched
            self._answered[number] = state

    def answered(self) -> list[AnsweredGame]:
        """Return the games whose searches have all been answered since the last call, in that order."""
        games = [
            AnsweredGame(state.planned.game, state.game, state.answers(), state.rounds)
            for state in self._answered.values()
            if isinstance(state.game, AnalysedGame)
        ]
        self._answered.clear()
        return games

    def finished(self) -> Iterator[FinishedGame | SkippedGame]:
        """Yield the games at the head of the line that are finished, and forget them."""
        while self._line:
            head = self._line[0]
            if isinstance(head, SkippedGame):
                self._line.popleft()
                yield head
                continue
            state = self._games[head]
            if isinstance(state, _Searching) or not state.last:
                return
            self._line.popleft()
            del self._games[head]
            yield FinishedGame(state.game, state.earlier)


def _searched(state: _Searching) -> SearchedGame:
    positions = tuple(position for position in state.positions if position is not None)
    assert len(positions) == len(state.positions)
    planned = state.planned
    return SearchedGame(planned.origin, planned.game, positions, planned.landmarks)
