"""Sources: the files, streams and texts that games are read from.

`open_paths` turns the names that a user gave into sources. A `Source` decompresses its bytes, picks the reader and
cuts the bytes into raw games, which `engine.input.games` numbers, selects and parses. Files are streamed: a source
holds one block and one game in memory.
"""

# os.path answers False where Path raises (a name too long, a folder closed to us), and leaves names as written.
# ruff: noqa: PTH110, PTH112, PTH113, PTH118

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from msgspec import Struct

from engine.errors import InputError
from engine.input.checks import checked_left_out, checked_raw
from engine.input.encodings import Utf8Stream, with_note
from engine.input.endings import compression_suffix, is_archive, reader_by_suffix, without_compression
from engine.input.feed import Feed
from engine.input.opened import copied, is_other, lies_on_network, size_of, standard_input, status_of_regular
from engine.plugin import BrokenFile, LeftOut, RawGame, Reader
from engine.system.compression import SUFFIXES, InputStream, compression_of
from engine.system.files import PatientFile, may_keep_waiting

WAIT_SECONDS = 0.05
"""Longest wait for the next game of a slow source before the run attends to its searches again."""
STDIN = "-"
DEFAULT_READER = "pgn"

_HEAD = 64 << 10
"""Bytes at the start of a source that are examined to choose the reader and to look for clocks."""
_MAGIC_BYTES = 6
_CLOCKS = re.compile(
    rb'%(?:clk|emt|timestamp|mct|egt)|"(?:clocks?|time)":\s*[\[\d]|\{[^}]*\d/\d+,? [\d.:]+|\bmt=\d'
)
_ARCHIVE_REASON = "an archive; unpack it and name the files or the folder"


class BrokenSource(Struct, frozen=True):
    """A source that cannot be read to its end, or that is not what was read any more. It has no game number.

    The games before the damage, or those that were there when they were read, are analysed.
    """

    file: str
    """Name of the source, as in `Source.name`."""
    line: int | None
    """Line of the decompressed file where reading stopped, 1-based; None when it is not known."""
    reason: str
    """Explanation for people."""
    changed: bool = False
    """Whether nothing is damaged: the file has changed while it was read."""


class NoGameYet(Struct, frozen=True):
    """A sign of life from a source whose next game has not arrived: the source is slower than the run."""


class Refused(Struct, frozen=True):
    """Games of a source that `wanted` refuses, one after the other."""

    file: str
    """Name of the source."""
    games: LeftOut
    """Their tags, and where they are."""


Found = tuple[str, Reader, RawGame] | Refused | BrokenSource


