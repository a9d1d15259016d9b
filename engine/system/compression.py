"""Compression: input streams that report truncated files, and compressors, by the ending of a file's name."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 64 << 10
_PIPE_STEP = 1 << 10
"""Bytes decompressed at once where nothing can be read again: so much is lost before a damaged place at most."""
_WINDOW_LOG = 27
"""Bound of the memory that decompression may take, as a power of two: 128 MiB."""
_MAGIC_BYTES = 6


class _Frame(Protocol):
    """Decompressor of one compressed member; a file in any of the four formats may have several in a row."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipFrame:
    """zlib with the interface of the other decompressors."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self._full = len(out) == max_length  # zlib may hold more, with all its input taken
        return out


def _zstd_frame() -> _Frame:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


_FRAMES: dict[str, Callable[[], _Frame]] = {
    ".gz": _GzipFrame,
    ".bz2": bz2.BZ2Decompressor,
    ".xz": partial(lzma.LZMADecompressor, memlimit=1 << _WINDOW_LOG),
    ".zst": _zstd_frame,
}

SUFFIXES = tuple(_FRAMES)
"""File name endings of the compressed formats."""


_MAGIC = {
    ".gz": re.compile(rb"\x1f\x8b"),
    ".bz2": re.compile(rb"BZh[1-9]"),
    ".xz": re.compile(rb"\xfd7zXZ\0"),
    ".zst": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
"""How a member begins. pzstd, and so Lichess's database, begins a file with a skippable frame of zstd."""


def compression_of(head: bytes) -> str:
    """Return the file name ending of the format in which a file is compressed; empty for a file that is not.

    * **head** - the first bytes of the file, at least 6.
    """
    return next((suffix for suffix, magic in _MAGIC.items() if magic.match(head)), "")


