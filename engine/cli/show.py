"""`engine analyze --show`: the moves that rows of reports rest on, in place of the reports."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from engine.api.again import games_again
from engine.cli import live
from engine.cli.live import Query
from engine.errors import ConfigError
from engine.input.inputs import LiteralPath
from engine.model import RunResult
from engine.settings import Settings

STDIN = "-"


def read_queries(texts: Sequence[str], inputs: Sequence[str], format_: str) -> list[Query]:
    """Return what `--show` names. Raises ConfigError for what cannot be shown, before anything is analysed.

    * **texts** - the values of `--show`.
    * **inputs** - the inputs of the run.
    * **format_** - the value of `--format`.
    """
    queries = [Query.parse(text) for text in texts]
    if queries and format_ != "table":
        raise ConfigError(f"--show prints for people; leave --format {format_} out (json has the references)")
    if any(query.key for query in queries):
        for name in inputs:
            if name == STDIN or (Path(name).exists() and not (Path(name).is_file() or Path(name).is_dir())):
                shown = "standard input" if name == STDIN else name
                raise ConfigError(
                    f"--show reads the games twice, and {shown} only once: save them to a file first"
                )
    return queries


def show(
    queries: Sequence[Query], result: RunResult, inputs: Sequence[str], settings: Settings, stop: threading.Event
) -> None:
    """Print the moves that rows rest on; for a query that names no table, which rows there are.

    Raises ConfigError, with what is nearest, for a report, a table or a row that there is not.
    """
    found = [(query, query.find(result.reports)) for query in queries]
    numbers = {
        reference.game
        for query, rows in found
        if query.prints(rows)
        for row in rows
        for reference in row.references
    }
    games = games_again([LiteralPath(name) for name in inputs], settings, numbers, stop=stop)
    console = live.output_console()
    for query, rows in found:
        if not query.prints(rows):
            live.print_all(console, live.row_names(rows))
            continue
        for row in rows:
            live.print_all(console, live.moves_behind(row, games, console.width))
