"""Export and import of a cache: to move evaluations between machines, and to rescue them from a damaged file.

`export_rows` writes JSON Lines, compressed by the ending of the name:

    {"schema":"engine.cache/1"}
    {"key":"<16 bytes, base64>","digest":"<8 bytes>","evaluations":[[[cp, mate], [pv], depth, nodes, [lines]], …]}

`import_rows` reads such a file, or a cache file itself, even a damaged one. The file may come from anybody: every
value is checked for its type, form and bounds, nothing in it is executed, and units that do not pass are counted
and left out. No check can tell whether the scores are true: import only from people you trust.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from engine.cache.file import identity_of, is_cache, open_for_reading
from engine.cache.rows import row_digest, sound_rows
from engine.cache.store import Cache
from engine.cache.waits import BUSY_SECONDS, patiently
from engine.contracts.messages import pack, unpack_evaluations
from engine.errors import ConfigError, InputError, OutputError
from engine.model import PV_PLIES, Evaluation, Line, Score
from engine.system.compression import COMPRESSORS, SUFFIXES, InputStream
from engine.system.new_files import NewFile, begin_alone

SCHEMA = "engine.cache/1"
"""Name of the format, in the first line of an export."""
_MAX_LINE = 16 << 20
_UNITS_AT_ONCE = 500
_BUFFERED = 1 << 20
_MAX_CP = 1_000_000
_MAX_MATE = 10_000
_MAX_DEPTH = 10_000
_MAX_NODES = 1 << 53
_MOVE = re.compile(r"[a-h][1-8][a-h][1-8][nbrq]?", re.ASCII)

_CachedUnit = tuple[bytes, tuple[Evaluation, ...]]
"""Key and evaluations of a unit."""


class _Header(Struct, forbid_unknown_fields=True):
    schema: str


class _Row(Struct, forbid_unknown_fields=True):
    key: Annotated[bytes, Meta(min_length=16, max_length=16)]
    digest: Annotated[bytes, Meta(min_length=8, max_length=8)]
    """The `row_digest`, which reveals damage on the way."""
    evaluations: Annotated[tuple[Evaluation, ...], Meta(min_length=1, max_length=1_000)]


class ExportCounts(Struct, frozen=True):
    """Numbers of units in an export."""

    units: int
    """Units written."""
    unsound: int
    """Rows of the cache that are damaged, left out."""


class ImportCounts(Struct):
    """Numbers of units in an import."""

    added: int = 0
    """Units that are new in the cache."""
    known: int = 0
    """Units that the cache had already; they are not changed."""
    unsound: int = 0
    """Units that are damaged or impossible, left out."""
    damage: str | None = None
    """Reason why the file could not be read to its end; None when it could."""


def export_rows(cache: Cache, path: Path, *, force: bool) -> ExportCounts:
    """Write every unit of a cache to a file, oldest first.

    * **cache** - the cache.
    * **path** - the file to write; its name ends in `.jsonl`, with or without an ending of a compression.
    * **force** - whether an existing file is overwritten.

    Raises `ConfigError` for the name, and `OutputError` when the file cannot be written.
    """
    ending = next((suffix for suffix in COMPRESSORS if path.name.endswith(suffix)), "")
    if not path.name.removesuffix(ending).endswith(".jsonl"):
        endings = ", ".join(COMPRESSORS)
        raise ConfigError(
            f"{path}: an export is JSON Lines; name it NAME.jsonl, or with one of {endings} after it"
        )
    if os.path.lexists(path) and not force:
        raise ConfigError(f"{path} exists; overwrite it with --force, or give another name")
    try:
        file = begin_alone(path, like=path.stat() if path.is_file() else None)
        if file is None:
            raise OutputError(f"another program is writing {path}; wait for it, or stop it")
        try:
            counts = _write(cache, file, COMPRESSORS[ending]() if ending else None)
            file.sync()
            file.put(path, replace=force)
            file.close()
        finally:
            file.remove()
    except FileExistsError as error:
        raise OutputError(f"{path} appeared while the export was written; nothing was exported") from error
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return counts


def _write(cache: Cache, file: NewFile, compressor: Any) -> ExportCounts:
    units = unsound = 0
    buffer = bytearray()
    for line in _lines(cache):
        if line is None:
            unsound += 1
            continue
        units += 1
        buffer += compressor.compress(line) if compressor else line
        if len(buffer) > _BUFFERED:
            file.write(buffer)
            buffer = bytearray()
    file.write(buffer + compressor.flush() if compressor else buffer)
    return ExportCounts(units - 1, unsound)  # the header is no unit


def _lines(cache: Cache) -> Iterator[bytes | None]:
    encode = msgspec.json.Encoder().encode
    yield encode(_Header(SCHEMA)) + b"\n"
    for row in cache.rows():
        if row is None:
            yield None
        else:
            yield encode(_Row(row[0], row_digest(*row), unpack_evaluations(row[1]))) + b"\n"


def import_rows(cache: Cache, path: Path) -> ImportCounts:
    """Add the units of a file that the cache does not have.

    * **cache** - the cache.
    * **path** - an export, or a cache file.

    Raises `InputError` when the file is neither, `ConfigError` when it is the cache itself, and `OutputError` when
    the cache cannot be written.
    """
    if cache.path is not None and identity_of(path) == identity_of(cache.path) is not None:
        raise ConfigError(f"{path} is the cache itself")
    counts = ImportCounts()
    waiting: dict[bytes, tuple[Evaluation, ...]] = {}
    for unit in _read_units(path, counts):
        if unit is None:
            counts.unsound += 1
        elif unit[0] in waiting or cache.get(unit[0]) is not None:
            counts.known += 1
        else:
            waiting[unit[0]] = unit[1]
            if len(waiting) == _UNITS_AT_ONCE:
                _store(cache, waiting, counts)
    _store(cache, waiting, counts)
    return counts


def _store(cache: Cache, units: dict[bytes, tuple[Evaluation, ...]], counts: ImportCounts) -> None:
    cache.put(units.items())
    if cache.path is not None and not cache.written:
        raise OutputError(f"{cache.notice}; {counts.added:,} units were imported before")
    counts.added += len(units)
    units.clear()


def _read_units(path: Path, counts: ImportCounts) -> Iterator[_CachedUnit | None]:
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a file")
    try:
        with open(path, "rb") as file:
            database = file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return _read_database(path) if database else _read_lines(path, counts)


def _read_lines(path: Path, counts: ImportCounts) -> Iterator[_CachedUnit | None]:
    suffix = next((ending for ending in SUFFIXES if path.name.endswith(ending)), "")
    decode = msgspec.json.Decoder(_Row).decode
    with open(path, "rb") as raw:
        stream = InputStream(raw, suffix)
        lines = io.BufferedReader(stream, 1 << 16)
        try:
            header = msgspec.json.decode(lines.readline(1_000), type=_Header)
        except (msgspec.MsgspecError, ValueError):
            header = None
        if header is None or header.schema != SCHEMA:
            raise InputError(f'{path} is no export of a cache: its first line is not {{"schema":"{SCHEMA}"}}')
        while line := lines.readline(_MAX_LINE):
            if not line.endswith(b"\n"):
                yield None
                while line and not line.endswith(b"\n"):
                    line = lines.readline(_MAX_LINE)
                continue
            try:
                row = decode(line)
            except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: not UTF-8
                yield None
                continue
            sound = _is_possible(row.evaluations) and row.digest == row_digest(row.key, pack(row.evaluations))
            yield (row.key, row.evaluations) if sound else None
        counts.damage = stream.damage


def _read_database(path: Path) -> Iterator[_CachedUnit | None]:
    try:
        db = open_for_reading(path)
    except sqlite3.Error as error:
        raise InputError(f"cannot read {path}: {error}") from error
    with contextlib.closing(db):
        try:
            ours = patiently(partial(is_cache, db), BUSY_SECONDS)
        except (sqlite3.Error, MemoryError) as error:
            raise InputError(f"{path} is damaged beyond reading: {error}") from error
        if not ours:
            raise InputError(f"{path} is no cache of this version")
        for row in _sound_rows(db, path):
            evaluations = unpack_evaluations(row[1]) if row is not None and len(row[0]) == 16 else ()  # noqa: PLR2004
            yield (row[0], evaluations) if row is not None and _is_possible(evaluations) else None


def _sound_rows(db: sqlite3.Connection, path: Path) -> Iterator[tuple[bytes, bytes] | None]:
    try:
        yield from sound_rows(db)
    except TimeoutError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _is_possible(evaluations: tuple[Evaluation, ...]) -> bool:
    """Return whether an evaluator could have returned this, as far as it can be told without the positions."""
    return len(evaluations) > 0 and all(
        _is_possible_line(evaluation)
        and 0 <= evaluation.nodes <= _MAX_NODES
        and all(map(_is_possible_line, evaluation.lines))
        for evaluation in evaluations
    )


def _is_possible_line(line: Evaluation | Line) -> bool:
    return (
        _is_possible_score(line.score)
        and 0 < len(line.pv) <= PV_PLIES
        and all(_MOVE.fullmatch(move) for move in line.pv)
        and 0 <= line.depth <= _MAX_DEPTH
    )


def _is_possible_score(score: Score) -> bool:
    if score.mate is None:
        return score.cp is not None and abs(score.cp) <= _MAX_CP
    return score.cp is None and 0 < abs(score.mate) <= _MAX_MATE
