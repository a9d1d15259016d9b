"""A file for each player: `-o 'reports/{player}.html'`.

Each player gets outputs of their own, and aggregators of their own that see their games from their side. Follow-up
searches depend on whose side a game is seen from, so each view asks for its own; equal ones are searched once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field, structs

from engine.contracts.options import Options
from engine.errors import OutputError, PluginCrashed
from engine.model import AnalysedGame, Color, RunCounts, RunResult
from engine.output.files import Outputs
from engine.output.names import PLAYER
from engine.output.part import Part
from engine.output.target import real_path
from engine.plugin import PlayerFile, RunInfo
from engine.run.aggregators import Aggregators
from engine.run.player_names import MAX_PLAYERS, PlayerNames, player_key
from engine.run.player_templates import PlayerTemplates, by_player
from engine.run.recount import Recount
from engine.search.games import Answers, FollowUp, FollowUps, RequestKey

__all__ = ["MAX_PLAYERS", "PlayerOutputs", "PlayerTemplates", "by_player"]


class _PlayerFiles(Struct):
    """The outputs, aggregators and figures of one player."""

    name: str
    outputs: Outputs
    output_names: tuple[str, ...]
    """Names of the files without their folders, one for each template."""
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
        self._indexes: list[Outputs] = []
        self._made: list[Path] = []
        """Folders that were made."""
        self.left_out: set[str] = set()
        """Players beyond `MAX_PLAYERS`, who get nothing; at most as many again are kept."""

    def claim(self) -> None:
        """Keep other runs from making files of these names until this one is done, and make missing folders.

        Raises OutputError.
        """
        for name in self._templates.names:
            folder = real_path(name).parent
            try:
                if not folder.is_dir():
                    folder.mkdir()
                    self._made.append(folder)
                self._claims.append(Part(real_path(name), name, like=None))
            except OSError as error:
                raise OutputError(f"cannot write {name}: {error.strerror}") from error

    def follow_ups(
        self, game: AnalysedGame, ask: Callable[[AnalysedGame], Mapping[str, Sequence[FollowUp | None]]]
    ) -> FollowUps:
        """Return the searches asked for by those who see the game otherwise than the run does.

        `ask` returns what the aggregators want to be searched, by aggregator.
        """
        return {
            RequestKey(aggregator, seen.view): searches
            for _, seen in views_of(self._names, game)
            if seen.view != game.view
            for aggregator, searches in ask(seen).items()
        }

    def add(self, game: AnalysedGame, answers: Answers, info: RunInfo) -> None:
        """Fold and write a game for each of its players.

        Raises ConfigError or OutputError for a file that cannot be written, PluginCrashed for a writer after all
        files have got the game.
        """
        crash: PluginCrashed | None = None
        for name, seen in views_of(self._names, game):
            files = self._files_of(name, info)
            if files is None:
                continue
            own = seen_with(seen, answers, seen.view)
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
        names = [template.replace(PLAYER, file_name) for template in self._templates.names]
        targets = self._templates.check(names, force=self._templates.force)
        outputs = targets.open(structs.replace(info, player=name), self._writer_options)
        output_names = tuple(Path(each).name for each in names)
        self._files[key] = _PlayerFiles(name, outputs, output_names, self._new_aggregators(), self._new_recount())
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

    def open_indexes(self, endings: Sequence[tuple[Outputs, RunResult]], info: RunInfo) -> Iterator[Outputs]:
        """Begin the indexes of the files, where there are any, and yield them. Raises OutputError, PluginCrashed.

        * **endings** - what `endings` returned.
        """
        for index in self._templates.indexes if endings else ():
            entries = tuple(
                PlayerFile(files.name, files.output_names[index.template], result)
                for files, (_, result) in zip(self._files.values(), endings, strict=True)
            )
            self._indexes.append(index.targets.open(structs.replace(info, files=entries), self._writer_options))
            yield self._indexes[-1]

    def abandon(self) -> None:
        """Leave every file that is not in its place as `FILE.part`, and the names to other runs."""
        for outputs in (*(files.outputs for files in self._files.values()), *self._indexes):
            outputs.abandon()
        for claim in self._claims:
            claim.remove()
        for folder in self._made:
            with contextlib.suppress(OSError):  # something is in it
                folder.rmdir()


def views_of(names: PlayerNames, game: AnalysedGame) -> Iterator[tuple[str, AnalysedGame]]:
    """Yield each player of a game, and the game from that player's side, without answers.

    Who has no name is no player.
    """
    colors: dict[str, list[Color]] = {}
    for color in game.view:
        name = names.player(game.player(color))
        if game.epd is None and name is not None:
            colors.setdefault(name, []).append(color)
    for name, view in colors.items():
        yield name, structs.replace(game, view=tuple(view), answers={})


def seen_with(game: AnalysedGame, answers: Answers, view: tuple[Color, ...]) -> AnalysedGame:
    """Return a game in a view, with the answers to what was asked from it, by aggregator."""
    own = {key.aggregator: evaluations for key, evaluations in answers.items() if key.view == view}
    return structs.replace(game, view=view, answers=own)
