"""From a game whose positions are all known to an analysed game, by the settings of the run. Pure."""

from __future__ import annotations

from msgspec import Struct

from engine.analysis import judge
from engine.analysis.reconcile import before_reconciliation, reconcile
from engine.input.filters import PlayerFilter
from engine.model import AnalysedGame, Color, SourceGame
from engine.search.planner import Plan, used_recording
from engine.settings import Search


class GameAnalyzer(Struct, frozen=True):
    """What the analysis of a game depends on beside the game."""

    search: Search
    scale: float
    """The evaluator's own."""
    use_recorded: bool
    """Whether evaluations of somebody else's that stand in the input are taken."""
    players: PlayerFilter | None = None
    """Whose view; None: both sides'."""

    def analyse(self, plan: Plan) -> AnalysedGame:
        """Of a plan without an open position."""
        recording = used_recording(plan.game, use_recorded=self.use_recorded)
        scale = recording.scale if recording is not None and recording.ours else self.scale
        reconciles = recording.reconciled if recording is not None and recording.ours else True
        reconciles = reconciles if self.search.reconcile is None else self.search.reconcile
        positions = [before_reconciliation(position) for position in plan.positions if position is not None]
        assert len(positions) == len(plan.positions)
        searched = any(position.evaluation and not position.recorded for position in positions)
        if reconciles and searched:
            positions = reconcile(plan.game.moves, positions)
        return judge.analyse(
            plan.origin,
            plan.game,
            positions,
            view=self._view(plan.game),
            scale=(self.search.scale or scale) if searched else 1.0,
            reconciled=reconciles and searched,
            landmarks=plan.landmarks,
        )

    def _view(self, game: SourceGame) -> tuple[Color, ...]:
        return self.players(game.headers) if self.players is not None else ("white", "black")
