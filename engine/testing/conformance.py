"""Does an aggregator keep the laws that let games be shared out between processes and machines?"""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from engine.aggregation import Aggregator, Needs
from engine.model import AnalysedGame, Report
from engine.options import Options, build

__all__ = ["BrokenLaw", "check_aggregator"]

_ROUNDS = 20
_SHARDS = 5
_INTEGERS = "the state is JSON of integers and strings"


class BrokenLaw(AssertionError):
    """An aggregator breaks one of the laws; the message names the law and shows the difference."""


def check_aggregator(
    cls: type[Aggregator],
    games: Iterable[AnalysedGame],
    options: Options | Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> None:
    """Prove the laws of `engine.aggregation` for `cls` on `games`: random splits, shuffles, state round-trips.

    Every way to share the games out must give the same report to the byte. An empty input gives a valid report;
    `report` is repeatable and changes nothing; `merge` is associative and commutative, leaves the other side as
    it is, and a fresh instance is its identity; the state is JSON of integers and strings; instances share
    nothing; games stay as they are; nothing is printed. The random choices follow `seed`.

    Raises BrokenLaw at the first law that does not hold; whatever the aggregator itself raises passes through.
    """
    _Check(cls, list(games), options, seed).run()


class _Check:
    def __init__(
        self,
        cls: type[Aggregator],
        games: Sequence[AnalysedGame],
        options: Options | Mapping[str, Any] | None,
        seed: int,
    ) -> None:
        self.cls = cls
        self.games = games
        self.random = random.Random(seed)
        if isinstance(options, Options):
            self.options: Options = options
        else:
            self.options = build(cls.Options, options or {}, cls.__name__)

    def run(self) -> None:
        with self._silence():
            self._describes_itself()
            empty = self._text(self._fresh())
            before = msgspec.json.encode(self.games)
            whole = self._fresh(self.games)
            reference = self._text(whole)
            self._report_is_pure(whole, reference)
            self._same(
                "add leaves the games as they are", before.decode(), msgspec.json.encode(self.games).decode()
            )
            self._same("instances share nothing: a fresh one starts empty", empty, self._text(self._fresh()))
            self._same(
                "a second instance, fed the same games, gives the same report",
                reference,
                self._text(self._fresh(self.games)),
            )
            self._state_round_trip(whole, reference)
            self._order(reference)
            self._identity(reference)
            self._pairs(reference)
            for _ in range(_ROUNDS):
                self._split(reference)

    # -- the laws -------------------------------------------------------------------------------------------

    def _describes_itself(self) -> None:
        if not (self.cls.__doc__ or "").strip():
            raise self._broken("the class has a docstring, its first line is its description", "there is none")
        needs = self.cls.needs(self.options)
        if not isinstance(needs, Needs):
            raise self._broken("needs(options) returns Needs", f"it returned {needs!r}")

    def _report_is_pure(self, whole: Aggregator, reference: str) -> None:
        before = self._state(whole)
        self._same("report is repeatable: calling it again gives the same", reference, self._text(whole))
        self._same("report changes nothing: the state stays the same", before, self._state(whole))

    def _state_round_trip(self, whole: Aggregator, reference: str) -> None:
        copy = self._copy(whole)
        self._same("state and load lose nothing: the loaded copy reports the same", reference, self._text(copy))
        self._same(
            "state and load lose nothing: the loaded copy has the same state",
            self._state(whole),
            self._state(copy),
        )
        used = self._fresh(self.games[: len(self.games) // 2])
        used.load(json.loads(self._state(whole)))
        self._same("load replaces what was there before", reference, self._text(used))

    def _order(self, reference: str) -> None:
        for _ in range(_ROUNDS):
            shuffled = self._shuffled()
            self._same(
                "the order of the games does not matter", reference, self._text(self._fresh(shuffled)), shuffled
            )

    def _identity(self, reference: str) -> None:
        left, right = self._fresh(), self._fresh(self.games)
        left.merge(self._fresh(self.games))
        right.merge(self._fresh())
        law = "a fresh instance is the identity of merge"
        self._same(f"{law}: fresh.merge(whole) is the whole", reference, self._text(left))
        self._same(f"{law}: whole.merge(fresh) is the whole", reference, self._text(right))

    def _pairs(self, reference: str) -> None:
        """Commutative, associative, and the other side untouched, on one random split in three."""
        games = self._shuffled()
        third = len(games) // 3
        parts = games[:third], games[third : 2 * third], games[2 * third :]
        ab, ba = self._fresh(parts[0]), self._fresh(parts[1])
        b = self._fresh(parts[1])
        before = self._state(b)
        ab.merge(b)
        ba.merge(self._fresh(parts[0]))
        self._same("merge is commutative: a.merge(b) is b.merge(a)", self._text(ab), self._text(ba))
        self._same("merge leaves the other instance as it is", before, self._state(b))
        started = self._fresh()
        started.merge(b)
        merged = self._text(ab), self._text(started)
        for game in parts[2]:
            b.add(game)
        for text, aggregator in zip(merged, (ab, started), strict=True):
            self._same("merge copies: what the other adds afterwards does not show", text, self._text(aggregator))
        left = ab
        left.merge(self._fresh(parts[2]))
        tail = self._fresh(parts[1])
        tail.merge(self._fresh(parts[2]))
        right = self._fresh(parts[0])
        right.merge(tail)
        self._same("merge is associative: (a+b)+c is a+(b+c)", self._text(left), self._text(right))
        self._same("merged parts are the whole", reference, self._text(left), games)

    def _split(self, reference: str) -> None:
        """Shared out at random, shipped as JSON, merged at random, as a run over many machines would."""
        games = self._shuffled()
        shards = [self._fresh() for _ in range(self.random.randint(1, _SHARDS))]
        for game in games:
            self.random.choice(shards).add(game)
        while len(shards) > 1:
            self.random.shuffle(shards)
            first, second = self._copy(shards.pop()), self._copy(shards.pop())
            first.merge(second)
            shards.append(first)
        self._same("shared out, shipped and merged, parts are the whole", reference, self._text(shards[0]), games)

    # -- helpers --------------------------------------------------------------------------------------------

    def _fresh(self, games: Iterable[AnalysedGame] = ()) -> Aggregator:
        aggregator = self.cls(self.options)
        for game in games:
            aggregator.add(game)
        return aggregator

    def _shuffled(self) -> list[AnalysedGame]:
        return self.random.sample(self.games, len(self.games))

    def _copy(self, aggregator: Aggregator) -> Aggregator:
        copy = self._fresh()
        copy.load(json.loads(self._state(aggregator)))
        return copy

    def _state(self, aggregator: Aggregator) -> str:
        state = aggregator.state()
        for path, value in _leaves(state, "state"):
            if isinstance(value, float):
                raise self._broken(_INTEGERS, f"{path} is the float {value!r}: keep thousandths, as integers")
            if not isinstance(value, (str, int, type(None))):
                raise self._broken(_INTEGERS, f"{path} is {value!r}, a {type(value).__name__}")
        return json.dumps(state)

    def _text(self, aggregator: Aggregator) -> str:
        report: Any = aggregator.report()
        if not isinstance(report, Report):
            raise self._broken("report() returns a Report", f"it returned {report!r}")
        for cell in [metric.value for metric in report.metrics.values()]:
            self._check_cell(cell)
        for table in report.tables:
            for row in table.rows:
                if len(row) != len(table.columns):
                    raise self._broken(
                        "a row has one cell a column",
                        f"table {table.key!r} has {len(table.columns)} columns and the row {row!r}",
                    )
                for cell in row:
                    self._check_cell(cell)
        return msgspec.json.format(msgspec.json.encode(report), indent=1).decode()

    def _check_cell(self, cell: object) -> None:
        if not isinstance(cell, (str, int, float, type(None))) or (
            isinstance(cell, float) and not math.isfinite(cell)
        ):
            raise self._broken("cells are strings, finite numbers or None", f"the report has {cell!r}")

    def _same(self, law: str, expected: str, actual: str, order: Sequence[AnalysedGame] = ()) -> None:
        if expected == actual:
            return
        lines = difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), "expected", "got", lineterm="", n=1
        )
        difference = "\n".join(line[:200] for line in list(lines)[:30])
        if order:
            difference += f"\nwith the games in the order {', '.join(str(game.origin.game) for game in order)}"
        raise self._broken(law, difference)

    def _broken(self, law: str, what: str) -> BrokenLaw:
        return BrokenLaw(f"{self.cls.__name__} breaks a law: {law}. Instead:\n{what}")

    @contextlib.contextmanager
    def _silence(self) -> Iterator[None]:
        caught = io.StringIO()
        with contextlib.redirect_stdout(caught):
            yield
        if caught.getvalue():
            raise self._broken("nothing is written to stdout", f"it wrote {caught.getvalue()[:200]!r}")


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
