"""The pages of games: their list, moves on small boards, and each game with its board, graphs and remarks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

import chess
from markupsafe import Markup
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from engine.errors import ConfigError
from engine.model import AnalysedGame
from engine.text.json import encode
from engine.web.frame import Frame, filter_of, frame
from engine.web.pages.diagram import describe, diagram
from engine.web.pages.finder import escaped
from engine.web.pages.names import names_of
from engine.web.pages.record import record
from engine.web.site import Site, site_of
from engine.web.store import Filter

GAMES, BOARDS = 50, 24
"""Games and moves on a page."""
RECORDS = 40
"""Games that a script may ask for at once."""
LAST = 100_000_000
"""Highest number of a game, of a ply and of a row."""
_COLUMNS = (
    ("number", "Game", True),
    ("white", "Players", False),
    ("result", "Result", False),
    ("opening", "Opening", False),
    ("date", "Date", False),
    ("plies", "Moves", True),
    ("accuracy", "Accuracy", True),
    ("blunders", "Errors", False),
)
"""Orders of the list of games, the heads of their columns, and whether they are numbers."""


def routes() -> list[BaseRoute]:
    """Return the routes of these pages."""
    return [
        Route("/games", games),
        Route("/moves", moves),
        Route("/game/{number}", game),
        Route("/records", records),
    ]


class Pages(Struct, frozen=True):
    """Where a page of a list is in it."""

    first: int
    last: int
    total: int
    before: str
    """Address of the page before; empty for none."""
    after: str


class Column(Struct, frozen=True):
    """A column of the list of games."""

    label: str
    number: bool
    href: str
    """Address of the list in the order of the column."""
    order: str
    """`ascending` or `descending` if the list is in its order; empty otherwise."""


def games(request: Request) -> Response:
    """Return a page of the list of games."""
    site = site_of(request)
    where, start = filter_of(request), whole(request, "start")
    orders = {name for name, _, _ in _COLUMNS}
    order = request.query_params.get("order", "number")
    if order.removeprefix("-") not in orders:
        raise ConfigError(f"order: one of {', '.join(sorted(orders))} expected, with - for the other way around")
    around = frame(site, request)
    total = site.store.count(where)
    shown = site.store.games(where, order=order, start=start, limit=GAMES)
    given = None if order == "number" else order
    pages = _pages(total, start, len(shown), GAMES, lambda to: around.to("/games", order=given, start=to or None))
    columns = [_column(around, order, *column) for column in _COLUMNS]
    return site.render("games.html.jinja", request, games=shown, pages=pages, columns=columns)


def _column(around: Frame, order: str, name: str, label: str, number: bool) -> Column:
    descending = f"-{name}"
    first, second = (descending, name) if number and name != "number" else (name, descending)
    now = {name: "ascending", descending: "descending"}.get(order, "")
    wanted = second if order == first else first
    return Column(label, number, around.to("/games", order=None if wanted == "number" else wanted), now)


def _pages(total: int, start: int, shown: int, size: int, to: Callable[[int], str]) -> Pages:
    return Pages(
        start + 1 if shown else 0,
        start + shown,
        total,
        to(max(0, start - size)) if start and total else "",
        to(start + size) if start + shown < total else "",
    )


def whole(request: Request, name: str) -> int:
    """Return a whole number of the address, 0 if it has none. Raises ConfigError for anything else."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LAST))):
        raise ConfigError(f"{name}: a whole number expected, not {text[:40]!r}")
    return int(text)


# -- moves --------------------------------------------------------------------------------------------------


class Card(Struct, frozen=True):
    """A move with its board."""

    move: Any
    svg: Markup
    words: str
    href: str


def moves(request: Request) -> Response:
    """Return a page of the moves that a filter means, the most expensive first, each on a board."""
    site = site_of(request)
    where, start = filter_of(request), whole(request, "start")
    around = frame(site, request)
    total = site.store.count_moves(where)
    shown = site.store.moves(where, order="loss", start=start, limit=BOARDS)
    pages = _pages(total, start, len(shown), BOARDS, lambda to: around.to("/moves", start=to or None))
    cards = [_card(move, around) for move in shown]
    return site.render("moves.html.jinja", request, cards=cards, pages=pages, where=where)


