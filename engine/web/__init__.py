"""Pages for a browser: `pages` makes those of reports in files, `site` serves them from a store of games."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from engine.settings import Settings

__all__ = ["app"]

_INSTALL = "the pages of `engine serve` need starlette: pip install 'grandmaster-analysis[web]'"


def app(
    results: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    players: Sequence[str] = (),
    title: str = "",
    settings: Settings | None = None,
    analyzer: Any = None,
) -> Starlette:
    """Return an application (ASGI) that shows analysed games; it can be mounted in any other.

    * **results** - a file or several: JSON Lines or SQLite of ours, PGN with evaluations. They are read at the
      first call, and the second time the pages are there at once.
    * **players** - *(optional)* the names of the player whom the pages begin with.
    * **title** - *(optional)* what the games are called at the top of each page.
    * **settings** - *(optional)* plugins, options of aggregators, other names of players, number of workers.
    * **analyzer** - *(optional)* an `engine.AsyncAnalyzer` that searches positions of the board.

    Who may ask is up to the application that it is mounted in; `engine.web.guard` is what the command has there.
    Processes that count for reports end with the application, or with the program where it is only mounted: the
    outer application need not pass its lifespan on.
    Raises ConfigError if starlette is not installed, InputError for what is no result.
    """
    try:
        from engine.web.site import Site, application
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "starlette":
            raise
        raise ConfigError(_INSTALL) from None
    from engine.web.embedded import Embedded
    from engine.web.opened import Opened

    paths = [results] if isinstance(results, str | os.PathLike) else list(results)
    held = Embedded(Opened.results(paths, players=players, settings=settings), settings)
    site = Site(held.store, held.reports, title=title or Path(paths[0]).name, analyzer=analyzer)
    made = application(site, ended=lambda: held.rest(site))
    held.end_with(made)
    return made
