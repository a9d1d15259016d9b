"""`check_aggregator` passes what keeps the laws and names the law that is broken."""

from __future__ import annotations

import importlib.util
import time
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


@pytest.mark.parametrize("cls", [Plies, ByHand])
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


def test_the_difference_is_shown() -> None:
    with pytest.raises(BrokenLaw, match="state and load lose nothing") as caught:
        check_aggregator(Lossy, example_games())
    assert '-   "value": 18,' in str(caught.value)
    assert '+   "value": 0,' in str(caught.value)


def test_what_the_aggregator_raises_passes_through() -> None:
    class Raises(Plies):
        """Raises."""

        def add(self, game: AnalysedGame) -> None:
            raise KeyError(game.origin.game)

    with pytest.raises(KeyError):
        check_aggregator(Raises, example_games())


def test_the_builder_refuses_moves_that_cannot_be_played() -> None:
    with pytest.raises(ValueError, match="Nf6"):
        analysed_game("1. e4 e5 2. Nf6")
