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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from msgspec import Struct

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
)
from engine.contracts.executor import Executor, ExecutorContext, WorkerState
from engine.contracts.messages import Done, Lost, Outcome, Unit
from engine.contracts.options import NoOptions, Options
from engine.contracts.reader import RawGame, Reader, Unreadable
from engine.contracts.states import Keyed
from engine.model import (
    AnalysedGame,
    Evaluation,
    EvaluatorInfo,
    Limit,
    Position,
    RunResult,
    SkippedGame,
)

__all__ = [
    "Aggregator",
    "Counts",
    "Done",
    "Evaluator",
    "EvaluatorOptions",
    "Executor",
    "ExecutorContext",
    "Histogram",
    "JointMoments",
    "Keyed",
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
    "holm",
    "keyed",
    "p_value",
]


# -- evaluators ---------------------------------------------------------------------------------------------


class EvaluatorOptions(Options, frozen=True):
    """Options that every evaluator has."""

    hash: int = 16
    """Size of the hash table in megabytes."""
    uci: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    """UCI options by name, sent to the program unchanged."""
    trial: Limit = Limit(nodes=1)
    """Limit of the search with which `start` may try the evaluator. A run sets it to a short one of the kinds of
    its own limit: a program that cannot count nodes is never asked to. Changes no result."""


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


# -- writers ------------------------------------------------------------------------------------------------


class RunInfo(Struct, frozen=True):
    """Facts about the run that a writer knows before the first game."""

    evaluator: EvaluatorInfo
    limit: Limit
    options: Options = NoOptions()
    """The options of the writer that gets this."""
    output: str = ""
    """Name of the file without its folder; empty for standard output."""
    player: str | None = None
    """The player whose games these are, if each player gets a file (`{player}` in the output's name)."""
    players: tuple[str, ...] = ()
    """The players that the user named (`--player`), in whose view the games are reported; empty for nobody."""
    files: tuple[PlayerFile, ...] = ()
    """The files of all players, in the order of their first games, for the writer of an index (`Writer.index`)."""


class PlayerFile(Struct, frozen=True):
    """The output of one player, for an index of them all."""

    player: str
    output: str
    """Name of the file without its folder."""
    result: RunResult
    """Reports and figures of the player."""


class Writer(abc.ABC):
    """Writes a run to one binary stream, which the framework opens, closes and moves into place."""

    Options: ClassVar[type[Options]] = NoOptions
    """The class of its options, set by `--set NAME.KEY=VALUE` or `[writer.NAME]` in a profile. Read them as
    `self.options`."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    """File name endings that choose this writer, in lower case, with the dot. The longest match wins."""
    names: ClassVar[tuple[str, ...]] = ()
    """Whole file names that choose it before any ending, in lower case."""

    binary: ClassVar[bool] = False
    """Whether the output is not text; it is then not printed on a terminal."""

    reports: ClassVar[tuple[str, ...]] = ()
    """Names of aggregators whose reports it shows; a run with this output adds these aggregators."""

    player_reports: ClassVar[tuple[str, ...]] = ()
    """Names of further aggregators whose reports it shows where players are named: with `--player`, or by
    `{player}` in the output's name."""

    searches: ClassVar[bool] = True
    """Whether a run that searches nothing else starts an evaluator for the follow-up searches of `reports`."""

    @classmethod
    def check(cls) -> None:
        """Check before any work that the writer can write.

        Raises `ConfigError` that says what the user can do, for example if a library is missing.
        """

    @classmethod
    def index(cls, options: Any) -> type[Writer] | None:
        """Return the writer of an index of the players' files, where each player gets one (`{player}`).

        The index has the name `index` and the ending of the output, in the same folder. Its writer gets the files
        as `info.files` and the result of the whole run in `finish`, and no games. A writer that has an index lets
        its option `index` leave it out. None: no index.

        * **options** - the options of the writer.
        """
        return None

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        """Create the writer of one output.

        What a call of `write` gets is written to the disk, as one piece, before the call returns. A long piece is
        not held in memory.

        * **stream** - supports `write` and `tell`, and nothing else.
        * **info** - facts about the run.
        """
        self.stream = stream
        self.info = info
        has_options = isinstance(info.options, self.Options)
        self.options: Any = info.options if has_options else self.Options()
        self.next_file: Callable[[], tuple[str, BinaryIO] | None] = lambda: None
        """Begin another file of this output: `report-2.html` after `report.html`, then `report-3.html`. Returns
        its name without the folder and its stream; None if the output is a single stream. The framework opens,
        closes and moves the files together; all of them can be written to until the end. Do not call it in
        `__init__`."""

    def game(self, game: AnalysedGame) -> None:
        """Write one analysed game. Called for each analysed game, in input order.

        * **game** - the game with its evaluations.
        """
        if any("encode" in vars(cls) for cls in type(self).__mro__ if cls is not Writer):
            self.write_encoded(encoded(type(self), [game], self.info))

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        """Return games as bytes, from nothing but them and `info`. A writer that has this needs no `game`.

        Where other processes analyse the games, they encode them too, some at a time.
        """
        raise NotImplementedError

    def write_encoded(self, data: bytes) -> None:
        """Write games that `encode` has encoded, in input order; unless overridden, the bytes as they are."""
        self.stream.write(data)

    def skipped(self, game: SkippedGame) -> None:
        """Write a game that was not analysed. Called in input order, between the calls of `game`.

        * **game** - the game's text and the reason.
        """

    def finish(self, result: RunResult) -> None:
        """Write the end of the output. Called once at the end of the run, also of an interrupted run.

        * **result** - the reports and figures of the run.
        """

    def close(self) -> None:
        """Release everything but the stream. Called at the end, also after an error, perhaps twice."""


def encoded(writer: type[Writer], games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
    """Return what a writer's `encode` makes of games. Raises TypeError where that is not bytes."""
    data = writer.encode(games, info)
    if not isinstance(data, bytes):
        raise TypeError(f"encode returned {type(data).__name__} in place of bytes")
    return data
