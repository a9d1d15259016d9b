"""The files that `engine plugins new` writes."""

from __future__ import annotations

from collections.abc import Mapping

PLUGIN = '''"""{title}: an aggregator for `engine analyze`."""

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

TEST = """from engine.testing import analysed_game, check_aggregator, example_games
from engine_{snake}.{snake} import {cls}


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
description = "{title}: an aggregator for Grandmaster Analysis."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["grandmaster-analysis"]

[project.entry-points."engine.aggregators"]
{kebab} = "engine_{snake}.{snake}:{cls}"

[tool.hatch.build.targets.wheel]
packages = ["engine_{snake}"]

[tool.pytest.ini_options]
pythonpath = ["."]
"""

README = """# engine-{kebab}

{title}: an aggregator for Grandmaster Analysis.

```sh
pip install -e .
engine plugins show {kebab}
engine plugins check {kebab}
engine analyze games.pgn -a {kebab}
```

`pytest` runs the tests, `python -m build` makes the wheel to publish.
"""


def single_file(kebab: str) -> Mapping[str, str]:
    """Return a plugin in one file, as texts by path. `kebab` is its name in kebab-case."""
    words = _words(kebab)
    return {f"{words['snake']}.py": PLUGIN.format(**words)}


def package_files(kebab: str) -> Mapping[str, str]:
    """Return a distribution in a folder of its own, as texts by path. `kebab` is its name in kebab-case."""
    words = _words(kebab)
    folder, snake = f"engine-{kebab}", words["snake"]
    return {
        f"{folder}/pyproject.toml": PYPROJECT.format(**words),
        f"{folder}/README.md": README.format(**words),
        f"{folder}/engine_{snake}/__init__.py": f'"""{words["title"]}, an aggregator."""\n',
        f"{folder}/engine_{snake}/py.typed": "",
        f"{folder}/engine_{snake}/{snake}.py": PLUGIN.format(**words),
        f"{folder}/tests/test_{snake}.py": TEST.format(**words),
    }


def _words(kebab: str) -> dict[str, str]:
    """Return the values of the placeholders in the templates."""
    parts = kebab.split("-")
    return {
        "kebab": kebab,
        "snake": "_".join(parts),
        "cls": "".join(part.capitalize() for part in parts),
        "title": " ".join(parts).capitalize(),
    }
