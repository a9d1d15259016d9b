from __future__ import annotations

import logging
import sys
import textwrap
from pathlib import Path

import pytest

from engine.errors import ConfigError, PluginConflict, PluginLoadError, PluginNotFound
from engine.loading import registry
from engine.loading.pages import summary_of
from engine.loading.registry import CONTRACTS, Registry
from engine.plugin import Aggregator
from engine.run.aggregators import choose_aggregators

GOOD = '''
    """Counts games."""
    from engine.model import Metric, Report
    from engine.plugin import Aggregator, Sum

    class GameCounter(Aggregator):
        """How many games?"""
        games = Sum()

        def add(self, game):
            self.games.add(1)

        def report(self):
            return Report("Games", {"games": Metric(self.games.value, "Games")})
'''


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return str(path)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, version: str, entry_points: str) -> None:
    """Put a distribution, as pip leaves it, on the path of this process, and let it be seen."""
    monkeypatch.delenv("ENGINE_PLUGINS", raising=False)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))
    if str(folder) not in sys.path:
        monkeypatch.syspath_prepend(str(folder))


def test_everything_that_ships_loads() -> None:
    for namespace in CONTRACTS:
        infos = Registry().describe(namespace)
        assert len(infos) >= 2
        assert [info for info in infos if info.broken] == []
        assert all(info.summary and info.distribution == "grandmaster-analysis" for info in infos)


def test_a_single_file_is_a_plugin_in_this_process_and_in_a_worker(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", GOOD)
    mine = Registry([path])
    cls = mine.load("engine.aggregators", "game-counter")
    assert issubclass(cls, Aggregator)
    assert registry.load_spec(mine.spec("engine.aggregators", "game-counter", {})) is cls
    assert summary_of(cls) == "How many games?"


def test_a_file_wins_over_an_installed_name(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", GOOD.replace("GameCounter", "Wins"))
    assert Registry([path]).load("engine.aggregators", "wins").__module__.startswith("engine_local_mine")


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(PluginNotFound, match="did you mean 'accuracy'"):
        Registry().load("engine.aggregators", "acuracy")
    with pytest.raises(PluginNotFound, match="there are "):
        Registry().load("engine.executors", "zzzz")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("assert False", "AssertionError"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "no subclass of a contract"),
    ],
)
def test_a_broken_file_is_one_line_with_its_cause(tmp_path: Path, text: str, cause: str) -> None:
    path = write(tmp_path, "broken.py", text)
    with pytest.raises(PluginLoadError) as caught:
        Registry([path])
    assert path in caught.value.message
    assert cause in caught.value.message


def test_a_missing_file() -> None:
    with pytest.raises(PluginLoadError, match="no such file"):
        Registry(["nowhere.py"])


@pytest.mark.parametrize("text", ["raise ValueError('no')", "import sys; sys.exit(3)", "class Thing: pass"])
def test_a_broken_distribution_is_a_row_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    caplog.set_level(logging.DEBUG)
    name = f"broken_{abs(hash(text))}"
    write(tmp_path, f"{name}.py", text)
    install(tmp_path, monkeypatch, "broken-dist", "1.2", f"[engine.aggregators]\nbroken = {name}:Thing\n")
    rows = {info.name: info for info in Registry().describe("engine.aggregators")}
    assert rows["broken"].broken
    assert (rows["broken"].distribution, rows["broken"].version) == ("broken-dist", "1.2")
    assert not rows["wins"].broken
    assert Registry().load("engine.aggregators", "wins")
    with pytest.raises(PluginLoadError, match=f"{name}:Thing"):
        Registry().load("engine.aggregators", "broken")
    assert not [record for record in caplog.records if record.name.startswith("stevedore")]


def test_two_distributions_with_one_name_conflict_and_both_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in (1, 2):
        folder = tmp_path / f"d{k}"
        folder.mkdir()
        write(folder, f"dup_{k}.py", GOOD)
        install(folder, monkeypatch, f"dist-{k}", "1.0", f"[engine.aggregators]\ndup = dup_{k}:GameCounter\n")
    with pytest.raises(PluginConflict, match=r"'dist-1:dup', 'dist-2:dup'"):
        Registry().load("engine.aggregators", "dup")
    assert Registry().load("engine.aggregators", "dist-2:dup").__module__ == "dup_2"


def test_a_newer_contract_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "newer.py", GOOD.replace("games = Sum()", "games = Sum()\n        api_version = 9"))
    install(tmp_path, monkeypatch, "newer", "1", "[engine.aggregators]\nnewer = newer:GameCounter\n")
    with pytest.raises(PluginLoadError, match="api_version 9"):
        Registry().load("engine.aggregators", "newer")


def test_engine_plugins_none_leaves_only_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "theirs.py", GOOD)
    install(tmp_path, monkeypatch, "theirs", "1", "[engine.aggregators]\ntheirs = theirs:GameCounter\n")
    assert "theirs" in Registry().names("engine.aggregators")
    monkeypatch.setenv("ENGINE_PLUGINS", "none")
    assert "theirs" not in Registry().names("engine.aggregators")
    assert "wins" in Registry().names("engine.aggregators")


def test_two_aggregators_of_one_name_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        write(tmp_path, f"{name}.py", GOOD)
        install(tmp_path, monkeypatch, name, "1.0", f"[engine.aggregators]\nskewer = {name}:GameCounter\n")
    mine = Registry()
    for names in (("one:skewer", "two:skewer"), ("+one:skewer", "+two:skewer")):
        with pytest.raises(ConfigError, match=r"two aggregators are called 'skewer', one:skewer and two:skewer"):
            choose_aggregators(mine, names, epd=False)
    assert choose_aggregators(mine, ("one:skewer", "one:skewer"), epd=False) == ["one:skewer"]
    assert choose_aggregators(mine, ("wins", "grandmaster-analysis:wins"), epd=False) == ["wins"]


def test_what_is_installed_changed_and_removed_meanwhile_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "first", "1", "[engine.aggregators]\none = m:A\n")
    before = Registry()
    assert "one" in before.names("engine.aggregators")
    install(tmp_path, monkeypatch, "second", "1", "[engine.aggregators]\ntwo = m:B\n")
    assert {"one", "two"} <= set(Registry().names("engine.aggregators"))
    assert "two" not in before.names("engine.aggregators")
    (tmp_path / "second-1.dist-info" / "entry_points.txt").write_text("[engine.aggregators]\nthree = m:B\n")
    assert {"one", "two", "three"} & set(Registry().names("engine.aggregators")) == {"one", "three"}
    (tmp_path / "first-1.dist-info" / "entry_points.txt").unlink()
    assert {"one", "two", "three"} & set(Registry().names("engine.aggregators")) == {"three"}
