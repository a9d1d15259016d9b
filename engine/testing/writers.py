"""Does a writer keep what its contract promises?"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.contracts.options import Options, parse_options
from engine.errors import PluginError
from engine.loading.registry import Registry
from engine.model import (
    AnalysedGame,
    Best,
    EvaluatorInfo,
    Limit,
    Origin,
    Report,
    RunCounts,
    RunResult,
    SkippedGame,
)
from engine.output.encoding import encodes
from engine.plugin import RunInfo, Writer, encoded
from engine.testing.broken_law import BrokenLaw, silent
from engine.testing.examples import example_games

__all__ = ["check_writer"]

_EVALUATOR = EvaluatorInfo("Example", "1", "00")
_LIMIT = Limit(nodes=100_000)
_SKIPPED = SkippedGame(Origin(99, "example.pgn", 900), "damaged", "neither tags nor a legal move", "e2-e5?\n")


class _Stream(io.RawIOBase):
    """What the framework gives to a writer: `write` and `tell`, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        piece = bytes(memoryview(data))
        self.pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)


def check_writer(cls: type[Writer], options: Options | Mapping[str, Any] | None = None) -> int:
    """Check a writer with games of every kind; return the number of bytes that it writes.

    The same run gives the same bytes; a run without games, one that was interrupted and one that ends with an
    error are written or closed without an error; a writer uses `write` and `tell` of its stream alone; text is
    UTF-8; games stay as they are; nothing is printed; games that are encoded together are those encoded singly.

    * **options** - *(optional)* its options, or their values by key.

    Raises BrokenLaw at the first law that does not hold; ConfigError for options, or where a library is missing.
    Whatever the writer itself raises passes through.
    """
    if not isinstance(options, Options):
        options = parse_options(cls.Options, options or {}, cls.__name__)
    if not (cls.__doc__ or "").strip():
        raise BrokenLaw.of(cls, "the class has a docstring, its first line is its description", "there is none")
    for suffix in cls.suffixes:
        if not suffix.startswith(".") or suffix != suffix.lower():
            raise BrokenLaw.of(cls, "endings are in lower case, with the dot", f"there is {suffix!r}")
    cls.check()
    games = example_games()
    before = msgspec.json.encode(games)
    result = _result(cls, games)
    with silent(cls):
        whole = _written(cls, options, games, result)
        if _written(cls, options, games, result) != whole:
            raise BrokenLaw.of(cls, "the same run gives the same bytes", "a second writer gives others")
        if msgspec.json.encode(games) != before:
            raise BrokenLaw.of(cls, "games stay as they are", "other writers get changed ones")
        _check_encoding(cls, options, games, result, whole)
        for few, end in (([], _result(cls, [])), (games[:2], msgspec.structs.replace(result, interrupted=True))):
            _written(cls, options, few, end)
        _written(cls, options, games[:3], None)
        _written(cls, options, [], None)
    if not cls.binary:
        try:
            whole.decode()
        except UnicodeDecodeError as error:
            raise BrokenLaw.of(cls, "what is not binary is text in UTF-8", str(error)) from None
    return len(whole)


def _check_encoding(
    cls: type[Writer], options: Options, games: Sequence[AnalysedGame], end: RunResult, whole: bytes
) -> None:
    """Raise BrokenLaw if games that are encoded together are not written as those encoded singly."""
    if encodes(cls) and _written(cls, options, games, end, together=True) != whole:
        raise BrokenLaw.of(cls, "games encoded together are those encoded singly", "the bytes differ")


def _written(
    cls: type[Writer],
    options: Options,
    games: Sequence[AnalysedGame],
    end: RunResult | None,
    *,
    together: bool = False,
) -> bytes:
    """Return what a writer makes of a run; without an `end`, the run has failed."""
    streams = [_Stream()]
    info = RunInfo(_EVALUATOR, _LIMIT, options, output=f"example{(*cls.suffixes, '')[0]}")

    def next_file() -> tuple[str, Any]:
        streams.append(_Stream())
        return f"example-{len(streams)}", streams[-1]

    stream: Any = streams[0]
    writer = cls(stream, info)
    writer.next_file = next_file
    try:
        for k, game in enumerate(games):
            if k == 1:
                writer.skipped(_SKIPPED)
            if not together:
                writer.game(game)
            elif k < 2:  # noqa: PLR2004 - one before the skipped game, and all others
                writer.write_encoded(encoded(cls, games[1:] if k else games[:1], info))
        if end is not None:
            writer.finish(end)
    finally:
        writer.close()
        writer.close()
    return b"".join(stream.content for stream in streams)


def _result(cls: type[Writer], games: Sequence[AnalysedGame]) -> RunResult:
    """Return the result of a run over the games, with the reports that the writer shows."""
    registry, reports = Registry(), dict[str, Report]()
    for name in dict.fromkeys(("accuracy", "wins", *cls.reports)):
        try:
            made = registry.load("engine.aggregators", name)()
        except PluginError:
            continue  # the run would say so
        for game in games:
            made.add(game)
        reports[name] = made.report()
    return RunResult(
        reports=reports,
        wins=len(games),
        best=tuple(Best(900, game.origin.game, 0, "e2e4") for game in games[:1]),
        evaluator=_EVALUATOR,
        limit=_LIMIT,
        counts=RunCounts(read=len(games) + 1, analysed=len(games), damaged=1),
        failures=(),
        notices=(),
        outputs=(),
    )
