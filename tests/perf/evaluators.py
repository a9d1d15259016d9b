"""The evaluators to measure with: the one that `engine` finds, or the one that the user names."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Struct

from engine.errors import AnalysisError
from engine.loading import evaluators
from engine.loading.registry import Registry
from tests.perf.report import Unavailable


class Searcher(Struct, frozen=True):
    """An evaluator that was started once and works."""

    name: str
    """Value for `-e`."""
    label: str
    """Name and version, for people."""
    kind: str
    """Either `native` or `embedded`."""
    path: Path | None = None
    """Path of the program; None for an evaluator that is not one."""

    @property
    def program(self) -> list[str]:
        """The command of a UCI program that is this evaluator."""
        return [str(self.path)] if self.path else [sys.executable, "-m", "tests.perf.bridge"]


def find_searcher(name: str | None) -> Searcher:
    """Return the named evaluator, or the one that `engine` takes by itself. Raises `Unavailable`."""
    return _resolve(name or "stockfish")


def both(native: str | None, only: str | None = None) -> tuple[list[Searcher], list[str]]:
    """Return the native and the embedded evaluator, and a note for each that is missing.

    * **native** - *(optional)* name or path of the native one.
    * **only** - *(optional)* the one kind to return, `native` or `embedded`.

    Raises `Unavailable` when there is none.
    """
    searchers, notes = [], []
    for kind, name in (("native", native or "stockfish"), ("embedded", "embedded")):
        if only not in {None, kind}:
            continue
        try:
            searcher = _resolve(name)
        except Unavailable as error:
            notes.append(f"{kind}: {error}")
            continue
        if searcher.kind == kind:
            searchers.append(searcher)
        else:
            notes.append("no native Stockfish here: --evaluator PATH names one")
    if not searchers:
        raise Unavailable("; ".join(notes))
    return searchers, notes


def _resolve(name: str) -> Searcher:
    try:
        spec = evaluators.resolve(Registry(), name, {})
        info = evaluators.choose(Registry(), name, {}).info
    except AnalysisError as error:
        raise Unavailable(error.message) from None
    label = info.name if not info.version or info.version in info.name else f"{info.name} {info.version}"
    if spec.name == "uci":
        return Searcher(str(spec.options["path"]), label, "native", Path(spec.options["path"]))
    return Searcher(spec.name, label, "embedded" if spec.name == "embedded" else "native")
