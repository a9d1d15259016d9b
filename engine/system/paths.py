"""Where the user's files live. `ENGINE_HOME` puts all three folders below one."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "grandmaster-analysis"


def _folder(kind: str, default: str) -> Path:
    home = os.environ.get("ENGINE_HOME")
    return Path(home, kind) if home else Path(default)


def cache_dir() -> Path:
    """Return the folder of what can be made again: evaluations, compiled modules."""
    return _folder("cache", platformdirs.user_cache_dir(_APP, appauthor=False))


def data_dir() -> Path:
    """Return the folder of what was fetched: the embedded Stockfish."""
    return _folder("data", platformdirs.user_data_dir(_APP, appauthor=False))


def config_dir() -> Path:
    """Return the folder of what the user chose: `engine.toml`, profiles."""
    return _folder("config", platformdirs.user_config_dir(_APP, appauthor=False))
