"""Games encoded for an output where they are analysed, so that the parent only puts bytes in order.

A writer with a method `encode` takes part. What it returns for a batch goes to the parent, where the writer gets
it in input order (`Writer.write_encoded`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct

from engine.contracts.options import parse_options
from engine.model import AnalysedGame, EvaluatorInfo, Limit, Origin, PartHead, SkippedGame
from engine.plugin import RunInfo, Writer, encoded

__all__ = ["Encoder", "EncoderSpec", "Piece", "encodes"]


class EncoderSpec(Struct, frozen=True):
    """What another process needs to encode games for an output."""

    writer: str
    """Name of the writer."""
    output: str
    """Name of the file without its folder; empty for standard output."""
    options: dict[str, Any]
    """Options of the writer."""
    evaluator: EvaluatorInfo
    limit: Limit
    players: tuple[str, ...]
    part: PartHead | None = None
    """What part of a run the output is; None for a whole one."""
    folder: bool = False
    """Whether the output is a folder, which has a writer of its own (`Writer.folder`)."""

    @classmethod
    def of(cls, writer: str, info: RunInfo) -> EncoderSpec:
        """Return the spec of a writer that was told `info`."""
        options: dict[str, Any] = msgspec.to_builtins(info.options)
        return cls(writer, info.output, options, info.evaluator, info.limit, info.players, info.part)


class Piece(Struct, frozen=True):
    """Some games of a batch in one output: encoded, skipped, or the one that the writer failed at."""

    origin: Origin
    """The first game."""
    data: bytes = b""
    last: int | None = None
    """Number of the last game in `data`."""
    skipped: SkippedGame | None = None
    """A game for `Writer.skipped`."""
    crash: str | None = None
    """What the writer raised; nothing follows."""


class Encoder:
    """Encodes the games of batches for one output."""

    def __init__(self, spec: EncoderSpec, writer: type[Writer]) -> None:
        """`writer`: the class with the name `spec.writer`."""
        self._writer = writer = (writer.folder or writer) if spec.folder else writer
        options = parse_options(writer.Options, spec.options, f"writer {spec.writer}")
        self._info = RunInfo(
            spec.evaluator, spec.limit, options, spec.output, players=spec.players, part=spec.part
        )

    def encode(self, games: Iterable[AnalysedGame | SkippedGame]) -> list[Piece]:
        """Return the games of a batch as they are to be written."""
        pieces: list[Piece] = []
        for skipped, group in groupby(games, lambda game: isinstance(game, SkippedGame)):
            if not skipped:
                pieces += self._encode([game for game in group if isinstance(game, AnalysedGame)])
            elif self._writer.skipped is not Writer.skipped:
                pieces += [Piece(game.origin, skipped=game) for game in group if isinstance(game, SkippedGame)]
            if pieces and pieces[-1].crash is not None:
                break
        return pieces

    def _encode(self, games: Sequence[AnalysedGame]) -> Iterator[Piece]:
        try:
            data = encoded(self._writer, games, self._info)
        except Exception as error:
            if len(games) == 1:
                yield Piece(games[0].origin, crash=f"{type(error).__name__}: {error}")
                return
            for game in games:  # those before the one that it fails at are written
                [piece] = self._encode([game])
                yield piece
                if piece.crash is not None:
                    return
        else:
            yield Piece(games[0].origin, data, games[-1].origin.game)


def encodes(writer: type[Writer]) -> bool:
    """Return whether a writer's games can be encoded elsewhere.

    A class that overrides `game` of one that has `encode` is written the way that it says itself.
    """
    for cls in writer.__mro__:
        if cls is Writer or "game" in vars(cls):
            return cls is not Writer and "encode" in vars(cls)
        if "encode" in vars(cls):
            return True
    return False
