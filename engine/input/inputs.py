"""What a program may hand over as games, made into sources: paths, files, texts, games, streams.

    str            a FEN, an EPD line or "startpos"; PGN when it has a line break, begins with a tag (`[Event "`)
                   or with `1.`; else a path. It depends on the text alone, never on which files there are
    os.PathLike    a path; `-` is standard input
    bytes          the content of a file, always: what strangers send goes in as bytes
    file object    text or binary, read from where it stands, and left open
    chess.pgn.Game a game, its main line
    iterable       of any of these. A sequence is looked at before the run; anything else is taken from as the run
                   goes on, a few items ahead

Contents may be PGN, EPD, FEN or our JSON Lines, also compressed; what they are is seen in their first bytes.
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
from engine.input.sources import Broken, Source, Waiting
from engine.plugin import RawGame, Reader
from engine.system.turns import waiting

WAIT_SECONDS = 0.05
"""How long a run waits for the next item of a slow supply before it looks after what is being searched."""
AHEAD = 4
"""Items taken from a supply before they are needed."""
_FEN = re.compile(r"\s*(?:[1-8pnbrqkPNBRQK~]+/){7}[1-8pnbrqkPNBRQK~]+(?:\[[^]]*\])?\s+[wb-](?:\s|$)")
_PGN = re.compile(r'\s*(?:\[\s*\w+\s+"|1\s*\.)')


class AsWritten:
    """A path that keeps its spelling, and is nothing but a path: what the command line was given."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __fspath__(self) -> str:
        return self._name


class Supply(Protocol):
    """Items that come one after the other, perhaps slowly."""

    def take(self, timeout: float) -> Any:
        """The next item; `NOT_YET` when none came within `timeout` seconds, `END` after the last one.

        Raises what the items' own source raised.
        """
        ...

    def close(self) -> None:
        """Nobody wants more."""
        ...


NOT_YET: Final = object()
END: Final = object()


class Direct:
    """Takes from an iterable in the thread of the run, however long that takes."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = iter(items)

    def take(self, timeout: float) -> Any:  # noqa: ARG002 - it cannot be helped
        return next(self._items, END)

    def close(self) -> None:
        """Theirs is theirs."""


class Pump:
    """Takes from an iterable in a thread of its own, so that a slow one holds up nothing."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items
        self._queue: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(AHEAD)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, timeout: float) -> Any:
        if self._thread is None:
            self._thread = threading.Thread(target=self._pump, name="engine-source", daemon=True)
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
        """The thread ends when it has its next item."""
        self._closed.set()
        while not self._queue.empty():
            self._queue.get_nowait()

    def _pump(self) -> None:
        last: tuple[Any, BaseException | None] = END, None
        try:
            for item in self._items:
                self._queue.put((item, None))
                if self._closed.is_set():
                    return
        except BaseException as error:
            last = END, error
        if not self._closed.is_set():
            self._queue.put(last)


class Feed(Source):
    """The games of a supply, whose items are anything that a source can be."""

    def __init__(self, supply: Supply, readers: Mapping[str, Reader]) -> None:
        super().__init__("<iterable>", readers, file=io.BytesIO(), reader=sources.DEFAULT_READER)
        self._supply = supply

    def games(self, readers: Mapping[str, Reader]) -> Iterator[tuple[str, Reader, RawGame] | Broken | Waiting]:
        while True:
            try:
                item = self._supply.take(WAIT_SECONDS)
            except Exception as error:
                raise InputError(f"the iterable of games raised {type(error).__name__}: {error}") from error
            if item is END:
                return
            if item is NOT_YET:
                yield Waiting()
                continue
            try:
                found = expand([item], readers)
            except InputError as error:
                yield Broken(_name(item), None, error.message)
                continue
            for source in found:
                try:
                    yield from source.games(readers)
                finally:
                    source.close()

    def has_clocks(self) -> bool:
        """Nobody knows before; so nobody is warned."""
        return True

    def close(self) -> None:
        super().close()
        self._supply.close()


