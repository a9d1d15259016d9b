"""Bytes of any text encoding, made UTF-8 before a reader sees them.

UTF-8 passes unchanged. UTF-16 is known by its mark, or by its zero bytes. Any other encoding is decided once for
the whole source, at the first line that is not UTF-8: Cyrillic ones by charset-normalizer, and of those for Latin
letters, which it cannot tell apart in names, cp1250 where its letters make words, else cp1252, of which Latin-1 is
a part. A line that is UTF-8 stays what it is, because files are put together from several sources.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING

from msgspec import structs

from engine.errors import ConfigError
from engine.model import Note
from engine.plugin import RawGame

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SAMPLE = 256 << 10
"""Bytes that are looked at to decide the encoding."""
_BLOCK = 1 << 16
"""Bytes that are read at once. Larger blocks cost more: the system gives the memory for them anew each time."""
_LONG_LINE = 1 << 20
"""Bytes after which a line is converted in pieces."""
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZEROS = 0.4
"""Share of the bytes in even or odd places that are zero in UTF-16 text."""
_CYRILLIC = ("cp1251", "koi8_r", "cp866")
_CYRILLIC_WORD = re.compile(rb"[\x80-\xff]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_CENTRAL_EUROPEAN = re.compile(
    rb"(?:(?<=[A-Za-z\x8a-\xff])[\xb3\xb9\xbf\xbe\x9d\x9f](?=[A-Za-z\x8a-\xff])"  # ł ą ż ľ ť ź inside a word
    rb"|(?<![A-Za-z\x8a-\xff])[\xa3\xaf\x8c\x8f\xa5\xbc](?=[a-z\x9a-\xff])"  # Ł Ż Ś Ź Ą Ľ at its beginning
    rb"|[a-z][\xb3\x9c\xb9\xbf](?![A-Za-z\x8a-\xff])"  # ł ś ą ż at its end
    rb"|i\xe6(?![A-Za-z\x8a-\xff])|\xe6i|[a-z]\xf1[a-z](?<![aeiou])"  # ić, ći, ń before a consonant
    rb"|[\xe8\xc8][aeiouyk\xe1\xe9\xed]|\xf8[\xe1\xed\xe8\xec]"  # č before a vowel, řá
    rb"|[\xec\xf9](?=[a-z\x9a\x9e])"  # ě and ů inside a word
    rb"|[\xf5\xfb](?=[bcdfghjklmnprstvz])"  # ő and ű before a consonant
    rb"|\xef[u\xfa]|[a-z]\xba[a-z]|\xde\xe3)"  # ďu, ş, Ţă
)
_NAMES = {
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "cp866": "CP866 (Cyrillic)",
    "utf-16-le": "UTF-16, little-endian",
    "utf-16-be": "UTF-16, big-endian",
}


def check_encoding(name: str) -> str:
    """Return the name of a text encoding. Raises ConfigError for anything else."""
    try:
        b"a".decode(name, "replace")
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        raise ConfigError(
            f"--encoding: {name!r} is no text encoding; examples: utf-8, cp1252, cp1250, cp1251, latin-1, utf-16"
        ) from None
    return name


def with_note(raw: RawGame, guessed: str | None) -> RawGame:
    """Return a game, with a note on the encoding that was guessed if it has letters that the encoding decides."""
    if guessed is None or raw.data.isascii():
        return raw
    reason = f"read as {guessed}, because it is not UTF-8; --encoding NAME reads it as another"
    return structs.replace(raw, notes=(*raw.notes, Note("encoding", reason, understood=True)))


class Utf8Stream(io.RawIOBase):
    """The bytes of a binary stream as UTF-8."""

    def __init__(self, raw: io.RawIOBase, encoding: str | None = None) -> None:
        """Wrap a stream.

        * **raw** - the stream, which is closed with this one.
        * **encoding** - *(optional)* its encoding, which is found out when it is not given.

        Raises ConfigError.
        """
        super().__init__()
        self.guessed: str | None = None
        """The encoding for people, once it is known not to be UTF-8; None when it is, and when it was given."""
        self._raw = raw
        self._decoder: codecs.IncrementalDecoder | None = None
        if encoding is not None:
            self._decoder = codecs.getincrementaldecoder(check_encoding(encoding))("replace")
        self._charset = ""
        self._begun = self._decoder is not None
        self._pending = b""
        """The beginning of a line whose end has not been read."""
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._ready and not self._ended:
            block = self._raw.read(_BLOCK) or b""
            self._ended = not block
            self._ready = self._convert(block)
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _convert(self, block: bytes) -> bytes:
        if not self._begun and block:
            self._begun = True
            if encoding := _utf16(block):
                self._decoder = codecs.getincrementaldecoder(encoding)("replace")
                self.guessed = _NAMES.get(encoding)
        if self._decoder is not None:
            return self._decoder.decode(block, final=self._ended).encode("utf-8", "replace")
        if not self._pending and block.isascii():
            return block
        data = self._pending + block
        end = len(data) if self._ended else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not end and len(data) > _LONG_LINE:
            end = next((k + 1 for k in range(len(data) - 1, 0, -1) if data[k] < 0x80), len(data))  # noqa: PLR2004
        self._pending = data[end:]
        return self._as_utf8(data[:end])

    def _as_utf8(self, data: bytes) -> bytes:
        """Return whole lines as UTF-8."""
        if _is_utf8(data):
            return data
        lines = data.splitlines(keepends=True)
        if not self._charset:
            while len(self._pending) + len(data) < SAMPLE and (block := self._raw.read(SAMPLE)):
                self._pending += block
            sample = [*lines, *self._pending[:SAMPLE].splitlines(keepends=True)[:-1]]
            self._charset = guess(b"".join(line for line in sample if not _is_utf8(line))[:SAMPLE])
            self.guessed = _NAMES[self._charset]
        return b"".join(
            line if _is_utf8(line) else line.decode(self._charset, "replace").encode() for line in lines
        )


def guess(sample: bytes) -> str:
    """Return the encoding of lines that are not UTF-8.

    * **sample** - the lines.
    """
    high = len(_HIGH.findall(sample))
    if sum(map(len, _CYRILLIC_WORD.findall(sample))) * 2 > high:
        from charset_normalizer import from_bytes

        found = from_bytes(sample, cp_isolation=list(_CYRILLIC), threshold=1.0).best()
        return found.encoding if found is not None and found.encoding in _CYRILLIC else _CYRILLIC[0]
    return "cp1250" if _CENTRAL_EUROPEAN.search(sample) else "cp1252"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _utf16(head: bytes) -> str | None:
    """Return the encoding of UTF-16 text, which is known by its mark or its zero bytes; None for any other."""
    if head.startswith(_MARKS):
        return "utf-16"
    if len(head) < 4 or head.count(0) < len(head) * _ZEROS / 2:  # noqa: PLR2004 - two characters
        return None
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > len(odd) * _ZEROS and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > len(even) * _ZEROS and not odd.count(0) else None
