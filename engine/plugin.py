"""The contracts that plugin authors implement, one base class a namespace.

| namespace            | base class   | what it does                                                  |
| -------------------- | ------------ | ------------------------------------------------------------- |
| `engine.aggregators` | `Aggregator` | folds analysed games into a report                            |
| `engine.evaluators`  | `Evaluator`  | scores positions                                              |
| `engine.readers`     | `Reader`     | splits a file into games and parses each by itself            |
| `engine.writers`     | `Writer`     | renders analysed games, or the run's result, into a file      |
| `engine.executors`   | `Executor`   | has units searched somewhere and yields what came of them     |

A plugin is a class. Its docstring is its documentation page: the first line is what `engine plugins list`
prints. Its `Options` are declared once, typed and described, and drive `--set`, profiles and the docs.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar, Literal

from msgspec import Struct

from engine.contracts.aggregator import (
    Aggregator,
    Counts,
    Histogram,
    Moments,
    Needs,
    Request,
    Sum,
    Table,
    TopK,
    keyed,
)
from engine.contracts.messages import Done, Job, Lost, Outcome, Unit
from engine.contracts.options import NoOptions, Options
from engine.contracts.states import Keyed
from engine.model import (
    AnalysedGame,
    Evaluation,
    EvaluatorInfo,
    Limit,
    Position,
    RunResult,
    SkippedGame,
    SourceGame,
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
    "Keyed",
    "Lost",
    "Moments",
    "Needs",
    "NoOptions",
    "Options",
    "Outcome",
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
    "keyed",
]


# -- evaluators ---------------------------------------------------------------------------------------------


class EvaluatorOptions(Options, frozen=True):
    """What every evaluator understands."""

    hash: int = 16
    """Megabytes of hash table."""
    uci: dict[str, str] = {}
    """UCI options by name, sent as they are."""


class Evaluator(abc.ABC):
    """Scores positions, one after the other, on one thread.

    A worker makes one, calls `start` once, then `clear` before each unit and `search` for each of its
    positions, and `close` at the end. Given the same fingerprint, limit and sequence of calls since the last
    `clear`, the answers must be the same: everything the framework promises rests on that.
    """

    Options: ClassVar[type[EvaluatorOptions]] = EvaluatorOptions

    reads_input: ClassVar[bool] = False
    """Whether it searches nothing, and stands for the evaluations that the reader found in the input."""

    def __init__(self, options: EvaluatorOptions) -> None:
        self.options: Any = options

    @classmethod
    def resolve(cls, options: EvaluatorOptions) -> tuple[str, Mapping[str, Any]] | None:
        """For an evaluator that only chooses between others: the name and options of the one to use.

        Called once, in the parent; workers build what it returns. None (the default): use this one itself.
        Raises EvaluatorNotFound, naming the ways out.
        """
        return None

    @classmethod
    def setup(cls, progress: Callable[[int, int], None]) -> str:
        """Get ready ahead of time whatever the first use would fetch; return a line for people.

        `progress(done, total)` counts bytes.
        """
        return "nothing to set up"

    @abc.abstractmethod
    def start(self) -> EvaluatorInfo:
        """Start it and say who it is. Raises EvaluatorError."""

    @abc.abstractmethod
    def clear(self) -> None:
        """Forget everything: a fresh hash (`ucinewgame`)."""

    @abc.abstractmethod
    def search(self, position: Position, limit: Limit) -> Evaluation:
        """Search one position, which has a legal move. Raises EvaluatorError or PositionRefused."""

    @abc.abstractmethod
    def close(self) -> None:
        """Leave no process behind. Called more than once, also after an error."""

    def kill(self) -> None:
        """End at once whatever `start` started; called from another thread, while a search may be going on."""


# -- readers ------------------------------------------------------------------------------------------------


class RawGame(Struct, frozen=True):
    """The bytes of one game, cut out of its file and not yet looked at."""

    data: bytes
    line: int
    """First line in the file, 1-based."""


class Unreadable(Struct, frozen=True):
    """What `Reader.parse` returns for a game that cannot be analysed."""

    kind: Literal["damaged", "variant"]
    reason: str
    text: str
    """The game as it stands, decoded."""
    line: int | None = None
    """The line of the file that the reason is about, when it is not the first."""


class Reader(abc.ABC):
    """Reads games from a file of one format.

    Splitting and parsing are separate, so that one damaged game never costs its neighbours, and a filter can
    throw a game away before the work of parsing it.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    """File name endings, lower case, with the dot. `.gz` and the like are taken off before."""

    analysed: ClassVar[bool] = False
    """Whether its games are analysed games of ours, which need no evaluator. In a folder that has games of other
    formats too, they are passed over."""

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Whether the beginning of a file without a known ending looks like this format."""
        return False

    @abc.abstractmethod
    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        """Cut the stream into games, in bounded memory. Never raises for what the bytes hold."""

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        """The tag pairs, cheaply, for `--filter` and `--player`."""
        return {}

    @abc.abstractmethod
    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        """Decode, parse and replay one game. Never raises for what the bytes hold."""


# -- writers ------------------------------------------------------------------------------------------------


class RunInfo(Struct, frozen=True):
    """What a writer may say of the run before its first game."""

    evaluator: EvaluatorInfo
    limit: Limit
    options: Options = NoOptions()
    """Those of the writer that gets this, as its `Options` declare them."""
    output: str = ""
    """Name of the file without its folder; empty for standard output."""
    player: str | None = None
    """Whose games these are, where each player gets a file (`{player}` in the output's name)."""


class Writer(abc.ABC):
    """Renders a run into one binary stream, which the framework opens, closes and moves into place."""

    Options: ClassVar[type[Options]] = NoOptions
    """What `--set NAME.KEY=VALUE` and `[writer.NAME]` in a profile may say; read as `self.options`."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    """File name endings that choose this writer, lower case, with the dot. The longest one that fits wins."""

    binary: ClassVar[bool] = False
    """Whether it writes anything but text: a terminal is not shown it."""

    reports: ClassVar[tuple[str, ...]] = ()
    """Names of aggregators whose reports it renders; a run with this output takes them in."""

    searches: ClassVar[bool] = True
    """Whether follow-up searches of `reports` are worth an evaluator, in a run that searches nothing else."""

    @classmethod
    def check(cls) -> None:
        """Called before any work. Raises ConfigError, naming the way out, where it cannot write (no library)."""

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        """`stream` takes bytes, tells its position, and does nothing else.

        What is written goes to the disk when the call that writes it returns, as one piece; a long piece is not
        held in memory.
        """
        self.stream = stream
        self.info = info
        given = isinstance(info.options, self.Options)
        self.options: Any = info.options if given else self.Options()
        self.next_file: Callable[[], tuple[str, BinaryIO] | None] = lambda: None
        """Begin another file of this output: `report-2.html` after `report.html`, then `report-3.html`. Its name
        without the folder, and its stream; None where there is only one stream. The framework opens, closes and
        moves them together; all can be written to until the end. Not to be called in `__init__`."""

    def game(self, game: AnalysedGame) -> None:
        """Called for each analysed game, in input order."""

    def skipped(self, game: SkippedGame) -> None:
        """Called, in its place, for each game that was not analysed."""

    def finish(self, result: RunResult) -> None:
        """Called once, at the end of the run, an interrupted one too."""

    def close(self) -> None:
        """Let go of what it holds besides the stream. Called at the end, after an error too, perhaps twice."""


# -- executors ----------------------------------------------------------------------------------------------


class WorkerState(Struct, frozen=True):
    """One line of the screen."""

    name: str
    state: Literal["starting", "idle", "searching", "restarting"]
    game: int | None = None
    ply: int | None = None
    positions: int = 0
    """Searched so far."""
    nodes: int = 0


class ExecutorContext(Struct, frozen=True):
    """What the framework gives an executor."""

    job: Job
    workers: int
    """How many searches at once the user allows."""
    scoreboard: Any
    """The run's `engine.workers.scoreboard.Scoreboard`, for executors on this machine."""


class Executor(abc.ABC):
    """Has units searched somewhere and yields what came of them, in any order, each exactly once.

    The framework submits while `wants()` is true, then collects. Retrying, narrowing down and giving up are
    the framework's; an executor reports a loss and goes on. First-party executors may import
    `engine.workers.worker` and `engine.workers.pool`: searching a unit is theirs to arrange, not to write again.
    """

    def __init__(self, context: ExecutorContext) -> None:
        self.context = context

    @abc.abstractmethod
    def wants(self) -> bool:
        """Whether another unit would keep somebody busy (bounded: memory does not grow with the input)."""

    @abc.abstractmethod
    def submit(self, unit: Unit) -> None:
        """Take a unit. Does not wait for its search."""

    @abc.abstractmethod
    def collect(self, timeout: float) -> Sequence[Outcome]:
        """What has finished or was lost; waits up to `timeout` seconds for the first.

        Raises EvaluatorError when no evaluator can be kept alive.
        """

    def states(self) -> Iterable[WorkerState]:
        """A line per worker for the screen."""
        return ()

    @abc.abstractmethod
    def close(self) -> None:
        """Stop at once and leave nothing behind. Called once, also after an error."""
