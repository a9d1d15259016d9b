"""Inputs of any kind, made into sources: paths, files, texts, games, streams.

    str            a FEN, an EPD line or "startpos"; PGN when it has a line break, begins with a tag (`[Event "`)
                   or with `1.`; else a path. The text alone decides, never which files exist
    os.PathLike    a path; `-` is standard input
    bytes          the content of a file, never a path: pass what strangers send as bytes
    file object    text or binary, read from its current position, and left open
    chess.pgn.Game a game, its main line
    chess.Board    a position
    iterable       of any of these. A sequence is examined before the run; anything else is consumed as the run
                   goes on, a few items ahead

Contents may be PGN, EPD, FEN or our JSON Lines, also compressed; their first bytes tell which.
"""

from __future__ import annotations

import io
import os
import queue
import re
import threading
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, Protocol, cast

import chess.pgn

from engine.errors import ConfigError, InputError
from engine.input import sources
from engine.input.sources import WAIT_SECONDS, BrokenSource, Found, NoGameYet, Source
from engine.plugin import Reader
from engine.system.turns import waiting

ITEMS_AHEAD = 4
"""Items taken from a supply before they are needed."""
_FEN = re.compile(r"\s*(?:[1-8pnbrqkPNBRQK~]+/){7}[1-8pnbrqkPNBRQK~]+(?:\[[^]]*\])?\s+[wb-](?:\s|$)")
_PGN = re.compile(r'\s*(?:\[\s*\w+\s+"|1\s*\.)')


class LiteralPath:
    """A path as the command line gave it: never taken for a FEN or PGN, and its spelling is kept."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __fspath__(self) -> str:
        return self._name


class Supply(Protocol):
    """Items that come one after the other, perhaps slowly."""

    def take(self, timeout: float) -> Any:
        """Return the next item; `NOT_YET` when none came in time, `INPUT_END` after the last one.

        * **timeout** - the longest wait in seconds.

        Raises what the items' own source raised.
        """
        ...

    def close(self) -> None:
        """Stop taking items."""
        ...


NOT_YET: Final = object()
INPUT_END: Final = object()


class DirectSupply:
    """A supply that takes from an iterable in the thread of the run, however long that takes."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = iter(items)

    def take(self, timeout: float) -> Any:  # noqa: ARG002 - an iterator cannot be interrupted
        return next(self._items, INPUT_END)

    def close(self) -> None:
        """Do nothing: the iterable belongs to the caller."""


