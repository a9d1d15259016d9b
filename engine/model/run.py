"""Results of a run: counts, failures, notices and reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from engine.errors import ConfigError
from engine.model.evaluation import EvaluatorInfo, Limit
from engine.model.game import AnalysedGame
from engine.model.report import Report
from engine.text import html

_MONTH = re.compile(r"\d{4}[.-]\d\d")


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


class RunResult(Struct, frozen=True):
    """Result of a run.

    >>> import engine
    >>> result = engine.analyze("games.pgn", nodes=1_000)
    >>> result.ok, result.counts.analysed, result.counts.positions, list(result.reports)
    (True, 2, 6, ['accuracy', 'judgements', 'acpl', 'wins', 'best-scores'])
    """

    reports: Mapping[str, Report]
    """Reports by the name of the aggregator, in the order of `Aggregator.order`."""
    wins: int
    """Number of winning moves found: the shared counter at the end of the run."""
    best: tuple[Best, ...]
    """Best scores, best first: the shared board at the end of the run."""
    evaluator: EvaluatorInfo
    """Evaluator that was used."""
    limit: Limit
    """Limit of each search."""
    counts: RunCounts
    """Counts of what the run did."""
    failures: tuple[Failure, ...]
    """Failures of the framework or a plugin."""
    notices: tuple[Notice, ...]
    """First 1,000 notices about the input; `counts` has the totals."""
    outputs: tuple[str, ...]
    """Paths of the files written."""
    interrupted: bool = False
    """Whether the run was stopped before the end of its input."""
    adaptive: bool = False
    """Whether a first search with a share of `limit` decided which positions were searched again."""
    game: AnalysedGame | None = None
    """The analysed game when there is exactly one; otherwise None."""
    follow_up_evaluator: EvaluatorInfo | None = None
    """Evaluator of the follow-up searches, where another one made them than `evaluator`; otherwise None."""
    follow_up_limits: tuple[Limit, ...] = ()
    """Limits of the follow-up searches, the most frequent first, without their number of lines."""
    players: Mapping[str, str] = {}
    """Players with several names: the name under which the reports have them, by each other one."""
    kept: tuple[AnalysedGame, ...] | None = None
    """Analysed games in input order, which `games` returns; None when the run kept none."""

    @property
    def games(self) -> tuple[AnalysedGame, ...]:
        """Analysed games in input order.

        `engine.analyze` keeps at most 1,000, and with `games=True` all. Raises `ConfigError` when they were not
        kept.

        >>> import engine
        >>> result = engine.analyze("games.pgn", nodes=1_000)
        >>> [len(game.plies) for game in result.games]
        [2, 2]
        """
        if self.kept is None:
            raise ConfigError(
                "this run kept no games: analyze(..., games=True) keeps them all, however many, and a run of "
                "Analyzer.submit gives them one after the other when it is iterated"
            )
        return self.kept

    @property
    def period(self) -> str:
        """From when to when the games are, `2026-01 to 2026-11`; empty where no report says months.

        The months are those of charts, and of tables whose key begins with `month`.
        """
        months = sorted(_months(self.reports.values()))
        return " to ".join(dict.fromkeys((*months[:1], *months[-1:])))

    def to_dataframe(self, table: str = "moves", *, library: str | None = None) -> Any:
        """Return the moves, the games, or a table of a report as a DataFrame.

        * **table** - *(optional)* `moves`: a row for each move; `games`: a row for each game; both with the
          columns of the tables that are written. Or a report and a table of it: `accuracy:players`.
        * **library** - *(optional)* `pandas` or `polars`; the one that is installed, pandas if both are.

        Raises `ConfigError` for a table that there is not, when no library is installed, and as `games` does.
        """
        from engine.api import export

        return export.to_dataframe(self, table, library)

    @property
    def ok(self) -> bool:
        """Whether nothing failed and the run came to its end."""
        return not self.failures and not self.interrupted

    def _repr_html_(self) -> str:
        """Return the result as HTML, which notebooks show."""
        counts = self.counts
        ending = ", interrupted" if self.interrupted else ""
        evaluator = f"{self.evaluator.name}, {self.limit.words}" if str(self.limit) else self.evaluator.name
        summary = (
            f"{counts.analysed:,} games, {counts.positions:,} positions{ending}; {self.wins:,} winning moves; "
            f"{evaluator}"
        )
        failures = [html.paragraph(f"Failed: {failure.reason}") for failure in self.failures]
        reports = [report._repr_html_() for report in self.reports.values()]
        return "".join([html.paragraph(summary), *failures, *reports])


def _months(reports: Iterable[Report]) -> Iterator[str]:
    """Yield the months, as `2026-11`, of tables and charts by month."""
    for report in reports:
        places = [row[0] for table in report.tables if table.key.startswith("month") for row in table.rows if row]
        places += [point.x for chart in report.charts for series in chart.series for point in series.points]
        for place in places:
            if isinstance(place, str) and _MONTH.fullmatch(place):
                yield place.replace(".", "-")
