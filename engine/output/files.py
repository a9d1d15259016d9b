"""The files a run writes: checked before any work, written game by game, moved into place at the end.

`open_outputs` checks and touches nothing; `Targets.begin` opens `FILE.part` for each; `Outputs.finish` moves them
to their names when the run is complete. Until then, and for good when it never is, `FILE.part` holds whole games
only: a game goes to the disk in one piece, and a piece that did not fit is taken back. A piece longer than `HELD`,
such as a whole database, goes there while it is written, so that memory stays the same.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn, cast

from msgspec import Struct, structs

from engine import system
from engine.contracts.options import NoOptions, Options
from engine.errors import AnalysisError, ConfigError, OutputError, PluginCrashed
from engine.model import AnalysedGame, RunResult, SkippedGame
from engine.output.names import numbered
from engine.plugin import RunInfo, Writer
from engine.system.compression import COMPRESSORS, Compressor

__all__ = ["Outputs", "Targets", "open_outputs"]

STDOUT = "-"
PART = ".part"
HELD = 4 << 20
"""Bytes of a piece that are held in memory."""


def open_outputs(
    targets: Sequence[str],
    *,
    format: str | None,  # noqa: A002 - the name of the flag
    force: bool,
    writers: Mapping[str, type[Writer]],
    inputs: Sequence[str] = (),
) -> Targets:
    """Check all that can be checked before a run; nothing is created or changed.

    A target is a path, whose ending chooses the writer (`.gz`, `.bz2`, `.xz` and `.zst` after it compress), or
    "-" for standard output in the format `format`. `writers` are the classes by name, `inputs` the files read.

    Raises ConfigError for an unknown ending or format, a writer that lacks a library, an output that exists
    (unless `force`), that is named twice or that is an input; OutputError for a folder that is missing or cannot
    be written to.
    """
    read = [Path(name) for name in inputs if name != STDOUT]
    chosen: list[_Target] = []
    for name in targets:
        target = _stdout(format, writers) if name == STDOUT else _file(name, writers, force=force)
        target.writer.check()
        if target.path is not None and any(_same(place, one) for place in _places(target.path) for one in read):
            raise ConfigError(f"{name} is written over one of the inputs; give the output another name")
        if any(target.path == other.path for other in chosen):
            raise ConfigError(f"the output {name} is named twice")
        chosen.append(target)
    return Targets(chosen, force=force)


class _Target(Struct, frozen=True):
    """Where one output goes."""

    name: str
    """As the user wrote it."""
    path: Path | None
    """Its real place; None for standard output."""
    plugin: str
    """The writer's name."""
    writer: type[Writer]
    ending: str = ""
    """What chose the writer, with what compresses."""
    compressor: Callable[[], Compressor] | None = None


class Targets:
    """Outputs that may be written."""

    def __init__(self, targets: Sequence[_Target], *, force: bool) -> None:
        self._targets = targets
        self._force = force

    @property
    def reports(self) -> list[str]:
        """Names of the aggregators that the writers cannot do without."""
        return [name for target in self._targets for name in target.writer.reports]

    @property
    def searched_for(self) -> list[str]:
        """Those of them whose follow-up searches are worth an evaluator of their own."""
        return [name for target in self._targets if target.writer.searches for name in target.writer.reports]

    def begin(self, info: RunInfo, options: Mapping[str, Options] | None = None) -> Outputs:
        """Open `FILE.part` for each and make the writers, with `options` by their names.

        Raises OutputError, or PluginCrashed for a writer.
        """
        outputs: list[_Output] = []
        try:
            for target in self._targets:
                output = _Output(target, force=self._force)
                outputs.append(output)
                of_one = (options or {}).get(target.plugin, NoOptions())
                output.begin(structs.replace(info, options=of_one))
        except BaseException:
            Outputs(outputs, force=self._force).abandon()
            raise
        return Outputs(outputs, force=self._force)


