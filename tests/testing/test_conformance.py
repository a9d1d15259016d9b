"""`check_aggregator` passes what keeps the laws and names the law that is broken."""

from __future__ import annotations

import datetime as dt
import importlib.util
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from engine.model import AnalysedGame
from engine.plugin import Aggregator
from engine.testing import BrokenLaw, analysed_game, check_aggregator, example_games
from tests.testing.unlawful import (
    Asks,
    AsksAndCounts,
    AsksBeyondTheEnd,
    AsksForIllegalMoves,
    AsksForText,
    AsksLess,
    AsksOnce,
    ByHand,
    Chatty,
    Clock,
    CountsReports,
    Date,
    DefaultArgument,
    FloatSum,
    FloatText,
    KeepsASet,
    LastGame,
    LoadAdds,
    Lossy,
    MergeDoubles,
    MergeTakesOver,
    NoReport,
    NotANumber,
    Plies,
    Ragged,
    Scribbles,
    SharedDefault,
    Shares,
    SortsInReport,
    Subtracts,
    TrustsAnswers,
    TrustsLines,
    TwiceTheSame,
    WithoutDoc,
    WrongTypes,
    Year,
    YearInAdd,
)

CASTLING = Path(__file__).parents[2] / "plugins" / "examples" / "castling.py"


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
        (AsksForText, "requests are for positions of the game that can be searched"),
        (AsksBeyondTheEnd, "requests are for positions of the game that can be searched"),
        (AsksForIllegalMoves, "requests are for positions of the game that can be searched"),
        (SortsInReport, "report changes nothing"),
        (Year, "report is repeatable"),
        (YearInAdd, "today's date does not matter"),
        (WrongTypes, "a Report is made of what its fields say"),
        (TwiceTheSame, "tables of a report, and columns of a table, have different keys"),
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


@pytest.mark.parametrize(("cls", "error"), [(TrustsAnswers, AttributeError), (TrustsLines, IndexError)])
def test_games_have_answers_that_failed_and_fewer_lines_than_were_asked_for(
    cls: type[Aggregator], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check_aggregator(cls, example_games())


def test_the_calendar_is_put_back() -> None:
    clocks = (time.time, time.localtime, dt.date, dt.datetime)
    check_aggregator(Plies, example_games()[:2])
    assert (time.time, time.localtime, dt.date, dt.datetime) == clocks
    assert isinstance(dt.datetime.now(tz=dt.UTC), dt.datetime)


def test_the_builder_refuses_moves_that_cannot_be_played() -> None:
    with pytest.raises(ValueError, match="Nf6"):
        analysed_game("1. e4 e5 2. Nf6")
