"""HTML: one page that opens from the disk, with an overview, a section per aggregator and a page for each game.

Nothing is fetched: style, script, pieces and games are inside, and the page's content security policy forbids
everything else. Text from games stays text. Links point to a ply: `report.html#game=3&ply=24` is game 3 with 24
half-moves played, as `ply` is counted everywhere.

A file holds 1,000 games, or 7 MB of them; then the next begins, `report-2.html`, `report-3.html`, and the first,
which has the overview, links to them. On standard output everything is one page.

The report takes the aggregators along that its overview is made of (`wins`, `best-scores`, `accuracy`, `acpl`,
`judgements`, `mistakes`). `mistakes` has up to three positions of a game searched once more, for other good moves;
a run that searches nothing else starts no evaluator for that, and then only the best moves are known.
`-o 'reports/{player}.html'` is a handout for each player.
"""

from __future__ import annotations

from typing import Any, BinaryIO, ClassVar
from urllib.parse import quote

from engine.model import AnalysedGame, RunResult
from engine.plugin import RunInfo, Writer
from engine_plugins.writers._html.overview import NEEDED

GAMES = 1_000
"""Games in one file, at most."""
BYTES = 7_000_000
"""Bytes of games after which the next file begins."""
NOTICES = 100
"""Notices and failures that are shown."""


class _File:
    """One of the files, and which games are in it."""

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


class HtmlWriter(Writer):
    """A report to look at: overview, sections, a page for each game, in one file."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm")
    reports: ClassVar[tuple[str, ...]] = NEEDED
    searches: ClassVar[bool] = False

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        from engine_plugins.writers._html.tally import Tally

        super().__init__(stream, info)
        self._tally = Tally()
        self._files = [_File(info.output, stream)]
        self._begin(self._files[0])

    def _begin(self, file: _File) -> None:
        from engine_plugins.writers._html import page

        number = len(self._files)
        file.stream.write(page.head(title=self._title, player=self.info.player, number=number))

    @property
    def _title(self) -> str:
        return self.info.player or "Analysed games"

    def game(self, game: AnalysedGame) -> None:
        from engine_plugins.writers._html import page

        self._tally.add(game)
        data = page.game(game)
        if self._files[-1].full and (more := self.next_file()) is not None:
            self._files.append(_File(*more))
            self._begin(self._files[-1])
        self._files[-1].add(game.origin.game, data)

    def finish(self, result: RunResult) -> None:
        from engine_plugins.writers._html import page

        first, *rest = self._files
        first.stream.write(page.foot(number=1, **self._common(result, first), **self._overview(result)))
        for number, file in enumerate(rest, start=2):
            file.stream.write(page.foot(number=number, **self._common(result, file)))

    def _common(self, result: RunResult, file: _File) -> dict[str, Any]:
        return {
            "title": self._title,
            "player": self.info.player,
            "files": [(quote(one.name), one.name, one.games, one.first, one.last) for one in self._files],
            "games": file.games,
            "result": result,
        }

    def _overview(self, result: RunResult) -> dict[str, Any]:
        from engine_plugins.writers._html import lessons, overview, tables, tally

        return {
            "figures": list(overview.figures(result, own=self.info.player is not None)),
            "players": overview.players(result, self._link),
            "charts": self._tally.charts(),
            "edges": (tally.WIDTH, tally.HEIGHT),
            "lessons": lessons.lessons(result.reports.get("mistakes"), self._link),
            "sections": [tables.section(name, report, self._link) for name, report in result.reports.items()],
            "notices": result.notices[:NOTICES],
            "failures": result.failures[:NOTICES],
        }

    def _link(self, game: int, ply: int | None) -> str:
        """The address of a game from the first file."""
        file = next((one for one in self._files[1:] if one.first <= game <= one.last), None)
        place = f"#game={game}" + (f"&ply={ply}" if ply is not None else "")
        return f"{quote(file.name)}{place}" if file is not None else place
