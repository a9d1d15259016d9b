"""The themes of a line: every detector asked in turn."""

from __future__ import annotations

from collections.abc import Callable

from engine.model import Score
from engine.themes import facts
from engine.themes.line import Line, Motif

__all__ = ["motifs", "themes"]

DETECTORS: tuple[Callable[[Line], Motif | None], ...] = (
    facts.length,
    facts.mate,
    facts.mate_in,
)


def motifs(line: Line) -> tuple[Motif, ...]:
    """Return everything that is found in a line, with its evidence, sorted by theme; at most one of each theme.

    What the position is worth is not among it, because it has no evidence but a score.

    * **line** - the line.
    """
    found = (detector(line) for detector in DETECTORS)
    return tuple(sorted((motif for motif in found if motif is not None), key=lambda motif: motif.theme))


def themes(line: Line, score: Score | None = None) -> tuple[str, ...]:
    """Return the tags of a line, sorted.

    * **line** - the line.
    * **score** - score of the first position in the solver's view. None: the material at the end of the line decides
      what it is worth where it is clear enough.
    """
    worth = facts.worth(line, score)
    return tuple(sorted({motif.theme for motif in motifs(line)} | ({worth} if worth else set())))
