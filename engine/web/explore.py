"""The pages that show what is in the store: overview, reports, games, moves, a game, two filters side by side."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from engine.errors import ConfigError
from engine.web.frame import filter_of

_SUGGESTED = ("player", "opponent", "opening")


def routes() -> list[BaseRoute]:
    """Return the routes of these pages."""
    return [Route("/", overview), Route("/suggestions/{field}", suggestions)]


def overview(request: Request) -> Response:
    """Return the first page."""
    site = request.app.state.site
    where = filter_of(request)
    return site.render("overview.html.jinja", request, summary=site.store.summary(where))


def suggestions(request: Request) -> Response:
    """Return values of a field that begin with what is typed, as JSON."""
    field = request.path_params["field"]
    if field not in _SUGGESTED:
        raise ConfigError(f"there are no suggestions for {field!r}")
    prefix = request.query_params.get("prefix", "")[:200]
    return JSONResponse(request.app.state.site.store.choices(field, prefix, limit=20))