def each(source: Any) -> list[Any]:
    """The argument of a call as a list of inputs: of one, or those of a sequence.

    Raises ConfigError for what is no source, and for an asynchronous iterable, which needs an event loop.
    """
    if isinstance(source, AsyncIterable):
        raise ConfigError("an asynchronous iterable of games needs AsyncAnalyzer")
    if _is_single(source):
        return [source]
    if isinstance(source, Sequence):
        return [one for item in source for one in each(item)]
    if isinstance(source, Iterable):
        return [source]
    raise ConfigError(
        f"a source is a path, PGN text, a file object, chess.pgn.Game, a FEN, or an iterable of these, "
        f"not {type(source).__name__}"
    )


def supplied(inputs: Iterable[Any]) -> list[Any]:
    """The inputs, those that are iterables pumped by a thread of their own."""
    return [one if _is_single(one) or _is_supply(one) else Pump(one) for one in inputs]


def expand(inputs: Sequence[Any], readers: Mapping[str, Reader]) -> list[Source]:
    """The sources behind inputs, as `sources.expand` for paths. Raises InputError, ConfigError."""
    paths: list[str] = []
    others: dict[int, Source] = {}
    for item in inputs:
        source = _source(item, readers)
        if source is None:
            paths.append(os.fspath(item))
        else:
            others[len(paths) + len(others)] = source
    if not others:
        return sources.expand(paths, readers)
    if paths.count(sources.STDIN) > 1:
        sources.expand(paths, readers)
    left = iter(paths)
    found: list[Source] = []
    for k in range(len(inputs)):
        found += [others[k]] if k in others else sources.expand([next(left)], readers)
    return found


def is_content(text: str) -> bool:
    """Whether a string is games or a position, and not a path."""
    return _is_fen(text) or "\n" in text or "\r" in text or bool(_PGN.match(text))


def _is_fen(text: str) -> bool:
    return text.strip() == "startpos" or bool(_FEN.match(text))


def _is_single(source: Any) -> bool:
    return isinstance(source, str | bytes | bytearray | memoryview | os.PathLike | chess.pgn.GameNode) or hasattr(
        source, "read"
    )


def _is_supply(source: Any) -> bool:
    return hasattr(source, "take") and hasattr(source, "close")


def _source(item: Any, readers: Mapping[str, Reader]) -> Source | None:
    """The source of anything but a path."""
    if isinstance(item, os.PathLike) or (isinstance(item, str) and not is_content(item)):
        return None
    if isinstance(item, str):
        if _is_fen(item) and "\n" not in item.strip():
            text = chess.STARTING_FEN if item.strip() == "startpos" else item.strip()
            return _content("<fen>", text.encode(), readers, reader="epd" if "epd" in readers else None)
        return _content("<text>", item.encode("utf-8", "surrogateescape"), readers)
    if isinstance(item, bytes | bytearray | memoryview):
        return _content("<bytes>", bytes(item), readers)
    if isinstance(item, chess.pgn.GameNode):
        return _content("<game>", str(item.game()).encode(), readers, reader="pgn" if "pgn" in readers else None)
    if hasattr(item, "read"):
        return Source(_name(item), readers, file=cast("BinaryIO", _Reading(item)))
    if _is_supply(item):
        return Feed(item, readers)
    if isinstance(item, Iterable):
        return Feed(Direct(item), readers)
    each(item)
    raise AssertionError(item)


def _content(name: str, data: bytes, readers: Mapping[str, Reader], reader: str | None = None) -> Source:
    return Source(name, readers, file=io.BytesIO(data), reader=reader, size=len(data))


def _name(item: Any) -> str:
    """What an input is called where the user looks for it."""
    name = item if isinstance(item, str) and not is_content(item) else getattr(item, "name", None)
    if isinstance(item, os.PathLike):
        name = os.fspath(item)
    return name if isinstance(name, str) else f"<{type(item).__name__}>"


class _Reading(io.RawIOBase):
    """The bytes of any object that can be read; text becomes UTF-8. It stays open."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        self._read = file.read
        self._rest = b""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Not ours to close, and read again by whoever looked into it before."""

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            data = self._read(len(buffer))
            if isinstance(data, str):
                data = data.encode("utf-8", "surrogateescape")
            if not isinstance(data, bytes | bytearray | memoryview):
                raise OSError(f"read() returned {type(data).__name__}, neither bytes nor text")
            self._rest = bytes(data)
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)
