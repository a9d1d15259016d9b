"""Typed settings of a run, and the files they are read from."""

from __future__ import annotations

from engine.settings.files import (
    DEFAULT_PROFILE,
    ConfigFile,
    build_settings,
    check_limit,
    load_profile,
    load_user_config,
    profiles,
    read_config,
)
from engine.settings.plugins import EvaluatorChoice, ExecutorChoice, PluginChoice
from engine.settings.types import (
    DEFAULT_AGGREGATORS,
    EPD_AGGREGATORS,
    PLAYER_AGGREGATORS,
    LimitSettings,
    ScoreboardSettings,
    Search,
    Settings,
)
from engine.text.numbers import MAX_LIMIT, parse_count, parse_duration, parse_time, spell_duration

__all__ = [
    "DEFAULT_AGGREGATORS",
    "DEFAULT_PROFILE",
    "EPD_AGGREGATORS",
    "MAX_LIMIT",
    "PLAYER_AGGREGATORS",
    "ConfigFile",
    "EvaluatorChoice",
    "ExecutorChoice",
    "LimitSettings",
    "PluginChoice",
    "ScoreboardSettings",
    "Search",
    "Settings",
    "build_settings",
    "check_limit",
    "load_profile",
    "load_user_config",
    "parse_count",
    "parse_duration",
    "parse_time",
    "profiles",
    "read_config",
    "spell_duration",
]
