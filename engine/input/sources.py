"""From the inputs that the user names to numbered games.

    expand: names -> sources     read: sources -> Game | SkippedGame | Filtered | Broken, in input order

Every game has a number, counted over all inputs from 1, whether it is analysed, skipped or filtered, so that a
number means the same game whatever is selected. What can be decided on the raw bytes is decided before a game
is parsed. Files are streamed: memory holds a block and a game, plus the games of a counted sample.
"""

# os.path answers False where Path raises (a name too long, a folder closed to us), and leaves names as written.
# ruff: noqa: PTH110, PTH112, PTH116, PTH118

from __future__ import annotations

import errno
import heapq
import io
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from msgspec import Struct

from engine.errors import AnalysisError, InputError
from engine.input.filters import Filter, PlayerFilter
from engine.input.sampling import chance, parse_sample
from engine.model import EvaluatorInfo, Origin, SkippedGame, SourceGame
from engine.plugin import RawGame, Reader, Unreadable
from engine.system.compression import SUFFIXES, InputStream, compression_of

STDIN = "-"
DEFAULT_READER = "pgn"

_HEAD = 64 << 10
_MAGIC_BYTES = 6
_CLOCKS = re.compile(rb'%clk|%emt|"(?:clock|time)":\s*\d|\{[^}]*\d/\d+ [\d.]+s')
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tbz2", ".txz")


_ARCHIVE = "an archive; unpack it and name the files or the folder"


class Game(Struct, frozen=True):
    """A game to analyse."""

    origin: Origin
    game: SourceGame


class Filtered(Struct, frozen=True):
    """A game that `--filter`, `--player` or `--sample` left out."""

    origin: Origin


class Broken(Struct, frozen=True):
    """An input that ended too soon; the games before were read. It has no number."""

    file: str
    line: int | None
    reason: str
    """For people."""


class Waiting(Struct, frozen=True):
    """An input that goes on later: games may come from a source that is slower than we are."""


Item = Game | SkippedGame | Filtered | Broken | Waiting


class Selection(Struct, frozen=True):
    """Which games to take. Raises ConfigError for a sample that is none."""

    filter: Filter | None = None
    players: PlayerFilter | None = None
    limit: int | None = None
    """Stop after so many games that pass everything else, unreadable ones included."""
    sample: str | None = None
    """`5%`: each game with that probability; `200`: so many games, all read before the first is passed on."""
    seed: int = 0
    """Of the sample: the same seed takes the same games."""

    def __post_init__(self) -> None:
        parse_sample(self.sample)


class Source:
    """One file, or standard input, or what a program holds in its hands (`engine.input.inputs`)."""

    def __init__(
        self,
        name: str,
        readers: Mapping[str, Reader],
        refused: str | None = None,
        *,
        file: BinaryIO | None = None,
        reader: str | None = None,
        size: int | None = None,
    ) -> None:
        """`file` is read instead of the file called `name`, and stays open; `size` is its length, if known."""
        self.refused = refused
        """Why it is not read, for a file of a folder that nobody named but somebody may miss."""
        self.name = name
        """As the user gave it, inside a folder joined to the folder's name; `-` for standard input."""
        self.size = _size(name) if file is None else size or 0
        """Raw bytes; 0 when that cannot be known before."""
        self._readers = readers
        self._file = file
        self._reader = reader or (None if name == STDIN else _reader_by_suffix(name, readers))
        if refused is not None:
            self._reader = DEFAULT_READER
        self._raw: InputStream | None = None
        self._stream: io.BufferedReader | None = None
        self._compression = ""
        self._done = False
        self.split = 0
        """Decompressed bytes of the games that were cut off so far."""

    @property
    def reader(self) -> str:
        """Name of the reader: by the file name, else by the first 64 KiB, else `pgn`. May open the file."""
        if self._reader is None:
            try:
                head = self.open().peek(_HEAD)
            except OSError:
                head = b""  # `read` reports it
            others = (
                name for name, reader in self._readers.items() if name != DEFAULT_READER and reader.sniff(head)
            )
            self._reader = next(others, DEFAULT_READER)
        return self._reader

    def open(self) -> io.BufferedReader:
        """The decompressed bytes from the start, once. Raises OSError."""
        if self._stream is None:
            theirs = self._file is not None or self.name == STDIN
            file = self._buffered()
            # By what the file is, not by its name: a download may have lost or kept the wrong ending.
            self._compression = compression_of(file.peek(_MAGIC_BYTES)[:_MAGIC_BYTES])
            self._raw = InputStream(file, self._compression, keep_open=theirs)
            self._stream = io.BufferedReader(self._raw, _HEAD)
        return self._stream

    def _buffered(self) -> io.BufferedReader:
        if self._file is not None:
            return io.BufferedReader(cast("io.RawIOBase", self._file), _HEAD)
        return _stdin() if self.name == STDIN else io.BufferedReader(io.FileIO(self.name), _HEAD)

    def games(self, readers: Mapping[str, Reader]) -> Iterator[tuple[str, Reader, RawGame] | Broken | Waiting]:
        """Cut into games: the file to name, who parses it, and its bytes. Raises OSError."""
        reader = readers[self.reader]
        for raw in reader.split(self.open()):
            self.split += len(raw.data)
            yield self.name, reader, raw
        if self.damage:
            yield Broken(self.name, None, f"{self.damage}; the games before are kept")

    def has_clocks(self) -> bool:
        """Whether the first 64 KiB speak of clock or move times. May open the file."""
        try:
            return bool(_CLOCKS.search(self.open().peek(_HEAD)))
        except OSError:
            return False  # `read` reports it

    @property
    def damage(self) -> str | None:
        """Why the bytes ended too soon, when they did."""
        return self._raw.damage if self._raw else None

    def share(self) -> float | None:
        """How much of the file the games so far are, 0 to 1; None when the size is not known.

        Of a compressed file it is how much was read, which is a block ahead of the games.
        """
        if self._done:
            return 1.0
        if self.size == 0:
            return None
        if not self._compression:
            return min(1.0, self.split / self.size)
        return min(1.0, self._raw.consumed / self.size) if self._raw else 0.0

    def close(self) -> None:
        """Called more than once."""
        self._done = True
        if self._stream is not None:
            self._stream.close()


