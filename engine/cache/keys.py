"""The key of a unit in the cache: a digest of everything that is sent for it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import msgspec

from engine.contracts.messages import Unit
from engine.model import Limit

_ADAPTIVE = "adaptive 3"
"""The rule by which adaptive searches search again; another rule is another name."""


def unit_key(fingerprint: str, limit: Limit, unit: Unit) -> bytes:
    """Return the 16 bytes that identify everything that is sent for a unit.

    * **fingerprint** - the evaluator's fingerprint.
    * **limit** - the limit of each search.
    * **unit** - the unit, with its positions in order.
    """
    digest = _begun(fingerprint, limit).copy()
    lines = [
        f"{int(position.chess960)} {position.fen} moves {' '.join(position.moves)}\n"
        for position in unit.positions
    ]
    if unit.moves:
        lines.append(f"{_ADAPTIVE} {' '.join(unit.moves)}\n")
    digest.update("".join(lines).encode())
    return digest.digest()  # type: ignore[no-any-return]


@lru_cache(16)
def _begun(fingerprint: str, limit: Limit) -> Any:
    """Return the digest of what all units of a limit have in common; it is copied, and never changed."""
    start = f"{fingerprint}\n{msgspec.json.encode(limit).decode()}\n"
    return hashlib.blake2b(start.encode(), digest_size=16)
