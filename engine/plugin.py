"""The contracts that plugin authors implement: one base class for each namespace.

| namespace            | base class   | what it does                                                  |
| -------------------- | ------------ | ------------------------------------------------------------- |
| `engine.aggregators` | `Aggregator` | turns analysed games into a report                            |
| `engine.evaluators`  | `Evaluator`  | searches positions and returns their evaluations              |
| `engine.readers`     | `Reader`     | splits a file into games and parses each game by itself       |
| `engine.writers`     | `Writer`     | writes analysed games, or the run's result, to a file         |
| `engine.executors`   | `Executor`   | has units searched somewhere and returns the outcomes         |

A plugin is a class. Its docstring is its documentation page; `engine plugins list` prints the first line. Its
`Options` are declared once, with types and descriptions; `--set`, profiles and the documentation use them.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from engine.contracts.aggregator import (
    Aggregator,
    Counts,
    Histogram,
    JointMoments,
    Moments,
    Needs,
    Request,
    Sum,
    Table,
    TopK,
    keyed,
)
from engine.contracts.certainty import (
    benjamini_hochberg,
    certainties,
    critical_value,
    effective_games,
    holm,
    p_value,
    wilson,
)
from engine.contracts.executor import Executor, ExecutorContext, WorkerState
from engine.contracts.messages import Done, Lost, Outcome, Unit
from engine.contracts.options import NoOptions, Options
from engine.contracts.reader import BrokenFile, LeftOut, RawGame, Reader, Unreadable
from engine.contracts.states import Keyed
from engine.contracts.writer import PlayerFile, RunInfo, Writer, encoded
from engine.model import (
    Evaluation,
    EvaluatorInfo,
    Limit,
    Position,
)

__all__ = [
    "Aggregator",
    "BrokenFile",
    "Counts",
    "Done",
    "Evaluator",
    "EvaluatorOptions",
    "Executor",
    "ExecutorContext",
    "Histogram",
    "JointMoments",
    "Keyed",
    "LeftOut",
    "Lost",
    "Moments",
    "Needs",
    "NoOptions",
    "Options",
    "Outcome",
    "PlayerFile",
    "RawGame",
    "Reader",
    "Request",
    "RunInfo",
    "Sum",
    "Table",
    "TopK",
    "Unit",
    "Unreadable",
    "WorkerState",
    "Writer",
    "benjamini_hochberg",
    "certainties",
    "critical_value",
    "effective_games",
    "encoded",
    "holm",
    "keyed",
    "p_value",
    "wilson",
]


# -- evaluators ---------------------------------------------------------------------------------------------


class EvaluatorOptions(Options, frozen=True):
    """Options that every evaluator has."""

    hash: Annotated[int, Meta(description="Size of the hash table in megabytes.")] = 16
    uci: Annotated[dict[str, str], Meta(description="UCI options by name, sent to the program unchanged.")] = {}  # noqa: RUF012 - msgspec copies it
    trial: Annotated[Limit, Meta(description="Limit of the search that tries a start; each run sets it.")] = Limit(
        nodes=1
    )
    """A short one of the kinds of the run's own limit: a program that cannot count nodes is never asked to.
    Changes no result."""


class Evaluator(abc.ABC):
    """Searches positions, one after the other, on one thread.

    A worker creates one evaluator and calls `start` once, then `clear` before each unit and `search` for each of
    its positions, and `close` at the end. For the same fingerprint, limit and sequence of calls since the last
    `clear`, the evaluations must be the same: the cache and the reproducibility of runs depend on it.
    """

    Options: ClassVar[type[EvaluatorOptions]] = EvaluatorOptions

    plays_moves: ClassVar[bool] = False
    """Whether `search` plays its variations on a board, so that they are legal. Those of other evaluators are
    played through, which takes time; a position with an illegal variation fails."""

    reads_input: ClassVar[bool] = False
    """Whether it searches nothing and stands for the evaluations that the reader found in the input."""

    def __init__(self, options: EvaluatorOptions) -> None:
        """Create the evaluator without starting anything.

        * **options** - an instance of `Options`.
        """
        self.options: Any = options

    @classmethod
    def resolve(cls, options: EvaluatorOptions) -> tuple[str, Mapping[str, Any]] | None:
        """Return name and options of another evaluator to use instead; None (the default) to use this one.

        Called once, in the parent process. It serves evaluators that only choose between others.

        * **options** - an instance of `Options`.

        Raises `EvaluatorNotFound` that says what the user can do.
        """
        return None

    @classmethod
    def setup(cls, progress: Callable[[int, int], None]) -> str:
        """Fetch ahead of time whatever the first use would fetch, and return a line for people.

        * **progress** - called as `progress(done, total)`, both in bytes.
        """
        return "nothing to set up"

    @abc.abstractmethod
    def start(self) -> EvaluatorInfo:
        """Start the evaluator and return its name, version and fingerprint. Raises `EvaluatorError`."""

    @abc.abstractmethod
    def clear(self) -> None:
        """Forget all earlier searches: start with an empty hash table (`ucinewgame`)."""

    @abc.abstractmethod
    def search(self, position: Position, limit: Limit) -> Evaluation:
        """Search one position and return its evaluation, from the view of the side to move.

        * **position** - a position with at least one legal move.
        * **limit** - when the search ends, and how many lines it returns.

        Raises `EvaluatorError` or `PositionRefused`.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """End the evaluator and leave no process behind. May be called more than once, also after an error."""

    @classmethod
    def file_to_send(cls) -> Path | None:
        """Return a file that `start` needs, if it is here and an executor may send it to other machines.

        None, the default: there is none, or it is not here.
        """
        return None

    @classmethod
    def receive_file(cls, data: bytes) -> None:
        """Keep the content of the file that `file_to_send` returned on another machine, so that it is here too.

        Raises `EvaluatorError` if it is not the right one, and keeps nothing.
        """

    def kill(self) -> None:
        """End at once what `start` started. Called from another thread, possibly during a search."""
