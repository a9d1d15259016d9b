"""Result of a run: its reports, and the facts about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from engine.errors import ConfigError
from engine.model.evaluation import EvaluatorInfo, Limit
from engine.model.game import AnalysedGame
from engine.model.parts import RunState
from engine.model.report import Report
from engine.model.run_facts import Best, Failure, Notice, RunCounts
from engine.text import html
from engine.text.format import count

_MONTH = re.compile(r"\d{4}[.-]\d\d")


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

    state: RunState | None = None
    """Everything that the reports are made of, for outputs that are merged with others (`--shard`, `.state.json`);
    None where there is no such output."""

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
            f"{count(counts.analysed, 'game')}, {count(counts.positions, 'position')}{ending}; "
            f"{count(self.wins, 'winning move')}; "
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
