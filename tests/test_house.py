"""Rules on size: short files, classes and functions, and a top folder that fits on a screen."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOWN = 20
"""Number of the worst cases that a failing test prints."""
APART = {"__init__.py", "__main__.py", "py.typed", "__pycache__"}


@cache
def ours() -> tuple[Path, ...]:
    """Return every Python file of the repository that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git repository")
    return tuple(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists())


@cache
def all_definitions() -> tuple[tuple[type[ast.AST], int, str], ...]:
    """Return kind, length in lines from `class` or `def` on, and location of every class and function."""
    return tuple(
        (type(node), node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for path in ours()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )


def definitions(*kinds: type[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield the length and the location of every definition of these kinds."""
    yield from ((lines, where) for kind, lines, where in all_definitions() if kind in kinds)


def too_long(measured: Iterator[tuple[int, str]], limit: int) -> str:
    """Return the definitions over the limit, the longest first, one on each line."""
    worst = sorted((pair for pair in measured if pair[0] > limit), reverse=True)
    lines = [f"{lines:>5} lines: {where}" for lines, where in worst]
    return "\n".join([*lines[:SHOWN], *([f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])])


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = (
        (len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT))) for path in ours()
    )
    assert (worst := too_long(lengths, 400)) == "", f"files over 400 lines:\n{worst}"


def test_no_class_is_longer_than_300_lines() -> None:
    worst = too_long(definitions(ast.ClassDef), 300)
    assert worst == "", f"classes over 300 lines:\n{worst}"


def test_no_function_is_longer_than_60_lines() -> None:
    worst = too_long(definitions(ast.FunctionDef, ast.AsyncFunctionDef), 60)
    assert worst == "", f"functions over 60 lines:\n{worst}"


def test_the_framework_has_at_most_22_modules_and_packages() -> None:
    folder = ROOT / "engine"
    entries = [
        path.name
        for path in sorted(folder.iterdir())
        if path.name not in APART and (path.suffix == ".py" or (path / "__init__.py").exists())
    ]
    assert len(entries) <= 22, f"{len(entries)} entries: {' '.join(entries)}"


def test_every_package_and_module_of_the_framework_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in ours()
        if path.is_relative_to(ROOT / "engine") and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
