"""Options of `puzzles`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.plugin import Options


class PuzzlesOptions(Options, frozen=True):
    """Options of `puzzles`. Winning chances are numbers from -1 to 1: Win% / 50 - 1."""

    puzzles: Annotated[
        int, Meta(ge=0, le=1_000_000, description="Rows of the table of puzzles; missed ones come first.")
    ] = 1_000
    nodes: Annotated[
        int, Meta(ge=0, le=10_000_000_000, description="Nodes of each search; 0: the limit of the run.")
    ] = 0
    swing: Annotated[
        float,
        Meta(
            ge=0.1, le=2, description="Winning chances that the opponent's move must have given away, or a mate."
        ),
    ] = 0.45
    winning: Annotated[
        int,
        Meta(ge=-1_000, le=10_000, description="Smallest centipawns that the solver must have with each move."),
    ] = -30
    ahead: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="Centipawns above which the solver was winning before, so that it is no puzzle.",
        ),
    ] = 300
    behind: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Centipawns below which the solver must be behind in material."),
    ] = 400
    margin: Annotated[
        float,
        Meta(ge=0.05, le=2, description="Winning chances by which each move must be better than the second one."),
    ] = 0.3
    second: Annotated[
        int, Meta(ge=-1_000, le=10_000, description="Largest centipawns that the second move may have.")
    ] = 270
    replies: Annotated[
        int, Meta(ge=1, le=20, description="Answers of the opponent to each move that are tried, the best first.")
    ] = 4
    as_good: Annotated[
        float, Meta(ge=0, le=1, description="Winning chances that such an answer may be worse than the best one.")
    ] = 0.1
    shortest: Annotated[
        int, Meta(ge=1, le=20, description="Smallest number of the solver's moves, mates apart.")
    ] = 2
    longest: Annotated[int, Meta(ge=1, le=20, description="Largest number of the solver's moves.")] = 10
    mate_in_one: Annotated[bool, Meta(description="Whether a mate in one is a puzzle.")] = True
