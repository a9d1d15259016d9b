"""Aggregators for the conformance check: three that keep the laws, and one for each law that breaks it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from engine.model import AnalysedGame, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Request, Sum


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

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(k, (ply.uci,), multipv=2) for k, ply in enumerate(game.plies)]

    def add(self, game: AnalysedGame) -> None:
        super().add(game)
        self.plies.add(sum(len(answer.lines) for answer in self.answers(game) if answer is not None))


class AsksForText(Plies):
    """Asks in its own words."""

    def requests(self, game: AnalysedGame) -> Any:
        return [ply.uci for ply in game.plies]


class AsksBeyondTheEnd(Plies):
    """Counts positions from 1."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(k + 1) for k in range(len(game.plies) + 1)]


class AsksForIllegalMoves(Plies):
    """Plays each move twice."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(k, (ply.uci, ply.uci)) for k, ply in enumerate(game.plies)]


class TrustsAnswers(Plies):
    """Believes that every search succeeds."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(k) for k in range(len(game.plies))]

    def add(self, game: AnalysedGame) -> None:
        self.plies.add(sum(len(answer.pv) for answer in self.answers(game)))  # type: ignore[union-attr]


class TrustsLines(Plies):
    """Believes that there are three lines where there are two."""

    def add(self, game: AnalysedGame) -> None:
        for position in game.positions:
            if position.evaluation is not None and position.evaluation.lines:
                self.plies.add(position.evaluation.lines[2].score.cp or 0)


class AsksLess(Asks):
    """Asks for less once it has seen something."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return super().requests(game)[: None if self.plies.value == 0 else 1]


class AsksOnce(Asks):
    """Asks for a game once."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.asked: Iterator[bool] = iter([True])

    def requests(self, game: AnalysedGame) -> list[Request]:
        return super().requests(game) if next(self.asked, False) else []


class AsksAndCounts(Asks):
    """Counts what it asked for."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        self.plies.add(len(game.plies))
        return super().requests(game)


class SortsInReport(ByHand):
    """Puts its state into order the first time that it is asked."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.total = []

    def add(self, game: AnalysedGame) -> None:
        self.total.append(game.origin.game)

    def report(self) -> Report:
        self.total.sort()
        return Report("Sorted", {"games": Metric(len(self.total), "Games")})


class Year(Plies):
    """Counts the games of this year."""

    def report(self) -> Report:
        return Report("Year", {"year": Metric(datetime.now().year, "Year")})  # noqa: DTZ005


class YearInAdd(Plies):
    """Counts the games of this year, as they come."""

    def add(self, game: AnalysedGame) -> None:
        self.plies.add(game.headers.get("Date", "")[:4] == time.strftime("%Y"))


class WrongTypes(Plies):
    """Has a table for a list of rows."""

    def report(self) -> Any:
        return Report("Types", {"plies": Metric(self.plies.value, "Plies", "furlongs")})  # type: ignore[arg-type]


class TwiceTheSame(Plies):
    """Has two tables of one key."""

    def report(self) -> Report:
        tables = tuple(ReportTable("t", f"Table {k}", (Column("a", "A"),), ()) for k in range(2))
        return Report("Twice", tables=tables)


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
