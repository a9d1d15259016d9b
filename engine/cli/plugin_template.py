"""The files that `engine plugins new` writes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from engine.cli import plugin_kinds

AGGREGATOR = '''"""{title}: an aggregator for `engine analyze`."""

from engine.model import AnalysedGame, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Sum


class {cls}(Aggregator):
    """Who gives check, and how often?"""

    games = Sum()
    checks = Counts(by="player")

    def add(self, game: AnalysedGame) -> None:
        self.games.add(1)
        for k, ply in enumerate(game.plies):
            color = game.turn(k)
            if ply.san.endswith(("+", "#")) and color in game.view:
                self.checks.add(game.player(color))

    def report(self) -> Report:
        columns = (Column("player", "Player", "player"), Column("checks", "Checks", "int"))
        return Report(
            title="{title}",
            metrics={{"games": Metric(self.games.value, "Games")}},
            tables=(ReportTable("players", "By player", columns, tuple(self.checks.most_common())),),
        )
'''

AGGREGATOR_TEST = """from engine.testing import analysed_game, check_aggregator, example_games
from {module} import {cls}


def test_the_laws() -> None:
    check_aggregator({cls}, example_games())


def test_the_figures() -> None:
    {snake} = {cls}()
    {snake}.add(analysed_game("1. f3 e5 2. g4 Qh4#", headers={{"White": "Ann", "Black": "Bob"}}))
    report = {snake}.report()
    assert report.metrics["games"].value == 1
    assert report.tables[0].rows == (("Bob", 1),)
"""

PYPROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "engine-{kebab}"
version = "0.1.0"
description = "{title}: {a_kind} for Grandmaster Analysis."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["grandmaster-analysis"]

[project.entry-points."engine.{kind}s"]
{kebab} = "engine_{snake}.{snake}:{cls}"

[tool.hatch.build.targets.wheel]
packages = ["engine_{snake}"]

[tool.pytest.ini_options]
pythonpath = ["."]
"""

README = """# engine-{kebab}

{title}: {a_kind} for Grandmaster Analysis.

```sh
pip install -e .
engine plugins show {kebab}
engine plugins check {kebab}
engine analyze {use}
```

`pytest` runs the tests, `python -m build` makes the wheel to publish.
"""


class Kind(Struct, frozen=True):
    """What is written for one kind of plugin."""

    plugin: str
    """Text of the module."""
    test: str
    """Text of its test."""
    use: str
    """Arguments of `engine analyze` that use it."""


KINDS: Mapping[str, Kind] = {
    "aggregator": Kind(AGGREGATOR, AGGREGATOR_TEST, "games.pgn -a {kebab}"),
    "evaluator": Kind(plugin_kinds.EVALUATOR, plugin_kinds.EVALUATOR_TEST, "games.pgn -e {kebab}"),
    "reader": Kind(plugin_kinds.READER, plugin_kinds.READER_TEST, "games.{kebab}"),
    "writer": Kind(plugin_kinds.WRITER, plugin_kinds.WRITER_TEST, "games.pgn -o games.{kebab}"),
    "executor": Kind(plugin_kinds.EXECUTOR, plugin_kinds.EXECUTOR_TEST, "games.pgn --executor {kebab}"),
}
"""The kinds of plugins, by the word for them."""


def single_file(kebab: str, kind: str) -> Mapping[str, str]:
    """Return a plugin in one file, as texts by path.

    * **kebab** - its name in kebab-case.
    * **kind** - a key of `KINDS`.
    """
    words = _words(kebab, kind)
    return {f"{words['snake']}.py": KINDS[kind].plugin.format(**words)}


def package_files(kebab: str, kind: str) -> Mapping[str, str]:
    """Return a distribution in a folder of its own, as texts by path.

    * **kebab** - the plugin's name in kebab-case.
    * **kind** - a key of `KINDS`.
    """
    words = _words(kebab, kind)
    folder, snake = f"engine-{kebab}", words["snake"]
    return {
        f"{folder}/pyproject.toml": PYPROJECT.format(**words),
        f"{folder}/README.md": README.format(**words),
        f"{folder}/engine_{snake}/__init__.py": f'"""{words["title"]}, {words["a_kind"]}."""\n',
        f"{folder}/engine_{snake}/py.typed": "",
        f"{folder}/engine_{snake}/{snake}.py": KINDS[kind].plugin.format(**words),
        f"{folder}/tests/test_{snake}.py": KINDS[kind].test.format(**words),
    }


def needs_name(kebab: str, kind: str) -> str:
    """Return the name of the class if the module uses that name for something else; empty if it does not."""
    cls = _words(kebab, kind)["cls"]
    return cls if re.search(rf"\b{cls}\b", KINDS[kind].plugin) else ""


def use(kebab: str, kind: str) -> str:
    """Return the arguments of `engine analyze` that use a plugin."""
    return KINDS[kind].use.format(kebab=kebab)


def _words(kebab: str, kind: str) -> dict[str, str]:
    """Return the values of the placeholders in the templates."""
    parts = kebab.split("-")
    snake = "_".join(parts)
    return {
        "kebab": kebab,
        "snake": snake,
        "module": f"engine_{snake}.{snake}",
        "cls": "".join(part.capitalize() for part in parts),
        "title": " ".join(parts).capitalize(),
        "kind": kind,
        "a_kind": f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}",
        "use": use(kebab, kind),
    }