class ThreadedSupply:
    """A supply that takes from an iterable in a thread of its own, so that a slow one does not block the run."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items
        self._queue: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(ITEMS_AHEAD)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, timeout: float) -> Any:
        if self._thread is None:
            self._thread = threading.Thread(target=self._fill, name="engine-source", daemon=True)
            self._thread.start()
        try:
            with waiting():
                item, error = self._queue.get(timeout=timeout)
        except queue.Empty:
            return NOT_YET
        if error is not None:
            raise error
        return item

    def close(self) -> None:
        """Tell the thread to end; it does so when it has its next item."""
        self._closed.set()
        while not self._queue.empty():
            self._queue.get_nowait()

    def _fill(self) -> None:
        last: tuple[Any, BaseException | None] = INPUT_END, None
        try:
            for item in self._items:
                self._queue.put((item, None))
                if self._closed.is_set():
                    return
        except BaseException as error:
            last = INPUT_END, error
        if not self._closed.is_set():
            self._queue.put(last)


class SupplySource(Source):
    """A source that reads the items of a supply, each of which may be any kind of input."""

    def __init__(self, supply: Supply, readers: Mapping[str, Reader]) -> None:
        super().__init__("<iterable>", readers, file=io.BytesIO(), reader=sources.DEFAULT_READER)
        self._supply = supply

    def games(self, readers: Mapping[str, Reader]) -> Iterator[Found | NoGameYet]:
        while not self.stopped():
            try:
                item = self._supply.take(WAIT_SECONDS)
            except Exception as error:
                raise InputError(f"the iterable of games raised {type(error).__name__}: {error}") from error
            if item is INPUT_END:
                return
            if item is NOT_YET:
                yield NoGameYet()
                continue
            try:
                item_sources = open_sources([item], readers)
            except InputError as error:
                yield BrokenSource(_name_of(item), None, error.message)
                continue
            for source in item_sources:
                source.stopped, source.encoding = self.stopped, self.encoding
                source.wanted, source.may_count = self.wanted, self.may_count
                try:
                    yield from source.games(readers)
                finally:
                    source.close()

    def has_clocks(self) -> bool:
        """Return True: nobody knows before the items come, so nobody is warned."""
        return True

    def close(self) -> None:
        super().close()
        self._supply.close()


class MemorySource(Source):
    """A source whose bytes are in memory."""

    def __init__(self, name: str, readers: Mapping[str, Reader], data: bytes, reader: str | None) -> None:
        super().__init__(name, readers, file=io.BytesIO(data), reader=reader, size=len(data))
        self.data = data
        """The bytes."""

    def again(self) -> Source:
        source = MemorySource(self.name, self._readers, self.data, self._reader)
        source.encoding = self.encoding
        return source


def list_inputs(source: Any) -> list[Any]:
    """Return the argument of a call as a list of inputs; sequences are flattened.

    * **source** - one input, or a sequence of inputs.

    Raises `ConfigError` for an object that is no input, and for an asynchronous iterable: it needs an event loop.
    """
    if isinstance(source, AsyncIterable):
        raise ConfigError("an asynchronous iterable of games needs AsyncAnalyzer")
    if _is_single(source):
        return [source]
    if isinstance(source, Sequence):
        return [flat for item in source for flat in list_inputs(item)]
    if isinstance(source, Iterable):
        return [source]
    raise ConfigError(
        "a source is a path, PGN text, a file object, chess.pgn.Game, a FEN, chess.Board or an iterable of these, "
        f"not {type(source).__name__}"
    )


def pump_iterables(inputs: Iterable[Any]) -> list[Any]:
    """Return the inputs with each iterable replaced by a `ThreadedSupply`.

    * **inputs** - what `list_inputs` returned.
    """
    return [item if _is_single(item) or _is_supply(item) else ThreadedSupply(item) for item in inputs]


def open_sources(inputs: Sequence[Any], readers: Mapping[str, Reader]) -> list[Source]:
    """Return the sources behind inputs of any kind; paths are treated as in `sources.open_paths`.

    * **inputs** - what `list_inputs` or `pump_iterables` returned.
    * **readers** - the available readers by name.

    Raises `InputError` for paths as `open_paths` does, and `ConfigError` for an object that is no input.
    """
    paths: list[str] = []
    others: dict[int, Source] = {}
    """Sources that are not paths, by their position among the inputs."""
    for item in inputs:
        source = _open_unless_path(item, readers)
        if source is None:
            paths.append(os.fspath(item))
        else:
            others[len(paths) + len(others)] = source
    if not others:
        return sources.open_paths(paths, readers)
    if paths.count(sources.STDIN) > 1:
        sources.open_paths(paths, readers)  # raises
    remaining = iter(paths)
    opened: list[Source] = []
    for k in range(len(inputs)):
        opened += [others[k]] if k in others else sources.open_paths([next(remaining)], readers)
    return opened


def check_board(board: chess.Board) -> None:
    """Check that a board is one of standard chess or Chess960. Raises ConfigError."""
    if board.uci_variant != "chess":
        raise ConfigError(f"a board of {board.uci_variant}: only standard chess and Chess960 are analysed")


def is_content(text: str) -> bool:
    """Return whether a string is games or a position, and not a path.

    * **text** - a string that was passed as an input.
    """
    return _is_fen(text) or "\n" in text or "\r" in text or bool(_PGN.match(text))


def _is_fen(text: str) -> bool:
    return text.strip() == "startpos" or bool(_FEN.match(text))


def _is_single(source: Any) -> bool:
    kinds = (str, bytes, bytearray, memoryview, os.PathLike, chess.pgn.GameNode, chess.Board)
    return isinstance(source, kinds) or hasattr(source, "read")


def _is_supply(source: Any) -> bool:
    return hasattr(source, "take") and hasattr(source, "close")


def _open_unless_path(item: Any, readers: Mapping[str, Reader]) -> Source | None:
    """Return the source behind one input; None for a path. Raises ConfigError for an object that is no input."""
    if isinstance(item, os.PathLike) or (isinstance(item, str) and not is_content(item)):
        return None
    if isinstance(item, str | bytes | bytearray | memoryview):
        return _open_content(item, readers)
    if isinstance(item, chess.pgn.GameNode | chess.Board):
        return _open_object(item, readers)
    if hasattr(item, "read"):
        return Source(_name_of(item), readers, file=cast("BinaryIO", _FileObjectStream(item)))
    if _is_supply(item):
        return SupplySource(item, readers)
    if not isinstance(item, Iterable):
        list_inputs(item)  # raises
    return SupplySource(DirectSupply(item), readers)


def _open_object(item: chess.pgn.GameNode | chess.Board, readers: Mapping[str, Reader]) -> Source:
    if isinstance(item, chess.pgn.GameNode):
        text = str(item.game())
        return _from_bytes("<game>", text.encode(), readers, reader="pgn" if "pgn" in readers else None)
    check_board(item)
    fen = item.fen(shredder=item.chess960)
    return _from_bytes("<board>", fen.encode(), readers, reader="epd" if "epd" in readers else None)


def _open_content(content: str | bytes | bytearray | memoryview, readers: Mapping[str, Reader]) -> Source:
    if not isinstance(content, str):
        return _from_bytes("<bytes>", bytes(content), readers)
    if _is_fen(content) and "\n" not in content.strip():
        fen = chess.STARTING_FEN if content.strip() == "startpos" else content.strip()
        return _from_bytes("<fen>", fen.encode(), readers, reader="epd" if "epd" in readers else None)
    return _from_bytes("<text>", content.encode("utf-8", "surrogateescape"), readers)


def _from_bytes(name: str, data: bytes, readers: Mapping[str, Reader], reader: str | None = None) -> Source:
    return MemorySource(name, readers, data, reader)


def _name_of(item: Any) -> str:
    """Return the name under which messages mention an input."""
    name = item if isinstance(item, str) and not is_content(item) else getattr(item, "name", None)
    if isinstance(item, os.PathLike):
        name = os.fspath(item)
    return name if isinstance(name, str) else f"<{type(item).__name__}>"


class _FileObjectStream(io.RawIOBase):
    """The bytes of any object that has `read`; text becomes UTF-8. The object stays open."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        self._read = file.read
        self._rest = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing: the caller owns the object, and may read on after we looked at its first bytes."""

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            data = self._read(len(buffer))
            if isinstance(data, str):
                data = data.encode("utf-8", "surrogateescape")
            if not isinstance(data, bytes | bytearray | memoryview):
                raise OSError(f"read() returned {type(data).__name__}, neither bytes nor text")
            self._rest = bytes(data)
        chunk, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)
