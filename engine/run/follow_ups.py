"""Follow-up searches: who asks for which, to what limit, and what they cost where nothing else is searched."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct, structs

from engine.analysis.game import GameAnalyzer
from engine.cache.keys import unit_key
from engine.contracts.messages import Unit
from engine.input.games import ParsedGame, UnparsedGame, parse_game, select_games, skip_unplayable
from engine.input.sources import Source
from engine.loading.evaluators import ChosenEvaluator
from engine.model import AnalysedGame, Limit, SourceGame
from engine.plugin import Request
from engine.run.aggregators import Aggregators
from engine.run.opened_cache import open_cache
from engine.run.per_player import views_of
from engine.run.player_names import PlayerNames
from engine.run.prepare import RunPlan
from engine.run.reporter import share_read
from engine.run.speed import measure_speed
from engine.search.games import FollowUp, RequestKey, all_known
from engine.search.planner import Positions, follow_up_units, plan
from engine.settings import Settings
from engine.text.format import count, duration, either, short
from engine.workers import adaptive

SAMPLE = 24
"""Games that are looked at to foresee what all will ask for."""
MEASURED = 5_000_000
"""Nodes from which on the time is worth measuring the evaluator's speed for, which takes a second."""
COUNTING_SECONDS = 1.0
"""Seconds in which the other games are counted; then their number is estimated."""
_NEARLY_ALL = 0.9
_SAME_DEPTH = 0.8


