"""Facts about a run: best scores, failures, notices and counts."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Best(Struct, frozen=True):
    """An entry of the best-scores board."""

    score: int
    """Score of the best move in its mover's view: centipawns, mate in n as 32000 - n."""
    game: int
    """Number of the game, 1-based."""
    ply: int
    """The position, 0-based."""
    move: str
    """Best move in UCI notation; empty when it is not known."""


class Failure(Struct, frozen=True):
    """A failure of the framework or a plugin, not of the input, after which the run went on: exit code 1."""

    file: str | None
    """File of the game or output; None when no file is concerned."""
    line: int | None
    """First line of the game, 1-based; None when no game is concerned."""
    game: int | None
    """Number of the game, 1-based; None when no game is concerned."""
    ply: int | None
    """The position, 0-based; None when the failure concerns no single position."""
    reason: str
    """Explanation for people."""


class Notice(Struct, frozen=True):
    """A remark about the input for people: a damaged or skipped game, a tag that is not understood."""

    kind: Literal["damaged", "variant", "cut", "refused", "warning", "note"]
    """Kind of the notice. `damaged`: an unreadable game, left out. `variant`: a game of a variant that the
    evaluator does not play, left out. `cut`: a damaged game of which the beginning was analysed. `refused`: a
    position that cannot be searched. `note`: how something in a file was understood. `warning`: anything else."""
    file: str | None
    """File of the game; None when no file is concerned."""
    line: int | None
    """Line of the file, 1-based; None when no line is concerned."""
    game: int | None
    """Number of the game, 1-based; None when no game is concerned."""
    reason: str
    """Explanation for people."""


class RunCounts(Struct):
    """Counts of what a run did, for the summary; not part of any output file."""

    read: int = 0
    """Games read, including those that were skipped, filtered or copies."""
    analysed: int = 0
    """Games analysed, which are in the output."""
    filtered: int = 0
    """Games that a filter or a sample left out."""
    duplicates: int = 0
    """Copies of games that came before them, left out."""
    elsewhere: int = 0
    """Games of other shards (`--shard`), which are in no other count."""
    damaged: int = 0
    """Unreadable games, left out."""
    cut: int = 0
    """Damaged games of which the beginning was analysed."""
    variant: int = 0
    """Games of variants that the evaluator does not play, left out."""
    positions: int = 0
    """Positions with an evaluation in the analysed games."""
    searched: int = 0
    """Positions searched in this run, follow-ups included."""
    cached: int = 0
    """Positions of the analysed games whose evaluation, that of the first search, came from the cache."""
    verified: int = 0
    """Positions that the cache knew and that were searched again, to compare."""
    refused: int = 0
    """Positions that cannot be searched."""
    quarantined: int = 0
    """Positions whose search kept failing."""
    recorded: int = 0
    """Positions whose evaluation was in the input."""
    unevaluated: int = 0
    """Analysed games without a single evaluation, which aggregators that need evaluations leave out."""
    follow_ups: int = 0
    """Follow-up searches, which aggregators requested: those in `searched`, and those from the cache."""
    follow_ups_cached: int = 0
    """Follow-up searches whose evaluation came from the cache."""
    deeper: int = 0
    """Positions that were searched again because a judgement was in doubt, by the cache too
    (`Settings.search.adaptive`)."""
    nodes: int = 0
    """Nodes searched in this run."""
    notices: int = 0
    """Number of all notices, of which the result has the first 1,000."""
    seconds: float = 0.0
    """Seconds from the start of the work to its end."""
