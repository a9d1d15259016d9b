"""One output that is a folder, while it is written."""

from __future__ import annotations

import contextlib
import os
from typing import BinaryIO, cast

from msgspec import structs

from engine.errors import AnalysisError, OutputError
from engine.output.encoding import EncoderSpec
from engine.output.folder import FolderPart, check_folder, is_replaceable
from engine.output.output import Output
from engine.plugin import RunInfo


class FolderOutput(Output):
    """A writer and the folder that it fills. Its files go to the disk while they are written."""

    _folder: FolderPart | None = None

    def open(self, info: RunInfo) -> None:
        """Make the folder and the writer. Raises OutputError, PluginCrashed."""
        path = self._target.path
        assert path is not None
        self._info = info = structs.replace(info, output=path.name)
        check_folder(self._target.name, path, force=self._force)
        try:
            self._folder = FolderPart(path, self._target.name, self._note_error)
        except OSError as error:
            self._fail(error)
        try:
            self._writer = self._target.writer(cast("BinaryIO", self._buffer), info)
            self._writer.open_file = self._folder.open
        except AnalysisError:
            raise
        except Exception as error:
            self._crash(error, "the start of the run")

    def encode_elsewhere(self) -> EncoderSpec | None:
        spec = super().encode_elsewhere()
        return None if spec is None else structs.replace(spec, folder=True)

    def _note_error(self, error: OSError) -> None:
        if self._disk_error is None:
            name = self._target.name
            self._disk_error = OutputError(
                f"cannot write {name}: {error.strerror or error}; once that is mended, the same command continues"
            )

    @property
    def names(self) -> list[str]:
        suffix = self._suffix if self._folder is None else self._folder.suffix
        return [] if suffix is None else [f"{self._target.name.rstrip(os.sep)}{suffix}/"]

    def complete(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with contextlib.suppress(Exception):
            writer.close()
        if self._folder is not None and not self.crashed:
            try:
                self._folder.sync()
            except OSError as error:
                self._fail(error)

    def has_place(self) -> bool:
        path = self._target.path
        return path is None or not os.path.lexists(path) or is_replaceable(path, force=self._force)

    def note(self) -> None:
        if self._folder is not None:
            self._folder.note()

    def publish(self) -> None:
        if self._folder is None:
            return
        try:
            self._folder.publish(force=self._force)
        except FileExistsError:
            raise self.no_place() from None
        except OSError as error:
            self._fail(error)

    def release(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            self._suffix = ""
            folder.close()

    def leave(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            self._suffix = folder.leave()
