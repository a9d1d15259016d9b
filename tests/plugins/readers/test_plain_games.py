"""Games as databases have them are read in a faster way, which changes nothing of what is read."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator

import pytest

from engine.plugin import RawGame
from engine_plugins.readers import _plain_headers, _split
from engine_plugins.readers._headers import end_of_head, read_headers
from engine_plugins.readers.pgn import PgnReader

PLAIN = (
    b'[Event "Rated Blitz game"]\n[Site "https://lichess.org/abcdefgh"]\n[White "Ann"]\n[Black "J\xc3\xb6rg"]\n'
    b'[Result "1-0"]\n[WhiteElo "1500"]\n\n1. e4 { [%clk 0:03:00] } 1... e5 { [%clk 0:03:00] } 2. Qh5 1-0\n\n'
)
OTHERS = (
    b'[Event "a"]\n[Event "b"]\n\n1. e4 *\n\n',
    b'[Event "a"]\n[White "Ann"] 1. e4 e5 *\n\n',
    b'[Event "a \\"b\\" c"]\n[White "x"y"]\n\n1. e4 *\n\n',
    b'[Event "a"]\n[White "Ann" ]\n [Black "Bob"]\n\n1. e4\ne5 *\n\n',
    b'[Event "a"]\n[White "Ann"]\n\n[Black "Bob"]\n\n{ a comment\n\n',
    b'[Event "a"]\n[EventDate "2024"]\n[White "\xff\x80 latin"]\n\n1-0\n\n',
    b'[Event "a"]\n[White "\x07bell"]\n\n% escaped\n\n1. e4 *\n\n\n',
    b'[Event "only tags"]\n[White "x"]\n\n',
    b'[White "No event"]\n[white "twice"]\n\n1. d4 1-0\n1. e4 1-0\n\n',
    b"\n\n1. e4 e5 1-0\n\n",
)


def files() -> Iterator[bytes]:
    """Yield plain games among others, whole and damaged."""
    rng = random.Random(7)
    for _ in range(300):
        games = [rng.choice(OTHERS) if rng.random() < 0.3 else PLAIN for _ in range(6)]
        data = b"".join(games)
        for _ in range(rng.randrange(3)):
            at = rng.randrange(len(data))
            junk = rng.choice(
                [b"", b"\n", b"\n\n", b'"', b"]", b"[", b"{", b" ", b";", b"%", b'[Event "z"]\n', b"\\", b"1."]
            )
            data = data[:at] + junk + data[at + rng.randrange(3) :]
        yield data


def split(data: bytes) -> list[RawGame]:
    return list(PgnReader().split(io.BytesIO(data)))


def test_the_pattern_cuts_where_the_rules_do(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = list(files())
    faster = [split(data) for data in examples]
    monkeypatch.setattr(_split, "_PLAIN_GAME", re.compile(rb"(?!)"))
    assert faster == [split(data) for data in examples]
    assert sum(map(len, faster)) > 1500


def test_the_layouts_read_what_the_rules_do() -> None:
    reader = PgnReader()
    found = 0
    for _ in range(2):  # the second time layouts are known
        for raw in (raw for data in files() for raw in split(data)):
            tags = reader.headers(raw)
            expected = read_headers(raw.data[: end_of_head(raw.data)])
            assert (list(tags), dict(tags)) == (list(expected), expected)
            assert tags.get("White") == expected.get("White")
            assert ("Black" in tags, tags.get("Nothing")) == ("Black" in expected, None)
            found += not isinstance(tags, dict)
    assert found > 1000


def test_few_layouts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(
        _plain_headers, "_Layout", lambda names: made.append(names) or pytest.fail("a layout of single games")
    )
    reader = PgnReader()
    for number in range(2000):
        data = b'[Event "a"]\n[Tag%d "x"]\n\n1. e4 *' % number
        assert reader.headers(RawGame(data, 1)) == {"Event": "a", f"Tag{number}": "x"}
    assert made == []