def expand(inputs: Sequence[str], readers: Mapping[str, Reader]) -> list[Source]:
    """The files behind the names: folders recursively and sorted, there only the endings that a reader claims.

    Hidden files and folders inside a folder are passed over. Raises InputError before anything is read: for a
    name that is not there or may not be read, a folder without any readable file, an archive, and standard input
    named twice.
    """
    sources: list[Source] = []
    for name in inputs:
        if name == STDIN:
            if any(source.name == STDIN for source in sources):
                raise InputError("standard input (-) is named twice; it can be read once")
            sources.append(Source(STDIN, readers))
        elif os.path.isdir(name):
            sources += _folder(name, readers)
        else:
            sources.append(_file(name, readers))
    return sources


def read(sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection) -> Iterator[Item]:
    """The games of all sources in input order, parsed; else as `candidates`."""
    for one in candidates(sources, readers, selection):
        yield parse(one, readers) if isinstance(one, Candidate) else one


def candidates(
    sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection
) -> Iterator[Candidate | Filtered | Broken | Waiting]:
    """The games of all sources in input order, not parsed yet.

    With a counted sample the games left out come first, as they are passed over, then the sample in input order.
    A limit stops the reading, so nothing after the last game it takes is seen, counted or opened.
    """
    sample = parse_sample(selection.sample)
    chosen: Iterator[Candidate | Filtered | Broken | Waiting] = _candidates(sources, readers, selection)
    if sample.fraction is not None:
        chosen = _share_of(chosen, sample.fraction, selection.seed)
    if sample.count is not None:
        chosen = _so_many_of(chosen, sample.count, selection.seed)
    left = selection.limit
    if left is not None and left <= 0:
        return
    for one in chosen:
        yield one
        if left is not None and isinstance(one, Candidate):
            left -= 1
            if left == 0:
                return


class Candidate(Struct, frozen=True):
    """A game that has passed the filters and is not parsed."""

    origin: Origin
    raw: RawGame
    reader: str
    """Its name."""


def _candidates(
    sources: Iterable[Source], readers: Mapping[str, Reader], selection: Selection
) -> Iterator[Candidate | Filtered | Broken | Waiting]:
    number = 0
    names = {id(reader): name for name, reader in readers.items()}
    for source in sources:
        if source.refused is not None:
            source.close()
            yield Broken(source.name, None, source.refused)
            continue
        try:
            for found in source.games(readers):
                if isinstance(found, Broken | Waiting):
                    yield found
                    continue
                file, reader, raw = found
                number += 1
                origin = Origin(number, file, raw.line)
                if _passes(reader, raw, selection):
                    yield Candidate(origin, raw, names[id(reader)])
                else:
                    yield Filtered(origin)
        except AnalysisError:
            raise
        except Exception as error:
            what = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            yield Broken(source.name, None, f"cannot be read any further: {what}")
        finally:
            source.close()


def _passes(reader: Reader, raw: RawGame, selection: Selection) -> bool:
    if selection.filter is None and selection.players is None:
        return True
    headers = reader.headers(raw)
    if selection.players is not None and not selection.players(headers):
        return False
    return selection.filter is None or selection.filter.matches(headers, raw.data)


