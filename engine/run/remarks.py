"""What aggregators say of single moves, collected for the writers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import structs

from engine.model import AnalysedGame, Remark
from engine.plugin import Aggregator
from engine.text.format import clean

_ARROW = re.compile(r"[GRYB][a-h][1-8](?:[a-h][1-8])?", re.ASCII)
_NAGS = range(1, 256)


def asks_to_remark(aggregator: Aggregator) -> bool:
    """Return whether an aggregator says anything of single moves."""
    return type(aggregator).remarks is not Aggregator.remarks


def checked_remarks(name: str, remarks: Iterable[Remark], game: AnalysedGame) -> Iterator[Remark]:
    """Yield the remarks of an aggregator on a game, if writers can rely on them, with its name.

    Raises TypeError or ValueError for what is no remark, or not on a move of the game.
    """
    for remark in remarks:
        if not isinstance(remark, Remark):
            raise TypeError(f"remarks() returned {type(remark).__name__}, not engine.model.Remark")
        remark = msgspec.convert(msgspec.to_builtins(remark), Remark)  # noqa: PLW2901 - checked
        if not 0 <= remark.ply < len(game.plies):
            raise ValueError(f"a remark on ply {remark.ply} of a game with {len(game.plies)} plies")
        if any(nag not in _NAGS for nag in remark.nags):
            raise ValueError(f"a remark with the NAGs {remark.nags}; they go from 1 to 255")
        if any(_ARROW.fullmatch(arrow) is None for arrow in remark.arrows):
            raise ValueError(f"a remark with the arrows {remark.arrows}; they look like Ge2e4 and Rf7")
        yield structs.replace(remark, text=clean(remark.text).strip(), by=name)
