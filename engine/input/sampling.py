"""Which games a sample takes: a function of the seed and a game's number alone."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

from engine.errors import ConfigError

_SAMPLE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


class Sample(Struct, frozen=True):
    """A share of the games, a number of games, or neither: all of them."""

    fraction: float | None = None
    """0 to 1."""
    count: int | None = None


def parse_sample(text: str | None) -> Sample:
    """`5%` or `200`. Raises ConfigError."""
    if text is None:
        return Sample()
    found = _SAMPLE.fullmatch(text)
    if found and found[2] and float(found[1]) <= 100:  # noqa: PLR2004 - percent
        return Sample(fraction=float(found[1]) / 100)
    if found and not found[2] and found[1].isdigit():
        return Sample(count=int(found[1]))
    raise ConfigError(f"--sample: {text!r} is neither a share nor a number of games; examples: 5%, 200")


def chance(seed: int, game: int) -> float:
    """A number from 0 to below 1 that looks random and is always the same."""
    digest = hashlib.blake2b(f"{seed}:{game}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
