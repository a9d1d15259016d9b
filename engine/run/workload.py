"""What a run will have to search, counted before it: the units of its games, and a sample of them."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct, field, structs

from engine.cache.keys import unit_key
from engine.cache.store import Cache
from engine.contracts.messages import Unit
from engine.input.games import ParsedGame, read_games, skip_unplayable
from engine.input.sampling import parse_sample
from engine.input.sources import Source
from engine.loading.evaluators import ChosenEvaluator
from engine.model import Limit
from engine.run.prepare import RunPlan
from engine.run.reporter import share_read
from engine.search.planner import cut_again
from engine.search.planner import plan as plan_game
from engine.settings import Search
from engine.workers.adaptive import typical_share

SAMPLE = 1_500
"""Units that are kept."""
_REMEMBERED = 1_000_000
"""Single positions that are told from those before, at most."""


class Workload(Struct):
    """What is to be searched, unless the cache knows it."""

    games: int = 0
    positions: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    """How many units there are of each number of positions. One that came before is found in the cache."""
    sample: list[Unit] = []
    """Units chosen at random, all of them if there are no more than `SAMPLE`; in random order."""
    times: float = 1.0
    """How often the whole input has what was counted."""
    seconds: float = 0.0
    """How long the counting took."""
    full: float = 0.0
    """Positions that a uniform search has for the nodes that the searches of all typically take."""

    @property
    def to_search(self) -> int:
        """Positions that are searched if the cache knows none before the run."""
        return sum(size * number for size, number in self.sizes.items())

    @property
    def share(self) -> float:
        """Share of the nodes of a uniform search that the searches typically take."""
        return self.full / self.to_search if self.to_search else 1.0

    def cached_share(self, cache: Cache, fingerprint: str, limit: Limit, most: int = SAMPLE) -> float:
        """Return the share of the positions that the cache knows with a limit, from a sample of units."""
        known = positions = 0
        for unit in self.sample[:most]:
            positions += len(unit.plies)
            if cache.get(unit_key(fingerprint, limit, unit)) is not None:
                known += len(unit.plies)
        return known / positions if positions else 0.0


class _Counting:
    """Adds units to a workload."""

    def __init__(self, work: Workload, limit: Limit) -> None:
        self._work = work
        self._limit = limit
        self._chance = random.Random(0)  # noqa: S311 - the same sample each time
        self._seen: set[bytes] = set()
        self._units = 0

    def add(self, units: Sequence[Unit]) -> None:
        """Add the units of a game."""
        self._work.games += 1
        for unit in units:
            self._add(unit)

    def _add(self, unit: Unit) -> None:
        work = self._work
        work.positions += len(unit.plies)
        if self._came_before(unit):
            return
        work.sizes[len(unit.plies)] += 1
        work.full += len(unit.plies) * typical_share(unit)
        self._units += 1
        if len(work.sample) < SAMPLE:
            work.sample.append(unit)
        elif (place := self._chance.randrange(self._units)) < SAMPLE:
            work.sample[place] = unit

    def _came_before(self, unit: Unit) -> bool:
        """Whether it is a position of the opening that another game has too."""
        if len(unit.plies) > 1:
            return False
        key = unit_key("", self._limit, unit)
        if key in self._seen:
            return True
        if len(self._seen) < _REMEMBERED:
            self._seen.add(key)
        return False

    def end(self) -> None:
        self._chance.shuffle(self._work.sample)


def count_work(  # noqa: PLR0913 - what is counted, how far, and who looks on
    plan: RunPlan,
    main: ChosenEvaluator,
    sources: Sequence[Source],
    *,
    within: float | None = None,
    on_game: Callable[[Sequence[Unit]], None] = lambda _: None,
    also: Sequence[Search] = (),
) -> tuple[Workload, ...]:
    """Read the input and return what it has to search, and what it would have with other settings of the search.

    * **sources** - the sources of the run, opened for this.
    * **within** - *(optional)* seconds after which the rest is estimated by its bytes.
    * **on_game** - *(optional)* called with the units of each game.
    * **also** - *(optional)* other settings of the search; it is counted for each of them too.
    """
    works = tuple(Workload() for _ in (plan.settings.search, *also))
    countings = [_Counting(work, plan.limit) for work in works]
    ids = itertools.count(1)
    search, recorded, can_search = plan.settings.search, main.reads_input, main.spec is not None
    times, started = 1.0, time.monotonic()
    selection = structs.replace(plan.selection, seen=None, seen_tags=None)
    if parse_sample(selection.sample).count is not None:
        within = None  # all of it is read before the first game
    for item in read_games(sources, plan.readers, selection):
        if not isinstance(item, ParsedGame) or not isinstance(skip_unplayable(item, main.info), ParsedGame):
            continue
        planned = plan_game(item.origin, item.game, search, ids, use_recorded=recorded, can_search=can_search)
        on_game(planned.units)
        countings[0].add(planned.units)
        for search_again, counting in zip(also, countings[1:], strict=True):
            counting.add(cut_again(planned, search_again, ids))
        if within is not None and time.monotonic() - started > within:
            times = _times(sources, plan.settings.max_games, works[0].games)
            break
    for work, counting in zip(works, countings, strict=True):
        counting.end()
        work.times, work.seconds = times, time.monotonic() - started
    return works


def _times(sources: Sequence[Source], most: int | None, games: int) -> float:
    share = share_read(sources)
    times = 1 / share if share else 1.0
    return min(times, most / games) if most is not None else times