def made_with(game: SourceGame) -> Limit | None:
    """Return the limit with which we have analysed a game, as its evaluations show it; None where they do not.

    Nearly all searches of a limit in nodes end a little above it, so this is the 90th percentile, rounded down to
    two digits. Where nearly all have one depth and the nodes differ, the limit was that depth. The nodes of
    adaptive searches are known multiples of a share of the limit.
    """
    if game.recording is None or not game.recording.ours:
        return None
    known = [position.searched or position.evaluation for position in game.recording.positions if position]
    found = [evaluation for evaluation in known if evaluation is not None and evaluation.nodes > 0]
    if not found:
        return None
    nodes = sorted(evaluation.nodes for evaluation in found)
    most = nodes[int(len(nodes) * _NEARLY_ALL)] if len(nodes) > 1 else nodes[0]
    if (full := adaptive.full_nodes(nodes)) is not None:
        return Limit(nodes=_two_digits(full))
    depth, same = Counter(evaluation.depth for evaluation in found).most_common(1)[0]
    if same >= _SAME_DEPTH * len(found) and nodes[len(nodes) // 4] < most / 2 and depth > 0:
        return Limit(depth=depth)
    return Limit(nodes=_two_digits(most))


def _two_digits(number: int) -> int:
    """Return a number rounded down to two digits."""
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return number // unit * unit


def follows_up(plan: RunPlan) -> bool:
    """Whether aggregators may ask for searches."""
    return bool(plan.aggregators.following_up()) or plan.player_templates is not None


def limit_of(game: SourceGame, settings: Settings, *, searched: bool) -> Limit:
    """Return the limit of a game's follow-up searches, unless a request has its own.

    * **searched** - whether the run searches the positions of games too.
    """
    if settings.follow_up_limit is not None:
        return settings.follow_up_limit
    return settings.limit if searched else made_with(game) or settings.limit


def asked(
    aggregators: Aggregators, seen: AnalysedGame, default: Limit, positions: Positions, rounds: int = 0
) -> dict[str, list[FollowUp | None]]:
    """Return the searches that aggregators ask for, by aggregator.

    * **aggregators** - who is asked.
    * **seen** - the game in a view, with the answers of earlier rounds.
    * **default** - the limit of requests without one.
    * **positions** - those of the game.
    * **rounds** - how many times they have been asked.
    """

    def plan_request(request: Request) -> FollowUp | None:
        position = positions.after(request.ply, request.moves)
        limit = structs.replace(request.limit or default, multipv=request.multipv)
        return None if position is None else FollowUp(request.ply, position, limit)

    return aggregators.follow_ups(seen, plan_request, rounds)


class Forecast(Struct):
    """What the follow-up searches of recorded games will be."""

    asking: tuple[str, ...]
    """The aggregators that ask for them."""
    games: int = 0
    """Games that were looked at."""
    searches: int = 0
    """Searches that these ask for and that the cache does not know."""
    cached: int = 0
    """Searches that these ask for and that the cache knows."""
    nodes: int = 0
    """Nodes of `searches` with a limit in nodes."""
    limits: Counter[Limit] = Counter()
    """How many of them have each limit, without its number of lines."""
    most: int = 0
    """Most searches of one game."""
    assumed: bool = False
    """Whether a game did not say what it was analysed with, so that the run's limit is taken."""
    further: bool = False
    """Whether other searches may follow from the answers."""
    times: float | None = 1.0
    """How many games the input has for each of `games`, estimated where it is long; None: not known."""


def foresee(
    run: RunPlan, main: ChosenEvaluator, searcher: ChosenEvaluator, games: int | None = SAMPLE
) -> Forecast:
    """Look at the first `games` of the input, or at all of them, and return what they ask for.

    Nothing is found where the input can be read only once.
    """
    forecast = Forecast(
        tuple(run.aggregators.following_up()), limits=Counter(), further=run.aggregators.asking_further()
    )
    again = [source.again() for source in run.sources]
    sources = [source for source in again if source is not None]
    if len(sources) < len(again):
        forecast.times = None
        return forecast
    look = _Look(run, main)
    cache = open_cache(run.settings)
    try:
        for item in _sampled(run, sources, forecast, games):
            forecast.games += 1
            source = parse_game(item, run.readers)
            if not isinstance(source, ParsedGame) or not isinstance(
                skip_unplayable(source, main.info), ParsedGame
            ):
                continue
            units = look.units(source)
            forecast.most = max(forecast.most, len(units))
            stated = run.settings.follow_up_limit or made_with(source.game)
            forecast.assumed = forecast.assumed or (stated is None and bool(units))
            for unit in units:
                assert unit.limit is not None
                if cache.get(unit_key(searcher.info.fingerprint, unit.limit, unit)) is not None:
                    forecast.cached += 1
                    continue
                forecast.searches += 1
                forecast.nodes += unit.limit.nodes or 0
                forecast.limits[structs.replace(unit.limit, multipv=1)] += 1
    finally:
        cache.close()
        for opened in sources:
            opened.close()
    return forecast


def _sampled(
    run: RunPlan, sources: Sequence[Source], forecast: Forecast, games: int | None
) -> Iterator[UnparsedGame]:
    """Yield the first `games`, and count the others for a second at most, which says `forecast.times`."""
    number, until = 0, math.inf
    for item in select_games(sources, run.readers, structs.replace(run.selection, seen=None)):
        if not isinstance(item, UnparsedGame):
            continue
        number += 1
        if games is None or number <= games:
            yield item
            until = time.monotonic() + COUNTING_SECONDS
        elif time.monotonic() > until:
            share = share_read(sources)
            forecast.times = number / share / games if share else None
            return
    if games is not None and number > games:
        forecast.times = number / games


class _Look:
    """What aggregators ask of one recorded game after the other."""

    def __init__(self, run: RunPlan, main: ChosenEvaluator) -> None:
        self._settings = run.settings
        self._reads_input = main.reads_input
        self._aggregators = run.aggregator_plan.copy().load(run.registry)
        scale = main.info.scale
        self._analyzer = GameAnalyzer(run.settings.search, scale, main.reads_input, run.selection.players)
        self._ids = itertools.count()
        self._names = None
        if run.player_templates is not None:
            self._names = PlayerNames(run.settings.players, run.known.names)

    def units(self, source: ParsedGame) -> Sequence[Unit]:
        """Return the searches that are asked for."""
        search, taken = self._settings.search, self._reads_input
        planned = plan(source.origin, source.game, search, self._ids, use_recorded=taken, can_search=False)
        game = self._analyzer.analyse(all_known(planned))
        limit = limit_of(source.game, self._settings, searched=False)
        positions = Positions(source.game)
        views = [game]
        if self._names is not None:
            views += [seen for _, seen in views_of(self._names, game) if seen.view != game.view]
        by_key = {
            RequestKey(name, seen.view): searches
            for seen in views
            for name, searches in asked(self._aggregators, seen, limit, positions).items()
        }
        return follow_up_units(source.origin.game, by_key, self._ids).units


def announcement(run: RunPlan, main: ChosenEvaluator, searcher: ChosenEvaluator) -> str | None:
    """Return what people should know before the follow-up searches of recorded games start; None: there are none.

    Raises what `foresee` raises.
    """
    forecast = foresee(run, main, searcher)
    if forecast.times is not None and not forecast.searches:
        return None
    asking = " and ".join(forecast.asking)
    verb = "ask" if len(forecast.asking) > 1 else "asks"
    by = f"{asking} {verb} {searcher.info.name} for follow-up searches"
    said = _unforeseen(forecast, run, searcher) if forecast.times is None else _foreseen(forecast, run, searcher)
    return f"{by}: {said}; --follow-up-evaluator none leaves them out"


def _foreseen(forecast: Forecast, run: RunPlan, searcher: ChosenEvaluator) -> str:
    """Return how many searches there will be, to which limit, and how long they take at the speed of now."""
    times = forecast.times or 1.0
    whole = times == 1
    searches = forecast.searches if whole else _round(forecast.searches * times)
    number = f"{'' if whole else 'about '}{count(searches, 'position')}"
    a_game = "" if whole and forecast.games == 1 else f", up to {forecast.most:,} a game"
    limits = either([limit.words for limit, _ in forecast.limits.most_common()])
    further = ", and others that depend on the answers" if forecast.further else ""
    because = " (the games do not say what they were analysed with)" if forecast.assumed else ""
    cost = ""
    nodes = forecast.nodes * times
    if nodes >= MEASURED and searcher.spec is not None:
        speed = measure_speed(searcher.spec) * run.workers
        cost = f", about {duration(nodes / speed)} at {short(speed)} nodes/s"
    return f"{number}{a_game}, at {limits}{because}{cost}{further}"


def _unforeseen(forecast: Forecast, run: RunPlan, searcher: ChosenEvaluator) -> str:
    """Return what one search costs, and why it is not known how many there will be."""
    limit = run.settings.follow_up_limit
    default = limit or run.settings.limit
    each = str(limit) if limit is not None else f"what its game was analysed with, or else {default}"
    cost = ""
    if default.nodes and searcher.spec is not None:
        speed = measure_speed(searcher.spec)
        cost = f" (about {default.nodes / speed:.2g} s at {short(speed)} nodes/s)"
    if forecast.games:
        why = (
            f"up to {forecast.most:,} a game of the first {forecast.games:,}, and it is not known how many follow"
        )
    else:
        why = "it is not known how many, because the input can be read only once"
    return f"{why}; each takes {each}{cost}"


def _round(number: float) -> int:
    """Return an estimate with two digits."""
    unit: int = 10 ** max(0, len(str(int(number))) - 2)
    return max(1, round(number / unit) * unit)
