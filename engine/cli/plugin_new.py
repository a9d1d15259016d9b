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
@click.option(
    "--kind",
    type=click.Choice(list(plugin_template.KINDS)),
    default="aggregator",
    show_default=True,
    help="What it is.",
)
@click.option("--package", is_flag=True, help="A distribution with entry point, test and README.")
def command(name: str, kind: str, package: bool) -> None:
    """Write a working plugin to start from: NAME.py, or a folder engine-NAME with --package.

    Nothing that exists is overwritten.
    """
    kebab = _check_name(name, kind)
    write = plugin_template.package_files if package else plugin_template.single_file
    files = write(kebab, kind)
    _write(files)
    for path in files:
        click.echo(f"written {path}")
    first = next(iter(files))
    if package:
        click.echo(f"next: cd engine-{kebab}, pip install -e ., pytest, engine plugins check {kebab}")
    else:
        click.echo(f"next: engine plugins check {first}")
        click.echo(f"      engine analyze --plugin {first} {plugin_template.use(kebab, kind)}")


def _check_name(name: str, kind: str) -> str:
    """Return the name in kebab-case. Raises ConfigError for one that cannot be a plugin's, or is taken."""
    kebab = name.replace("_", "-")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be a plugin's name: lower case words of letters and digits, each beginning with "
            "a letter, such as best-moves"
        )
    if keyword.iskeyword(name):
        raise ConfigError(f"{name!r} is a word of Python's; a file of that name could not be imported")
    if name_taken := plugin_template.needs_name(kebab, kind):
        raise ConfigError(
            f"the class would be called {name_taken}, which is what the {kind} is made of: choose another"
        )
    if kebab in Registry().names(f"engine.{kind}s"):
        raise ConfigError(f"there is such a plugin already: {kind} {kebab!r} (engine plugins show {kebab})")
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
