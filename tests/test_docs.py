"""The documents are true: commands exist, examples run, tables are complete."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.cli import _COMMANDS
from engine.contracts.options import describe
from engine.loading.registry import Registry
from engine.testing import analysed_game, check_aggregator, example_games
from engine.testing.fake_uci import fake_uci
from tests.docs import links, regions
from tests.support import PATIENCE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLUGINS = (ROOT / "plugins" / "README.md").read_text(encoding="utf-8")
MAP = (ROOT / "engine" / "README.md").read_text(encoding="utf-8")
WHERE = (ROOT / "engine" / "where.md").read_text(encoding="utf-8")
EMBEDDING = (ROOT / "engine" / "embedding.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_the_readme_has_two_commands_for_a_shell() -> None:
    first, second = blocks(README, "sh")
    assert "engine analyze tests/data/classics.pgn" in first
    assert "pytest" in second
    assert first.count("\n") == second.count("\n") == 1


def test_every_command_and_aggregator_is_in_the_readme() -> None:
    for name in _COMMANDS:
        assert f"engine {name}" in README, name
    for name in Registry().names("engine.aggregators"):
        assert f"`{name}`" in README, name


@pytest.mark.parametrize("path", regions.documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_are_up_to_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == regions.rewritten(text), "python -m tests.docs"


def test_every_part_has_its_place() -> None:
    texts = [path.read_text(encoding="utf-8") for path in regions.documents()]
    places = [match[2] for text in texts for match in regions.REGION.finditer(text)]
    assert sorted(places) == sorted(regions.PARTS)


def test_every_module_of_the_framework_is_in_the_map() -> None:
    for path in (ROOT / "engine").rglob("*.py"):
        if not path.name.startswith("__"):
            assert f"`{path.relative_to(ROOT / 'engine')}`" in MAP, path.name


def test_every_import_that_a_plugin_may_make_is_in_the_plugin_guide() -> None:
    allowed = regions.plugin_imports()
    assert "engine_plugins.** -> engine.plugin" in allowed
    for line in allowed:
        assert f"`{line.partition(' -> ')[2]}`" in PLUGINS, line


@pytest.mark.parametrize("path", regions.markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert links.broken(path) == []
    assert "@@" not in path.read_text(encoding="utf-8"), "a placeholder is left"


def test_where_to_change_what_names_files_that_exist() -> None:
    questions, _, words = WHERE.partition("## Twelve words")
    rows = [line for line in questions.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 32
    assert words.count("| **") == 12
    for row in rows:
        name = re.findall(r"`((?:engine|plugins)/[^`]*)`", row)
        assert name, row
        for path in name:
            assert (ROOT / path).exists(), path


def test_every_fault_names_tests_that_exist() -> None:
    text = (ROOT / "engine" / "faults.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.endswith("| test |")]
    named = [name for row in rows if " --- " not in row for name in names_of_tests(row)]
    assert len(named) > 100
    for path, _, name in (name.partition("::") for name in named):
        assert name in names_in(path), f"{path}::{name}"


def names_of_tests(row: str) -> list[str]:
    """Return the tests in the last cell of a row, which has nothing else, and at least one."""
    last = row.rstrip("| ").rpartition(" | ")[2]
    assert re.fullmatch(r"`[\w/]+\.py::[\w:]+`(, `[\w/]+\.py::[\w:]+`)*", last), row
    return re.findall(r"`([^`]+)`", last)


@functools.cache
def names_in(path: str) -> set[str]:
    """Return the tests of a file below tests/: functions, classes, their methods, and state machines by name."""
    found = set()
    for node in ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_every_namespace_is_in_the_plugin_guide() -> None:
    from engine.loading.registry import CONTRACTS

    for namespace, contract in CONTRACTS.items():
        assert f"| `{namespace}` | `{contract.__name__}`" in PLUGINS


@pytest.mark.parametrize("number", [0, 2], ids=["ten lines", "with options"])
def test_the_aggregators_work_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    printed = blocks(PLUGINS, "python")
    (tmp_path / "castling.py").write_text(printed[number])
    monkeypatch.chdir(tmp_path)
    exec(printed[1], {})  # it checks the file
    cls = Registry(["castling.py"]).load("engine.aggregators", "castling")
    assert cls.__doc__ == "When do players castle?"
    assert [option.key for option in describe(cls.Options)] == ([] if number == 0 else ["before"])


def test_the_aggregator_that_says_how_sure_it_is_works_as_printed() -> None:
    [code] = [block for block in blocks(PLUGINS, "python") if "certainties" in block]
    names: dict[str, Any] = {}
    exec(code, names)
    check_aggregator(names["FirstMove"], example_games())
    aggregator = names["FirstMove"]()
    for loss in range(30):
        aggregator.add(analysed_game("1. e4 e5 2. Nf3 Nc6", [15, 15, 15, -100 - loss, -100 - loss]))
    [finding] = aggregator.report().findings
    assert finding.certainty == "sure"
    assert re.fullmatch(r"White's accuracy is [\d.]+ points below Black's, over 30 games\.", finding.text)


EXAMPLES = {
    f"{name} {number}": code
    for name, text in (("README.md", README), ("engine/embedding.md", EMBEDDING))
    for number, code in enumerate(blocks(text, "python"))
}


@pytest.mark.parametrize(
    "which",
    [name if "README" in name else pytest.param(name, marks=pytest.mark.slow) for name in EXAMPLES],
)
def test_the_library_examples_run_as_printed(tmp_path: Path, which: str) -> None:
    fake = fake_uci(tmp_path / "bin", filename="stockfish")
    (tmp_path / "games.pgn").write_text('[White "Me"]\n[WhiteElo "1700"]\n\n1. e4 e5 *\n')
    env = {"PATH": str(fake.parent), "ENGINE_HOME": str(tmp_path / "home")}
    ran = subprocess.run(
        [sys.executable, "-c", EXAMPLES[which]],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert ran.stdout