class InputStream(io.RawIOBase):
    """The decompressed bytes of a binary file. It never raises because of the content of the file.

    An error ends the stream after everything that could still be read, and is kept in `damage`. A compressed file
    that is cut off inside a member counts as an error, too, although zstd itself would not report it. So do bytes
    of another kind after the last member, and a member that takes more than 128 MiB of memory to decompress.
    """

    def __init__(self, raw: io.RawIOBase | BinaryIO, suffix: str = "", *, keep_open: bool = False) -> None:
        """Wrap a file.

        * **raw** - the binary file.
        * **suffix** - *(optional)* ending of the format, one of `SUFFIXES`; empty for no compression.
        * **keep_open** - *(optional)* whether `close` leaves the file open.
        """
        self._raw = raw
        self._keep_open = keep_open
        self._suffix = suffix
        self._new_frame = _FRAMES.get(suffix)
        self._frame: _Frame | None = None
        self._frame_start = 0
        """Raw bytes before the member."""
        self._frame_size = 0
        """Bytes that were decompressed of the member."""
        self._fed = 0
        """Raw bytes before those that the decompressor got last."""
        self._start = _position(raw) if suffix else None
        """Position of the file when the stream began; None for a file that cannot be read again."""
        self._pending = b""
        self._rescued = b""
        """What is left to return of the bytes just before the damage."""
        self._ended = False
        self.consumed = 0
        """Number of raw bytes read so far."""
        self.damage: str | None = None
        """Reason why the stream ended before the end of the file; None when it did not."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        size = min(len(view), _CHUNK)
        data = b""
        if not self._ended:
            try:
                data = self._read(size)
            except Exception as error:  # each format has its own exceptions, and so has the disk
                self.damage = _reason(error)
                self._rescued = self._rescue(error)
        self._ended = self._ended or not data
        if self._ended:
            data, self._rescued = self._rescued[:size], self._rescued[size:]
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed and not self._keep_open:
            self._raw.close()
        super().close()

    def _read(self, size: int) -> bytes:
        if self._new_frame is None:
            return self._fetch(size)
        if self._start is None:
            size = min(size, _PIPE_STEP)
        while self.damage is None and (data := self._compressed()) is not None:
            if self._frame is None:
                data = self._begin(data.lstrip(b"\0"))  # padding between members
            if self._frame is None:
                continue
            if data:
                self._fed = self.consumed - len(data)
            out = self._frame.decompress(data, size)
            self._frame_size += len(out)
            if self._frame.eof:
                self._pending = self._frame.unused_data
                self._frame = None
            if out:
                return out
        return b""

    def _compressed(self) -> bytes | None:
        """Return bytes for the decompressor, none while it has some; None at the end of the file."""
        data, self._pending = self._pending, b""
        if data or (self._frame is not None and not self._frame.needs_input):
            return data
        data = self._fetch(_CHUNK)
        if not data and self._frame is not None:
            self.damage = "ends in the middle of its compressed data (truncated?)"
        return data or None

    def _begin(self, data: bytes) -> bytes:
        """Begin the member that `data` begins with, if it does; return `data`, perhaps with more of the file."""
        assert self._new_frame is not None
        while 0 < len(data) < _MAGIC_BYTES and (more := self._fetch(_CHUNK)):
            data += more
        self._frame_start = self.consumed - len(data)
        if data and self._frame_start and compression_of(data) != self._suffix:
            self.damage = f"goes on after its compressed data with something that is not {self._suffix}"
        elif data:
            self._frame, self._frame_size = self._new_frame(), 0
        return data

    def _rescue(self, error: Exception) -> bytes:
        """Return what the decompressor had in hand when it raised: a wrong checksum, say, comes after whole data.

        It does not give that away, so the member is decompressed again, byte by byte where it raised.
        """
        from_disk = isinstance(error, OSError) and error.errno is not None
        if from_disk or self._new_frame is None or self._frame is None or self._start is None:
            return b""
        frame, known, at, rescued = self._new_frame(), self._frame_size, self._frame_start, bytearray()
        try:
            self._raw.seek(self._start + at)
            while not frame.eof and len(rescued) < _CHUNK:
                data = b""
                if frame.needs_input:
                    data = self._raw.read(min(_CHUNK, self._fed - at) if at < self._fed else 1) or b""
                    at += len(data)
                    if not data:
                        break
                out = frame.decompress(data, min(known, _CHUNK) or 1)
                if known:
                    known -= len(out)
                else:
                    rescued += out
        except Exception:  # noqa: S110 - what `error` says, once more
            pass
        return bytes(rescued)

    def _fetch(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        self.consumed += len(data)
        return data


def _position(raw: io.RawIOBase | BinaryIO) -> int | None:
    try:
        return raw.tell() if raw.seekable() else None
    except (OSError, ValueError):
        return None


def _reason(error: Exception) -> str:
    """Return the reason for people why a file cannot be read any further."""
    limit = f"needs more than {1 << _WINDOW_LOG - 20} MiB of memory to decompress"
    if "Memory usage limit" in str(error):
        return f"{limit}, because of its xz dictionary; `xz -dc FILE | engine analyze -` reads it"
    if "too much memory" in str(error):
        return f"{limit}, because of its zstd window; `zstd -dc --long=31 FILE | engine analyze -` reads it"
    return f"cannot be read any further: {error}"


# -- writing ------------------------------------------------------------------------------------------------


class Compressor(Protocol):
    """The interface that the compressors of `zlib`, `bz2`, `lzma` and `zstd` share."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def _gzip() -> Compressor:
    # 16 added to the window size selects a gzip header. It has no time stamp, so equal runs write equal bytes.
    return zlib.compressobj(wbits=16 + zlib.MAX_WBITS)


def _bzip2() -> Compressor:
    import bz2

    return bz2.BZ2Compressor()


def _xz() -> Compressor:
    import lzma

    return lzma.LZMACompressor()


def _zstd() -> Compressor:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdCompressor()


COMPRESSORS: Mapping[str, Callable[[], Compressor]] = {".gz": _gzip, ".bz2": _bzip2, ".xz": _xz, ".zst": _zstd}
"""Makers of compressors by file name ending."""
