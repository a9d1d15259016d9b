"""Pages for a browser: `pages` makes those of reports in files, `site` serves them from a store of games."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["app"]

_INSTALL = "the pages of `engine serve` need starlette: pip install 'grandmaster-analysis[web]'"


def app(results: str | Path, *, title: str = "", analyzer: Any = None) -> Starlette:
    """Return an application (ASGI) that shows games of a store; it can be mounted in any other.

    * **results** - the store's file, which `engine.web.store.Store` wrote.
    * **title** - *(optional)* what the games are called at the top of each page.
    * **analyzer** - *(optional)* an `engine.AsyncAnalyzer` that searches positions of the board.

    Raises ConfigError if starlette is not installed.
    """
    try:
        from engine.web.site import Site, application
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "starlette":
            raise
        raise ConfigError(_INSTALL) from None
    from engine.web.reports import Reports
    from engine.web.store import Store

    store = Store.open(results)
    return application(Site(store, Reports(store), title=title or Path(results).stem, analyzer=analyzer))