class Outputs:
    """All outputs of one run as one.

    A writer that raises is put aside, the others get the game too, and then PluginCrashed names it: the caller may
    go on. OutputError means that nothing more can be written. A closed standard output is a BrokenPipeError.
    """

    def __init__(self, outputs: Sequence[_Output], *, force: bool) -> None:
        self._outputs = outputs
        self._force = force

    def takes_games(self) -> bool:
        """Whether a writer does anything before `finish`."""
        return any(output.takes_games() for output in self._outputs)

    def game(self, game: AnalysedGame) -> None:
        self._each(lambda writer: writer.game(game), f"game {game.origin.game}")

    def skipped(self, game: SkippedGame) -> None:
        self._each(lambda writer: writer.skipped(game), f"game {game.origin.game}")

    def names(self) -> list[str]:
        """The files as they are named now."""
        return [name for output in self._all() for name in output.names()]

    def _all(self) -> list[_Output]:
        return [one for output in self._outputs for one in (output, *output.further)]

    def finish(self, result: RunResult) -> None:
        """Let the writers finish and move the files into place.

        After an interrupted run, and for a writer that crashed, it stays `FILE.part`. Raises OutputError before a
        file is moved, PluginCrashed after the files of the other writers are.
        """
        crash: PluginCrashed | None = None
        try:
            try:
                self._each(lambda writer: writer.finish(result), "the end of the run")
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
        """Leave every `FILE.part` as it is, closed. May be called more than once, and after an error."""
        for output in self._all():
            with contextlib.suppress(OSError, OutputError):
                output.close()

    def _each(self, call: Callable[[Writer], None], where: str) -> None:
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


