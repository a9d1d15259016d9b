"""The writer with which a run fills a store: rows are made where games are analysed, and stored in order.

`build` gives this file to the run as a plugin, so that other processes find it too. Its output stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, BinaryIO, ClassVar

import msgspec
from msgspec import Meta

from engine.model import AnalysedGame, RunResult
from engine.plugin import Options, RunInfo, Writer
from engine.web.store.rows import GameRows, rows_of
from engine.web.store.store import Store

ENDING = ".engine-store"
"""Ending of the output, which chooses this writer."""
_decode = msgspec.msgpack.Decoder(list[tuple[list[Any], list[list[Any]], bytes]]).decode


class StoreRowsOptions(Options, frozen=True):
    """Options of `store-rows`."""

    store: Annotated[str, Meta(description="Path of the store, which is there and empty.")] = ""
    winning: Annotated[int, Meta(description="Centipawns from which on a position counts as won.")] = 300


class StoreRows(Writer):
    """Rows of a store."""

    Options: ClassVar[type[Options]] = StoreRowsOptions
    suffixes: ClassVar[tuple[str, ...]] = (ENDING,)
    options: StoreRowsOptions

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        self._store = Store.append(self.options.store)

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        options = info.options
        winning = options.winning if isinstance(options, StoreRowsOptions) else StoreRowsOptions().winning
        return msgspec.msgpack.encode([rows_of(game, winning) for game in games])

    def write_encoded(self, data: bytes) -> None:
        self._store.add_rows([GameRows(tuple(game), plies, record) for game, plies, record in _decode(data)])

    def finish(self, result: RunResult) -> None:
        self._store.finish(result)

    def close(self) -> None:
        self._store.close()