class Source:
    """One input: a file, standard input, or an object that a program passed in (`engine.input.inputs`)."""

    def __init__(
        self,
        name: str,
        readers: Mapping[str, Reader],
        *,
        file: BinaryIO | None = None,
        reader: str | None = None,
        size: int | None = None,
    ) -> None:
        """Describe a source without opening it.

        * **name** - path of the file, `-` for standard input, or a label when `file` is given.
        * **readers** - the available readers by name.
        * **file** - *(optional)* an open binary file to read instead of the file called `name`; it stays open.
        * **reader** - *(optional)* name of the reader; chosen by ending and content when it is not given.
        * **size** - *(optional)* length of `file` in bytes, if known.
        """
        self.name = name
        """Name as the user gave it, inside a folder joined to the folder's name; `-` for standard input."""
        self.size = size or (size_of(name) if file is None and name != STDIN else 0)
        """Raw (still compressed) bytes; 0 when the size is not known beforehand."""
        self.refused: str | None = None
        """Reason why a file found in a folder is not read, for people; None for a source that is read."""
        self.bytes_split = 0
        """Decompressed bytes of the games that were cut off so far."""
        self._readers = readers
        self._file = file
        self._reader = reader or (None if name == STDIN else reader_by_suffix(name, readers))
        self._complaints: list[str] = []
        """What is wrong with readers that were asked whether this is theirs."""
        self._raw: InputStream | None = None
        self._text: Utf8Stream | None = None
        self._stream: io.BufferedReader | None = None
        self._compression = ""
        self._opened: tuple[io.BufferedReader, os.stat_result] | None = None
        """The file and what it was when it was opened; None for a stream."""
        self._done = False
        self._closing = False
        self._feed: Feed[Found] | None = None
        self._in_order: BinaryIO | None = None
        self.encoding: str | None = None
        """Encoding of the text; None to find out. To be set before anything is read."""
        self.wanted: Callable[[Mapping[str, str]], bool] | None = None
        """Tells from the tags whether a game is taken; others may come without moves. None: every game may be."""
        self.may_count = False
        """Whether games that are not wanted may come as `Refused`."""
        self.stopped: Callable[[], bool] = lambda: False
        """Whether reading is to end, as at the end of the file."""

    @classmethod
    def refuse(cls, name: str, readers: Mapping[str, Reader], reason: str) -> Source:
        """Return a source that is reported with `reason` instead of being read."""
        source = cls(name, readers, reader=DEFAULT_READER)
        source.refused = reason
        return source

    def again(self) -> Source | None:
        """Return a source of the same games, to be read before this one; None where they can be read only once."""
        if self._file is not None or self.name == STDIN or not os.path.isfile(self.name):
            return None
        source = Source(self.name, self._readers, reader=self._reader)
        source.refused = self.refused
        source.encoding = self.encoding
        return source

    @property
    def reader(self) -> str:
        """Name of the reader: by the file name, else by the first 64 KiB, else `pgn`. May open the file."""
        if self._reader is None:
            head = b""
            with contextlib.suppress(OSError):  # reading the games reports it
                stream = self.open()
                head = stream.peek(_HEAD) if self._reader is None else b""
            if self._reader is None:  # opening the file may have told it
                others = (name for name in self._readers if name != DEFAULT_READER)
                self._reader = next((name for name in others if self._sniffs(name, head)), DEFAULT_READER)
        return self._reader

    def _sniffs(self, name: str, head: bytes) -> bool:
        try:
            return bool(self._readers[name].sniff(head))
        except Exception as error:  # a reader is a plugin
            reason = f"sniff() raised {type(error).__name__}: {error}"
            self._complaints.append(f"reader {name} cannot tell whether this is its format: {reason}")
            return False

    def open(self) -> io.BufferedReader:
        """Return the stream of decompressed bytes; it is opened once. Raises OSError."""
        if self._stream is None:
            keep_open = self._file is not None or self.name == STDIN
            file = self._open_raw()
            status = status_of_regular(file) if self._file is None else None
            self._opened = (file, status) if status else None
            # The content decides, not the name: a download may have lost or kept the wrong ending.
            head = file.peek(_MAGIC_BYTES)[:_MAGIC_BYTES]
            self._compression = compression_of(head)
            if self._reader is None:
                binary = (name for name, one in self._readers.items() if one.magic and head.startswith(one.magic))
                self._reader = next(binary, None)
            self._raw = InputStream(file, self._compression, keep_open=keep_open)
            self._text = Utf8Stream(self._raw, self.encoding)
            self._stream = io.BufferedReader(self._text, _HEAD)
        return self._stream

    def _open_raw(self) -> io.BufferedReader:
        if self._file is not None:
            return io.BufferedReader(cast("io.RawIOBase", self._file), _HEAD)
        file = standard_input() if self.name == STDIN else self.name
        if not isinstance(file, int | str):
            return file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", file))
        return io.BufferedReader(PatientFile(file, lambda: self._closing or self.stopped()), _HEAD)

    def games(self, readers: Mapping[str, Reader]) -> Iterator[Found | NoGameYet]:
        """Yield each raw game with the name of its file and the reader that parses it. Raises OSError.

        What may keep the reader waiting is read in a thread.
        """
        if not self._may_keep_waiting():
            for item in self._split(readers):
                self._count(item)
                yield item
            return
        self._feed = Feed(self._split(readers), _bytes_of)
        while not self._feed.ended:
            next_item = self._feed.take(WAIT_SECONDS)
            if next_item is not None:
                self._count(next_item)
            yield NoGameYet() if next_item is None else next_item

    def _split(self, readers: Mapping[str, Reader]) -> Generator[Found, None, None]:
        reader = readers[self.reader]
        for complaint in self._complaints:
            yield BrokenSource(self.name, None, complaint, changed=True)
        try:
            stream = self._binary() if reader.magic else self.open()
            split = reader.split_counted if self.may_count else reader.split_wanted
            for raw in split(stream, self.wanted):
                if isinstance(raw, LeftOut):
                    yield Refused(self.name, checked_left_out(raw, self.reader))
                    continue
                guessed = self._text.guessed if self._text else None
                yield self.name, reader, with_note(checked_raw(raw, self.reader), guessed)
        except BrokenFile as error:
            yield BrokenSource(self.name, None, str(error))
        if self.damage:
            yield BrokenSource(self.name, None, f"{self.damage}; the games before are kept")
        if change := self._change():
            yield BrokenSource(self.name, None, change, changed=True)

    def _binary(self) -> BinaryIO:
        """Return the bytes of a format that is read out of order: the file itself, or a copy. Raises OSError."""
        self.open()
        assert self._raw is not None
        if self._in_order is None and self._opened is not None and not self._compression and self.name != STDIN:
            self._in_order = self._opened[0]
        elif self._in_order is None:
            self._in_order = copied(self._raw)
        return self._in_order

    def _change(self) -> str | None:
        """Return how the file has changed since it was opened, for people; None when it has not."""
        if self._opened is None:
            return None
        file, before = self._opened
        now = os.fstat(file.fileno())
        again = "the same command again reads all of it, and searches nothing twice"
        if self.name != STDIN and is_other(self.name, before):
            return f"was replaced while it was read; what it was before is analysed, and {again}"
        if now.st_size != before.st_size:
            how = "grew" if now.st_size > before.st_size else "shrank"
            sizes = f"from {before.st_size:,} to {now.st_size:,} bytes"
            return f"{how} while it was read, {sizes}; its last games may be missing or cut, and {again}"
        if now.st_mtime_ns != before.st_mtime_ns:
            return f"was written to while it was read; games may be missing or mixed up, and {again}"
        return None

    def _count(self, item: Found) -> None:
        self.bytes_split += _bytes_of(item)

    def _may_keep_waiting(self) -> bool:
        """Whether it is neither a file on a disk of this machine nor in memory."""
        if self.name == STDIN and self._file is None:
            file = standard_input()
            return isinstance(file, int) and may_keep_waiting(file)
        if self._file is None:
            return may_keep_waiting(self.name) or lies_on_network(Path(self.name).parent)
        try:
            return may_keep_waiting(self._file.fileno())
        except (OSError, AttributeError):
            return False

    def has_clocks(self) -> bool:
        """Return whether the first 64 KiB mention clock or move times. May open the file."""
        try:
            return bool(self._readers[self.reader].magic or _CLOCKS.search(self.open().peek(_HEAD)))
        except OSError:
            return False  # reading the games reports it

    @property
    def damage(self) -> str | None:
        """Reason why the bytes ended too soon; None when they did not."""
        return self._raw.damage if self._raw else None

    def fraction_read(self) -> float | None:
        """Return the part of the file that the games so far make up, 0 to 1; None when the size is not known.

        For a compressed file it is the part that was read, which is a block ahead of the games.
        """
        if self._done:
            return 1.0
        if self.size == 0:
            return None
        if self._in_order is not None:
            return min(1.0, self._in_order.tell() / self.size)
        if not self._compression:
            return min(1.0, self.bytes_split / self.size)
        return min(1.0, self._raw.consumed / self.size) if self._raw else 0.0

    def close(self) -> None:
        """Close the stream, and count the source as read. May be called more than once."""
        self._done = self._closing = True
        if self._feed is not None and not self._feed.close():
            return  # a file server that does not answer: the stream is in use, and its thread in the kernel
        for stream in (self._in_order, self._stream):
            if stream is not None:
                stream.close()


