"""The pages below a prefix of another application, over a real server: addresses stay there and lead somewhere."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections import Counter
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from tests.engine.web import asgi
from tests.engine.web.conftest import Visit
from tests.engine.web.serving import serving
from tests.support import PATIENCE

ADDRESSES = ("href", "src", "action", "data-stream", "data-events", "data-board", "data-openings", "data-after")
PAGES = {"", "games", "moves", "reports", "compare", "openings", "board", "game/N", "reports/N", "openings/leaks"}
OTHERS = {"reports/N/events", "static/N"}


class Told:
    """An application that is told where a proxy has it, and says so in `root_path` alone, as FastAPI does."""

    def __init__(self, app: Starlette, root: str) -> None:
        self._app, self._root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "root_path": self._root}, receive, send)


class Proxy:
    """Cuts its own prefix off the path."""

    def __init__(self, app: Any, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(f"{self._prefix}/"), f"{scope['path']} is not below the proxy"
            path = scope["path"].removeprefix(self._prefix)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


def mounted(app: Any) -> tuple[Any, str]:
    return Starlette(routes=[Mount("/chess", app=app)]), "/chess"


def twice(app: Any) -> tuple[Any, str]:
    return Starlette(routes=[Mount("/clubs", routes=[Mount("/ours", app=app)])]), "/clubs/ours"


def proxied(app: Any) -> tuple[Any, str]:
    return Proxy(Told(Starlette(routes=[Mount("/chess", app=app)]), "/proxy"), "/proxy"), "/proxy/chess"


def kind_of(path: str, prefix: str) -> str:
    """The page that a path is of, with N for a number or a name."""
    return re.sub(r"^(game|static|reports)/[^/]+", r"\1/N", path.removeprefix(prefix).strip("/"))


@pytest.mark.parametrize("place", [pytest.param(mounted, marks=pytest.mark.slow), twice, proxied])
def test_all_addresses_stay_below_the_prefix_and_lead_somewhere(match: Visit, place: Any) -> None:
    app, prefix = place(match.app)
    seen: Counter[str] = Counter()
    with serving(app) as root:
        waiting = [f"{root}{prefix}/", f"{root}{prefix}/?side=white", f"{root}{prefix}/openings/leaks?side=white"]
        while waiting:
            address = waiting.pop(0)
            path = urlsplit(address).path
            assert path == prefix or path.startswith(f"{prefix}/"), address
            kind = kind_of(path, prefix)
            seen[kind] += 1
            if seen[kind] > 3:
                continue
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
                text = answer.read().decode("utf-8", "replace")
                media = answer.headers["content-type"]
            if media.startswith("text/event-stream"):
                assert "event: done" in text
            if media.startswith("text/html"):
                tags = asgi.parsed(text).tags
                found = [str(given[key]) for _, given in tags for key in ADDRESSES if given.get(key)]
                waiting += [urljoin(address, one) for one in found if not re.match("https?:|#|mailto:", one)]
    assert set(seen) == PAGES | OTHERS


def test_what_scripts_ask_for_and_redirects_are_below_the_prefix(match: Visit) -> None:
    app, prefix = proxied(match.app)
    with serving(app) as root:
        pages = root + prefix
        for address in ("/board/position?moves=e2e4", "/records?games=1,2", "/suggestions/player?prefix=s"):
            with urllib.request.urlopen(pages + address, timeout=PATIENCE) as answer:
                assert answer.headers["content-type"] == "application/json"
        with urllib.request.urlopen(f"{pages}/compare?side=white", timeout=PATIENCE) as answer:
            assert urlsplit(answer.url).path == f"{prefix}/compare"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{pages}/nothing", timeout=PATIENCE)
        with caught.value as answer:
            assert f'href="{prefix}/games"' in answer.read().decode()
