"""What a writer writes into, and the real standard output."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import IO, Any

from engine.errors import OutputError

HELD = 4 << 20
"""Bytes of a piece that are held in memory."""


class Buffer(io.RawIOBase):
    """Collects what a writer writes until the next `take`.

    `tell` counts from the beginning of the output. When more than `HELD` bytes have been collected they are passed
    to `on_overflow`, so that a long piece needs no more memory than that.
    """

    def __init__(self, on_overflow: Callable[[bytes], None]) -> None:
        super().__init__()
        self._on_overflow = on_overflow
        self._chunks: list[bytes] = []
        self._held = 0
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._held += len(chunk)
        self._written += len(chunk)
        if self._held > HELD:
            self._on_overflow(self.take())
        return len(chunk)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        """Return the bytes collected since the last call, and forget them."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._held = 0
        return data


def open_stdout() -> IO[bytes]:
    """Return standard output for bytes. Raises OutputError when the program has none."""
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    sys.stdout.flush()
    return sys.stdout.buffer
