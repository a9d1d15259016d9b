"""Remarks of aggregators on single moves."""

from __future__ import annotations

from msgspec import Struct


class Remark(Struct, frozen=True):
    """A comment, marks or arrows of an aggregator on one move of a game."""

    ply: int
    """The move, 0-based: `plies[ply]`."""
    text: str = ""
    """Comment for people, a sentence or more; empty for none."""
    nags: tuple[int, ...] = ()
    """Numeric annotation glyphs of the PGN standard, 1 to 255: 3 is `!!`, 9 is the worst move."""
    arrows: tuple[str, ...] = ()
    """Arrows and marked squares of the position before the move, as in `[%cal]` and `[%csl]` of PGN comments: a
    colour (`G`, `R`, `Y`, `B`) and two squares or one, such as `Gg1f3` and `Rf7`."""
    by: str = ""
    """Name of the aggregator; a run fills it in."""
