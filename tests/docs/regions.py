"""The parts of the Markdown files that are made from the code, each between two markers.

`<!-- generated: NAME -->` and `<!-- end -->` enclose such a part. `python -m tests.docs` rewrites them all, and
`tests/test_docs.py` fails when one has drifted.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import click
from click.testing import CliRunner

import engine
from engine.cli import group
from tests import reading

ROOT = Path(__file__).parents[2]
WIDTH = 100
"""Columns of the help of commands."""
REGION = re.compile(r"(<!-- generated: ([a-z]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
PLUGINS_CONTRACT = "a plugin imports what"
"""How the name of the import contract of plugins begins."""


def rewritten(text: str) -> str:
    """Return the text of a Markdown file with every generated part made anew."""
    return REGION.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]().strip()}\n\n{match[4]}", text)


def documents() -> list[Path]:
    """Return the Markdown files that have generated parts."""
    return [path for path in markdown_files() if REGION.search(path.read_text(encoding="utf-8"))]


def markdown_files() -> list[Path]:
    """Return every Markdown file of the repository."""
    folders = ("engine", "plugins", "configs", "tests", ".github")
    nested = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.md")))
    return [path for path in (*sorted(ROOT.glob("*.md")), *nested) if path.name != "AGENTS.md"]


def first_sentence(docstring: str | None) -> str:
    """Return the first sentence of a docstring, on one line and safe in a table."""
    paragraph = " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.?!]) (?=[A-Z`])", paragraph, maxsplit=1)[0]
    return sentence.replace("|", "\\|")


def import_linter() -> list[Mapping[str, object]]:
    """Return the import contracts of pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts: list[Mapping[str, object]] = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return contracts


def layers() -> list[list[str]]:
    """Return the modules and packages of the framework, layer by layer, from the top."""
    [contract] = [each for each in import_linter() if each["type"] == "layers"]
    lines = contract["layers"]
    assert isinstance(lines, list)
    return [line.split(" | ") for line in lines]


def plugin_imports() -> list[str]:
    """Return what the import contract lets plugins import, as it is written there."""
    [contract] = [each for each in import_linter() if str(each["name"]).startswith(PLUGINS_CONTRACT)]
    allowed = contract["ignore_imports"]
    assert isinstance(allowed, list)
    return allowed


# -- the parts -----------------------------------------------------------------------------------------------


def layers_part() -> str:
    rows = ["   ".join(layer) for layer in layers()]
    width = max(map(len, rows))
    return "\n".join(["```", *(row.center(width).rstrip() for row in rows), "```"])


def modules_part() -> str:
    rows = ["| module | what it is for |", "| --- | --- |"]
    for name in (name for layer in layers() for name in layer):
        path = ROOT / "engine" / name
        if not path.is_dir():
            rows.append(f"| **`{name}.py`** | {_summary(path.with_suffix('.py'))} |")
            continue
        rows.append(f"| **`{name}/`** | **{_summary(path / '__init__.py')}** |")
        inside = (module for module in sorted(path.rglob("*.py")) if module.name != "__init__.py")
        rows += (f"| `{module.relative_to(path.parent)}` | {_summary(module)} |" for module in inside)
    return "\n".join(rows)


def _summary(path: Path) -> str:
    return first_sentence(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))


PUBLIC_MODULES = ("engine", "engine.model", "engine.plugin", "engine.errors", "engine.scoring", "engine.testing")
"""The modules whose names are public. `engine.shared` is added where it exists."""


def public_modules() -> list[str]:
    """Return the names of the public modules."""
    return [*PUBLIC_MODULES, *(["engine.shared"] if importlib.util.find_spec("engine.shared") else [])]


def names_part() -> str:
    rows = ["| name in `engine` | what it is |", "| --- | --- |"]
    rows += (f"| `{name}` | {first_sentence(getattr(engine, name).__doc__)} |" for name in engine.__all__)
    rows += ["", "| module | what it has |", "| --- | --- |"]
    for name in public_modules():
        module = importlib.import_module(name)
        rows.append(f"| `{name}` | {first_sentence(module.__doc__)} |")
    return "\n".join(rows)


def help_part() -> str:
    sections = ["\n".join(_help(group, []))]
    sections += ("\n".join(_help(command, path)) for path, command in _commands(group, []))
    return "\n\n".join(sections)


def _commands(parent: click.Group, path: list[str]) -> Iterator[tuple[list[str], click.Command]]:
    context = click.Context(parent)
    for name in parent.list_commands(context):
        command = parent.get_command(context, name)
        assert command is not None
        yield [*path, name], command
        if isinstance(command, click.Group):
            yield from _commands(command, [*path, name])


def _help(command: click.Command, path: list[str]) -> Iterable[str]:
    title = " ".join(["engine", *path])
    arguments = [*path, "--help"]
    ran = CliRunner().invoke(group, arguments, prog_name="engine", max_content_width=WIDTH, terminal_width=WIDTH)
    assert ran.exit_code == 0, (command, ran.output)
    return [f"{'##' if len(path) < 2 else '###'} {title}", "", "```", ran.output.rstrip(), "```"]


def imports_part() -> str:
    rows = ["| who | may import |", "| --- | --- |"]
    by_importer: dict[str, list[str]] = {}
    for line in plugin_imports():
        importer, _, imported = line.partition(" -> ")
        by_importer.setdefault(importer, []).append(f"`{imported}`")
    for importer, imported in by_importer.items():
        kind = importer.removeprefix("engine_plugins.").partition(".")[0]
        rows.append(f"| {'every plugin' if kind == '**' else f'{kind}, too'} | {', '.join(imported)} |")
    return "\n".join(rows)


def reading_part() -> str:
    return "\n\n".join(reading.table(section) for section in reading.SECTIONS)


PARTS: Mapping[str, Callable[[], str]] = {
    "help": help_part,
    "imports": imports_part,
    "layers": layers_part,
    "modules": modules_part,
    "names": names_part,
    "reading": reading_part,
}
