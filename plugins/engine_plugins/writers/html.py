"""HTML: one page that opens from the disk, with the answers first, a section per report and a page for each game.

The first screen of a player's games has name and period, score, accuracy and rating over time, the three weakest
areas (the first findings of `leaks`) with their certainty, the three best moments and three positions to solve
(the first of `mistakes`, of different games where there are enough). Of many players' games it has the table of
the players, and of one game its players. A best moment is a move that used an error of the opponent which gave
away 20 Win% or more: the best move, no recapture, no capture of a piece worth as much as the one that takes, and
not one of fewer than five legal moves. The larger the error, the better the moment, and there is one of a game.

The reports follow in the order of use: what was found, charts, tables, notes. A row, a sentence or a point that
rests on moves opens them as small boards below it. A table that only lists all games in the order of the file is
left out, since the list of games has them. A table that is a tree of moves, like that of `openings`, is played on
a board: the moves that follow with their figures, the line so far, the games of the move. A plugin's table is such
a tree if it has one column of kind `move`, whose cells end with the move in SAN after two spaces for each move
above it, one of kind `position` with the FEN after it, and no column `game`; it starts at the usual initial
position. A column `color` makes a tree for each side. Without the script, and on paper, there is the table.
`accuracy` gets a chart of the games by accuracy where it has none. A chart needs two values, and a line two places
on its axis; a figure without a value is left out.

*Trainer* is a page on which the positions of `mistakes` are solved on a board and repeated until they are known,
the same as `-o training.html`. `--set html.trainer=false` leaves it out.

The page loads nothing from elsewhere: styles, scripts, pieces and games are inside the file, and the content
security policy of the page forbids everything else. Text from games is never interpreted as HTML. A link can point
to a ply: `report.html#game=3&ply=24` shows game 3 after 24 half-moves.

A file has at most 1,000 games or 7 MB of games; then the next file begins, `report-2.html`, `report-3.html`. The
first file has the overview and links to the others. On standard output everything is one page.

The report adds the aggregators that its overview needs: `wins`, `accuracy`, `acpl`, `judgements` and `mistakes`,
and `leaks`, `trends` and `explain` where a player is named. `mistakes` searches up to three positions of a game
once more, to find other good moves. A run that searches nothing else does not start an evaluator for this, and
then only the best moves are known. `-o 'reports/{player}.html'` writes a report for each player, and
`reports/index.html`, which links them: players, games, accuracy, weakest area. `--set html.index=false` leaves
that out.

On paper a report is a handout of four pages for up to 29 games, five for 300: the overview, what each report found
or the first five rows of its first table, 100 games in two columns, the exercises, and the solutions on a
page of their own. The page of a game is printed when it is open.
"""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, ClassVar
from urllib.parse import quote

from msgspec import Meta

from engine.model import AnalysedGame, RunResult
from engine.plugin import Options, RunInfo, Writer
from engine.web.pages.overview import NEEDED, PLAYER_NEEDED

GAMES = 1_000
"""Largest number of games in one file."""
BYTES = 7_000_000
"""Bytes of games after which the next file begins."""
NOTICES = 100
"""Largest number of notices, and of failures, that are shown."""


class _File:
    """One of the files and the games in it."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self.stream = stream
        self.games = 0
        self.bytes = 0
        self.first = 0
        self.last = 0

    @property
    def full(self) -> bool:
        return self.games >= GAMES or self.bytes >= BYTES

    def add(self, number: int, data: bytes) -> None:
        self.stream.write(data)
        self.games += 1
        self.bytes += len(data)
        self.first = self.first or number
        self.last = number


class HtmlOptions(Options, frozen=True):
    """Options of `html`."""

    index: Annotated[bool, Meta(description="Whether `{player}` in the output's name makes an index, too.")] = True
    trainer: Annotated[bool, Meta(description="Whether the report has the trainer.")] = True


class HtmlWriter(Writer):
    """A report to look at: overview, sections, a page for each game, in one file."""

    Options: ClassVar[type[Options]] = HtmlOptions
    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm")
    reports: ClassVar[tuple[str, ...]] = NEEDED
    player_reports: ClassVar[tuple[str, ...]] = PLAYER_NEEDED
    searches: ClassVar[bool] = False

    @classmethod
    def index(cls, options: HtmlOptions) -> type[Writer] | None:
        from engine.web.pages.handouts import IndexWriter

        return IndexWriter if options.index else None

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        from engine.web.pages.finder import Finder
        from engine.web.pages.glance import Glance
        from engine.web.pages.tally import ChartCounts

        super().__init__(stream, info)
        self._chart_counts = ChartCounts()
        self._glance = Glance()
        self._finder = Finder()
        self._files = [_File(info.output, stream)]
        self._begin(self._files[0])

    def _begin(self, file: _File) -> None:
        from engine.web.pages import page

        number = len(self._files)
        values = {"title": self._title, "player": self.info.player, "number": number}
        file.stream.write(page.head(has_trainer=self.options.trainer, **values))

    @property
    def _title(self) -> str:
        return self._names or "Analysed games"

    @property
    def _names(self) -> str:
        """The players whose games these are; empty for those of anybody."""
        return self.info.player or ", ".join(self.info.players)

    def game(self, game: AnalysedGame) -> None:
        from engine.web.pages import page

        self._chart_counts.add(game)
        self._glance.add(game)
        data = page.row(game)
        if self._files[-1].full and (next_file := self.next_file()) is not None:
            self._files.append(_File(*next_file))
            self._begin(self._files[-1])
        self._files[-1].add(game.origin.game, data)
        if len(self._files) > 1:
            self._finder.add(game)

    def finish(self, result: RunResult) -> None:
        from engine.web.pages import page

        first, *rest = self._files
        first.stream.writelines(page.foot(number=1, **self._common(result, first), **self._overview(result)))
        for number, file in enumerate(rest, start=2):
            file.stream.writelines(page.foot(number=number, **self._common(result, file)))

    def _common(self, result: RunResult, file: _File) -> dict[str, Any]:
        return {
            "title": self._title,
            "player": self.info.player,
            "finder": self._finder.json(
                [(quote(one.name), one.first, one.last) for one in self._files], self._files.index(file)
            ),
            "files": [(quote(part.name), part.name, part.games, part.first, part.last) for part in self._files],
            "games": file.games,
            "result": result,
        }

    def _overview(self, result: RunResult) -> dict[str, Any]:
        from engine.web.pages import answers, lessons, overview, sections
        from engine.web.pages.trainer.cards import deck

        named, reports = bool(self._names), result.reports
        told = answers.told(reports, named=named)
        solvable = lessons.lessons(reports.get("mistakes"), self._link)
        more = self._chart_counts.charts(reports)
        return {
            "deck": deck(reports, result.counts.analysed, self._link) if self.options.trainer else None,
            "figures": list(overview.figures(result)),
            "players": None if named else overview.players(result, self._link),
            "answers": answers.answers(self._names, reports, self._glance, solvable, self._link),
            "lessons": solvable,
            "sections": list(sections.sections(reports, self._link, told, more)),
            "notices": result.notices[:NOTICES],
            "failures": result.failures[:NOTICES],
        }

    def _link(self, game: int, ply: int | None) -> str:
        """Return the address of a game for a link in the first file."""
        containing = next((file for file in self._files[1:] if file.first <= game <= file.last), None)
        fragment = f"#game={game}" + (f"&ply={ply}" if ply is not None else "")
        return f"{quote(containing.name)}{fragment}" if containing is not None else fragment
