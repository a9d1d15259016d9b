"""What crosses between the client and the workers of a Dask cluster: bytes that msgspec has packed."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from engine.plugin import Done, Lost, Unit

DISTRIBUTION = "grandmaster-analysis"
"""Name under which pip installs this package."""


class Status(Struct, frozen=True, array_like=True):
    """A worker of the cluster, as it answers before it gets its first unit."""

    host: str
    version: str
    """Version of this package there."""
    evaluator: str
    """Name and version of the evaluator that started there; empty if none did."""
    fingerprint: str
    """Fingerprint of that evaluator."""
    slots: int
    """Threads that search at the same time, each with an evaluator of its own."""
    lacks_file: bool = False
    """Whether the evaluator needs a file that the client may send."""
    reason: str = ""
    """Why the evaluator does not start there, in words."""


class Searched(Struct, frozen=True, array_like=True):
    """A bundle that came back."""

    worker: str
    """Address of the worker."""
    outcomes: tuple[Done | Lost, ...]
    """One for each unit of the bundle, in its order."""
    seconds: tuple[float, ...]
    """Seconds that each took."""
    withdrawn: str = ""
    """Why the worker takes no other bundle, in words; empty if it does."""


pack = msgspec.msgpack.Encoder().encode
unpack_units = msgspec.msgpack.Decoder(tuple[Unit, ...]).decode
unpack_status = msgspec.msgpack.Decoder(Status).decode
unpack_searched = msgspec.msgpack.Decoder(Searched).decode
