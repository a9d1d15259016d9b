"""A file for each player: `-o 'reports/{player}.html'`.

Each player gets outputs of their own, and aggregators of their own that see their games from their side. Follow-up
searches depend on whose side a game is seen from, so each view asks for its own; equal ones are searched once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field, structs

from engine.contracts.options import Options
from engine.errors import ConfigError, OutputError, PluginCrashed
from engine.model import AnalysedGame, Color, Evaluation, RunCounts, RunResult
from engine.output.files import Outputs, Targets
from engine.output.names import PLAYER
from engine.output.part import Part
from engine.output.target import real_path
from engine.plugin import RunInfo
from engine.run.aggregators import Aggregators
from engine.run.player_names import MAX_PLAYERS, PlayerInput, PlayerNames, check_player_files, player_key
from engine.run.recount import Recount
from engine.search.games import Answers, FollowUp, FollowUps, RequestKey

__all__ = ["MAX_PLAYERS", "PlayerOutputs", "PlayerTemplates", "by_player"]


class CheckTargets(Protocol):
    """`check_outputs` for one run."""

    def __call__(self, names: Sequence[str], /, *, force: bool, others: Targets | None = None) -> Targets:
        """Check names, as `check_outputs` does."""
        ...


_PROBE = "player"


def by_player(outputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of the run's own outputs, and those with `{player}` in them.

    Raises ConfigError for `{player}` in the name of a folder.
    """
    for name in outputs:
        if PLAYER in str(Path(name).parent):
            raise ConfigError(f"output {name}: {PLAYER} stands in the name of a file, not of a folder")
    return [name for name in outputs if PLAYER not in name], [name for name in outputs if PLAYER in name]


class PlayerTemplates(Struct, frozen=True):
    """Names of outputs with `{player}` in them, checked as far as they can be without the players."""

    names: tuple[str, ...]
    targets: Targets
    """The writers they mean; nothing is written to these."""
    check: CheckTargets
    force: bool
    """Whether existing files are overwritten."""

    @classmethod
    def of(
        cls, names: Sequence[str], check: CheckTargets, found_in: PlayerInput, others: Targets, force: bool
    ) -> PlayerTemplates:
        """Check the names, and the files of the players in the input where that can be read twice.

        * **found_in** - the input.
        * **others** - the outputs of the whole run.

        Raises ConfigError, OutputError.
        """
        targets = check([name.replace(PLAYER, _PROBE) for name in names], force=True)
        templates = cls(tuple(names), targets, partial(check, others=others), force)
        taken = [real_path(source.name) for source in found_in.sources]
        taken += [target.path for target in others.targets if target.path is not None]

        def in_the_way(template: str) -> list[Path]:
            folder = real_path(template).parent
            return taken if force or not os.access(folder, os.R_OK) else [*taken, *folder.iterdir()]

        check_player_files(names, found_in, partial(templates.check, force=force), in_the_way=in_the_way)
        return templates


class _PlayerFiles(Struct):
    """The outputs, aggregators and figures of one player."""

    name: str
    outputs: Outputs
    aggregators: Aggregators
    recount: Recount
    counts: RunCounts = field(default_factory=RunCounts)


class PlayerOutputs:
    """The files of all players of a run."""

    def __init__(
        self,
        templates: PlayerTemplates,
        *,
        new_aggregators: Callable[[], Aggregators],
        new_recount: Callable[[], Recount],
        writer_options: Mapping[str, Options],
        names: PlayerNames,
    ) -> None:
        """Write no file yet: a player's files are begun with the player's first game.

        * **new_aggregators**, **new_recount** - make those of one player.
        * **writer_options** - by writer.
        * **names** - names without a player yet.
        """
        self._templates = templates
        self._new_aggregators = new_aggregators
        self._new_recount = new_recount
        self._writer_options = writer_options
        self._names = names
        self._files: dict[str, _PlayerFiles] = {}
        self._claims: list[Part] = []
        self.left_out: set[str] = set()
        """Players beyond `MAX_PLAYERS`, who get nothing; at most as many again are kept."""

    def claim(self) -> None:
        """Keep other runs from making files of these names until this one is done. Raises OutputError."""
        for name in self._templates.names:
            try:
                self._claims.append(Part(real_path(name), name, like=None))
            except OSError as error:
                raise OutputError(f"cannot write {name}: {error.strerror}") from error

    def views(self, game: AnalysedGame) -> Iterator[tuple[str, AnalysedGame]]:
        """Yield each player of a game, and the game from that player's side, without answers.

        Who has no name is no player.
        """
        colors: dict[str, list[Color]] = {}
        for color in game.view:
            name = self._names.player(game.player(color))
            if game.epd is None and name is not None:
                colors.setdefault(name, []).append(color)
        for name, view in colors.items():
            yield name, structs.replace(game, view=tuple(view), answers={})

    def follow_ups(
        self, game: AnalysedGame, ask: Callable[[AnalysedGame], Mapping[str, Sequence[FollowUp | None]]]
    ) -> FollowUps:
        """Return the searches asked for by those who see the game otherwise than the run does.

        `ask` returns what the aggregators want to be searched, by aggregator.
        """
        return {
            RequestKey(aggregator, seen.view): searches
            for _, seen in self.views(game)
            if seen.view != game.view
            for aggregator, searches in ask(seen).items()
        }

    def add(self, game: AnalysedGame, answers: Answers, info: RunInfo) -> None:
        """Fold and write a game for each of its players.

        Raises ConfigError or OutputError for a file that cannot be written, PluginCrashed for a writer after all
        files have got the game.
        """
        crash: PluginCrashed | None = None
        for name, seen in self.views(game):
            files = self._files_of(name, info)
            if files is None:
                continue
            own = structs.replace(seen, answers=answers_for(answers, seen.view))
            files.counts.read += 1
            files.recount.add(own, files.counts)
            files.aggregators.add(own)
            try:
                files.outputs.game(files.aggregators.remarked(own))
            except PluginCrashed as error:
                crash = error
        if crash is not None:
            raise crash

    def _files_of(self, name: str, info: RunInfo) -> _PlayerFiles | None:
        key = player_key(name)
        if key in self._files:
            return self._files[key]
        if name not in self._names and self._names.full:
            if len(self.left_out) < MAX_PLAYERS:
                self.left_out.add(key)
            return None
        file_name = self._names.file_name(name)
        targets = self._templates.check(
            [template.replace(PLAYER, file_name) for template in self._templates.names],
            force=self._templates.force,
        )
        outputs = targets.open(structs.replace(info, player=name), self._writer_options)
        self._files[key] = _PlayerFiles(name, outputs, self._new_aggregators(), self._new_recount())
        return self._files[key]

    def endings(self, result: RunResult) -> list[tuple[Outputs, RunResult]]:
        """Return the files of each player, with the result of the run in the player's own figures."""
        return [
            (
                files.outputs,
                structs.replace(
                    result,
                    reports=files.aggregators.reports(files.recount.scales),
                    wins=files.recount.wins,
                    best=tuple(files.recount.best),
                    counts=files.counts,
                    notices=(),
                    failures=(),
                ),
            )
            for files in self._files.values()
        ]

    def abandon(self) -> None:
        """Leave every file that is not in its place as `FILE.part`, and the names to other runs."""
        for files in self._files.values():
            files.outputs.abandon()
        for claim in self._claims:
            claim.remove()


def answers_for(answers: Answers, view: tuple[Color, ...]) -> dict[str, tuple[Evaluation | None, ...]]:
    """Return the answers to what was asked from this view, by aggregator."""
    return {key.aggregator: evaluations for key, evaluations in answers.items() if key.view == view}
