"""The files that a run writes: checked before any work, written game by game, put into place together at the end.

`check_outputs` checks and touches nothing. `Targets.open` makes a new file for each output, beside its place and
with a name that nobody has (`system/new_files.py`). `finish_together` gives the files of a complete run their
names; what a stopped run leaves is called `FILE.part`. A file holds whole games only: a game goes to the disk in
one piece, and a piece that did not fit is taken back. A piece longer than `buffer.HELD`, such as a whole database,
goes there while it is written, so that memory stays the same.

| file            | what                                                               |
| --------------- | ------------------------------------------------------------------ |
| `files.py`      | all outputs of a run as one                                        |
| `target.py`     | where one output goes, and what can be checked before a run        |
| `output.py`     | one output while it is written; `folder_output.py` one that is a folder |
| `folder.py`     | that folder, made beside its place                                 |
| `part.py`       | its file, locked from its making until it has its name             |
| `unfinished.py` | which files are those of a run that did not finish                 |
| `encoding.py`   | games that other processes encode                                  |
| `buffer.py`     | what a writer writes into                                          |
| `names.py`      | safe file names of players, numbers of further files               |

Whatever is killed, and whenever, each output is the old one or the whole new one, and the same command continues:

- A new file is on the disk before it gets its name, and gets it in one step.
- Nothing is written over. Without `--force` a file takes a name that is free (a hard link, where there are any).
- Before the first file gets its name, all are noted. Those that a killed run has put into place are
  therefore known to the next run, which replaces them without `--force`. When all have their names, they are
  forgotten.
- The next run of an output removes the new files that killed runs have left of it. They are known by their names,
  and nobody has them locked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from engine.contracts.options import NoOptions, Options
from engine.errors import ConfigError, OutputError, PluginCrashed
from engine.model import AnalysedGame, Origin, RunResult, SkippedGame
from engine.output import unfinished
from engine.output.encoding import EncoderSpec, Piece
from engine.output.folder import MARK
from engine.output.folder_output import FolderOutput
from engine.output.output import Output
from engine.output.part import left_names, remove_left
from engine.output.target import STDOUT, Target, check_different, file_target, stdout_target
from engine.plugin import RunInfo, Writer
from engine.system.new_files import sync_folders

__all__ = ["Outputs", "Targets", "check_outputs", "finish_together"]


def check_outputs(  # noqa: PLR0913 - what a run knows of its outputs
    targets: Sequence[str],
    *,
    format: str | None,  # noqa: A002 - the name of the flag
    force: bool,
    writers: Mapping[str, type[Writer]],
    inputs: Sequence[str] = (),
    others: Targets | None = None,
    makes_folder: bool = False,
) -> Targets:
    """Check all that can be checked before a run. Create and change nothing.

    * **targets** - paths, whose endings choose the writers (`.gz`, `.bz2`, `.xz` and `.zst` after them compress);
      `"-"` is standard output in the format `format`.
    * **format** - the writer's name for standard output; None when no target is `"-"`.
    * **force** - whether files that exist may be overwritten.
    * **writers** - the writer classes by name.
    * **inputs** - *(optional)* the names of the files that the run reads.
    * **others** - *(optional)* further outputs of the run.
    * **makes_folder** - *(optional)* whether the run makes the folder of the files, where that is missing.

    Raises `ConfigError` for an unknown ending or format, a writer that lacks a library, an output that exists
    (unless `force`), that is another output or an input; `OutputError` for a folder that is missing or cannot be
    written to.
    """
    files_read = [Path(name) for name in inputs if name != STDOUT]
    checked: list[Target] = []
    for name in targets:
        target = (
            stdout_target(format, writers)
            if name == STDOUT
            else file_target(name, writers, force=force, makes_folder=makes_folder)
        )
        target.writer.check()
        if any(target.overwrites(file) for file in files_read):
            raise ConfigError(f"{name} is written over one of the inputs; give the output another name")
        check_different(target, [*(others.targets if others else ()), *checked])
        checked.append(target)
    return Targets(checked, force=force)


class Targets:
    """Outputs that were checked and are not open yet."""

    def __init__(self, targets: Sequence[Target], *, force: bool) -> None:
        self.targets = targets
        self._force = force

    @property
    def reports(self) -> list[str]:
        """Names of the aggregators that the writers cannot do without."""
        return [name for target in self.targets for name in target.writer.reports]

    @property
    def player_reports(self) -> list[str]:
        """Those of them that are about named players."""
        return [name for target in self.targets for name in target.writer.player_reports]

    @property
    def keep_states(self) -> bool:
        """Whether a writer takes the states of the aggregators."""
        return any(target.writer.states for target in self.targets)

    @property
    def searched_for(self) -> list[str]:
        """Those of `reports` whose follow-up searches are worth starting an evaluator for."""
        return [name for target in self.targets if target.writer.searches for name in target.writer.reports]

    def open(self, info: RunInfo, options: Mapping[str, Options] | None = None) -> Outputs:
        """Make the files and the writers.

        * **info** - what the writers are told about the run.
        * **options** - *(optional)* the options of writers by their names; the defaults for those left out.

        Raises `OutputError`, and `PluginCrashed` when a writer cannot be made; then nothing stays open.
        """
        outputs: list[Output] = []
        try:
            for target in self.targets:
                output = (FolderOutput if target.folder else Output)(target, force=self._force)
                outputs.append(output)
                writer_options = (options or {}).get(target.plugin, NoOptions())
                output.open(structs.replace(info, options=writer_options))
        except BaseException:
            Outputs(outputs).abandon()
            raise
        return Outputs(outputs)


class Outputs:
    """All outputs of one run as one.

    A writer that raises is put aside, the other writers still get the game, and then PluginCrashed names it: the
    caller may go on. OutputError means that nothing more can be written. A closed standard output is a
    BrokenPipeError.
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = outputs
        self._finished = False

    def takes_games(self) -> bool:
        """Whether a writer wants the games themselves."""
        return any(output.takes_games for output in self._outputs)

    def needs_games(self) -> bool:
        """Whether a writer can take nothing but the games themselves."""
        return any(output.needs_games for output in self._outputs)

    def game(self, game: AnalysedGame) -> None:
        """Write an analysed game."""
        self._write_each(lambda writer: writer.game(game), f"game {game.origin.game}")

    def skipped(self, game: SkippedGame) -> None:
        """Write a game that was not analysed, where a writer keeps those."""
        self._write_each(lambda writer: writer.skipped(game), f"game {game.origin.game}")

    def encode_elsewhere(self) -> tuple[EncoderSpec, ...]:
        """Return how games are encoded for those that take encoded games; from now on they get no others."""
        specs = [output.encode_elsewhere() for output in self._outputs]
        return tuple(spec for spec in specs if spec is not None)

    def encode_here(self) -> None:
        """Take games themselves again, from now on."""
        for output in self._outputs:
            output.encoded_elsewhere = False

    def encoded(self, batch: Sequence[Sequence[Piece]]) -> list[tuple[Origin, PluginCrashed]]:
        """Write a batch of encoded games, by output; return which writers failed, at which game."""
        crashes: list[tuple[Origin, PluginCrashed]] = []
        for output, pieces in zip((each for each in self._outputs if each.encoded_elsewhere), batch, strict=True):
            for piece in pieces:
                if output.crashed:
                    break
                try:
                    output.write_piece(piece)
                except PluginCrashed as crash:
                    crashes.append((piece.origin, crash))
        return sorted(crashes, key=lambda crash: crash[0].game)

    def names(self) -> list[str]:
        """Return the present names of the files."""
        return [name for output in self._all() for name in output.names]

    def _all(self) -> list[Output]:
        return [each for output in self._outputs for each in (output, *output.further)]

    def finish(self, result: RunResult) -> None:
        """Let the writers finish and put the files into place; see `finish_together`."""
        finish_together([(self, result)])

    def complete(self, result: RunResult) -> list[Output]:
        """Let the writers finish, and return the outputs that are complete on the disk.

        After an interrupted run there is none; the output of a writer that crashed is not among them. Raises
        OutputError, and PluginCrashed: then `complete` returns the others when it is called again.
        """
        if not self._finished:
            self._finished = True
            self._write_each(lambda writer: writer.finish(result), "the end of the run", games=False)
        for output in self._all():
            output.complete()
        return [] if result.interrupted else [output for output in self._all() if not output.crashed]

    def abandon(self) -> None:
        """Leave every file that has not got its name as `FILE.part`.

        May be called more than once, and after an error.
        """
        for output in self._all():
            with contextlib.suppress(OSError, OutputError):
                output.complete()
            output.leave()

    def _write_each(self, call: Callable[[Writer], None], where: str, *, games: bool = True) -> None:
        crashes = []
        for output in self._outputs:
            if output.crashed or (games and output.encoded_elsewhere):
                continue
            try:
                output.write(call, where)
            except PluginCrashed as crash:
                crashes.append(crash)
            output.write_further(where)
        _raise_together(crashes)


