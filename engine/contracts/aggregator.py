"""The contract of aggregators. The states that they declare are in `engine.contracts.states`."""

from __future__ import annotations

import abc
import copy
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import chess
from msgspec import Struct

from engine.contracts.group_states import Grouped
from engine.contracts.options import NoOptions
from engine.contracts.options import Options as _Options
from engine.contracts.states import Counts, Histogram, JointMoments, Moments, State, Sum, Table, TopK, keyed
from engine.model import AnalysedGame, Evaluation, Limit, Remark, Report

__all__ = [
    "Aggregator",
    "Counts",
    "Histogram",
    "JointMoments",
    "Moments",
    "Needs",
    "Request",
    "State",
    "Sum",
    "Table",
    "TopK",
    "keyed",
]


ROUNDS = 64
"""Times that an aggregator may ask for further searches of one game."""


def kebab(class_name: str) -> str:
    """Return a class name in kebab-case: `BestScores` becomes `best-scores`."""
    return "".join(f"-{c.lower()}" if c.isupper() and k else c.lower() for k, c in enumerate(class_name))


class Needs(Struct, frozen=True):
    """Requirements of an aggregator on the search and the input.

    The run meets the highest requirement of all its aggregators. Before it starts, it says which requirements the
    evaluator or the input cannot meet.
    """

    multipv: int = 1
    """Lines per position. More than 1 changes the scores, so the run names the aggregator that asked for it."""
    evaluations: bool = False
    """Whether a game without any evaluation is useless. Such games are then left out and counted."""
    clocks: bool = False
    """Whether the report says little when the games have no `[%clk]` or `[%emt]`."""
    unplayed: bool = False
    """Whether games that nobody played (`AnalysedGame.unplayed`) are wanted too; otherwise they are left out."""


class Request(Struct, frozen=True):
    """A follow-up search that an aggregator requests for an analysed game."""

    ply: int
    """Index of the position to start from; 0 is the initial position of the game."""
    moves: tuple[str | chess.Move, ...] = ()
    """Moves to play from that position, in UCI or as `chess.Move`; the position after them is searched."""
    multipv: int = 1
    """Number of best moves that get a line."""
    limit: Limit | None = None
    """Limit of the search; None: the run's limit. The `multipv` of the limit is ignored."""


