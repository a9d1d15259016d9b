"""The laws of `engine.contracts.aggregator`, one function each: what is equal however games are shared out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from engine.contracts.aggregator import Aggregator, Needs
from engine.contracts.options import Options
from engine.model import AnalysedGame, Report
from engine.testing.answers import wrong_request
from engine.testing.broken_law import BrokenLaw, Compared, lines_of
from engine.testing.calendar import DAYS, on_day
from engine.testing.shrinking import Parts

__all__ = ["Bench", "Law"]

_ORDER_HINT = "Workers finish games in any order: keep sums, counts, or rows with a key that breaks ties."
_STATE_HINT = "A run ships states between processes: whatever the report needs has to be in them."
_MERGE_HINT = "A run is merged in any order and grouping, part by part, as the parts come in."
_PURE_HINT = "A report may be asked for at any time, and twice: no clock, no random number, no change in it."
_SHARED_HINT = "A list or dict in the class body, or as a default argument, belongs to all instances."
_SCHEMA_HINT = "Writers and other programs rely on the types: see engine.model.Report."
_JSON_HINT = "JSON has no sets, and sums of floats depend on the order: keep integers, such as thousandths."


class Bench:
    """Makes and feeds aggregators of one class, and puts what they say into JSON."""

    def __init__(self, cls: type[Aggregator], games: Sequence[AnalysedGame], options: Options) -> None:
        self.cls = cls
        self.games = games
        self.options = options

    def fed(self, part: Iterable[int] = ()) -> Aggregator:
        """A fresh instance that has seen the games at these positions of the list, in this order."""
        aggregator = self.cls(self.options)
        for k in part:
            self.add(aggregator, k)
        return aggregator

    def add(self, aggregator: Aggregator, k: int) -> None:
        try:
            aggregator.add(self.games[k])
        except Exception as error:
            error.add_note(f"in add() of game {k + 1} of those that were checked")
            raise

    def copy(self, aggregator: Aggregator) -> Aggregator:
        """Another instance, shipped as JSON."""
        copy = self.fed()
        copy.load(json.loads(self.json(aggregator)))
        return copy

    def json(self, aggregator: Aggregator) -> str:
        """Its state, after a look at what it is made of."""
        state = aggregator.state()
        if not _exact(state):
            path, value = next(leaf for leaf in _leaves(state, "state") if not _exact(leaf[1]))
            raise self.broken(
                "the state is JSON of integers and strings",
                f"{path} is {value!r}, a {_type(value)}",
                _JSON_HINT,
            )
        return json.dumps(state)

    def report(self, aggregator: Aggregator) -> str:
        """Its report as JSON, after a look at what every writer relies on."""
        report: Any = aggregator.report()
        if not isinstance(report, Report):
            raise self.broken("report() returns a Report", f"it returned {report!r}")
        try:
            msgspec.convert(msgspec.to_builtins(report), Report)
        except (msgspec.ValidationError, TypeError) as error:
            raise self.broken("a Report is made of what its fields say", str(error), _SCHEMA_HINT) from None
        self._check_keys(report)
        cells = [metric.value for metric in report.metrics.values()]
        for table in report.tables:
            for row in table.rows:
                if len(row) != len(table.columns):
                    found = f"table {table.key!r} has {len(table.columns)} columns and the row {row!r}"
                    raise self.broken("a row has one cell a column", found)
                cells += row
        for cell in cells:
            if not isinstance(cell, (str, int, float, type(None))) or _infinite(cell):
                raise self.broken("cells are strings, finite numbers or None", f"the report has {cell!r}")
        return _encoded(report)

    def _check_keys(self, report: Report) -> None:
        law = "tables of a report, and columns of a table, have different keys, and neither is empty"
        keys = {"tables of the report": [table.key for table in report.tables]}
        for table in report.tables:
            keys[f"columns of table {table.key!r}"] = [column.key for column in table.columns]
        for owner, found in keys.items():
            if len(set(found)) != len(found) or not all(found):
                raise self.broken(law, f"the {owner} have the keys {', '.join(map(repr, found))}")

    def broken(self, law: str, found: str, hint: str = "") -> BrokenLaw:
        """What is wrong with one thing alone, in a sentence."""
        return BrokenLaw(self.cls.__name__, Compared(law, hint, "", "", "", found))


Law = Callable[[Bench, Parts], Iterator[Compared]]


def describes_itself(bench: Bench, _: Parts) -> Iterator[Compared]:
    if not (bench.cls.__doc__ or "").strip():
        raise bench.broken("the class has a docstring, its first line is its description", "there is none")
    needs = bench.cls.needs(bench.options)
    if not isinstance(needs, Needs):
        raise bench.broken("needs(options) returns Needs", f"it returned {needs!r}")
    yield from ()


def report_is_pure(bench: Bench, parts: Parts) -> Iterator[Compared]:
    whole = bench.fed(parts[0] if parts else ())
    before = bench.json(whole)
    first = bench.report(whole)
    law = "report is repeatable: calling it again gives the same"
    yield Compared(law, _PURE_HINT, "first call", first, "second call", bench.report(whole))
    law = "report changes nothing: the state stays the same"
    yield Compared(law, _PURE_HINT, "state before", before, "state after", bench.json(whole))


def calendar_does_not_matter(bench: Bench, parts: Parts) -> Iterator[Compared]:
    """The whole life of an aggregator on days that are years apart."""
    law = "today's date does not matter: the same games give the same report on any day"
    reports = []
    for day in DAYS:
        with on_day(day):
            reports.append(bench.report(bench.fed(parts[0] if parts else ())))
    for report, day in zip(reports[1:], DAYS[1:], strict=True):
        yield Compared(law, _PURE_HINT, _day(DAYS[0]), reports[0], _day(day), report)


def one_game_stays_where_it_is(bench: Bench, parts: Parts) -> Iterator[Compared]:
    """Adding it changes neither the game nor other instances; when it does, both stay spoiled."""
    [[k]] = parts
    game = _encoded(bench.games[k])
    fresh = bench.fed()
    report, state = bench.report(fresh), bench.json(fresh)
    bench.fed([k])
    after = bench.fed()
    law = "instances share nothing: a fresh one starts empty"
    yield Compared(law, _SHARED_HINT, "fresh, before", report, "fresh, after", bench.report(after))
    yield Compared(law, _SHARED_HINT, "state, before", state, "state, after", bench.json(after))
    hint = "Other aggregators and the writers get the same game."
    now = _encoded(bench.games[k])
    yield Compared("add leaves the games as they are", hint, "before", game, "after", now)


def add_is_repeatable(bench: Bench, parts: Parts) -> Iterator[Compared]:
    games = [k for part in parts for k in part]
    law = "a second instance, fed the same games, gives the same report"
    first, second = bench.report(bench.fed(games)), bench.report(bench.fed(games))
    yield Compared(law, _PURE_HINT, "one instance", first, "another", second)


def requests_are_pure(bench: Bench, parts: Parts) -> Iterator[Compared]:
    """What `requests(game)` returns, where the class has it, follows from the game and the options alone."""
    if bench.cls.requests is Aggregator.requests:
        return
    games = [k for part in parts for k in part]
    used, fresh = bench.fed(games), bench.fed()
    for k in games:
        for request in bench.fed().requests(bench.games[k]):
            if wrong := wrong_request(bench.games[k], request):
                raise bench.broken("requests are for positions of the game that can be searched", wrong)
    before = bench.json(used)
    hint = "What a game is searched for must not depend on other games, a clock or a call before."
    for game in (bench.games[k] for k in games):
        asked = _listed(used.requests(game))
        law = "requests is repeatable: the same game asks for the same"
        yield Compared(law, hint, "first call", asked, "second call", _listed(used.requests(game)))
        law = "requests depends on the game alone: what was added before does not matter"
        yield Compared(law, hint, "fed with games", asked, "a fresh one", _listed(fresh.requests(game)))
        law = "further_requests is repeatable: the same game and answers ask for the same"
        further = _listed(used.further_requests(game))
        yield Compared(law, hint, "first call", further, "second call", _listed(used.further_requests(game)))
        for request in used.further_requests(game) if used.answers(game) else ():
            if wrong := wrong_request(game, request):
                raise bench.broken("further requests are for positions of the game that can be searched", wrong)
    law = "requests changes nothing: the state stays the same"
    yield Compared(law, hint, "state before", before, "state after", bench.json(used))


def state_round_trip(bench: Bench, parts: Parts) -> Iterator[Compared]:
    first, second = _three(parts)[:2]
    whole = bench.fed(first)
    report = bench.report(whole)
    copy = bench.copy(whole)
    law = "state and load lose nothing: the loaded copy reports the same"
    yield Compared(law, _STATE_HINT, "report", report, "of its copy", bench.report(copy))
    law = "state and load lose nothing: the loaded copy has the same state"
    yield Compared(law, _STATE_HINT, "state", bench.json(whole), "of its copy", bench.json(copy))
    used = bench.fed(second)
    used.load(json.loads(bench.json(whole)))
    law = "load replaces what was there before"
    yield Compared(law, _STATE_HINT, "report", report, "loaded over others", bench.report(used))


def order_does_not_matter(bench: Bench, parts: Parts) -> Iterator[Compared]:
    games = parts[0] if parts else ()
    law = "the order of the games does not matter"
    first, second = bench.report(bench.fed(sorted(games))), bench.report(bench.fed(games))
    yield Compared(law, _ORDER_HINT, _order(sorted(games)), first, _order(games), second)


def fresh_is_identity(bench: Bench, parts: Parts) -> Iterator[Compared]:
    games = [k for part in parts for k in part]
    reference = bench.report(bench.fed(games))
    left, right = bench.fed(), bench.fed(games)
    left.merge(bench.fed(games))
    right.merge(bench.fed())
    law = "a fresh instance is the identity of merge"
    merged = bench.report(left)
    yield Compared(f"{law}: fresh.merge(whole) is the whole", _MERGE_HINT, "whole", reference, "merged", merged)
    merged = bench.report(right)
    yield Compared(f"{law}: whole.merge(fresh) is the whole", _MERGE_HINT, "whole", reference, "merged", merged)


def merge_is_commutative(bench: Bench, parts: Parts) -> Iterator[Compared]:
    a, b, _ = _three(parts)
    ab, ba = bench.fed(a), bench.fed(b)
    ab.merge(bench.fed(b))
    ba.merge(bench.fed(a))
    law = "merge is commutative: a.merge(b) is b.merge(a)"
    yield Compared(law, _MERGE_HINT, "a.merge(b)", bench.report(ab), "b.merge(a)", bench.report(ba))


def merge_copies(bench: Bench, parts: Parts) -> Iterator[Compared]:
    a, b, c = _three(parts)
    for start in (a, ()):
        into, other = bench.fed(start), bench.fed(b)
        before = bench.json(other)
        into.merge(other)
        law = "merge leaves the other instance as it is"
        yield Compared(law, _MERGE_HINT, "state before", before, "state after", bench.json(other))
        merged = bench.report(into)
        for k in c:
            bench.add(other, k)
        law = "merge copies: what the other adds afterwards does not show"
        yield Compared(law, _MERGE_HINT, "before it adds", merged, "after", bench.report(into))


def merge_is_associative(bench: Bench, parts: Parts) -> Iterator[Compared]:
    a, b, c = _three(parts)
    left = bench.fed(a)
    left.merge(bench.fed(b))
    left.merge(bench.fed(c))
    tail = bench.fed(b)
    tail.merge(bench.fed(c))
    right = bench.fed(a)
    right.merge(tail)
    law = "merge is associative: (a+b)+c is a+(b+c)"
    yield Compared(law, _MERGE_HINT, "(a+b)+c", bench.report(left), "a+(b+c)", bench.report(right))


def parts_are_the_whole(bench: Bench, parts: Parts) -> Iterator[Compared]:
    """Shared out, shipped as JSON, merged two and two, as a run over many machines would."""
    whole = bench.report(bench.fed(sorted(k for part in parts for k in part)))
    merged = bench.report(_merged(bench, parts or ((),)))
    law = "shared out, shipped and merged, parts are the whole"
    yield Compared(law, _MERGE_HINT, "one instance", whole, "parts, merged", merged)


def _merged(bench: Bench, parts: Parts) -> Aggregator:
    if len(parts) == 1:
        return bench.copy(bench.fed(parts[0]))
    half = len(parts) // 2
    left = _merged(bench, parts[:half])
    left.merge(_merged(bench, parts[half:]))
    return bench.copy(left)


def _three(parts: Parts) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    a, b, c, *_ = (*parts, (), (), ())
    return a, b, c


def _order(games: Sequence[int]) -> str:
    return "in the order " + ", ".join(str(k + 1) for k in games)


def _listed(requests: Sequence[object]) -> str:
    return lines_of({f"request {k}": repr(request) for k, request in enumerate(requests)})


def _day(seconds: float) -> str:
    return f"on a day in {round(1970 + seconds / 31_556_952)}"


def _infinite(cell: object) -> bool:
    return isinstance(cell, float) and not math.isfinite(cell)


def _type(value: object) -> str:
    return type(value).__name__


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _exact(value: object) -> bool:
    """Whether it is made of what JSON keeps and any order adds up to the same."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_exact, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_exact, value))
    return value is None or (isinstance(value, (str, int)) and not isinstance(value, bool))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Everything in a state that is not a list or a dict with string keys."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        for key, item in value.items():
            yield from _leaves(item, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for k, item in enumerate(value):
            yield from _leaves(item, f"{path}[{k}]")
    else:
        yield path, value
