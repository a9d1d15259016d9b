"""`check_aggregator` passes what keeps the laws and names the law that is broken."""

from __future__ import annotations

import datetime as dt
import importlib.util
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from engine.model import AnalysedGame, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Sum
from engine.testing import BrokenLaw, analysed_game, check_aggregator, example_games

CASTLING = Path(__file__).parents[2] / "plugins" / "examples" / "castling.py"


class Plies(Aggregator):
    """How many plies?"""

    plies = Sum()

    def add(self, game: AnalysedGame) -> None:
        self.plies.add(len(game.plies))

    def report(self) -> Report:
        return Report("Plies", {"plies": Metric(self.plies.value, "Plies")})


class ByHand(Aggregator):
    """A base for those who write merge, state and load themselves."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.total: Any = 0

    def add(self, game: AnalysedGame) -> None:
        self.total += len(game.plies)

    def merge(self, other: Any) -> None:
        self.total += other.total

    def state(self) -> Any:
        return self.total

    def load(self, state: Any) -> None:
        self.total = state

    def report(self) -> Report:
        return Report("By hand", {"total": Metric(self.total, "Total")})


class LastGame(ByHand):
    """Depends on the order."""

    def add(self, game: AnalysedGame) -> None:
        self.total = game.origin.game


class FloatSum(ByHand):
    """Adds up floats, and hides the last digits."""

    def add(self, game: AnalysedGame) -> None:
        self.total += game.white.accuracy or 0.0

    def report(self) -> Report:
        return Report("Floats", {"total": Metric(round(self.total, 1), "Total")})


class Lossy(Plies):
    """Keeps something that is not part of its state."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = 0

    def add(self, game: AnalysedGame) -> None:
        super().add(game)
        self.games += 1

    def report(self) -> Report:
        return Report("Lossy", {"games": Metric(self.games, "Games")})


class SharedDefault(ByHand):
    """Keeps its state on the class."""

    seen: ClassVar[list[int]] = []

    def add(self, game: AnalysedGame) -> None:
        self.seen.append(game.origin.game)

    def report(self) -> Report:
        return Report("Shared", {"games": Metric(len(self.seen), "Games")})


class Clock(Plies):
    """Says when it was asked."""

    def report(self) -> Report:
        return Report("Clock", {"at": Metric(time.perf_counter_ns(), "At")})


class Date(Plies):
    """Says which day it is."""

    def report(self) -> Report:
        return Report("Date", {"day": Metric(str(dt.date.today()), "Day")})  # noqa: DTZ011


class FloatText(ByHand):
    """Adds up floats, and ships them as text to the last bit."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.total = 0.0

    def add(self, game: AnalysedGame) -> None:
        self.total += game.white.accuracy or 0.0

    def state(self) -> str:
        return float(self.total).hex()

    def load(self, state: str) -> None:
        self.total = float.fromhex(state)


class DefaultArgument(ByHand):
    """Has a mutable default."""

    def __init__(self, options: Any = None, seen: list[int] = []) -> None:  # noqa: B006
        super().__init__(options)
        self.seen = seen

    def add(self, game: AnalysedGame) -> None:
        self.seen.append(game.origin.game)

    def report(self) -> Report:
        return Report("Default", {"games": Metric(len(self.seen), "Games")})


class Asks(Plies):
    """Asks for a search of each position it sees."""

    def requests(self, game: AnalysedGame) -> list[str]:
        return [ply.uci for ply in game.plies]


class AsksLess(Asks):
    """Asks for less once it has seen something."""

    def requests(self, game: AnalysedGame) -> list[str]:
        return super().requests(game)[: None if self.plies.value == 0 else 1]


class AsksOnce(Asks):
    """Asks for a game once."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.asked: Iterator[bool] = iter([True])

    def requests(self, game: AnalysedGame) -> list[str]:
        return super().requests(game) if next(self.asked, False) else []


class AsksAndCounts(Asks):
    """Counts what it asked for."""

    def requests(self, game: AnalysedGame) -> list[str]:
        self.plies.add(len(game.plies))
        return super().requests(game)


class CountsReports(ByHand):
    """Changes its state in report."""

    def report(self) -> Report:
        self.total += 1
        return Report("Constant")


class LoadAdds(ByHand):
    """Loads on top of what it has."""

    def load(self, state: Any) -> None:
        self.total += state


class MergeTakesOver(ByHand):
    """Empties the other side."""

    def merge(self, other: Any) -> None:
        super().merge(other)
        other.total = 0


class MergeDoubles(ByHand):
    """Has no identity."""

    def merge(self, other: Any) -> None:
        self.total += other.total + 1


class Subtracts(ByHand):
    """Does not commute."""

    def merge(self, other: Any) -> None:
        self.total = self.total - other.total if self.total and other.total else self.total + other.total


class Shares(ByHand):
    """Keeps the other's list."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.total = []

    def add(self, game: AnalysedGame) -> None:
        self.total.append(game.origin.game)

    def merge(self, other: Any) -> None:
        if self.total:
            self.total = sorted(self.total + other.total)
        else:
            self.total = other.total

    def state(self) -> Any:
        return sorted(self.total)

    def report(self) -> Report:
        return Report("Shares", {"games": Metric(str(sorted(self.total)), "Games")})


class Chatty(Plies):
    """Prints."""

    def add(self, game: AnalysedGame) -> None:
        super().add(game)
        print(game.origin.game)  # noqa: T201


class Scribbles(Plies):
    """Writes into the game."""

    def add(self, game: AnalysedGame) -> None:
        super().add(game)
        game.headers["Seen"] = "yes"  # type: ignore[index]


class KeepsASet(ByHand):
    """Has a state that is no JSON."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.total = set()

    def add(self, game: AnalysedGame) -> None:
        self.total.add(game.origin.game)

    def merge(self, other: Any) -> None:
        self.total |= other.total

    def report(self) -> Report:
        return Report("Set", {"games": Metric(len(self.total), "Games")})


