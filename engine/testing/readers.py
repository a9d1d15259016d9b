"""Does a reader keep what its contract promises, whatever is in a file?"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import chess
import msgspec

from engine.model import SourceGame
from engine.plugin import BrokenFile, RawGame, Reader, Unreadable
from engine.testing.broken_law import BrokenLaw, silent

__all__ = ["check_reader"]

_PGN = b"""[Event "x"]
[White "Ann"]
[Black "Bob"]
[Result "1-0"]

1. e4 { [%clk 0:03:00] } e5 2. Qh5 Ke7 3. Qxe5# 1-0

"""
_SAMPLES = (
    _PGN * 2,
    b'4k3/8/8/3q4/4P3/8/8/4K3 w - - bm exd5; id "take";\n6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1\n',
    b"e2e4 e7e5 g1f3\nd2d4\n",
)
_HOSTILE = (
    b"",
    b"\n\r\n\n",
    b"\x00" * 3000,
    b"\xff\xfe" + '[White "Ann"]\n\n1. e4 *\n'.encode("utf-16-le"),
    b"\xef\xbb\xbf" + _PGN,
    _PGN.replace(b"\n", b"\r\n"),
    _PGN.replace(b"Ann", "Jörg".encode("latin-1")),
    b"x" * 300_000,
    b'[White "' + b"(" * 50_000,
    b'{"game": [[[[' * 2000,
)
_HEAD = 4096


class _Trickle(io.RawIOBase):
    """A file of which every reading yields few bytes."""

    def __init__(self, data: bytes, size: int) -> None:
        self._rest = io.BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._rest.read(min(len(buffer), self._size))
        buffer[: len(data)] = data
        return len(data)


def check_reader(cls: type[Reader], samples: Iterable[bytes] = (), *, seed: int = 0) -> int:
    """Check a reader with its own files, with those of other formats, and with damaged ones; return its games.

    `split` and `parse` raise no error whatever the bytes are, but that `split` raises `BrokenFile` for what a
    reader of a binary format cannot read; `split` finds the same games however the file is read; `parse`
    depends on the game alone and returns a `SourceGame` of legal moves or an `Unreadable` with a reason;
    `headers` says what `parse` says; nothing is printed.

    * **samples** - *(optional)* contents of files of its format.
    * **seed** - *(optional)* of the damage.

    Raises BrokenLaw at the first law that does not hold.
    """
    if not (cls.__doc__ or "").strip():
        raise BrokenLaw.of(cls, "the class has a docstring, its first line is its description", "there is none")
    for suffix in cls.suffixes:
        if not suffix.startswith(".") or suffix != suffix.lower():
            raise BrokenLaw.of(cls, "endings are in lower case, with the dot", f"there is {suffix!r}")
    games = 0
    with silent(cls):
        whole = [*samples, *_SAMPLES]
        for data in [*whole, *_HOSTILE, *_damaged(whole, random.Random(seed))]:  # noqa: S311 - no secrets
            games += _check(cls, data)
    return games


def _damaged(samples: Sequence[bytes], rng: random.Random) -> Iterator[bytes]:
    for data in samples:
        data = data[:100_000]  # noqa: PLW2901
        for _ in range(8):
            at = rng.randrange(len(data) + 1)
            yield data[:at]
            yield data[:at] + rng.randbytes(3) + data[at:]
            yield data[:at] + data[at + 7 :]


def _check(cls: type[Reader], data: bytes) -> int:
    """Check one file, and return the number of its games."""
    shown = f"for a file that begins with {data[:60]!r}"
    try:
        sniffed: Any = cls.sniff(data[:_HEAD])
    except Exception as error:
        raise BrokenLaw.of(cls, "sniff never raises", f"{_named(error)}, {shown}") from error
    if not isinstance(sniffed, bool):
        raise BrokenLaw.of(cls, "sniff returns True or False", f"it returned {sniffed!r}, {shown}")
    raws = _split(cls, io.BytesIO(data), shown)
    for size in () if cls.magic else (1, 1000):  # a binary format is read out of order
        if len(data) > _HEAD and size == 1:
            continue
        if _split(cls, io.BufferedReader(_Trickle(data, size), max(2, size)), shown) != raws:
            raise BrokenLaw.of(cls, "split finds the same games however the file is read", f"it does not, {shown}")
    parsed = _parsed(cls, raws)
    if _parsed(cls, raws[::-1])[::-1] != parsed:
        raise BrokenLaw.of(cls, "parse depends on the game alone", f"in another order it gives others, {shown}")
    for raw, game in zip(raws, parsed, strict=True):
        if wrong := _wrong(cls(), raw, game):
            raise BrokenLaw.of(cls, "parse returns what can be analysed", f"{wrong}, {_shown(raw)}")
    return sum(isinstance(game, SourceGame) for game in parsed)


def _split(cls: type[Reader], stream: Any, shown: str) -> list[RawGame]:
    raws: list[Any] = []
    try:
        raws.extend(cls().split(stream))
    except BrokenFile as error:
        if not cls.magic or not str(error).strip():
            raise BrokenLaw.of(
                cls, "BrokenFile is for binary formats, and says why", f"{_named(error)}, {shown}"
            ) from error
    except Exception as error:
        raise BrokenLaw.of(
            cls, "split never raises because of the content", f"{_named(error)}, {shown}"
        ) from error
    last = 1
    for raw in raws:
        right = isinstance(raw, RawGame) and isinstance(raw.data, bytes) and type(raw.line) is int
        if not right or raw.line < last:
            found = f"it yielded {str(raw)[:200]}, {shown}"
            raise BrokenLaw.of(cls, "split yields RawGame with bytes and lines that never decrease, from 1", found)
        last = raw.line
    return raws


def _parsed(cls: type[Reader], raws: Sequence[RawGame]) -> list[SourceGame | Unreadable]:
    reader = cls()
    parsed = []
    for raw in raws:
        try:
            parsed.append(reader.parse(raw))
        except Exception as error:
            found = f"{_named(error)}, {_shown(raw)}"
            raise BrokenLaw.of(cls, "parse never raises because of the content", found) from error
    return parsed


def _wrong(reader: Reader, raw: RawGame, game: Any) -> str:
    """Return what is wrong with a parsed game, or its headers; empty when nothing is."""
    if isinstance(game, Unreadable):
        return "" if game.reason.strip() else "an Unreadable without a reason"
    if not isinstance(game, SourceGame):
        return f"it returned {str(game)[:100]!r}, which is neither SourceGame nor Unreadable"
    try:
        msgspec.msgpack.encode(game)
        headers: Any = reader.headers(raw)
    except Exception as error:
        return f"headers, or packing the game for another process, raises {_named(error)}"
    for tags in (headers, game.headers):
        if not isinstance(tags, Mapping) or not all(
            isinstance(text, str) for pair in tags.items() for text in pair
        ):
            return f"headers are not text by name: {str(tags)[:100]}"
    different = [name for name in headers if name in game.headers and headers[name] != game.headers[name]]
    if different:
        return f"headers and parse give different values for the tag {different[0]}"
    return _wrong_moves(game) or _wrong_seconds(game)


def _wrong_moves(game: SourceGame) -> str:
    try:
        board = chess.Board(game.fen, chess960=game.variant == "chess960")
        for uci, san in zip(game.moves, game.sans, strict=True):
            move = board.parse_uci(uci)
            if move and board.san(move) != san:
                return f"{san!r} is not the SAN of {uci}, but {board.san(move)}"
            board.push(move)
    except (ValueError, TypeError, AssertionError) as error:
        return f"a move is not legal, or moves and SAN are not the same number: {error}"
    return ""


def _wrong_seconds(game: SourceGame) -> str:
    for name, values in (("clocks", game.clocks), ("times", game.times)):
        if values and len(values) != len(game.moves):
            return f"{len(values)} {name} for {len(game.moves)} moves"
        for value in values:
            if value is not None and not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
                return f"{name} have {value!r}, which is no number of seconds"
    return ""


def _shown(raw: RawGame) -> str:
    return f"for the game {raw.data[:200]!r}"


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