def open_paths(names: Sequence[str], readers: Mapping[str, Reader]) -> list[Source]:
    """Return the sources behind the names that the user gave.

    A folder is searched recursively and in sorted order for files whose ending a reader claims; hidden files and
    folders inside it are left out.

    * **names** - paths of files and folders; `-` is standard input.
    * **readers** - the available readers by name.

    Raises `InputError` before anything is read: for a name that does not exist or may not be read, a folder
    without any readable file, an archive, and standard input that is named twice.
    """
    sources: list[Source] = []
    for name in names:
        if name == STDIN:
            if any(source.name == STDIN for source in sources):
                raise InputError("standard input (-) is named twice; it can be read once")
            sources.append(Source(STDIN, readers))
        elif os.path.isdir(name):
            sources += _open_folder(name, readers)
        else:
            sources.append(_open_file(name, readers))
    return sources


def _open_folder(folder: str, readers: Mapping[str, Reader]) -> list[Source]:
    files: list[str] = []
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        files += [os.path.join(parent, name) for name in sorted(names) if not name.startswith(".")]
    reader_names = {file: _reader_in_folder(file, readers) for file in sorted(files, key=PurePath)}
    readable = [file for file, reader in reader_names.items() if reader and not readers[reader].analysed]
    # Analysed games that a run wrote beside its input are read only when the folder holds nothing else.
    readable = readable or [file for file, reader in reader_names.items() if reader]
    # `games.bz2` may be anything, so its first bytes decide; an archive is not passed over silently.
    readable += [
        file for file in files if compression_suffix(file) and not PurePath(without_compression(file)).suffix
    ]
    archives = {file for file in files if is_archive(file)}
    if not readable:
        endings = " ".join(ending for reader in readers.values() for ending in reader.suffixes)
        raise InputError(
            f"{folder}: no file in this folder ends in {endings} (or these with {' '.join(SUFFIXES)})"
        )
    return [
        Source.refuse(file, readers, _ARCHIVE_REASON) if file in archives else _open_file(file, readers)
        for file in sorted({*readable, *archives}, key=PurePath)
    ]


