"""Shards: shares of the games of a run that several machines compute, each by the number of a game alone."""

from __future__ import annotations

import re
import zlib

from msgspec import Struct

from engine.errors import ConfigError

MOST_SHARDS = 10_000
_SHARD = re.compile(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*")


class Shard(Struct, frozen=True, order=True):
    """One of several shares of the games.

    Game 1 is in the first shard, game 2 in the second, and so on round and round. So shards differ by one game at
    most, however few there are, and every machine finds the same.
    """

    number: int
    """Which of them it is, 1-based."""
    of: int
    """How many there are."""

    def __contains__(self, game: int) -> bool:
        return (game - 1) % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """Parse a shard as the user wrote it.

    * **text** - `3/16`: the third of sixteen.

    Raises `ConfigError` for anything else.
    """
    match = _SHARD.fullmatch(text)
    if match:
        shard = Shard(int(match[1]), int(match[2]))
        if 1 <= shard.number <= shard.of <= MOST_SHARDS:
            return shard
    raise ConfigError(
        f"--shard: {text!r} is no share of the games; example: 3/16, the third of sixteen "
        f"(of at most {MOST_SHARDS:,}; the first is 1)"
    )


class InputDigest:
    """What tells one input from another: the number of its games, and a checksum over their bytes."""

    def __init__(self, games: int = 0, crc: int = 0) -> None:
        """Begin without games, or after some of them."""
        self.games = games
        """Games so far."""
        self.crc = crc
        """CRC-32 of their bytes, one after the other."""

    def see(self, data: bytes) -> None:
        """Add the bytes of the next game."""
        self.games += 1
        self.crc = zlib.crc32(data, self.crc)
