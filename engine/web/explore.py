"""The pages that show what is in the store: the overview, and the routes of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from engine.text.format import count, figure
from engine.web import compare, game_pages, report_pages
from engine.web.frame import Frame, address, filter_of, frame
from engine.web.pages.glance import words_of_date
from engine.web.samples import FEW, Estimate, estimates
from engine.web.site import SUGGESTED, site_of
from engine.web.store import Filter, Summary

_NEWEST = 8
"""Games on the first page."""
_PLAYERS = 12
"""Players on the first page, where none is chosen."""
_DIGITS = 3


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
    around = frame(site, request)
    if around.begins and not request.url.query and store.count(Filter(player=around.begins)):
        return RedirectResponse(address(around.at("/"), "", {"player": around.begins}), 303)
    summary = store.summary(where)
    newest = store.games(where, order="-date", limit=_NEWEST)
    return site.render(
        "overview.html.jinja",
        request,
        where=where,
        summary=summary,
        facts=[fact for fact in (count(summary.games, "game"), _period(summary), _unevaluated(summary)) if fact],
        tiles=list(_tiles(around, where, summary, estimates(store, where))) if summary.games else [],
        newest=newest,
        suite=bool(newest) and not summary.moves and store.has_epd(),
        players=[] if where.player else store.people().most_frequent(_PLAYERS),
    )


def _tiles(around: Frame, where: Filter, summary: Summary, games: Mapping[str, Estimate]) -> Iterator[Tile]:
    to = around.to
    sides = bool(where.player or where.side)
    if summary.score is not None:
        label, *ended = ("Score", "won", "lost") if sides else ("White's score", "by White", "by Black")
        note = f"{summary.won:,} {ended[0]}, {summary.drawn:,} drawn, {summary.lost:,} {ended[1]}"
        yield Tile(label, _rounded(summary.score, "percent"), note + _interval(games, "score"), to("/games"))
    if summary.accuracy is not None:
        note = _mean_of(games) + _interval(games, "accuracy")
        yield Tile("Accuracy", _rounded(summary.accuracy, "percent"), note, to("/reports/accuracy"))
    if summary.acpl is not None:
        note = f"centipawns lost by a move, of {summary.moves:,}{_interval(games, 'acpl')}"
        yield Tile("ACPL", _rounded(summary.acpl, "float"), note, to("/reports/acpl"))
    for name in ("inaccuracies", "mistakes", "blunders"):
        number, kind = getattr(summary, name), _ONE[name]
        if summary.sides and (not where.judgement or kind in where.judgement.split(",")):
            note = f"{number / summary.sides:.1f} a game{'' if sides else ' and player'}"
            yield Tile(name.capitalize(), f"{number:,}", note, _judged(around, where, kind))
    if summary.positions:
        whose = where.player or where.side.title() or "both sides"
        note = f"that {whose} had" if summary.moves else "in these positions"
        yield Tile("Winning moves", f"{summary.wins:,}", note, to("/reports/wins"))


_ONE = {"inaccuracies": "inaccuracy", "mistakes": "mistake", "blunders": "blunder"}


def _rounded(value: float, kind: str) -> str:
    """Return a figure as reports have it, which keep three digits: their last one shown is the same."""
    return figure(round(value, _DIGITS), kind)


def _mean_of(games: Mapping[str, Estimate]) -> str:
    """Return how many games the accuracy is a mean of; those without evaluations have none."""
    number = games["accuracy"].games
    return "of 1 game" if number == 1 else f"mean of {number:,} games"


def _interval(games: Mapping[str, Estimate], name: str) -> str:
    """Return the 95% interval of a figure; nothing where games say nothing of how certain it is."""
    estimate = games[name]
    if estimate.low is None or estimate.high is None:
        return "; too few games for an interval" if estimate.games < FEW else ""
    kind = "float" if name == "acpl" else "percent"
    return f"; 95%: {figure(estimate.low, kind)} to {figure(estimate.high, kind)}"


def _unevaluated(summary: Summary) -> str:
    """Return of how many games there is nothing but the result; empty for none."""
    number = summary.games - summary.evaluated
    return f"{number:,} without evaluations" if number else ""


def _judged(around: Frame, where: Filter, kind: str) -> str:
    """Return the address of the moves with a judgement."""
    return around.to("/moves", judgement=kind) if not where.judgement else around.to("/moves")


def _period(summary: Summary) -> str:
    ends = [words_of_date(date) for date in dict.fromkeys((summary.since, summary.until)) if date]
    return " to ".join(ends)


def suggestions(request: Request) -> Response:
    """Return values of a field that are like what is typed, as JSON."""
    field = request.path_params["field"]
    if field not in SUGGESTED:
        return JSONResponse([], 404)
    prefix = request.query_params.get("prefix", "")[:200]
    found = site_of(request).store.choices(field.replace("opponent", "player"), prefix, limit=20)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
