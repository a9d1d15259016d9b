"""The analysis of a game whose positions are all evaluated, by the settings of the run. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, structs

from engine.analysis import judge
from engine.analysis.reconcile import before_reconciliation, reconcile
from engine.input.filters import PlayerFilter
from engine.model import AnalysedGame, AnalysedPosition, Color, Recording, SourceGame
from engine.positions.dead import dead_positions
from engine.search.games import SearchedGame
from engine.search.planner import unit_numbers, used_recording
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

    def analyse(self, searched: SearchedGame) -> AnalysedGame:
        """Reconcile the evaluations of a game and judge its moves."""
        recording = used_recording(searched.game, use_recorded=self.use_recorded)
        scale = recording.scale if recording is not None and recording.ours else self.scale
        reconciles = recording.reconciled if recording is not None and recording.ours else True
        reconciles = reconciles if self.search.reconcile is None else self.search.reconcile
        has_searches = any(position.evaluation and not position.recorded for position in searched.positions)
        positions = list(searched.positions)
        # A game that was reconciled as a whole stays as it is, whatever the units of this run are.
        if self.search.reconcile is not None or not _is_reconciled(searched, recording):
            positions = [before_reconciliation(position) for position in positions]
            if reconciles and has_searches:
                units = _units(searched, recording, self.search)
                positions = reconcile(searched.game.moves, positions, _dead(searched), units)
        game = judge.analyse(
            searched.origin,
            searched.game,
            positions,
            view=self._view(searched.game),
            scale=(self.search.scale or scale) if has_searches else 1.0,
            reconciled=reconciles and has_searches,
            landmarks=searched.landmarks,
        )
        if recording is None or not recording.answers:
            return game
        return structs.replace(game, answers=recording.answers, answer_scale=recording.answer_scale)

    def _view(self, game: SourceGame) -> tuple[Color, ...]:
        return self.players(game.headers) if self.players is not None else ("white", "black")


def _is_reconciled(searched: SearchedGame, recording: Recording | None) -> bool:
    """Return whether all evaluations of a game come from an analysis of ours that was reconciled."""
    if recording is None or not recording.ours or not recording.reconciled:
        return False
    both = zip(searched.positions, recording.positions, strict=True)
    return all(_is_known(position, known) or position.evaluation is None for position, known in both)


def _is_known(position: AnalysedPosition, known: AnalysedPosition | None) -> bool:
    """Return whether a position is as it was recorded; in another process it is equal, but not the same."""
    return position is known or position == known


def _units(searched: SearchedGame, recording: Recording | None, search: Search) -> list[int]:
    """Return the number of each position's unit; those that were searched in an earlier run have other ones."""
    units = unit_numbers(len(searched.positions), search)
    if recording is None:
        return units
    both = zip(units, searched.positions, recording.positions, strict=True)
    return [-1 - unit if _is_known(position, known) else unit for unit, position, known in both]


def _dead(searched: SearchedGame) -> Collection[int]:
    """Return the dead positions of a game; only those of an endgame are looked for."""
    phases, game = searched.landmarks.phases, searched.game
    endgame = phases is not None and phases.endgame is not None
    return dead_positions(game.fen, game.variant, game.moves) if endgame else ()