class _Output:
    """One output while it is written."""

    def __init__(self, target: _Target, *, force: bool) -> None:
        self.crashed = False
        self._target = target
        self._buffer = _Buffer(self._put_begun)
        self._writer: Writer | None = None
        self._file: IO[bytes] | None = None
        self._compressor = target.compressor() if target.compressor is not None else None
        self._fed = False
        """Whether the compressor was given anything."""
        self._end = 0
        """Bytes of the file."""
        self._whole = 0
        """How many of them are whole pieces."""
        self._begun = False
        """Whether the piece that is being written is on the disk in part."""
        self._broken: OSError | OutputError | None = None
        """What the disk said while a writer was writing, which may have made an error of its own of it."""
        self._moved = False
        self._force = force
        self._info: RunInfo | None = None
        self.further: list[_Output] = []
        """Files that the writer began after this one. It writes to all; each goes to the disk by itself."""

    def takes_games(self) -> bool:
        writer = self._target.writer
        return writer.game is not Writer.game or writer.skipped is not Writer.skipped

    @property
    def _part(self) -> Path | None:
        path = self._target.path
        return None if path is None else path.with_name(path.name + PART)

    def begin(self, info: RunInfo) -> None:
        self._info = info
        if self._target.path is not None:
            info = structs.replace(info, output=Path(self._target.name).name)
        self._file = _open_stdout() if self._part is None else self._open_part(self._part)
        try:
            # A writer only ever writes; what it gets has no more than that, and its position.
            self._writer = self._target.writer(cast("BinaryIO", self._buffer), info)
            self._writer.next_file = self._next_file
        except AnalysisError:
            raise
        except Exception as error:
            self._crash(error, "the start of the run")

    def _next_file(self) -> tuple[str, BinaryIO] | None:
        """`Writer.next_file`: a file like this one, with a number."""
        if self._target.path is None or self._info is None:
            return None
        name = numbered(self._target.name, self._target.ending, len(self.further) + 2)
        path = _real(name)
        _check_place(name, path, force=self._force)
        # The writer is the first file's; the one of this file only stands for it.
        output = _Output(structs.replace(self._target, name=name, path=path, writer=Writer), force=self._force)
        self.further.append(output)
        output.begin(self._info)
        return path.name, cast("BinaryIO", output._buffer)

    def write_further(self, where: str) -> None:
        """Put on the disk what the writer wrote into the files after the first; of a crashed one, nothing more."""
        for output in self.further:
            if self.crashed:
                output.crashed = True  # what it holds is never written
            else:
                output.write(lambda _: None, where)

    def _open_part(self, part: Path) -> IO[bytes]:
        try:
            file = part.open("ab", buffering=0)
        except OSError as error:
            self._fail(error)
        if system.lock_file(file, wait=False) == "busy":
            file.close()
            raise OutputError(f"another run is writing {self._target.name}; wait for it, or stop it")
        try:
            file.truncate(0)
        except OSError as error:
            file.close()
            self._fail(error)
        return file

    def write(self, call: Callable[[Writer], None], where: str) -> None:
        """Have the writer write something whole, and put it on the disk."""
        if self._writer is None:
            return
        try:
            call(self._writer)
        except Exception as error:
            self._take_back()
            if self._broken is not None:
                raise self._broken from error
            if isinstance(error, AnalysisError):
                raise
            self._crash(error, where)
        self._put(self._compressed(self._buffer.take()))
        self._whole = self._end
        self._begun = False

    def _put_begun(self, data: bytes) -> None:
        """A part of a piece that is too long to be held; its compressed bytes begin a member of their own."""
        try:
            if not self._begun:
                self._begun = True
                self._begin_member()
            self._put(self._compressed(data))
        except (OSError, OutputError) as error:
            self._broken = error
            raise

    def _begin_member(self) -> None:
        """All that was written before can be decompressed without what follows."""
        if self._compressor is not None and self._target.compressor is not None and self._fed:
            self._put(self._compressor.flush())
            self._compressor = self._target.compressor()
        self._whole = self._end

    def _take_back(self) -> None:
        """Forget what a writer has written of a piece."""
        self._buffer.take()
        if self._begun and self._file is not None and self._part is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._whole)
                self._end = self._whole
            if self._target.compressor is not None:
                self._compressor = self._target.compressor()
        self._begun = False

    def _compressed(self, data: bytes) -> bytes:
        self._fed = True
        return data if self._compressor is None else self._compressor.compress(data)

    def close(self) -> None:
        """End the compressed stream, see that all is on the disk, and let go of the file and the writer."""
        if self._writer is not None:
            with contextlib.suppress(
                Exception
            ):  # what it wrote is written; it could only say that it cannot let go
                self._writer.close()
        if self._file is None:
            return
        try:
            if self._compressor is not None:
                self._put(self._compressor.flush())
            if self._file is not None and self._part is not None:
                os.fsync(self._file.fileno())
        except OSError as error:
            self._fail(error)
        finally:
            self._release()

    def move(self, *, force: bool) -> None:
        """From `FILE.part` to its name, at once and for good."""
        path, part = self._target.path, self._part
        if path is None or part is None:
            return
        if not force and os.path.lexists(path):
            raise OutputError(f"{self._target.name} appeared during the run; the result is in {part}")
        try:
            part.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            self._fail(error)
        self._moved = True

    def names(self) -> list[str]:
        if self._part is None:
            return []
        return [self._target.name if self._moved else self._target.name + PART]

    def _put(self, data: bytes) -> None:
        file = self._file
        if file is None or not data:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]
            if self._part is None:
                file.flush()
        except OSError as error:
            if self._part is not None:
                with contextlib.suppress(OSError):
                    file.truncate(self._whole)
            self._compressor = None
            self._release()
            self._fail(error)
        self._end += len(data)

    def _release(self) -> None:
        file, self._file = self._file, None
        if file is not None and self._part is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _fail(self, error: OSError) -> NoReturn:
        if isinstance(error, BrokenPipeError) and self._part is None:
            raise error
        name = self._target.name if self._part is not None else "standard output"
        raise OutputError(
            f"cannot write {name}: {error.strerror or error}; once that is mended, the same command continues"
        ) from error

    def _crash(self, error: Exception, where: str) -> NoReturn:
        self.crashed = True
        raise PluginCrashed(
            f"writer {self._target.plugin} failed at {where}: {type(error).__name__}: {error}"
        ) from error


def _open_stdout() -> IO[bytes]:
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    sys.stdout.flush()
    return sys.stdout.buffer


class _Buffer(io.RawIOBase):
    """Collects what a writer writes until the next `take`; `tell` counts from the beginning of the output.

    What is too much to be held goes to `begun`.
    """

    def __init__(self, begun: Callable[[bytes], None]) -> None:
        super().__init__()
        self._begun = begun
        self._pieces: list[bytes] = []
        self._held = 0
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._held += len(piece)
        self._written += len(piece)
        if self._held > HELD:
            self._begun(self.take())
        return len(piece)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return data