def finish_together(endings: Sequence[tuple[Outputs, RunResult]]) -> None:
    """Let the writers of a run finish and put all files into place, each with the result that it is about.

    The files of an interrupted run are left as `FILE.part`; so is the file of a writer that crashed. Raises
    OutputError before any file has its name, as far as that can be known, and PluginCrashed after the others have
    theirs.
    """
    ready: list[Output] = []
    crashes: list[PluginCrashed] = []
    try:
        for outputs, result in endings:
            try:
                ready += outputs.complete(result)
            except PluginCrashed as crash:
                crashes.append(crash)
                ready += outputs.complete(result)
        _publish([output for output in ready if output.path is not None])
    finally:
        for outputs, _ in endings:
            outputs.abandon()
    _raise_together(crashes)


def _publish(ready: Sequence[Output]) -> None:
    """Give complete files their names. Raises OutputError."""
    for output in ready:
        if not output.has_place():
            raise output.no_place()
    for output in ready:
        output.note()
    for output in ready:
        output.publish()
    paths = [output.path for output in ready if output.path is not None]
    sync_folders(path.parent for path in paths)
    for path in paths:
        remove_left(path)
    unfinished.forget([place for path in paths for place in (path, path / MARK, *left_names(path))])
    for output in ready:
        output.release()


def _raise_together(crashes: Sequence[PluginCrashed]) -> None:
    if crashes:
        raise PluginCrashed("; ".join(crash.message for crash in crashes)) from crashes[0].__cause__
