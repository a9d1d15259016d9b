"""The files that a run writes: checked before any work, written game by game, moved into place at the end.

`check_outputs` checks and touches nothing; `Targets.open` opens `FILE.part` for each; `Outputs.finish` moves them
to their names when the run is complete. Until then, and for good when it never is, `FILE.part` holds whole games
only: a game goes to the disk in one piece, and a piece that did not fit is taken back. A piece longer than
`buffer.HELD`, such as a whole database, goes there while it is written, so that memory stays the same.

| file        | what                                                               |
| ----------- | ------------------------------------------------------------------ |
| `files.py`  | all outputs of a run as one                                        |
| `target.py` | where one output goes, and what can be checked before a run        |
| `output.py` | one output while it is written                                     |
| `buffer.py` | what a writer writes into                                          |
| `names.py`  | safe file names of players, numbers of further files               |
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from engine.contracts.options import NoOptions, Options
from engine.errors import ConfigError, OutputError, PluginCrashed
from engine.model import AnalysedGame, RunResult, SkippedGame
from engine.output.output import Output
from engine.output.target import STDOUT, Target, file_target, stdout_target
from engine.plugin import RunInfo, Writer

__all__ = ["Outputs", "Targets", "check_outputs"]


def check_outputs(
    targets: Sequence[str],
    *,
    format: str | None,  # noqa: A002 - the name of the flag
    force: bool,
    writers: Mapping[str, type[Writer]],
    inputs: Sequence[str] = (),
) -> Targets:
    """Check all that can be checked before a run. Create and change nothing.

    * **targets** - paths, whose endings choose the writers (`.gz`, `.bz2`, `.xz` and `.zst` after them compress);
      `"-"` is standard output in the format `format`.
    * **format** - the writer's name for standard output; None when no target is `"-"`.
    * **force** - whether files that exist may be overwritten.
    * **writers** - the writer classes by name.
    * **inputs** - *(optional)* the names of the files that the run reads.

    Raises `ConfigError` for an unknown ending or format, a writer that lacks a library, an output that exists
    (unless `force`), that is named twice or that is an input; `OutputError` for a folder that is missing or cannot
    be written to.
    """
    files_read = [Path(name) for name in inputs if name != STDOUT]
    checked: list[Target] = []
    for name in targets:
        target = stdout_target(format, writers) if name == STDOUT else file_target(name, writers, force=force)
        target.writer.check()
        if any(target.overwrites(file) for file in files_read):
            raise ConfigError(f"{name} is written over one of the inputs; give the output another name")
        if any(target.path == other.path for other in checked):
            raise ConfigError(f"the output {name} is named twice")
        checked.append(target)
    return Targets(checked, force=force)


class Targets:
    """Outputs that were checked and are not open yet."""

    def __init__(self, targets: Sequence[Target], *, force: bool) -> None:
        self._targets = targets
        self._force = force

    @property
    def reports(self) -> list[str]:
        """Names of the aggregators that the writers cannot do without."""
        return [name for target in self._targets for name in target.writer.reports]

    @property
    def searched_for(self) -> list[str]:
        """Those of `reports` whose follow-up searches are worth starting an evaluator for."""
        return [name for target in self._targets if target.writer.searches for name in target.writer.reports]

    def open(self, info: RunInfo, options: Mapping[str, Options] | None = None) -> Outputs:
        """Open `FILE.part` for each target and make the writers.

        * **info** - what the writers are told about the run.
        * **options** - *(optional)* the options of writers by their names; the defaults for those left out.

        Raises `OutputError`, and `PluginCrashed` when a writer cannot be made; then nothing stays open.
        """
        outputs: list[Output] = []
        try:
            for target in self._targets:
                output = Output(target, force=self._force)
                outputs.append(output)
                writer_options = (options or {}).get(target.plugin, NoOptions())
                output.open(structs.replace(info, options=writer_options))
        except BaseException:
            Outputs(outputs, force=self._force).abandon()
            raise
        return Outputs(outputs, force=self._force)


class Outputs:
    """All outputs of one run as one.

    A writer that raises is put aside, the other writers still get the game, and then PluginCrashed names it: the
    caller may go on. OutputError means that nothing more can be written. A closed standard output is a
    BrokenPipeError.
    """

    def __init__(self, outputs: Sequence[Output], *, force: bool) -> None:
        self._outputs = outputs
        self._force = force

    def takes_games(self) -> bool:
        """Whether a writer does anything before `finish`."""
        return any(output.takes_games for output in self._outputs)

    def game(self, game: AnalysedGame) -> None:
        """Write an analysed game."""
        self._write_each(lambda writer: writer.game(game), f"game {game.origin.game}")

    def skipped(self, game: SkippedGame) -> None:
        """Write a game that was not analysed, where a writer keeps those."""
        self._write_each(lambda writer: writer.skipped(game), f"game {game.origin.game}")

    def names(self) -> list[str]:
        """Return the present names of the files."""
        return [name for output in self._all() for name in output.names]

    def _all(self) -> list[Output]:
        return [each for output in self._outputs for each in (output, *output.further)]

    def finish(self, result: RunResult) -> None:
        """Let the writers finish and move the files into place.

        After an interrupted run all files keep the name `FILE.part`; so does the file of a writer that crashed.
        Raises OutputError before any file is moved, PluginCrashed after the files of the other writers are.
        """
        crash: PluginCrashed | None = None
        try:
            try:
                self._write_each(lambda writer: writer.finish(result), "the end of the run")
            except PluginCrashed as error:
                crash = error
            for output in self._all():
                output.close()
        except BaseException:
            self.abandon()
            raise
        for output in self._all():
            if not (result.interrupted or output.crashed):
                output.move(force=self._force)
        if crash is not None:
            raise crash

    def abandon(self) -> None:
        """Close every `FILE.part` and leave it as it is. May be called more than once, and after an error."""
        for output in self._all():
            with contextlib.suppress(OSError, OutputError):
                output.close()

    def _write_each(self, call: Callable[[Writer], None], where: str) -> None:
        crashes = []
        for output in self._outputs:
            if output.crashed:
                continue
            try:
                output.write(call, where)
            except PluginCrashed as crash:
                crashes.append(crash)
            output.write_further(where)
        if crashes:
            raise PluginCrashed("; ".join(crash.message for crash in crashes)) from crashes[0].__cause__
