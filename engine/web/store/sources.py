"""The results that a store is built from, as a run reads them: a database of ours becomes the JSON Lines in it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.input.inputs import LiteralPath

_MAGIC = b"SQLite format 3\0"
_LONGEST = 64 << 20
"""Bytes of a line at most, as the reader of JSON Lines takes it."""
_EXPANSION = 6
"""How many bytes one of a compressed line makes, about."""


class Lines:
    """The games of a database as a file of JSON Lines that is open to be read."""

    def __init__(self, path: Path) -> None:
        """Open a database that the writer `sqlite` has made.

        Raises InputError for one that has no games in this form, with the way out.
        """
        self.name = os.fspath(path)
        """Its path, which messages name."""
        self._rest = b""
        try:
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
            [there] = self._one("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'records'")
            if not there:
                self._database.close()
                raise InputError(
                    f"{path}: it has no table `records`, which databases of earlier versions lack; write it again "
                    f"with `engine analyze GAMES -o {path.name}` (evaluations come from the cache), or name the "
                    "games with their evaluations: .jsonl, .jsonl.zst, .pgn"
                )
            [size] = self._one("SELECT total(length(line)) FROM records")
            self._rows = self._database.execute("SELECT line FROM records ORDER BY game")
        except sqlite3.Error as error:
            raise InputError(f"{path}: not a database of ours: {error}") from error
        self.size = int(size) * _EXPANSION
        """Bytes, about."""

    def _one(self, sql: str) -> Any:
        return self._database.execute(sql).fetchone()

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes, empty at the end; without a number, a line. Raises OSError."""
        if not self._rest:
            self._rest = self._line()
        if size < 0:
            size = len(self._rest)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def _line(self) -> bytes:
        try:
            row = self._rows.fetchone()
            if row is None:
                return b""
            expander = zlib.decompressobj()
            line = expander.decompress(row[0], _LONGEST)
        except (sqlite3.Error, zlib.error, TypeError) as error:
            raise OSError(f"the database is damaged: {error}") from error
        return line.rstrip(b"\n") + b"\n"

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def inputs_of(sources: Sequence[str | os.PathLike[str]]) -> list[Any]:
    """Return what `engine.run.prepare` takes for results. Raises InputError for a database without games."""
    return [Lines(Path(source)) if is_database(source) else LiteralPath(os.fspath(source)) for source in sources]


def is_database(source: str | os.PathLike[str]) -> bool:
    """Whether a file is one of SQLite."""
    with contextlib.suppress(OSError), Path(source).open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC
    return False
