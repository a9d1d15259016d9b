"""The tag pairs of a PGN game."""

from __future__ import annotations

import re

from engine_plugins.readers._split import HEAD, NAME
from engine_plugins.readers._text import decode, printable

_ITEM = re.compile(
    rb"\[[ \t]*(" + NAME + rb')[ \t]+"([^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+)"[ \t]*\]'  # a well-formed tag
    rb"|(\[[^\n]*+)"  # any other line in brackets
    rb"|[%;][^\n]*+"
)
_UNESCAPED = re.compile(rb"\[[ \t]*(" + NAME + rb')[ \t]+"([^\n]*)"')
_ESCAPE = re.compile(r'\\(["\\])')


def end_of_head(data: bytes) -> int:
    """Return the offset at which the movetext begins."""
    head = HEAD.match(data)
    return head.end() if head else 0


def read_headers(head: bytes) -> dict[str, str]:
    """Return the tags in file order, without tags that have no quotes; if a name occurs twice, the last value.

    `\\"` and `\\\\` are unescaped, and control characters are removed. A value that contains quotes without
    escapes ends at the last quote of its line.
    """
    headers: dict[str, str] = {}
    for name, value, other in _ITEM.findall(head):
        if name:
            headers[name.decode()] = value_of(value)
        elif other and (parts := _UNESCAPED.match(other)):
            headers[parts[1].decode()] = value_of(parts[2])
    return headers


def value_of(value: bytes) -> str:
    """Return the value of a tag as `read_headers` does."""
    text = decode(value)
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return printable(text)