def _share_of(
    candidates: Iterator[Candidate | Filtered | Broken | Waiting], fraction: float, seed: int
) -> Iterator[Candidate | Filtered | Broken | Waiting]:
    for one in candidates:
        if isinstance(one, Candidate) and chance(seed, one.origin.game) >= fraction:
            yield Filtered(one.origin)
        else:
            yield one


def _so_many_of(
    candidates: Iterator[Candidate | Filtered | Broken | Waiting], count: int, seed: int
) -> Iterator[Candidate | Filtered | Broken | Waiting]:
    """The games with the lowest chances: a uniform sample in one pass, and the same one in any order."""
    kept: list[tuple[float, int, Candidate]] = []
    for one in candidates:
        if not isinstance(one, Candidate):
            yield one
            continue
        entry = (-chance(seed, one.origin.game), one.origin.game, one)
        if len(kept) < count:
            heapq.heappush(kept, entry)
        else:
            yield Filtered(heapq.heappushpop(kept, entry)[2].origin)
    yield from (one for _, _, one in sorted(kept, key=lambda entry: entry[1]))


def parse(candidate: Candidate, readers: Mapping[str, Reader]) -> Game | SkippedGame:
    """Decode, parse and replay one game."""
    origin, raw = candidate.origin, candidate.raw
    try:
        parsed = readers[candidate.reader].parse(raw)
    except Exception as error:  # a reader is a plugin
        reason = f"the reader raised {type(error).__name__}: {error}"
        return SkippedGame(origin, "damaged", reason, raw.data.decode("utf-8", "replace"))
    if isinstance(parsed, Unreadable):
        at = f" (line {parsed.line})" if parsed.line is not None else ""
        return SkippedGame(origin, parsed.kind, parsed.reason + at, parsed.text)
    return Game(origin, parsed)


def playable(item: Game | SkippedGame, evaluator: EvaluatorInfo) -> Game | SkippedGame:
    """The same, but skipped when it is of a variant that the evaluator does not play."""
    if isinstance(item, SkippedGame) or item.game.variant in evaluator.variants:
        return item
    reason = f"{evaluator.name} does not play {item.game.variant}"
    return SkippedGame(item.origin, "variant", reason, item.game.text)


def _folder(folder: str, readers: Mapping[str, Reader]) -> list[Source]:
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(parent, name) for name in sorted(files) if not name.startswith(".")]
    by_name = {name: _reader_by_suffix(name, readers) for name in sorted(found, key=PurePath)}
    names = [name for name, reader in by_name.items() if reader and not readers[reader].analysed]
    # What a run has written beside its games is not more of them.
    names = names or [name for name, reader in by_name.items() if reader]
    # `games.bz2` may be anything, so its first bytes are asked; an archive is not passed over silently.
    names += [name for name in found if _compression(name) and not PurePath(_without_compression(name)).suffix]
    archives = {name for name in found if _is_archive(name)}
    if not names:
        endings = " ".join(ending for reader in readers.values() for ending in reader.suffixes)
        raise InputError(
            f"{folder}: no file in this folder ends in {endings} (or these with {' '.join(SUFFIXES)})"
        )
    return [
        Source(name, readers, _ARCHIVE) if name in archives else _file(name, readers)
        for name in sorted({*names, *archives}, key=PurePath)
    ]


def _file(name: str, readers: Mapping[str, Reader]) -> Source:
    if not os.path.exists(name):
        raise InputError(f"{name}: no such file or folder")
    if not os.access(name, os.R_OK):
        raise InputError(f"{name}: may not be read; check its permissions")
    if _is_archive(name):
        raise InputError(f"{name}: {_ARCHIVE}")
    return Source(name, readers)


def _is_archive(name: str) -> bool:
    return _without_compression(name).lower().endswith(_ARCHIVES)


def _size(name: str) -> int:
    if name == STDIN:
        return 0
    status = os.stat(name)
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _stdin() -> io.BufferedReader:
    if sys.stdin is None:  # a program without a console
        raise OSError(errno.EBADF, "there is no standard input")
    buffered = sys.stdin.buffer
    if isinstance(buffered, io.BufferedReader):
        return buffered
    return io.BufferedReader(cast("io.RawIOBase", buffered))


def _compression(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def _without_compression(name: str) -> str:
    return name[: len(name) - len(_compression(name))]


def _reader_by_suffix(name: str, readers: Mapping[str, Reader]) -> str | None:
    bare = _without_compression(name).lower()
    return next((key for key, reader in readers.items() if bare.endswith(reader.suffixes)), None)
