"""A run that merges states: reports are made of what other runs have counted, and no game is read."""

from __future__ import annotations

from engine.model.parts import RunState
from engine.run.recount import Recount
from engine.run.started import StartedRun


class MergedStatesRun(StartedRun):
    """One run over the states of others."""

    def _work(self) -> None:
        merged = self._plan.merged
        assert merged is not None
        for _, state in merged.states:
            self._take(state)
        merged.check_inputs()
        crashes = [crash for _, state in merged.states for crash in state.crashes]
        crashes.sort(key=lambda crash: crash.origin.game if crash.origin is not None else 0)
        self._delivery.aggregators.take({}, crashes, 0)
        self._progress.exhausted = True

    def _take(self, state: RunState) -> None:
        board = self._plan.settings.scoreboard
        best = list(state.best)[: board.size]
        self._scoreboard.record_batch(state.end.counts.positions, state.wins, best)
        self._accounts.recount.merge(Recount(board.winning_cp, board.size, state.wins, best, {*state.scales}))
        aggregators = self._delivery.aggregators
        aggregators.players.take(state.players)
        states = {name: bytes(kept.state) for name, kept in state.aggregators.items()}
        aggregators.take(states, (), state.unevaluated)
