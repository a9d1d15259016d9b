"""Convert the bytes of a file to UTF-8 lines: byte order marks, line ends, encodings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Protocol

BLOCK = 1 << 20
"""Number of bytes to read at a time."""


class Readable(Protocol):
    """The part of a binary stream that is needed here."""

    def read(self, size: int, /) -> bytes:
        """Read so many bytes."""
        ...


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BOM_BEGINS = codecs.BOM_UTF8[:1]
"""Found much sooner than the whole mark, and rare in other text."""
_TAIL = re.compile(rb"(?:\r|\xef\xbb?)\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class FirstBlock:
    """A stream that keeps the first block that is read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._first: bytes | None = None

    def read(self, size: int) -> bytes:
        """Read so many bytes."""
        data = self._stream.read(size)
        if self._first is None:
            self._first = data
        return data

    def take(self) -> bytes:
        """Return the first block, and keep it no longer."""
        first, self._first = self._first or b"", b""
        return first


def blocks(stream: Readable) -> Iterator[bytes]:
    """Yield the stream in blocks with `\\n` as the line end and without any byte order marks.

    UTF-16 is recognised by its mark and becomes UTF-8; other encodings are not changed. A CRLF is one line end,
    and so is a single CR.
    """
    decoder: codecs.IncrementalDecoder | None = None
    held = b""
    first = True
    while block := stream.read(BLOCK):
        if first and block.startswith(_UTF16):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        first = False
        data = held + (decoder.decode(block).encode("utf-8", "replace") if decoder else block)
        tail = _TAIL.search(data, len(data) - 2)  # the first half of a CRLF or a mark waits for its second half
        held = tail[0] if tail else b""
        yield _clean(data[: len(data) - len(held)])
    if decoder:
        held += decoder.decode(b"", final=True).encode("utf-8", "replace")
    if held:
        yield _clean(held)


def _clean(data: bytes) -> bytes:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _BOM_BEGINS in data and codecs.BOM_UTF8 in data:
        data = data.replace(codecs.BOM_UTF8, b"")
    return data


def decode(data: bytes) -> str:
    """Decode UTF-8. A line that is not UTF-8 is decoded as cp1252, which old chess programs wrote."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "".join(map(_decode_line, data.splitlines(keepends=True)))


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def printable(text: str) -> str:
    """Return the text without control characters."""
    return text if text.isprintable() else _CONTROL.sub("", text)


def quoted(text: str, width: int = 40) -> str:
    """Return a part of the input in quotes, cut to `width`, for a message."""
    text = printable(text).strip()
    return f"`{text[:width]}…`" if len(text) > width else f"`{text}`"
