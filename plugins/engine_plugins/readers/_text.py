"""From the bytes of a file to UTF-8 lines: byte order marks, line ends, encodings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 1 << 20
"""Bytes read at a time."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TAIL = re.compile(rb"(?:\r|\xef\xbb?)\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in blocks, every line end a `\\n` and without byte order marks, wherever they stand.

    UTF-16 is recognised by its mark and becomes UTF-8; other encodings pass as they are. A CRLF counts as one
    line end, a lone CR as one.
    """
    decoder: codecs.IncrementalDecoder | None = None
    held = b""
    first = True
    while block := stream.read(BLOCK):
        if first and block.startswith(_UTF16):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        first = False
        data = held + (decoder.decode(block).encode("utf-8", "replace") if decoder else block)
        tail = _TAIL.search(data, len(data) - 2)  # half a CRLF or half a mark waits for the other half
        held = tail[0] if tail else b""
        yield _clean(data[: len(data) - len(held)])
    if decoder:
        held += decoder.decode(b"", final=True).encode("utf-8", "replace")
    if held:
        yield _clean(held)


def _clean(data: bytes) -> bytes:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if codecs.BOM_UTF8 in data:
        data = data.replace(codecs.BOM_UTF8, b"")
    return data


def decode(data: bytes) -> str:
    """UTF-8; a line that is not becomes cp1252, which is what old chess programs wrote."""
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
    """Without control characters."""
    return _CONTROL.sub("", text)


def quoted(text: str, width: int = 40) -> str:
    """A piece of the input, fit for a message."""
    text = printable(text).strip()
    return f"`{text[:width]}…`" if len(text) > width else f"`{text}`"
