"""Pages for a browser: `pages` makes those of reports in files, `app` serves them from a store of games."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.web.app import Site, app

__all__ = ["Site", "app"]

_INSTALL = "the pages need `pip install 'grandmaster-analysis[web]'`"


def __getattr__(name: str) -> Any:
    """Import the application when it is asked for, since starlette is an extra."""
    if name not in __all__:
        raise AttributeError(name)
    try:
        from engine.web import app as module
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "starlette":
            raise
        raise ConfigError(_INSTALL) from None
    return getattr(module, name)