# -- checks -------------------------------------------------------------------------------------------------


def _stdout(format_: str | None, writers: Mapping[str, type[Writer]]) -> _Target:
    if format_ is None:
        raise ConfigError(f"output - (standard output) needs --format, one of {_listed(writers)}")
    if format_ not in writers:
        near = difflib.get_close_matches(format_, writers, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"choose from {_listed(writers)}"
        raise ConfigError(f"unknown --format {format_}: {hint} (engine plugins list --namespace writers)")
    if writers[format_].binary and sys.stdout is not None and sys.stdout.isatty():
        raise ConfigError(
            f"--format {format_} is nothing for a terminal; send it on (> FILE), or name a file with -o"
        )
    return _Target(STDOUT, None, format_, writers[format_])


def _file(name: str, writers: Mapping[str, type[Writer]], *, force: bool) -> _Target:
    compression = next((ending for ending in COMPRESSORS if name.lower().endswith(ending)), "")
    stem = name[: len(name) - len(compression)]
    plugin = _by_suffix(Path(stem).name.lower(), writers)
    if plugin is None:
        raise ConfigError(f"output {name}: {_unknown(stem, writers)}")
    path = _real(name)
    _check_place(name, path, force=force)
    ending = _ending(Path(stem).name.lower(), writers[plugin]) + compression
    return _Target(name, path, plugin, writers[plugin], ending, COMPRESSORS.get(compression))


def _unknown(stem: str, writers: Mapping[str, type[Writer]]) -> str:
    """What to do about a name whose ending says nothing."""
    endings = [suffix for writer in writers.values() for suffix in writer.suffixes]
    file = Path(stem).name.lower()
    given = file[file.rfind(".") :] if "." in file else ""
    near = difflib.get_close_matches(given, endings, n=1, cutoff=0.6) if given not in ("", file) else []
    if near:
        return (
            f"the ending {given} says nothing; did you mean {near[0]}? (engine plugins list --namespace writers)"
        )
    return (
        f"the ending says what to write: {_grouped(endings)}; {', '.join(COMPRESSORS)} after it compresses "
        "(engine plugins list --namespace writers)"
    )


def _grouped(endings: Sequence[str]) -> str:
    """`.csv (also .games.csv, .plies.csv), .json`: longer ones after the last part that they share."""
    longer: dict[str, list[str]] = {}
    for ending in sorted(endings):
        last = ending[ending.rindex(".") :]
        longer.setdefault(last, []).append(ending)
    groups = (
        f"{all_[0]} (also {', '.join(all_[1:])})" if len(all_) > 1 else all_[0]
        for all_ in (sorted(group, key=len) for _, group in sorted(longer.items()))
    )
    return ", ".join(groups)


def _by_suffix(name: str, writers: Mapping[str, type[Writer]]) -> str | None:
    """The writer with the longest ending of `name`, the first of several."""
    best, length = None, 0
    for plugin, writer in writers.items():
        for suffix in writer.suffixes:
            if name.endswith(suffix) and len(name) > len(suffix) > length:
                best, length = plugin, len(suffix)
    return best


def _ending(name: str, writer: type[Writer]) -> str:
    """The longest one of the writer's that fits."""
    return max((suffix for suffix in writer.suffixes if name.endswith(suffix)), key=len)


def _real(name: str) -> Path:
    return Path(os.path.realpath(name))


def _places(path: Path) -> tuple[Path, Path]:
    """The files that a run may overwrite for one output."""
    return path, path.with_name(path.name + PART)


def _same(one: Path, other: Path) -> bool:
    """Whether two names are one file, hard links included."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _check_place(name: str, path: Path, *, force: bool) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {name}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {name}: the folder {folder} is not writable")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot write {name}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise ConfigError(f"output {name} exists and is not a file; give another name")
    if not force:
        raise ConfigError(f"output {name} exists; overwrite it with --force, or give another name")


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where folders can be opened at all."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
