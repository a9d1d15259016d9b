"""A report without a browser: written by the writer, read back as a parser sees it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any, BinaryIO

from msgspec import structs

from engine.loading.registry import Registry
from engine.model import AnalysedGame, Report, RunCounts, RunResult
from engine_plugins.writers.html import HtmlWriter
from tests.plugins.writers.rendering import INFO

NEEDED = HtmlWriter.reports


class Page(HTMLParser):
    """The parsed content of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.games: dict[int, Any] = {}
        self.code: dict[str, str] = {"script": "", "style": ""}
        self.visible = ""
        self._inside: str | None = None
        self._data: str | None = None
        self._other_data = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag in ("script", "style"):
            self._inside = tag
            name = attributes.get("id")
            self._other_data = name in ("finder", "cards")
            self._data = name if attributes.get("type") == "application/json" and not self._other_data else None

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = self._data = None

    def handle_data(self, data: str) -> None:
        if self._data is not None:
            self.games[int(self._data[1:])] = json.loads(data)
        elif self._inside is not None and not self._other_data:
            self.code[self._inside] += data
        else:
            self.visible += data

    @property
    def policy(self) -> str:
        return next(str(a["content"]) for _, a in self.tags if a.get("http-equiv") == "Content-Security-Policy")

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a" and "href" in attributes]


def reports(games: Iterable[AnalysedGame], names: Iterable[str] = NEEDED) -> dict[str, Report]:
    """Return the reports of the aggregators on these games."""
    registry = Registry()
    aggregators = {name: registry.load("engine.aggregators", name)() for name in names}
    for game in games:
        for aggregator in aggregators.values():
            aggregator.add(game)
    return {name: aggregator.report() for name, aggregator in aggregators.items()}


def result(games: Iterable[AnalysedGame], **arguments: Any) -> RunResult:
    analysed = list(games)
    counts = RunCounts(
        read=len(analysed), analysed=len(analysed), positions=sum(len(game.positions) for game in analysed)
    )
    whole = RunResult(reports(analysed), 0, (), INFO.evaluator, INFO.limit, counts, (), (), ())
    return structs.replace(whole, **arguments)


def write(
    games: Iterable[AnalysedGame],
    *,
    player: str | None = None,
    split: bool = False,
    extra: Mapping[str, Report] | None = None,
) -> list[Page]:
    """The files of a report; the reports `extra` come before the others."""
    analysed = list(games)
    streams = [io.BytesIO()]
    writer = HtmlWriter(streams[0], structs.replace(INFO, output="report.html", player=player))

    def next_file() -> tuple[str, BinaryIO] | None:
        streams.append(io.BytesIO())
        return f"report-{len(streams)}.html", streams[-1]

    if split:
        writer.next_file = next_file
    for game in analysed:
        writer.game(game)
    whole = result(analysed)
    writer.finish(structs.replace(whole, reports={**(extra or {}), **whole.reports}))
    return [Page(stream.getvalue().decode()) for stream in streams]


def page(*games: AnalysedGame, player: str | None = None, extra: Mapping[str, Report] | None = None) -> Page:
    [file] = write(games, player=player, extra=extra)
    return file
