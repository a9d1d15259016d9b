"""Compression: input streams that report truncated files, and compressors, by the ending of a file's name."""

from __future__ import annotations

import bz2
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 64 << 10


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
    return zstd.ZstdDecompressor()


_FRAMES: dict[str, Callable[[], _Frame]] = {
    ".gz": _GzipFrame,
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
    ".zst": _zstd_frame,
}

SUFFIXES = tuple(_FRAMES)
"""File name endings of the compressed formats."""


_MAGIC = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".zst": b"\x28\xb5\x2f\xfd"}


def compression_of(head: bytes) -> str:
    """Return the file name ending of the format in which a file is compressed; empty for a file that is not.

    * **head** - the first bytes of the file, at least 6.
    """
    return next((suffix for suffix, magic in _MAGIC.items() if head.startswith(magic)), "")


class InputStream(io.RawIOBase):
    """The decompressed bytes of a binary file. It never raises because of the content of the file.

    An error ends the stream after everything that could still be read, and is kept in `damage`. A compressed file
    that is cut off inside a member counts as an error, too, although zstd itself would not report it.
    """

    def __init__(self, raw: io.RawIOBase | BinaryIO, suffix: str = "", *, keep_open: bool = False) -> None:
        """Wrap a file.

        * **raw** - the binary file.
        * **suffix** - *(optional)* ending of the format, one of `SUFFIXES`; empty for no compression.
        * **keep_open** - *(optional)* whether `close` leaves the file open.
        """
        self._raw = raw
        self._keep_open = keep_open
        self._new_frame = _FRAMES.get(suffix)
        self._frame: _Frame | None = None
        self._pending = b""
        self._ended = False
        self.consumed = 0
        """Number of raw bytes read so far."""
        self.damage: str | None = None
        """Reason why the stream ended before the end of the file; None when it did not."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = b"" if self._ended else self._read(min(len(view), _CHUNK))
        except Exception as error:  # each format has its own exceptions, and so has the disk
            self.damage = f"cannot be read any further: {error}"
            data = b""
        self._ended = self._ended or not data
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed and not self._keep_open:
            self._raw.close()
        super().close()

    def _read(self, size: int) -> bytes:
        if self._new_frame is None:
            return self._fetch(size)
        while True:
            data = self._pending
            if not data and (self._frame is None or self._frame.needs_input):
                data = self._fetch(_CHUNK)
                if not data:
                    if self._frame is not None:
                        self.damage = "ends in the middle of its compressed data (truncated?)"
                    return b""
            self._pending = b""
            if self._frame is None:
                data = data.lstrip(b"\0")  # padding between members
                if not data:
                    continue
                self._frame = self._new_frame()
            out = self._frame.decompress(data, size)
            if self._frame.eof:
                self._pending = self._frame.unused_data
                self._frame = None
            if out:
                return out

    def _fetch(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        self.consumed += len(data)
        return data


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
