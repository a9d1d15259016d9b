"""The contract of writers: analysed games, or the result of a run, become a file or a folder of files."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, ClassVar

from msgspec import Struct

from engine.contracts.options import NoOptions, Options
from engine.model import AnalysedGame, EvaluatorInfo, Limit, RunResult, SkippedGame
from engine.model.parts import PartHead

__all__ = ["PlayerFile", "RunInfo", "Writer", "encoded"]


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
    part: PartHead | None = None
    """What part of a run this is (`--shard`); None for a whole run."""
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

    folder: ClassVar[type[Writer] | None] = None
    """The writer of an output whose name ends in `/`, with the same name and options: a folder of files, which it
    begins with `open_file`. None: it writes no folders. The first writer that has one is chosen."""

    folder_options: ClassVar[frozenset[str]] = frozenset()
    """Options that only `folder` reads. A run in which they are set says so where its outputs are single files."""

    states: ClassVar[bool] = False
    """Whether it takes the states of the aggregators: `RunResult.state` in `finish`."""

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
        self.open_file: Callable[[str], BinaryIO] = _no_folder
        """Begin a file in the folder that this output is; its name may have folders in it (`games/a.parquet`). It
        has its name once the writer closes it, and the folder has its own when the run is complete."""

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


def _no_folder(name: str) -> BinaryIO:
    raise TypeError(f"{name}: this output is not a folder")


def encoded(writer: type[Writer], games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
    """Return what a writer's `encode` makes of games. Raises TypeError where that is not bytes."""
    data = writer.encode(games, info)
    if not isinstance(data, bytes):
        raise TypeError(f"encode returned {type(data).__name__} in place of bytes")
    return data