def _open_file(name: str, readers: Mapping[str, Reader]) -> Source:
    if not os.path.exists(name):
        raise InputError(f"{name}: no such file or folder")
    if not os.access(name, os.R_OK):
        raise InputError(f"{name}: may not be read; check its permissions")
    if is_archive(name):
        raise InputError(f"{name}: {_ARCHIVE_REASON}")
    return Source(name, readers)


def _bytes_of(item: Found) -> int:
    if isinstance(item, Refused):
        return item.games.size
    return len(item[2].data) if isinstance(item, tuple) else 0


def _reader_in_folder(file: str, readers: Mapping[str, Reader]) -> str | None:
    """Return the reader of a file in a folder: by its ending, and where that may mean anything, by its content."""
    if name := reader_by_suffix(file, readers):
        return name if not readers[name].magic or _holds_games(file, readers[name]) else None
    bare = without_compression(file).lower()
    sniffing = {name: one for name, one in readers.items() if bare.endswith(one.sniffed_suffixes)}
    if not sniffing:
        return None
    source = Source(file, readers)
    try:
        head = source.open().peek(_HEAD)
    except OSError:
        return None
    finally:
        source.close()
    return next((name for name, one in sniffing.items() if one.sniff(head)), None)


def _holds_games(file: str, reader: Reader) -> bool:
    """Return whether a file of a binary format holds games; True for one that cannot be told."""
    try:
        with open(file, "rb") as stream:
            return bool(reader.holds_games(stream))
    except Exception:  # reading the games reports it; a reader is a plugin
        return True
