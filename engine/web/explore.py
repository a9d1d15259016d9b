"""The pages that show what is in the store: the overview, and the routes of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from engine.text.format import count, figure
from engine.web import compare, game_pages, report_pages
from engine.web.frame import Frame, filter_of, frame
from engine.web.pages.glance import words_of_date
from engine.web.site import site_of
from engine.web.store import Filter

_NEWEST = 8
"""Games on the first page."""
_PLAYERS = 12
"""Players on the first page, where none is chosen."""
_SUGGESTED = ("player", "opponent", "opening")


def routes() -> list[BaseRoute]:
    """Return the routes of these pages."""
    return [
        Route("/", overview),
        Route("/suggestions/{field}", suggestions),
        *report_pages.routes(),
        *game_pages.routes(),
        *compare.routes(),
    ]


class Tile(Struct, frozen=True):
    """A figure with the games or moves behind it."""

    label: str
    value: str
    note: str
    href: str


def overview(request: Request) -> Response:
    """Return the first page: what the games are, their figures, the weakest areas, the newest games."""
    site = site_of(request)
    where = filter_of(request)
    store = site.store
    summary = store.summary(where)
    around = frame(site, request)
    return site.render(
        "overview.html.jinja",
        request,
        where=where,
        summary=summary,
        facts=[fact for fact in (count(summary.games, "game"), _period(summary)) if fact],
        tiles=list(_tiles(around, where, summary)) if summary.games else [],
        newest=store.games(where, order="-date", limit=_NEWEST),
        players=[] if where.player else store.people().most_frequent(_PLAYERS),
    )


def _tiles(around: Frame, where: Filter, summary: Any) -> Iterator[Tile]:
    to = around.to
    sides = bool(where.player or where.side)
    if summary.score is not None and sides:
        note = f"{summary.won:,} won, {summary.drawn:,} drawn, {summary.lost:,} lost"
        yield Tile("Score", figure(summary.score, "percent"), note, to("/games"))
    elif summary.score is not None:
        note = f"{summary.won:,} by White, {summary.drawn:,} drawn, {summary.lost:,} by Black"
        yield Tile("White's score", figure(summary.score, "percent"), note, to("/games"))
    if summary.accuracy is not None:
        yield Tile("Accuracy", figure(summary.accuracy, "percent"), "mean of the games", to("/reports/accuracy"))
    if summary.acpl is not None:
        note = f"centipawns lost by a move, of {summary.moves:,}"
        yield Tile("ACPL", figure(summary.acpl, "float"), note, to("/reports/acpl"))
    for name in ("inaccuracies", "mistakes", "blunders"):
        number, kind = getattr(summary, name), _ONE[name]
        if not where.judgement or kind in where.judgement.split(","):
            note = f"{number / summary.games:.1f} a game"
            yield Tile(name.capitalize(), f"{number:,}", note, _judged(around, where, kind))
    yield Tile("Winning moves", f"{summary.wins:,}", "found in these games", to("/reports/wins"))


_ONE = {"inaccuracies": "inaccuracy", "mistakes": "mistake", "blunders": "blunder"}


def _judged(around: Frame, where: Filter, kind: str) -> str:
    """Return the address of the moves with a judgement."""
    return around.to("/moves", judgement=kind) if not where.judgement else around.to("/moves")


def _period(summary: Any) -> str:
    ends = [words_of_date(date) for date in dict.fromkeys((summary.since, summary.until)) if date]
    return " to ".join(ends)


def suggestions(request: Request) -> Response:
    """Return values of a field that are like what is typed, as JSON."""
    field = request.path_params["field"]
    if field not in _SUGGESTED:
        return JSONResponse([], 404)
    prefix = request.query_params.get("prefix", "")[:200]
    found = site_of(request).store.choices(field.replace("opponent", "player"), prefix, limit=20)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
