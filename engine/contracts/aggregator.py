"""The contract of aggregators. What they are made of, the declared states, is in `engine.contracts.states`."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from msgspec import Struct

from engine.contracts.options import NoOptions
from engine.contracts.options import Options as _Options
from engine.contracts.states import Counts, Histogram, Moments, State, Sum, Table, TopK, keyed
from engine.model import AnalysedGame, Evaluation, Limit, Report

__all__ = [
    "Aggregator",
    "Counts",
    "Histogram",
    "Moments",
    "Needs",
    "Request",
    "State",
    "Sum",
    "Table",
    "TopK",
    "keyed",
]


def kebab(class_name: str) -> str:
    """`BestScores` is `best-scores`."""
    return "".join(f"-{c.lower()}" if c.isupper() and k else c.lower() for k, c in enumerate(class_name))


class Needs(Struct, frozen=True):
    """What an aggregator needs of search and input. The run takes the most that any of its aggregators needs, and
    says before it starts what evaluator or input cannot meet."""

    multipv: int = 1
    """Lines per position. More than 1 changes the scores, so the run says who asked for it."""
    evaluations: bool = False
    """Whether a game without a single evaluation is of no use; such games are then left out, and counted."""
    clocks: bool = False
    """Whether there is little to say without `[%clk]` or `[%emt]` in the games."""


class Request(Struct, frozen=True):
    """A follow-up search that an aggregator asks for once a game is analysed."""

    ply: int
    """The position of the game to start from, 0-based."""
    moves: tuple[str, ...] = ()
    """UCI moves to play from there first: the position after them is searched."""
    multipv: int = 1
    """How many of the best moves get a line."""
    limit: Limit | None = None
    """When the search ends; None: as in the run. Its own MultiPV does not count."""


class Aggregator(abc.ABC):
    """Folds analysed games into a report.

        class Castling(Aggregator):
            \"\"\"When do players castle?\"\"\"

            by_ply = Histogram()

            def add(self, game: AnalysedGame) -> None:
                for k, ply in enumerate(game.plies):
                    if ply.san.startswith("O-O"):
                        self.by_ply.add(k)

            def report(self) -> Report:
                return Report("Castling", {"median": Metric(self.by_ply.median(), "median ply")})

    The docstring is the plugin's page. Declared states make `merge`, `state` and `load` follow; who keeps
    anything else overrides those three. `engine.testing.check_aggregator` proves the laws.
    """

    api_version: ClassVar[int] = 1
    """Of this contract."""

    name: str = ""
    """What its report is called: the class name in kebab-case; a run sets the name that it was chosen by."""

    Options: ClassVar[type[_Options]] = NoOptions
    """Typed, described and bounded; every option has a default."""

    options: Any
    """The instance of `Options` it was made with; annotate it with your own class to have it checked."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        cls.name = kebab(cls.__name__)

    def __init__(self, options: _Options | None = None) -> None:
        """Cheap: no I/O, no clock, no randomness."""
        self.options = self.Options() if options is None else options

    def prepare(self) -> None:
        """Open what the options name, files for instance; nothing unless overridden.

        A run calls it before it searches anything, so that a wrong name costs nothing; elsewhere nobody may, so
        `add` must do without. Raises ConfigError with the way out.
        """

    @classmethod
    def needs(cls, options: Any) -> Needs:  # noqa: ARG003
        """What these options need of the search; nothing special unless overridden."""
        return Needs()

    def requests(self, game: AnalysedGame) -> Sequence[Request]:  # noqa: ARG002
        """Follow-up searches wanted before `add(game)`; none unless overridden.

        They depend on the game and the options alone. They run beside the other searches and are cached; `add` is
        then called once, and `answers(game)` has what was found.
        """
        return ()

    def answers(self, game: AnalysedGame) -> tuple[Evaluation | None, ...]:
        """What the follow-up searches of this aggregator found, in the order of its `requests(game)`.

        None for one that could not be searched; empty when none was made.
        """
        return game.answers.get(self.name, ())

    @abc.abstractmethod
    def add(self, game: AnalysedGame) -> None:
        """Take in one game, once, in any order. An EPD line is a game without a ply."""

    @abc.abstractmethod
    def report(self) -> Report:
        """What the games so far say. Changes nothing, so it may be called at any time."""

    @classmethod
    def _declared(cls) -> list[str]:
        names: dict[str, bool] = {}
        for base in reversed(cls.__mro__):
            names |= {name: isinstance(value, State) for name, value in vars(base).items()}
        return sorted(name for name, is_state in names.items() if is_state)

    def _follow(self, earlier: Self) -> None:
        """Before the first game: both will be merged, so what cannot stay beside `earlier` need not be kept."""
        for name in self._declared():
            state, other = getattr(self, name), getattr(earlier, name)
            if isinstance(state, State) and isinstance(other, State):
                state.follow(other)

    def merge(self, other: Self) -> None:
        """Take in what another one of the same class and options has seen, which stays as it is.

        Associative and commutative, and a fresh instance changes nothing.
        """
        for name in self._declared():
            getattr(self, name).merge(getattr(other, name))

    def state(self) -> Any:
        """All it has seen, JSON-able: integers, strings, None, lists and dicts. A copy."""
        return {name: getattr(self, name).state() for name in self._declared()}

    def load(self, state: Any) -> None:
        """Hold what `state` says and nothing else. Raises ValueError when it is another class's state."""
        names = self._declared()
        if sorted(state) != names:
            raise ValueError(f"{type(self).__name__} keeps {', '.join(names)}; this state has {', '.join(state)}")
        for name in names:
            getattr(self, name).load(state[name])
