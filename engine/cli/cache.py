"""`engine cache info|export|import|clear`."""

from __future__ import annotations

import contextlib
import glob
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import click

from engine.cache.sizes import LIMIT_VARIABLE
from engine.cache.store import Cache, default_path
from engine.cli import live
from engine.errors import InputError, OutputError

_file = click.option(
    "--cache",
    "file",
    type=click.Path(path_type=Path),
    envvar="ENGINE_CACHE",
    metavar="FILE",
    help="This cache.  [default: yours]",
)


@click.group("cache", short_help="Look into the cache of evaluations, move it between machines, empty it.")
def command() -> None:
    """The evaluations that are kept, so that nothing is searched twice and a stopped run continues.

    The size is limited by ENGINE_CACHE_LIMIT, 2G unless set: above it, what was stored first is deleted first.
    """


@command.command("info")
@_file
def info_(file: Path | None) -> None:
    """Where it is, what it holds, and how large it may become."""
    path = file or default_path()
    if not path.exists():
        click.echo(f"no cache yet; the first run makes {live.clean(str(path))}")
        _list_damaged(path)
        return
    with _opened(path) as cache:
        info = cache.info()
        _say("cache", info.path)
        _say("units", f"{info.units:,}")
        _say(
            "size",
            f"{_size(info.bytes)}, {_size(info.used)} in use, at most {_size(info.limit)} ({LIMIT_VARIABLE})",
        )
        if info.oldest is not None:
            _say("oldest", time.strftime("%Y-%m-%d %H:%M", time.localtime(info.oldest)))
    _list_damaged(path)


@command.command("export")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-y", "--force", is_flag=True, help="Overwrite FILE when it exists.")
@_file
def export(target: Path, force: bool, file: Path | None) -> None:
    """Write every unit to FILE, .jsonl or .jsonl.zst (.gz, .bz2, .xz), for `import` on another machine."""
    from engine.cache.exchange import export_rows

    path = file or default_path()
    if not path.exists():
        raise InputError(f"there is no cache {path}: nothing to export")
    with _opened(path) as cache:
        counts = export_rows(cache, target, force=force)
    click.echo(f"{counts.units:,} units written to {live.clean(str(target))}")
    if counts.unsound:
        click.echo(f"{counts.unsound:,} did not read back and are left out", err=True)


@command.command("import")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_file
@click.pass_context
def import_(ctx: click.Context, sources: tuple[Path, ...], file: Path | None) -> None:
    """Take over the units of other caches: exports, cache files, and what is sound in damaged ones.

    Units that this cache has stay as they are. Nothing in a file is executed, but its scores are believed. Exit
    code 1 when something had to be left out.
    """
    from engine.cache.exchange import import_rows

    left_out = False
    with _opened(file or default_path(), to_write=True) as cache:
        for source in sources:
            counts = import_rows(cache, source)
            name = live.clean(str(source))
            click.echo(f"{name}: {counts.added:,} units added, {counts.known:,} known, {counts.unsound:,} unsound")
            if counts.damage:
                click.echo(f"{name}: {live.clean(counts.damage)}", err=True)
            left_out = left_out or bool(counts.unsound or counts.damage)
    ctx.exit(1 if left_out else 0)


@command.command("clear")
@_file
def clear(file: Path | None) -> None:
    """Delete every unit and give the space back. Runs that use the cache now go on with the empty one."""
    path = file or default_path()
    if not path.exists():
        click.echo("no cache yet: nothing to clear")
        return
    with _opened(path, to_write=True) as cache:
        try:
            count = cache.clear()
        except sqlite3.Error as error:
            raise OutputError(f"cannot clear {path}: {error}; try again when no run uses it") from error
    click.echo(f"{count:,} units deleted from {live.clean(str(path))}")
    _list_damaged(path)


@contextlib.contextmanager
def _opened(path: Path, *, to_write: bool = False) -> Iterator[Cache]:
    """Open a cache, print what is wrong with it, and close it at the end.

    Raises InputError, or OutputError with `to_write`, when it cannot be used.
    """
    cache = Cache(path)
    try:
        if cache.temporary or (to_write and not cache.persistent):
            raise (OutputError if to_write else InputError)(cache.notice or f"cannot use {path}")
        if cache.notice:
            click.echo(f"warning: {live.clean(cache.notice)}", err=True)
        yield cache
    finally:
        cache.close()


def _list_damaged(path: Path) -> None:
    """Print the damaged files that were set aside: they stay until somebody deletes them."""
    aside = sorted(path.parent.glob(f"{glob.escape(path.name)}.corrupt-*[0-9]"))
    for file in aside:
        _say(
            "set aside",
            f"{file.name}, {_size(file.stat().st_size)}; delete it, or take it over with engine cache import",
        )


def _say(label: str, text: str) -> None:
    click.echo(f"{label:<12}{live.clean(text)}")


def _size(count: int) -> str:
    """Return a number of bytes as `1.2 MiB`."""
    for unit, shift in (("GiB", 30), ("MiB", 20)):
        if count >= 1 << shift:
            return f"{count / (1 << shift):.1f} {unit}"
    return f"{count / 1024:.1f} KiB"
