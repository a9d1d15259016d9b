"""The analysis of a game whose positions are all evaluated, by the settings of the run. Pure."""

from __future__ import annotations

from msgspec import Struct

from engine.analysis import judge
from engine.analysis.reconcile import before_reconciliation, reconcile
from engine.input.filters import PlayerFilter
from engine.model import AnalysedGame, Color, SourceGame
from engine.search.planner import Plan, used_recording
from engine.settings import Search


class GameAnalyzer(Struct, frozen=True):
    """Turns evaluated games into analysed games; the fields are everything that the analysis depends on."""

    search: Search
    """Settings of the search, with the scale and whether to reconcile."""
    scale: float
    """Factor for centipawns that the evaluator recommends (`EvaluatorInfo.scale`)."""
    use_recorded: bool
    """Whether evaluations of other programs in the input are used."""
    players: PlayerFilter | None = None
    """Player in whose view the games are reported; None: both sides' view."""

    def analyse(self, plan: Plan) -> AnalysedGame:
        """Return the analysed game of a plan.

        * **plan** - a plan whose positions are all known.
        """
        recording = used_recording(plan.game, use_recorded=self.use_recorded)
        scale = recording.scale if recording is not None and recording.ours else self.scale
        reconciles = self.search.reconcile
        if reconciles is None:
            reconciles = recording.reconciled if recording is not None and recording.ours else True
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
