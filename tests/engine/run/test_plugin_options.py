"""Options reach the plugin that is meant, by its name or its full name, and the wrong ones are named."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import ConfigError
from engine.loading.registry import Registry
from engine.run.plugin_options import add_shared_settings, check_names, resolve_options, values_of
from engine.settings import ScoreboardSettings, Settings

OURS = "grandmaster-analysis"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


def resolved(registry: Registry, **fields: Any) -> Any:
    return resolve_options(Settings(**fields), registry)


def test_a_name_means_an_aggregator_before_a_writer(registry: Registry) -> None:
    options = resolved(
        registry, aggregator_options={"accuracy": {"games": "3"}, "pgn": {"line": "0"}, "mine": {"x": "1"}}
    )
    assert options.aggregators == {"accuracy": {"games": "3"}, "mine": {"x": "1"}}
    assert options.writers["pgn"].line == 0


def test_what_is_set_wins_over_the_tables_of_a_profile(registry: Registry) -> None:
    options = resolved(
        registry,
        writer_options={"pgn": {"line": 2, "judged": "blunder"}},
        aggregator_options={f"{OURS}:pgn": {"line": "0"}},
    )
    assert (options.writers["pgn"].line, options.writers["pgn"].judged) == (0, "blunder")


def test_a_full_name_is_more_precise_than_a_short_one(registry: Registry) -> None:
    values = {"accuracy": {"games": "3", "method": "lichess"}, f"{OURS}:accuracy": {"games": "5"}}
    for choice in ("accuracy", f"{OURS}:accuracy"):
        assert values_of(values, registry, choice) == {"games": "5", "method": "lichess"}
    check_names(values, registry, ["accuracy"])


def test_shared_settings_reach_whoever_has_the_option(registry: Registry) -> None:
    settings = Settings(scoreboard=ScoreboardSettings(winning_cp=500))
    values = add_shared_settings({"wins": {"players": 2}}, settings, registry, ["wins", "acpl"])
    assert values == {"wins": {"players": 2, "winning_cp": 500}}
    own = add_shared_settings({"wins": {"winning_cp": 200}}, settings, registry, ["wins"])
    assert own == {"wins": {"winning_cp": 200}}


def test_an_unknown_name_is_an_error_with_the_nearest_one(registry: Registry) -> None:
    with pytest.raises(ConfigError, match=r"options for 'acuracy'.*did you mean 'accuracy'"):
        check_names({"acuracy": {}}, registry, ["accuracy"])
