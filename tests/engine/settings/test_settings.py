from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.model import Limit
from engine.settings import Settings, build_settings, parse_count, parse_time, profiles, read_config
from engine.system import paths


def user_config(text: str) -> Path:
    path = paths.config_dir() / "engine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_without_anything_the_standard_profile_decides() -> None:
    assert build_settings({}) == Settings()
    assert build_settings({}).limit == Limit(nodes=100_000)


@pytest.mark.parametrize(("name", "nodes"), [("standard", 100_000), ("deep", 1_000_000), ("max", 5_000_000)])
def test_profiles_that_come_with_the_package(name: str, nodes: int) -> None:
    assert build_settings({}, profile=name).limit == Limit(nodes=nodes)
    assert read_config(profiles()[name]).summary


def test_flags_beat_the_profile_and_the_profile_beats_engine_toml() -> None:
    user_config(
        'player = ["Me", "Myself"]\nevaluator = "embedded"\n[limit]\nnodes = 7\nmultipv = 2\n'
        "[aggregator.wins]\ngames = 5\nwinning_cp = 400\n[search]\nchunk = 6\n"
    )
    mine = build_settings({})
    assert mine.limit == Limit(nodes=7, multipv=2)
    assert mine.players == ("Me", "Myself")
    assert mine.search.chunk == 6
    assert build_settings({}, profile="deep").limit == Limit(nodes=1_000_000, multipv=2)
    flags = {"limit": {"depth": 9}, "evaluator": "x", "aggregator_options": {"wins": {"games": "3"}}}
    merged = build_settings(flags, profile="deep")
    assert merged.limit == Limit(depth=9, multipv=2)
    assert merged.evaluator == "x"
    assert merged.aggregator_options == {"wins": {"games": "3", "winning_cp": 400}}


def test_adaptive_searches_in_engine_toml_a_profile_and_flags(tmp_path: Path) -> None:
    assert build_settings({}).search.adaptive is None
    user_config("[search]\nadaptive = false\n")
    assert build_settings({}).search.adaptive is False
    (tmp_path / "mine.toml").write_text("[search]\nadaptive = true\n")
    assert build_settings({}, profile=str(tmp_path / "mine.toml")).search.adaptive is True
    assert build_settings({"search": {"adaptive": "true"}}).search.adaptive is True
    assert build_settings({"search": {"adaptive": True}}).search.adaptive is True


def test_a_profile_of_the_user_by_name_and_by_path(tmp_path: Path) -> None:
    folder = paths.config_dir() / "profiles"
    folder.mkdir(parents=True)
    (folder / "quick.toml").write_text("[limit]\nnodes = 5\n")
    assert build_settings({}, profile="quick").limit.nodes == 5
    elsewhere = tmp_path / "mine.toml"
    elsewhere.write_text('aggregators = ["wins"]\n')
    assert build_settings({}, profile=str(elsewhere)).aggregators == ("wins",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nodess = 3", "nodess"),
        ("[limit]\nnodes = -1", "limit.nodes"),
        ("[limit", "']'"),
        ("workers = 0", "workers"),
    ],
)
def test_a_wrong_engine_toml_is_named_with_its_key(text: str, message: str) -> None:
    path = user_config(text)
    with pytest.raises(ConfigError) as caught:
        build_settings({})
    assert str(path) in caught.value.message
    assert message in caught.value.message


def test_wrong_values_and_unknown_profiles() -> None:
    with pytest.raises(ConfigError, match=r"search: .*chunk"):
        build_settings({"search": {"chunk": "0"}})
    with pytest.raises(ConfigError, match="there are deep, max, standard"):
        build_settings({}, profile="depe")


@pytest.mark.parametrize(
    ("text", "count"), [("20000", 20_000), ("100k", 100_000), ("1M", 1_000_000), ("1.5m", 1_500_000)]
)
def test_counts(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "k", "-5", "0", "1.5", "10x", "ten"])
def test_not_counts(text: str) -> None:
    with pytest.raises(ValueError):
        parse_count(text)


@pytest.mark.parametrize(
    ("text", "ms"), [("500ms", 500), ("2s", 2000), ("1h", 3_600_000), ("1.5s", 1500), ("250", 250)]
)
def test_times(text: str, ms: int) -> None:
    assert parse_time(text) == ms


@pytest.mark.parametrize("text", ["", "0", "-1s", "5 days", "s"])
def test_not_times(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


def test_every_key_of_a_profile_is_explained_in_the_readme_of_configs() -> None:
    from engine.settings import ConfigFile, LimitSettings, ScoreboardSettings, Search

    text = (Path(__file__).parents[3] / "configs" / "README.md").read_text(encoding="utf-8")
    for struct in (ConfigFile, LimitSettings, ScoreboardSettings, Search):
        for key in struct.__struct_encode_fields__:
            assert f"`{key}`" in text, f"{key} is missing"


def test_an_executor_and_its_options(tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text('executor = "dask"\n[executor-options]\naddress = "a"\nbundle = 2\n')
    profile = str(tmp_path / "cluster.toml")
    settings = build_settings({}, profile=profile)
    assert (settings.executor, settings.plugin_options) == ("dask", {"dask": {"address": "a", "bundle": 2}})
    settings = build_settings({"plugin_options": {"dask": {"address": "b"}}}, profile=profile)
    assert settings.plugin_options == {"dask": {"address": "b", "bundle": 2}}
    settings = build_settings({"executor": "local"}, profile=profile)
    assert (settings.executor, settings.plugin_options) == ("local", {})


def test_the_encoding_of_the_inputs() -> None:
    user_config('encoding = "cp1250"')
    assert build_settings({}).encoding == "cp1250"
    assert build_settings({"encoding": "latin-1"}).encoding == "latin-1"
