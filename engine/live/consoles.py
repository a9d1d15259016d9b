"""Where things are printed: standard output for results, standard error for everything else."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from engine.errors import OutputError

PIPE_WIDTH = 160


class _Output(Console):
    """A console whose closed pipe is the caller's to handle; rich itself would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def output_console() -> Console:
    """Standard output for reports: coloured only on a terminal, wide enough for a table in a pipe."""
    if sys.stdout is None:
        raise OutputError("standard output is closed; save the results with -o FILE")
    _forgive(sys.stdout)
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return _Output(highlight=False, width=width)


def error_console() -> Console:
    """Standard error for progress and what is to be said besides results."""
    return _Output(stderr=True, highlight=False)


def print_all(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print one part after the other; lines of a log are not broken."""
    for part in parts:
        # A log's lines are as long as they are; only a terminal has an edge to wrap at.
        console.print(part, soft_wrap=isinstance(part, Text) and not console.is_terminal)


def _forgive(stream: Any) -> None:
    """A terminal without `é` gets a `?` for it; Python would end with UnicodeEncodeError."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        with contextlib.suppress(io.UnsupportedOperation):
            stream.reconfigure(errors="replace")
