"""Where things are printed: standard output for results, standard error for everything else."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from engine.errors import OutputError

PIPE_WIDTH = 160
"""Columns of a table that does not go to a terminal."""


class _Output(Console):
    """A console that raises BrokenPipeError when its reader has gone; rich itself would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def output_console() -> Console:
    """Return standard output for reports: coloured only on a terminal, wide enough for a table in a pipe.

    Raises OutputError when standard output is closed.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed; save the results with -o FILE")
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return _Output(highlight=False, width=width)


def error_console() -> Console:
    """Return standard error, for progress and whatever is not a result."""
    return _Output(stderr=True, highlight=False)


def print_all(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print one part after the other; outside a terminal long lines are not broken."""
    for part in parts:
        # A log's lines are as long as they are; only a terminal has an edge to wrap at.
        console.print(part, soft_wrap=isinstance(part, Text) and not console.is_terminal)
