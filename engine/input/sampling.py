"""Samples of games; whether a sample takes a game depends on the seed and the game's number alone."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

from engine.errors import ConfigError

_SAMPLE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


class Sample(Struct, frozen=True):
    """A share of the games, a number of games, or neither: all of them."""

    fraction: float | None = None
    """Probability of each game, 0 to 1; None when the sample is not a share."""
    count: int | None = None
    """Number of games; None when the sample is not counted."""


def parse_sample(text: str | None) -> Sample:
    """Parse a sample as the user wrote it.

    * **text** - `5%` for a share, `200` for a number of games; None for all games.

    Raises `ConfigError` for anything else.
    """
    if text is None:
        return Sample()
    match = _SAMPLE.fullmatch(text)
    if match and match[2] and float(match[1]) <= 100:  # noqa: PLR2004 - percent
        return Sample(fraction=float(match[1]) / 100)
    if match and not match[2] and match[1].isdigit():
        return Sample(count=int(match[1]))
    raise ConfigError(f"--sample: {text!r} is neither a share nor a number of games; examples: 5%, 200")


def chance(seed: int, game: int) -> float:
    """Return a pseudo-random number from 0 to below 1 that is always the same for a seed and a game.

    * **seed** - the seed of the sample.
    * **game** - the number of the game, 1-based.
    """
    digest = hashlib.blake2b(f"{seed}:{game}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
