"""Options reach the plugin that is meant, by its name or its full name, and the wrong ones are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.contracts.options import parse_options
from engine.errors import ConfigError
from engine.loading.registry import Registry
from engine.output.files import check_outputs
from engine.run.plugin_options import (
    add_shared_settings,
    check_executor,
    check_names,
    check_used,
    evaluator_options,
    resolve_options,
    values_of,
    with_own_evaluator,
    without_effect,
)
from engine.run.prepare import prepare
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


@pytest.mark.parametrize("name", ["leaks", f"{OURS}:leaks"])
def test_options_of_an_aggregator_that_does_not_run_are_checked(registry: Registry, name: str) -> None:
    check_names({name: {"ranked": "3"}}, registry, ["accuracy"])
    with pytest.raises(ConfigError, match="leaks has no option `foo`; there are "):
        check_names({name: {"foo": "1"}}, registry, ["accuracy"])
    with pytest.raises(ConfigError, match=r"leaks: .*ranked"):
        check_names({name: {"ranked": "many"}}, registry, ["accuracy"])


def test_options_reach_every_kind(registry: Registry) -> None:
    options = resolved(
        registry, plugin_options={"uci": {"hash": "64"}, "wins": {"games": "5"}, "pgn": {"line": "0"}}
    )
    assert options.evaluators == {"uci": {"hash": "64"}}
    assert options.aggregators == {"wins": {"games": "5"}}
    assert options.writers["pgn"].line == 0
    assert options.readers == {}  # the reader `pgn` has no such option


def test_whole_numbers_may_have_units(registry: Registry) -> None:
    puzzles = registry.load("engine.aggregators", "puzzles").Options
    assert parse_options(puzzles, {"nodes": "1.5M", "margin": "0.2"}, "puzzles").nodes == 1_500_000
    with pytest.raises(ConfigError, match="nodes"):
        parse_options(puzzles, {"nodes": "xk"}, "puzzles")


def test_what_is_set_for_an_evaluator_wins_over_the_options_of_whichever_is_used(registry: Registry) -> None:
    settings = Settings(
        evaluator="/bin/sf", evaluator_options={"hash": 32}, plugin_options={"uci": {"hash": "64"}}
    )
    options = resolve_options(settings, registry)
    for name in ("/bin/sf", "recorded,/bin/sf"):
        assert evaluator_options(settings, registry, name, options.evaluators) == {"hash": "64"}
    assert evaluator_options(settings, registry, "stockfish", options.evaluators) == {"hash": 32}
    check_used(options, registry, settings, "stockfish")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"uci": {"hash": "5"}}, "options for 'uci' do nothing: the evaluator of this run is 'embedded'"),
        ({"inline": {}, "local": {"x": "1"}}, "executor local has no option `x`; it has none"),
        ({"epd": {"x": "1"}}, "reader epd has no option `x`; it has none"),
        ({"pgn": {"x": "1"}}, "writer pgn has no option `x`; there are "),
    ],
)
def test_options_that_nobody_takes_are_refused(
    registry: Registry, options: dict[str, dict[str, str]], words: str
) -> None:
    settings = Settings(evaluator="embedded", plugin_options=options)
    with pytest.raises(ConfigError, match=words):
        check_used(resolve_options(settings, registry), registry, settings, "stockfish")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("stockfish", "fishnet"),  # which is what nobody has named
        ("fishnet", "fishnet"),
        ("recorded", "recorded"),
        ("recorded,stockfish", "recorded,fishnet"),
        ("recorded, fishnet", "recorded, fishnet"),
    ],
)
def test_an_executor_brings_its_evaluator_along(registry: Registry, given: str, expected: str) -> None:
    settings = Settings(evaluator=given, executor="fishnet")
    assert with_own_evaluator(settings, registry, "stockfish").evaluator_name == expected
    local = Settings(evaluator=given)
    assert with_own_evaluator(local, registry, "stockfish") == local


@pytest.mark.parametrize("other", ["embedded", "/bin/sf", "recorded,embedded"])
def test_another_evaluator_than_the_executors_is_refused(registry: Registry, other: str) -> None:
    settings = Settings(evaluator=other, executor="fishnet")
    with pytest.raises(ConfigError, match=r"executor fishnet has an evaluator of its own, fishnet; leave .* out"):
        with_own_evaluator(settings, registry, "stockfish")


@pytest.mark.parametrize("name", ["fishnet", "recorded, fishnet"])
def test_an_evaluator_that_stands_for_an_executor_needs_it(registry: Registry, name: str) -> None:
    with pytest.raises(ConfigError, match="add --executor fishnet"):
        check_executor(Settings(), registry, name)
    check_executor(Settings(executor="fishnet"), registry, name)
    check_executor(Settings(), registry, "stockfish")


def test_the_run_says_so_before_it_starts(tmp_path: Path) -> None:
    source = tmp_path / "a.pgn"
    source.write_text('[White "A"]\n\n1. e4 e5 *\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="add --executor fishnet"):
        prepare([str(source)], Settings(evaluator="fishnet")).choose_evaluator("fishnet")


@pytest.mark.parametrize(
    ("outputs", "notes"),
    [
        (["a.parquet"], ["parquet.partition does nothing for a single file"]),
        (["a.parquet", "b.parquet"], ["parquet.partition does nothing for a single file"]),
        (["a.parquet", "games/"], []),
        (["games/"], []),
        (["a.jsonl"], []),
    ],
)
def test_a_setting_for_folders_is_said_to_do_nothing_for_files(
    registry: Registry, tmp_path: Path, outputs: list[str], notes: list[str]
) -> None:
    options = resolved(registry, plugin_options={"parquet": {"partition": "year"}})
    writers = registry.load_all("engine.writers")
    names = [f"{tmp_path}/{name}" for name in outputs]
    targets = check_outputs(names, format=None, writers=writers, inputs=[], force=False).targets
    assert [note.partition(";")[0] for note in without_effect(options, targets)] == notes
    assert without_effect(resolved(registry), targets) == []
