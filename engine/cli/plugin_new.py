"""`engine plugins new NAME`."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path

import click

from engine.cli import plugin_template
from engine.errors import ConfigError, OutputError
from engine.loading.registry import Registry

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z][a-z0-9]*)*")


@click.command("new")
@click.argument("name")
@click.option("--package", is_flag=True, help="A distribution with entry point, test and README.")
def command(name: str, package: bool) -> None:
    """Write a working aggregator to start from: NAME.py, or a folder engine-NAME with --package.

    Nothing that exists is overwritten.
    """
    kebab = _check_name(name)
    files = plugin_template.package_files(kebab) if package else plugin_template.single_file(kebab)
    _write(files)
    for path in files:
        click.echo(f"written {path}")
    first = next(iter(files))
    if package:
        click.echo(f"next: cd engine-{kebab}, pip install -e ., pytest, engine plugins check {kebab}")
    else:
        click.echo(f"next: engine plugins check {first}")
        click.echo(f"      engine analyze games.pgn --plugin {first} -a {kebab}")


def _check_name(name: str) -> str:
    """Return the name in kebab-case. Raises ConfigError for one that cannot be a plugin's, or is taken."""
    kebab = name.replace("_", "-")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be a plugin's name: lower case words of letters and digits, each beginning with "
            "a letter, such as best-moves"
        )
    if keyword.iskeyword(name):
        raise ConfigError(f"{name!r} is a word of Python's; a file of that name could not be imported")
    if kebab in Registry().names("engine.aggregators"):
        raise ConfigError(f"there is an aggregator {kebab!r} already (engine plugins show {kebab})")
    return kebab


def _write(files: Mapping[str, str]) -> None:
    """Write texts by path. Raises ConfigError before anything is written when something exists, OutputError."""
    roots = {Path(path).parts[0] for path in files}
    for root in sorted(roots):
        if Path(root).exists() or Path(root).is_symlink():
            raise ConfigError(f"{root} exists; nothing was written")
    for path, text in files.items():
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