class Aggregator(abc.ABC):
    """Turns analysed games into a report.

        class Castling(Aggregator):
            \"\"\"When do players castle?\"\"\"

            by_ply = Histogram()

            def add(self, game: AnalysedGame) -> None:
                for k, ply in enumerate(game.plies):
                    if ply.san.startswith("O-O"):
                        self.by_ply.add(k)

            def report(self) -> Report:
                return Report("Castling", {"median": Metric(self.by_ply.median(), "median ply")})

    The docstring is the plugin's page. `merge`, `state` and `load` work for the declared states; an aggregator
    that keeps anything else overrides these three methods. `engine.testing.check_aggregator` tests the laws of
    `engine.contracts.states`.
    """

    api_version: ClassVar[int] = 1
    """Version of this contract."""

    order: ClassVar[int] = 500
    """Place of the report among the others: those with a lower number come first, and of equal ones the one that
    was asked for first. Reports that answer a question have 0 to 299, those that explain it 300 to 699, and
    those to look things up in 700 to 999."""

    name: str = ""
    """Name of the report: the class name in kebab-case. A run sets the name by which the aggregator was chosen."""

    Options: ClassVar[type[_Options]] = NoOptions
    """The class of its options: typed, bounded and described. Every option has a default."""

    options: Any
    """The options it was created with; annotate the attribute with your own class to have it type-checked."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.name = kebab(cls.__name__)

    def __init__(self, options: _Options | None = None) -> None:
        """Create an empty aggregator. This must be cheap: no I/O, no clock, no randomness.

        * **options** - *(optional)* an instance of `Options`; the defaults when left out.
        """
        self.options = self.Options() if options is None else options

    def prepare(self) -> None:
        """Open what the options name, for example files. Does nothing unless overridden.

        A run calls this before it searches anything, so that a wrong name costs no time. Other callers may leave
        it out, so `add` must work without it.

        Raises `ConfigError` that says what the user can do.
        """

    @classmethod
    def needs(cls, options: Any) -> Needs:  # noqa: ARG003
        """Return the requirements on the search and the input; none unless overridden.

        * **options** - an instance of `Options`, which the requirements may depend on.
        """
        return Needs()

    def requests(self, game: AnalysedGame) -> Sequence[Request]:  # noqa: ARG002
        """Return the follow-up searches to make before `add(game)`; none unless overridden.

        They must depend on the game and the options alone. They run beside the other searches and are cached;
        then `add` is called once, and `answers(game)` returns their evaluations.

        * **game** - the game with its evaluations.
        """
        return ()

    def further_requests(self, game: AnalysedGame) -> Sequence[Request]:  # noqa: ARG002
        """Return searches that follow from the answers so far; none unless overridden.

        Called when all earlier searches of the game are answered, again and again until it returns none; an
        aggregator that still asks after `ROUNDS` times is disabled. `answers(game)` has the answers of all rounds.
        The searches must depend on the game, its answers and the options alone.

        * **game** - the game with its evaluations and answers.
        """
        return ()

    def answers(self, game: AnalysedGame) -> tuple[Evaluation | None, ...]:
        """Return the evaluations of this aggregator's follow-up searches.

        They are in the order of `requests(game)`, followed by each `further_requests(game)`. An evaluation is None
        if its position could not be searched. The tuple is empty if no search was made.

        * **game** - the game that `add` got.
        """
        return game.answers.get(self.name, ())

    @abc.abstractmethod
    def add(self, game: AnalysedGame) -> None:
        """Count one game. Each game is added once; the order of games must make no difference.

        * **game** - the analysed game; an EPD line is a game without plies.
        """

    def remarks(self, game: AnalysedGame) -> Sequence[Remark]:  # noqa: ARG002
        """Return what there is to say of single moves of a game, for the annotated PGN and the pages of games.

        Called once a game, after `add(game)`, if an output shows remarks; none unless overridden. They must depend
        on the game, its answers and the options alone.

        * **game** - the game that `add` got.
        """
        return ()

    @abc.abstractmethod
    def report(self) -> Report:
        """Return the report on the games so far. Must change nothing, since it may be called at any time."""

    @classmethod
    def _declared(cls) -> list[str]:
        names: dict[str, bool] = {}
        for base in reversed(cls.__mro__):
            names |= {name: isinstance(value, State) for name, value in vars(base).items()}
        return sorted(name for name, is_state in names.items() if is_state)

    def _follow(self, earlier: Self) -> None:
        """Skip from now on what could not stay after a merge with `earlier`. Called before the first game."""
        for name in self._declared():
            state, other = getattr(self, name), getattr(earlier, name)
            if isinstance(state, State) and isinstance(other, State):
                state.follow(other)

    def _spill(self) -> None:
        """Move what has grown with the names in the games to temporary files. Called between games."""
        for name in self._declared():
            state = getattr(self, name)
            if isinstance(state, State):
                state.spill()

    def _renamed(self, rename: Callable[[str], str]) -> Self:
        """Return this aggregator with players renamed, and what is known of those who are one then merged."""
        new = copy.copy(self)
        for name in self._declared():
            state = getattr(self, name)
            if isinstance(state, Grouped):
                setattr(new, name, state.renamed(rename))
        return new

    def merge(self, other: Self) -> None:
        """Add what another aggregator has counted. Associative and commutative; a fresh one changes nothing.

        * **other** - an aggregator with the same class and options; it does not change.
        """
        for name in self._declared():
            getattr(self, name).merge(getattr(other, name))

    def state(self) -> Any:
        """Return a JSON-able copy of all it has counted: integers, strings, None, lists and dicts."""
        return {name: getattr(self, name).state() for name in self._declared()}

    def load(self, state: Any) -> None:
        """Replace the content with that of `state`.

        * **state** - a value that `state()` returned.

        Raises ValueError for the state of another class.
        """
        names = self._declared()
        if sorted(state) != names:
            raise ValueError(f"{type(self).__name__} keeps {', '.join(names)}; this state has {', '.join(state)}")
        for name in names:
            getattr(self, name).load(state[name])