def _card(move: Any, around: Frame) -> Card:
    board = chess.Board(move.fen, chess960=True)
    arrows = {"played": chess.Move.from_uci(move.uci)} if move.uci != "0000" else {}
    if move.best and move.best != move.san:
        try:
            arrows["best"] = board.parse_san(move.best)
        except ValueError:
            arrows.pop("best", None)
    svg = Markup(diagram(board, arrows))  # noqa: S704 - made of squares and pieces
    return Card(move, svg, describe(board), around.to(f"/game/{move.game}", ply=move.ply))


# -- a game -------------------------------------------------------------------------------------------------


def game(request: Request) -> Response:
    """Return the page of a game, at the ply of the address."""
    site = site_of(request)
    where = filter_of(request)
    found = _game(site, request.path_params["number"])
    ply = min(whole(request, "ply"), len(found.plies))
    around = frame(site, request)
    number = found.origin.game
    return site.render(
        "game.page.html.jinja",
        request,
        home=around.to("/"),
        places=(("analyse", "Analyse this position"), ("in-openings", "In the opening tree")),
        game=found,
        names=names_of(found),
        ply=ply,
        plain=_plain(found, ply, around),
        data=_data(found),
        beside=_beside(site, where, number, around),
    )


def _game(site: Site, text: str) -> AnalysedGame:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LAST)) else 0
    found: AnalysedGame | None = site.store.game(number) if number else None
    if found is None:
        raise HTTPException(404, f"There is no game {text[:40]}. The list of games has all there are.")
    return found


def _beside(site: Site, where: Filter, number: int, around: Frame) -> dict[str, str]:
    """Return the addresses of the games before and after one among those of the filter; empty for none."""
    numbers = [found for found, _ in site.store.numbers(where)]
    k = bisect_left(numbers, number)
    before = numbers[k - 1] if k else None
    following = numbers[k + (k < len(numbers) and numbers[k] == number) :][:1]
    return {
        "before": around.to(f"/game/{before}") if before is not None else "",
        "after": around.to(f"/game/{following[0]}") if following else "",
    }


def _data(found: AnalysedGame) -> Markup:
    return Markup(escaped(encode(record(found))))  # noqa: S704 - escaped


class Plain(Struct, frozen=True):
    """A game for browsers without scripts: a board and the moves as links."""

    svg: Markup
    words: str
    fen: str
    moves: list[tuple[str, str, bool]]
    """Move, its address, and whether it led to the position on the board."""
    back: str
    """Address of the position one move before; empty at the start."""
    on: str


def _plain(found: AnalysedGame, ply: int, around: Frame) -> Plain:
    board = found.board(ply)
    page = f"/game/{found.origin.game}"
    listed = [
        (f"{found.number(k)} {one.san}", around.to(page, ply=k + 1), k + 1 == ply)
        for k, one in enumerate(found.plies)
    ]
    svg = Markup(diagram(board, {}))  # noqa: S704 - our own drawing
    back = around.to(page, ply=ply - 1) if ply else ""
    on = around.to(page, ply=ply + 1) if ply < len(found.plies) else ""
    return Plain(svg, describe(board), board.fen(), listed, back, on)


def records(request: Request) -> Response:
    """Return the data of games for the boards of a script: a JSON object by number."""
    site = site_of(request)
    text = request.query_params.get("games", "")
    numbers = list(dict.fromkeys(_numbers(text)))[:RECORDS]
    found = ((number, site.store.game(number)) for number in numbers)
    pairs = [b'"%d":%s' % (number, encode(record(one))) for number, one in found if one is not None]
    return Response(
        b"{%s}" % b",".join(pairs), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _numbers(text: str) -> Iterator[int]:
    for part in text[: RECORDS * 12].split(","):
        if part.isascii() and part.isdigit():
            yield int(part)
