"""One output while it is written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO, NoReturn, cast

from msgspec import structs

from engine.errors import AnalysisError, OutputError, PluginCrashed
from engine.output import unfinished
from engine.output.buffer import Buffer, open_stdout
from engine.output.encoding import EncoderSpec, Piece, encodes
from engine.output.names import numbered
from engine.output.part import Part, status_of
from engine.output.target import Target, check_path, real_path
from engine.plugin import RunInfo, Writer


class Output:
    """A writer and the file, or standard output, that it writes.

    A game goes to the disk in one piece, and a piece that did not fit is taken back. A piece longer than the
    buffer holds goes there while it is written.
    """

    def __init__(self, target: Target, *, force: bool) -> None:
        self.crashed = False
        """Whether the writer has raised; it is not called again, except to close it."""
        self.encoded_elsewhere = False
        """Whether it gets encoded games, and no others."""
        self._target = target
        self._buffer = Buffer(self._put_overflow)
        self._writer: Writer | None = None
        self._part: Part | None = None
        """The file, until it is published or left; None for standard output."""
        self._file: IO[bytes] | None = None
        """What is written to; None when nothing more is written."""
        self._compressor = target.compressor() if target.compressor is not None else None
        self._compressor_used = False
        """Whether the compressor was given anything."""
        self._end = 0
        """Length of the file in bytes."""
        self._whole_end = 0
        """Length in bytes of the whole pieces at its beginning."""
        self._piece_begun = False
        """Whether the piece that is being written is on the disk in part."""
        self._disk_error: OSError | OutputError | None = None
        """The disk's error while a writer was writing: the writer may have turned it into an error of its own."""
        self._suffix: str | None = None
        """What follows the output's name in the file's; None when there is no file."""
        self._force = force
        self._info: RunInfo | None = None
        self.further: list[Output] = []
        """Files that the writer began after this one. It writes to all; each goes to the disk by itself."""

    @property
    def takes_games(self) -> bool:
        """Whether the writer wants the games themselves."""
        return self.needs_games or (encodes(self._target.writer) and not self.encoded_elsewhere)

    @property
    def needs_games(self) -> bool:
        """Whether the writer can take nothing but the games themselves."""
        writer = self._target.writer
        overrides = writer.game is not Writer.game or writer.skipped is not Writer.skipped
        return overrides and not encodes(writer)

    def encode_elsewhere(self) -> EncoderSpec | None:
        """Return how its games are encoded, and take them like that from now on; None where it cannot."""
        if self._info is None or not encodes(self._target.writer):
            return None
        self.encoded_elsewhere = True
        return EncoderSpec.of(self._target.plugin, self._writer.info if self._writer is not None else self._info)

    @property
    def names(self) -> list[str]:
        """The file's present name; nothing for standard output."""
        suffix = self._suffix if self._part is None else self._part.suffix
        return [] if suffix is None else [self._target.name + suffix]

    @property
    def path(self) -> Path | None:
        """The real path of its place; None for standard output."""
        return self._target.path

    # -- opening --

    def open(self, info: RunInfo) -> None:
        """Open the file and make the writer. Raises OutputError, PluginCrashed."""
        self._info = info
        path = self._target.path
        if path is None:
            self._file = open_stdout()
        else:
            info = structs.replace(info, output=Path(self._target.name).name)
            self._part = self._begin_part(path)
            self._file = self._part.raw
        try:
            # A writer only ever writes; what it gets has no more than that, and its position.
            self._writer = self._target.writer(cast("BinaryIO", self._buffer), info)
            self._writer.next_file = self._open_next_file
        except AnalysisError:
            raise
        except Exception as error:
            self._crash(error, "the start of the run")

    def _begin_part(self, path: Path) -> Part:
        name = self._target.name
        try:
            part = Part(path, name, like=status_of(path))
        except OSError as error:
            self._fail(error)
        try:
            check_path(name, path, force=self._force)  # another run may have finished since it was checked
        except BaseException:
            part.remove()
            raise
        return part

    def _open_next_file(self) -> tuple[str, BinaryIO] | None:
        """Open a file like this one with a number in its name: what `Writer.next_file` does."""
        if self._target.path is None or self._info is None:
            return None
        name = numbered(self._target.name, self._target.ending, len(self.further) + 2)
        path = real_path(name)
        check_path(name, path, force=self._force)
        # The writer is the first file's; the one of this file only stands for it.
        output = Output(structs.replace(self._target, name=name, path=path, writer=Writer), force=self._force)
        self.further.append(output)
        output.open(self._info)
        return path.name, cast("BinaryIO", output._buffer)

    # -- writing --

    def write(self, call: Callable[[Writer], None], where: str) -> None:
        """Have the writer write one whole piece, and put it on the disk.

        Raises PluginCrashed when the writer fails, at `where` in words, and OutputError when the disk does.
        """
        if self._writer is None:
            return
        try:
            call(self._writer)
        except Exception as error:
            self._take_back()
            if self._disk_error is not None:
                raise self._disk_error from error
            if isinstance(error, AnalysisError):
                raise
            self._crash(error, where)
        self._put(self._compress(self._buffer.take()))
        self._whole_end = self._end
        self._piece_begun = False

    def write_piece(self, piece: Piece) -> None:
        """Write games that were encoded elsewhere, as `write` does."""
        first, last = piece.origin.game, piece.last or piece.origin.game
        where = f"game {first}" if first == last else f"games {first} to {last}"
        if (crash := piece.crash) is not None:
            self._crash(crash, where)
        if (game := piece.skipped) is not None:
            self.write(lambda writer: writer.skipped(game), where)
        else:
            self.write(lambda writer: writer.write_encoded(piece.data), where)
        self.write_further(where)

    def write_further(self, where: str) -> None:
        """Put on the disk what the writer wrote into the files after the first; after a crash, nothing more."""
        for output in self.further:
            if self.crashed:
                output.crashed = True  # what it holds is never written
            else:
                output.write(lambda _: None, where)

    def _put_overflow(self, data: bytes) -> None:
        """Put a part of a long piece on the disk; its compressed bytes begin a member of their own."""
        try:
            if not self._piece_begun:
                self._piece_begun = True
                self._begin_member()
            self._put(self._compress(data))
        except (OSError, OutputError) as error:
            self._disk_error = error
            raise

    def _begin_member(self) -> None:
        """End the compressed member, so that what was written can be decompressed without what follows."""
        if self._compressor is not None and self._target.compressor is not None and self._compressor_used:
            self._put(self._compressor.flush())
            self._compressor = self._target.compressor()
        self._whole_end = self._end

    def _take_back(self) -> None:
        """Forget what a writer has written of a piece, on the disk too."""
        self._buffer.take()
        if self._piece_begun and self._file is not None and self._part is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._whole_end)
                self._end = self._whole_end
            if self._target.compressor is not None:
                self._compressor = self._target.compressor()
        self._piece_begun = False

    def _compress(self, data: bytes) -> bytes:
        self._compressor_used = True
        return data if self._compressor is None else self._compressor.compress(data)

    def _put(self, data: bytes) -> None:
        """Write all of `data` to the file; after an error the file ends with its last whole piece."""
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
                    file.truncate(self._whole_end)
            self._compressor = self._file = None
            self._fail(error)
        self._end += len(data)

    # -- the end --

    def complete(self) -> None:
        """End the compressed stream, let go of the writer, and see that all is on the disk.

        May be called more than once. Raises OutputError.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            # What it wrote is written; it could only say that it cannot let go.
            with contextlib.suppress(Exception):
                writer.close()
        if self._file is None:
            return
        try:
            if self._compressor is not None:
                self._put(self._compressor.flush())
            if self._part is not None:
                self._part.sync()
        except OSError as error:
            self._fail(error)
        finally:
            self._file = None

    def has_place(self) -> bool:
        """Whether its place is free, or what is there may be replaced."""
        path = self._target.path
        return path is None or self._force or not os.path.lexists(path) or unfinished.is_noted(path)

    def note(self) -> None:
        """Note that the file is about to be published by a run that may not finish."""
        if self._part is not None:
            self._part.note()

    def publish(self) -> None:
        """Give the complete file its name, as one step. Raises OutputError."""
        if self._part is None or self._target.path is None:
            return
        replace = self._force or unfinished.is_noted(self._target.path)
        try:
            self._part.publish(replace=replace)
        except FileExistsError:
            raise self.no_place() from None
        except OSError as error:
            self._fail(error)

    def no_place(self) -> OutputError:
        """Leave the file, and return the error that says why it has no place."""
        self.leave()
        where = "".join(f"; the result is in {name}" for name in self.names)
        return OutputError(f"{self._target.name} appeared during the run{where}")

    def release(self) -> None:
        """Give the lock of a published file back."""
        part, self._part = self._part, None
        if part is not None:
            self._suffix = part.suffix
            part.close()

    def leave(self) -> None:
        """Leave the file as `FILE.part`. May be called more than once, and after an error."""
        part, self._part = self._part, None
        if part is not None:
            self._suffix = part.leave()

    # -- errors --

    def _fail(self, error: OSError) -> NoReturn:
        if isinstance(error, BrokenPipeError) and self._target.path is None:
            raise error
        name = self._target.name if self._target.path is not None else "standard output"
        raise OutputError(
            f"cannot write {name}: {error.strerror or error}; once that is mended, the same command continues"
        ) from error

    def _crash(self, error: Exception | str, where: str) -> NoReturn:
        self.crashed = True
        words = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        cause = error if isinstance(error, Exception) else None
        raise PluginCrashed(f"writer {self._target.plugin} failed at {where}: {words}") from cause