class Ragged(Plies):
    """Has a row too short for its columns."""

    def report(self) -> Report:
        columns = (Column("a", "A"), Column("b", "B"))
        return Report("Ragged", tables=(ReportTable("t", "T", columns, (("only a",),)),))


class NotANumber(Plies):
    """Divides nothing by nothing."""

    def report(self) -> Report:
        return Report("NaN", {"nan": Metric(float("nan"), "NaN", "float")})


class NoReport(Plies):
    """Returns something else."""

    def report(self) -> Any:
        return {"plies": self.plies.value}


class WithoutDoc(Plies):
    __doc__ = None


@pytest.mark.parametrize("cls", [Plies, ByHand, Asks])
def test_the_lawful_pass(cls: type[Aggregator]) -> None:
    check_aggregator(cls, example_games())


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_games_are_enough(count: int) -> None:
    check_aggregator(Plies, example_games()[:count])


def test_the_example_in_one_file_passes() -> None:
    spec = importlib.util.spec_from_file_location("castling_example", CASTLING)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check_aggregator(module.Castling, example_games())
    castling = module.Castling()
    castling.add(analysed_game("1. e4 e5 2. Nf3 Nf6 3. Bc4 Bc5 4. O-O O-O"))
    assert {name: metric.value for name, metric in castling.report().metrics.items()} == {
        "castled": 2,
        "median": 6,
    }


@pytest.mark.parametrize(
    ("cls", "law"),
    [
        (LastGame, "the order of the games does not matter"),
        (FloatSum, "the state is JSON of integers and strings"),
        (Lossy, "state and load lose nothing"),
        (SharedDefault, "instances share nothing"),
        (Clock, "report is repeatable"),
        (Date, "report is repeatable"),
        (FloatText, "the order of the games does not matter"),
        (DefaultArgument, "instances share nothing"),
        (AsksOnce, "requests is repeatable"),
        (AsksAndCounts, "requests changes nothing"),
        (AsksLess, "requests depends on the game alone"),
        (CountsReports, "report changes nothing"),
        (LoadAdds, "load replaces what was there before"),
        (MergeTakesOver, "merge leaves the other instance as it is"),
        (MergeDoubles, "a fresh instance is the identity of merge"),
        (Subtracts, "merge is commutative"),
        (Shares, "merge copies"),
        (Chatty, "nothing is written to stdout"),
        (Scribbles, "add leaves the games as they are"),
        (KeepsASet, "the state is JSON of integers and strings"),
        (Ragged, "a row has one cell a column"),
        (NotANumber, "cells are strings, finite numbers or None"),
        (NoReport, "report() returns a Report"),
        (WithoutDoc, "the class has a docstring"),
    ],
)
def test_the_broken_law_is_named(cls: type[Aggregator], law: str) -> None:
    SharedDefault.seen.clear()
    with pytest.raises(BrokenLaw) as caught:
        check_aggregator(cls, example_games())
    assert str(caught.value).startswith(f"{cls.__name__} breaks a law: {law}")


def broken_by(cls: type[Aggregator]) -> BrokenLaw:
    with pytest.raises(BrokenLaw) as caught:
        check_aggregator(cls, example_games())
    return caught.value


def test_the_lines_that_differ_stand_side_by_side() -> None:
    broken = broken_by(Lossy)
    assert broken.law == "state and load lose nothing: the loaded copy reports the same"
    assert "metrics.games.value: 1" in broken.left
    assert "metrics.games.value: 0" in broken.right
    assert str(broken).splitlines()[-2:] == [
        "                     report  of its copy",
        "metrics.games.value  1       0",
    ]
    assert "metrics.games.label" not in str(broken)


def test_the_smallest_case_is_found() -> None:
    order = broken_by(LastGame)
    assert [len(part) for part in order.split] == [2]
    assert [game.origin.game for game in order.games] == list(order.split[0])
    assert len(broken_by(FloatSum).games) == 1
    assert broken_by(Clock).games == ()
    commutes = broken_by(Subtracts)
    assert [len(part) for part in commutes.split] == [1, 1]
    for number, game in zip([part[0] for part in commutes.split], commutes.games, strict=True):
        moves = " ".join(ply.san for ply in game.plies[:4])
        assert f"  {number}: {game.player('white')} - {game.player('black')}: {moves}" in str(commutes)


def test_a_case_that_needs_many_games_loses_those_it_does_not_need() -> None:
    class Forgets(Plies):
        """Forgets all from 50 plies on when it is shipped."""

        def state(self) -> Any:
            return super().state() if self.plies.value < 50 else Plies().state()

    broken = broken_by(Forgets)
    plies = [len(game.plies) for game in broken.games]
    assert sum(plies) >= 50
    assert sum(plies) - min(plies) < 50


def test_a_broken_law_survives_pickling() -> None:
    broken = broken_by(Lossy)
    assert str(pickle.loads(pickle.dumps(broken))) == str(broken)


def test_what_the_aggregator_raises_passes_through() -> None:
    class Raises(Plies):
        """Raises."""

        def add(self, game: AnalysedGame) -> None:
            raise KeyError(game.origin.game)

    with pytest.raises(KeyError) as caught:
        check_aggregator(Raises, example_games())
    assert caught.value.__notes__ == ["in add() of game 1 of those that were checked"]


def test_the_builder_refuses_moves_that_cannot_be_played() -> None:
    with pytest.raises(ValueError, match="Nf6"):
        analysed_game("1. e4 e5 2. Nf6")
