"""Typed settings of a run, and where they come from."""

from __future__ import annotations

from engine.settings.files import (
    DEFAULT_PROFILE,
    ConfigFile,
    build,
    check_limit,
    load_profile,
    load_user_config,
    profiles,
    read_config,
)
from engine.settings.numbers import MOST, parse_count, parse_time
from engine.settings.types import (
    DEFAULT_AGGREGATORS,
    EPD_AGGREGATORS,
    PLAYER_AGGREGATORS,
    LimitSettings,
    ScoreboardSettings,
    Search,
    Settings,
)

__all__ = [
    "DEFAULT_AGGREGATORS",
    "DEFAULT_PROFILE",
    "EPD_AGGREGATORS",
    "MOST",
    "PLAYER_AGGREGATORS",
    "ConfigFile",
    "LimitSettings",
    "ScoreboardSettings",
    "Search",
    "Settings",
    "build",
    "check_limit",
    "load_profile",
    "load_user_config",
    "parse_count",
    "parse_time",
    "profiles",
    "read_config",
]
