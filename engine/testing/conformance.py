"""Does an aggregator keep the laws that let games be shared out between processes and machines?"""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.contracts.aggregator import Aggregator
from engine.contracts.options import Options, parse_options
from engine.model import AnalysedGame
from engine.testing import laws
from engine.testing.answers import answered
from engine.testing.broken_law import BrokenLaw
from engine.testing.calendar import days_go_by
from engine.testing.shrinking import Parts, smallest

__all__ = ["check_aggregator"]

_SHARDS = 5


def check_aggregator(
    cls: type[Aggregator],
    games: Iterable[AnalysedGame],
    options: Options | Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    rounds: int = 20,
) -> None:
    """Prove the laws of aggregators for `cls` on `games`: random splits, shuffles, state round-trips.

    Every way to share the games out must give the same report to the byte. An empty input gives a valid report;
    `report` is repeatable, changes nothing, not even the first time, and has the types that it declares; today's
    date makes no difference; `requests`, where there is one, follows from the game alone and asks for what can be
    searched, and games with answers are added; `merge` is associative and commutative, leaves the other side as it
    is, and a fresh instance is its identity; the state is JSON of integers and strings; instances share nothing;
    games stay as they are; nothing is printed. The random choices follow `seed`; `rounds` is how many shuffles and
    how many splits are tried.

    Raises BrokenLaw at the first law that does not hold, with the smallest case that shows it; ConfigError for
    options that the class does not take. Whatever the aggregator itself raises passes through, with a note that
    says at which game.
    """
    listed = list(games)
    if not isinstance(options, Options):
        options = parse_options(cls.Options, options or {}, cls.__name__)
    bench = laws.Bench(cls, listed, options)  # takes the list, to which games are added
    with days_go_by(cls):
        listed += answered(cls, listed, options)
        for law, parts in _trials(len(listed), random.Random(seed), rounds):  # noqa: S311 - splits of games, no secrets
            broken = _tried(bench, law, parts)
            if broken is not None:
                raise _in_the_smallest_case(bench, law, parts, broken)


def _trials(count: int, rng: random.Random, rounds: int) -> Iterator[tuple[laws.Law, Parts]]:
    """Every law with the games shared out as it asks for, those first that spoil the others when broken."""
    everything = tuple(range(count))
    yield laws.describes_itself, ()
    yield laws.report_is_pure, ()
    for k in everything:
        yield laws.one_game_stays_where_it_is, ((k,),)
    yield laws.report_is_pure, (everything,)
    yield laws.report_is_pure, (tuple(rng.sample(everything, count)),)
    yield laws.calendar_does_not_matter, (everything,)
    yield laws.add_is_repeatable, (everything,)
    yield laws.requests_are_pure, (everything,)
    yield laws.state_round_trip, (everything,)
    yield laws.state_round_trip, _split(everything, 2, rng)
    for _ in range(rounds):
        yield laws.order_does_not_matter, (tuple(rng.sample(everything, count)),)
    yield laws.fresh_is_identity, (everything,)
    for law in (laws.merge_is_commutative, laws.merge_copies, laws.merge_is_associative):
        yield law, _split(everything, 3, rng)
    for _ in range(rounds):
        yield laws.parts_are_the_whole, _split(everything, rng.randint(1, _SHARDS), rng)


def _split(games: Sequence[int], count: int, rng: random.Random) -> Parts:
    parts: list[list[int]] = [[] for _ in range(count)]
    for k in rng.sample(games, len(games)):
        rng.choice(parts).append(k)
    return tuple(map(tuple, parts))


def _tried(bench: laws.Bench, law: laws.Law, parts: Parts) -> BrokenLaw | None:
    """What is broken when the games are shared out like this."""
    printed = io.StringIO()
    broken = None
    try:
        with contextlib.redirect_stdout(printed):
            for found in law(bench, parts):
                if found.left != found.right:
                    broken = BrokenLaw(bench.cls.__name__, found)
                    break
    except BrokenLaw as error:
        broken = error
    if broken is None and printed.getvalue():
        hint = "Standard output belongs to the reports; use logging."
        broken = bench.broken("nothing is written to stdout", f"it wrote {printed.getvalue()[:200]!r}", hint)
    if broken is not None:
        broken.games = tuple(bench.games[k] for part in parts for k in part)
        broken.split = tuple(tuple(k + 1 for k in part) for part in parts)
    return broken


def _in_the_smallest_case(bench: laws.Bench, law: laws.Law, parts: Parts, broken: BrokenLaw) -> BrokenLaw:
    """The same law broken by the fewest games."""
    if len(broken.games) <= 1:
        return broken  # a class or game that is spoiled would only be found more spoiled
    last = broken  # what is found last is the smallest

    def shows(candidate: Parts) -> bool:
        nonlocal last
        try:
            found = _tried(bench, law, candidate)
        except Exception:  # another fault than the one that is looked for
            return False
        if found is None or found.law != broken.law:
            return False
        last = found
        return True

    shows(smallest(shows, parts))
    return last
