"""Pages for a browser: `pages` makes those of reports in files, `site` serves them from a store of games."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["app"]

_INSTALL = "the pages of `engine serve` need starlette: pip install 'grandmaster-analysis[web]'"


def app(
    results: str | Path | Sequence[str | Path],
    *,
    players: Sequence[str] = (),
    title: str = "",
    analyzer: Any = None,
) -> Starlette:
    """Return an application (ASGI) that shows analysed games; it can be mounted in any other.

    * **results** - one or more files with evaluations: `.sqlite` or `.jsonl.zst` of ours, or PGN. They are read now,
      or long ago: what was made of them is kept.
    * **players** - *(optional)* the names of the player whom the games are about.
    * **title** - *(optional)* what the games are called at the top of each page; by default the name of the file.
    * **analyzer** - *(optional)* an `engine.AsyncAnalyzer` that searches positions of the board.

    Raises InputError, and ConfigError if starlette is not installed.
    """
    try:
        from engine.web.site import Site, application
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "starlette":
            raise
        raise ConfigError(_INSTALL) from None
    from engine.web.reports import Reports
    from engine.web.store import open_kept

    paths = [Path(results)] if isinstance(results, str | Path) else [Path(one) for one in results]
    if not paths:
        raise ConfigError("app: the name of a file with analysed games expected")
    store = open_kept(paths, players=players)
    named = title or ", ".join(players) or paths[0].name.partition(".")[0]
    return application(Site(store, Reports(store), title=named, analyzer=analyzer))
