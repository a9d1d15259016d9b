"""What the cache knows of the units that wait, asked for several at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from engine.cache.keys import unit_key
from engine.cache.store import MOST_KEYS, Cache
from engine.contracts.messages import Job, Unit
from engine.model import Evaluation


class Lookups:
    """Looks units up in the cache, the first one that waits together with those behind it."""

    def __init__(self, cache: Cache, job: Job) -> None:
        self._cache = cache
        self._job = job
        self._found: dict[int, tuple[bytes, tuple[Evaluation, ...] | None]] = {}
        """Key and evaluations of units that wait, by number."""

    def first(self, waiting: Iterable[Unit]) -> tuple[bytes, tuple[Evaluation, ...] | None]:
        """Return the key of the first unit that waits, and its evaluations, or None when they are not known."""
        units = list(islice(waiting, MOST_KEYS))
        if units[0].id not in self._found:
            keys = {unit.id: self._key(unit) for unit in units}
            known = self._cache.get_many(list(dict.fromkeys(keys.values())))
            self._found = {number: (key, known.get(key)) for number, key in keys.items()}
        return self._found[units[0].id]

    def put(self, done: Sequence[tuple[bytes, Sequence[Evaluation]]]) -> None:
        """Store units by their keys; those that wait and are equal are looked up again."""
        self._cache.put(done)
        stored = {key for key, _ in done}
        if any(key in stored for key, _ in self._found.values()):
            self._found.clear()

    def _key(self, unit: Unit) -> bytes:
        return unit_key(self._job.fingerprint, unit.limit or self._job.limit, unit)
