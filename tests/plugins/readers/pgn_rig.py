"""Shorthands for reading PGN in tests."""

from __future__ import annotations

import io

from engine.model import SourceGame
from engine.plugin import RawGame, Unreadable
from engine_plugins.readers.pgn import PgnReader


def raws(data: bytes | str) -> list[RawGame]:
    return list(PgnReader().split(io.BytesIO(data.encode() if isinstance(data, str) else data)))


def read(data: bytes | str) -> list[SourceGame | Unreadable]:
    return [PgnReader().parse(raw) for raw in raws(data)]


def game(data: bytes | str) -> SourceGame:
    (only,) = read(data)
    assert isinstance(only, SourceGame), only
    return only


def unreadable(data: bytes | str) -> Unreadable:
    (only,) = read(data)
    assert isinstance(only, Unreadable), only
    return only


def sans(data: bytes | str) -> list[str]:
    return [" ".join(one.sans) if isinstance(one, SourceGame) else one.reason for one in read(data)]


TWO = '[Event "a"]\n[White "x"]\n\n1. e4 e5 1-0\n\n[Event "b"]\n[White "y"]\n\n1. d4 d5 0-1\n'
