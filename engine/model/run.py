"""What a run returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from engine.model.evaluation import EvaluatorInfo, Limit
from engine.model.game import AnalysedGame
from engine.model.report import Report
from engine.text import html


class Best(Struct, frozen=True):
    """An entry of the best-scores board."""

    score: int
    """The mover's view, centipawns, mate in n as 32000 - n."""
    game: int
    """Ordinal of the game."""
    ply: int
    """The position, 0-based."""
    move: str
    """Best move, UCI; empty when it is not known."""


class Failure(Struct, frozen=True):
    """Something of ours that failed while the rest went on: exit code 1."""

    file: str | None
    """None when no file is concerned."""
    line: int | None
    """First line of the game."""
    game: int | None
    """Ordinal of the game."""
    ply: int | None
    """The position, 0-based; None for a failure of a whole game."""
    reason: str
    """For people."""


class Notice(Struct, frozen=True):
    """Something about the input that people should know: a damaged or skipped game, an odd header."""

    kind: Literal["damaged", "variant", "cut", "refused", "warning"]
    """`damaged`: left out. `cut`: the beginning was analysed. `refused`: a position that cannot be searched."""
    file: str | None
    """None when no file is concerned."""
    line: int | None
    """The line that it is about."""
    game: int | None
    """Ordinal of the game."""
    reason: str
    """For people."""


class RunCounts(Struct):
    """What a run did, for the summary; not part of any output file."""

    read: int = 0
    """Games seen, skipped and filtered ones included."""
    analysed: int = 0
    """Games in the output."""
    filtered: int = 0
    """Games that a filter or sample left out."""
    damaged: int = 0
    """Unreadable games, left out."""
    cut: int = 0
    """Damaged games of which the beginning was analysed."""
    variant: int = 0
    """Games of variants that the evaluator does not play."""
    positions: int = 0
    """Evaluated positions in the analysed games."""
    searched: int = 0
    """Positions searched in this run."""
    cached: int = 0
    """Positions that the cache knew."""
    refused: int = 0
    """Positions that cannot be searched."""
    quarantined: int = 0
    """Positions whose search kept failing."""
    recorded: int = 0
    """Positions whose evaluation stood in the input."""
    unevaluated: int = 0
    """Analysed games without a single evaluation, left out by the aggregators that need them."""
    follow_ups: int = 0
    """Positions that aggregators had searched on top."""
    nodes: int = 0
    """Nodes searched in this run."""
    notices: int = 0
    """Notices in all, of which the result has the first 1,000."""
    seconds: float = 0.0
    """From the start of the work to its end."""


class RunResult(Struct, frozen=True):
    """What a run returns.

    >>> import engine
    >>> result = engine.analyze("games.pgn", nodes=1_000)
    >>> result.ok, result.counts.analysed, result.counts.positions, list(result.reports)
    (True, 2, 6, ['wins', 'best-scores', 'accuracy', 'acpl', 'judgements'])
    """

    reports: Mapping[str, Report]
    """By aggregator name, in the order asked for."""
    wins: int
    """The shared counter at the end: winning moves found."""
    best: tuple[Best, ...]
    """The shared best-scores board at the end, best first."""
    evaluator: EvaluatorInfo
    """Who answered."""
    limit: Limit
    """When each search ended."""
    counts: RunCounts
    """What was done."""
    failures: tuple[Failure, ...]
    """What of ours failed."""
    notices: tuple[Notice, ...]
    """The first 1,000; `counts` has the totals."""
    outputs: tuple[str, ...]
    """Files written, as they are named now."""
    interrupted: bool = False
    """Whether it was ended before the end of its input."""
    adaptive: bool = False
    """Whether `limit` was spent only where a first pass with a share of it left something in doubt."""
    game: AnalysedGame | None = None
    """The analysed game, when it is the only one."""

    @property
    def ok(self) -> bool:
        """True when nothing of ours failed and the run came to its end."""
        return not self.failures and not self.interrupted

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        c = self.counts
        how = ", interrupted" if self.interrupted else ""
        who = f"{self.evaluator.name}, {self.limit}" if str(self.limit) else self.evaluator.name
        words = f"{c.analysed:,} games, {c.positions:,} positions{how}; {self.wins:,} winning moves; {who}"
        failed = [html.paragraph(f"Failed: {failure.reason}") for failure in self.failures]
        reports = [report._repr_html_() for report in self.reports.values()]
        return "".join([html.paragraph(words), *failed, *reports])
