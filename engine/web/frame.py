"""What is around every page: its addresses, the navigation, the filter and its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Struct, structs
from starlette.requests import Request

from engine.errors import ConfigError
from engine.web.filter_bar import FIELDS, Field, fields
from engine.web.store.filters import Filter

_PAGES = (
    ("Overview", "/"),
    ("Reports", "/reports"),
    ("Openings", "/openings"),
    ("Games", "/games"),
    ("Moves", "/moves"),
    ("Compare", "/compare"),
    ("Board", "/board"),
)


class Part(Struct, frozen=True):
    """One condition of the filter, and the address of the page without it."""

    words: str
    href: str


class Frame(Struct, frozen=True):
    """What the layout shows."""

    root: str
    """What stands before every path: where the application is mounted."""
    path: str
    query: str
    """The filter as it stands in addresses; empty for none."""
    words: str
    unknown: list[str]
    """Names in the address that nothing is called."""
    begins: str
    """The player whom the pages begin with; empty for nobody."""
    parts: list[Part]
    clear: str
    """Address of the page without a filter."""
    action: str
    """Address to which the form of the filter leads."""
    kept: list[tuple[str, str]]
    """Names and values of the address that are no filter, which the form keeps."""
    fields: list[Field]
    pages: list[tuple[str, str, bool]]
    """Label and address of each page of the navigation, and whether this is it."""

    def at(self, path: str) -> str:
        """Return the address of a path without the filter."""
        return self.root + path

    def to(self, path: str, **values: Any) -> str:
        """Return the address of a path with the filter and further values; those that are None are left out."""
        return self.of(path, self.query, values)

    def of(self, path: str, query: str, values: Mapping[str, Any]) -> str:
        """Return the address of a path with any filter, as it stands in addresses, and further values.

        The first page says that it means everybody where it would otherwise begin with a player.
        """
        if path == "/" and self.begins and not query:
            query = "player="
        return address(self.root + path, query, values)

    @property
    def everything(self) -> str:
        """The address of the overview of all games."""
        return self.of("/", "", {})


def address(path: str, query: str, values: Mapping[str, Any]) -> str:
    """Return an address made of a path, a filter as it stands in addresses, and further values."""
    more = urlencode({key: value for key, value in values.items() if value is not None}, quote_via=quote)
    parts = "&".join(part for part in (query, more) if part)
    return f"{path}?{parts}" if parts else path


def filter_of(request: Request) -> Filter:
    """Return the filter that the address of a request holds. Raises ConfigError in words.

    Names that no filter has belong to the page; `filter_bar.FIELDS` lists those of filters.
    """
    return Filter.from_query(given(request))


def given(request: Request) -> dict[str, str]:
    """Return the names and values of a filter in the address of a request, without empty ones."""
    return {key: value.strip() for key, value in _pairs(request) if key in FIELDS and value.strip()}


def _pairs(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.url.query, keep_blank_values=True)


def frame(site: Any, request: Request) -> Frame:
    """Return what is around the page of a request, always the same one."""
    known: Frame | None = getattr(request.state, "frame", None)
    if known is None:
        known = request.state.frame = _frame(site, request)
    return known


def _frame(site: Any, request: Request) -> Frame:
    root, path = request.scope.get("root_path", ""), _path(request)
    kept = [(key, value) for key, value in _pairs(request) if _is_of_the_page(key) and key not in _OF_A_LIST]
    values = given(request)
    try:
        where = filter_of(request)
        query, words = where.to_query(), where.words()
    except ConfigError:
        query, words = "", ""
    in_force = dict(parse_qsl(query))
    around = Frame(
        root=root,
        path=path,
        query=query,
        words=words,
        unknown=[key for key, _ in _pairs(request) if key not in FIELDS and not _is_of_the_page(key)],
        begins=next(iter(site.store.players()), ""),
        parts=[],
        clear="",
        action=root + path,
        kept=kept,
        fields=fields(values, site.offered),
        pages=[],
    )
    parts = [
        Part(f"{FIELDS[key]}: {value}", around.of(path, urlencode(_without(in_force, key)), dict(kept)))
        for key, value in in_force.items()
    ]
    around = structs.replace(around, parts=parts, clear=around.of(path, "", dict(kept)))
    pages = [*_PAGES, *([("Live", "/live")] if site.live is not None else [])]
    around.pages.extend((label, around.to(to), _is_in(path, to)) for label, to in pages)
    return around


_OF_A_LIST = frozenset({"start"})
"""Names that mean nothing once the filter changes."""


_OF_PAGES = frozenset(
    {"start", "order", "ply", "fen", "moves", "below", "play", "a", "b", "show", "games", "prefix"}
)
"""Names that pages have besides those of filters; `/compare` has these with `a.` or `b.` before them, too."""


def _is_of_the_page(name: str) -> bool:
    side, dot, field = name.partition(".")
    return name in _OF_PAGES or (bool(dot) and side in ("a", "b") and field in FIELDS)


def _path(request: Request) -> str:
    path, root = request.scope["path"], request.scope.get("root_path", "")
    return str(path.removeprefix(root) if root else path)


def _without(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if key != name}


def _is_in(path: str, page: str) -> bool:
    return path == page or (page != "/" and path.startswith(page.rstrip("s")))
