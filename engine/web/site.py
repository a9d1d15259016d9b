"""The application: the site that its pages share, the routes of all of them, and errors as pages in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib import import_module
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from engine.errors import AnalysisError, ConfigError
from engine.web import answers, static_files
from engine.web.frame import frame, given
from engine.web.mounted import WholePath
from engine.web.reports import Reports
from engine.web.seats import Seats
from engine.web.store import Store
from engine.web.templating import load_templates, template

HEADERS = {**answers.HEADERS, "cache-control": "no-store"}
"""Headers of every page, also where the pages are mounted in another application."""
OFFERED = 40
"""Values of a field that the form offers before anything is typed."""
SUGGESTED = ("player", "opponent", "opening")
"""Fields of the filter whose values are offered."""
_MODULES = ("explore", "board", "openings", "live")


class Site:
    """What the pages share: the store of games, the reports on them, and what goes on beside them."""

    def __init__(  # noqa: PLR0913 - what the pages share
        self,
        store: Store,
        reports: Reports,
        *,
        title: str = "Analysed games",
        live: Any = None,
        analyzer: Any = None,
        token: str | None = None,
    ) -> None:
        """Keep what the pages share.

        * **store** - the games, an `engine.web.store.Store`.
        * **reports** - the aggregators computed on what is filtered, an `engine.web.reports.Reports`.
        * **title** - what the games are called at the top of each page.
        * **live** - the events of a run that goes on; None for none.
        * **analyzer** - an `engine.AsyncAnalyzer` for the board, which its owner closes; without one, workers with
          the usual evaluator are started when somebody first wants an analysis.
        * **token** - the secret that changes of a run need; None where nothing can be changed.
        """
        self.store = store
        self.reports = reports
        self.title = title
        self.live = live
        self.analyzer = analyzer
        self.token = token
        self._offered: dict[str, tuple[int, list[str]]] = {}

    def prepare(self) -> None:
        """Load what the first visitor would wait for: processes for reports, aggregators, templates, names."""
        self.reports.warm()
        self.reports.names()
        load_templates()
        for field in SUGGESTED:
            self.offered(field)

    def offered(self, field: str) -> list[str]:
        """Return the most frequent values of a field of the filter, which the form offers.

        * **field** - one of `SUGGESTED`.
        """
        version = self.store.version()
        known = self._offered.get(field)
        if known is None or known[0] != version:
            known = self._offered[field] = version, self.store.choices(field, limit=OFFERED)
        return known[1]

    def render(self, name: str, request: Request, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page made of a template that extends `layout.html.jinja`.

        * **name** - the template.
        * **request** - the request, whose address holds the filter.
        * **status** - the status of the answer.
        * **values** - what the template needs.
        """
        around = frame(self, request)
        text = template(name).render(
            site=self, request=request, frame=around, at=around.at, to=around.to, **values
        )
        return HTMLResponse(text.encode("utf-8", "replace"), status, headers=HEADERS)


def site_of(request: Request) -> Site:
    """Return what the pages of a request share."""
    site: Site = request.app.state.site
    return site


def application(site: Site, *, ended: Callable[[], None] | None = None) -> Starlette:
    """Return the application that shows a site; it can be mounted in any other.

    * **site** - what the pages share.
    * **ended** - *(optional)* called when the application is shut down.
    """
    handlers: dict[Any, Any] = {
        ConfigError: _wrong_setting,
        AnalysisError: _failed,
        HTTPException: _no_page,
        Exception: _broken,
    }
    whole = [Middleware(WholePath)]
    made = Starlette(routes=list(_routes()), exception_handlers=handlers, middleware=whole, lifespan=_lifespan)
    made.state.site = site
    made.state.ended = ended
    return made


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """End at the end what is searched and counted beside. An analyzer that was given stays its owner's."""
    site, ended = app.state.site, app.state.ended
    given = site.analyzer
    yield
    if isinstance(site.analyzer, Seats):
        await site.analyzer.close()
        site.analyzer = given
    if ended is not None:
        await run_in_threadpool(ended)


def _routes() -> Iterator[BaseRoute]:
    yield from static_files.routes()
    for name in _MODULES:
        yield from import_module(f"engine.web.{name}").routes()


# -- errors as pages ----------------------------------------------------------------------------------------


async def _wrong_setting(request: Request, error: Exception) -> Response:
    told = {"headline": "This address does not work", "text": str(error), "refused": True}
    values = {**told, "filter_is_open": True} if given(request) else told
    return site_of(request).render("error.html.jinja", request, status=HTTPStatus.BAD_REQUEST, **values)


async def _failed(request: Request, error: Exception) -> Response:
    return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR, "This could not be computed", str(error))


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        told = error.detail if error.detail != HTTPStatus.NOT_FOUND.phrase else "There is nothing at this address."
        return _error(request, error.status_code, "There is no such page", told)
    return _error(request, error.status_code, "This does not work", error.detail)


async def _broken(request: Request, _: Exception) -> Response:
    told = "This page is broken. The program's own output says where; the other pages go on."
    return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", told)


def _error(request: Request, status: int, title: str, text: str) -> Response:
    return site_of(request).render("error.html.jinja", request, status=status, headline=title, text=text)
