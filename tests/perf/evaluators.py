"""Which evaluators there are to measure with: the one `engine` finds, or the one that the user names."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from engine.errors import AnalysisError
from engine.loading import evaluators
from engine.loading.registry import Registry
from tests.perf.report import Unavailable


class Searcher(Struct, frozen=True):
    """An evaluator that works."""

    name: str
    """For `-e`."""
    label: str
    """For people: name and version."""
    kind: str
    """`native` or `embedded`."""
    path: Path | None = None
    """Of a program."""


def found(given: str | None) -> Searcher:
    """The evaluator named, else what `engine` takes by itself. Raises Unavailable."""
    return _found(given or "stockfish")


def both(given: str | None, only: str | None = None) -> tuple[list[Searcher], list[str]]:
    """The native one and the embedded one, or the `only` kind wanted, and a note for one that is not here.

    Raises Unavailable when none is.
    """
    searchers, notes = [], []
    for kind, name in (("native", given or "stockfish"), ("embedded", "embedded")):
        if only not in {None, kind}:
            continue
        try:
            one = _found(name)
        except Unavailable as error:
            notes.append(f"{kind}: {error}")
            continue
        if one.kind == kind:
            searchers.append(one)
        else:
            notes.append("no native Stockfish here: --evaluator PATH names one")
    if not searchers:
        raise Unavailable("; ".join(notes))
    return searchers, notes


def _found(name: str) -> Searcher:
    try:
        spec = evaluators.resolve(Registry(), name, {})
        info = evaluators.choose(Registry(), name, {}).info
    except AnalysisError as error:
        raise Unavailable(error.message) from None
    label = info.name if not info.version or info.version in info.name else f"{info.name} {info.version}"
    if spec.name == "uci":
        return Searcher(str(spec.options["path"]), label, "native", Path(spec.options["path"]))
    return Searcher(spec.name, label, "embedded" if spec.name == "embedded" else "native")
