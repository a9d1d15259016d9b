"""The end of `engine analyze`: its reports, or the moves of `--show`, and the command that keeps them."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from engine.cli import live, time_budget
from engine.cli.show import show
from engine.cli.signals import Interruption
from engine.errors import OutputError
from engine.model import RunResult
from engine.settings import EPD_AGGREGATORS, Settings


def print_results(
    flags: dict[str, Any], result: RunResult, settings: Settings, interruption: Interruption
) -> None:
    """Print what standard output is for: the reports, or the moves that were asked for with --show."""
    try:
        if flags["queries"]:
            show(flags["queries"], result, flags["inputs"], settings, interruption.stop)
        else:
            _print_summary(result, settings)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"standard output: {error.strerror}; the same command prints it again") from error


def _print_summary(result: RunResult, settings: Settings) -> None:
    """Print the reports named with -a in full; where these are added to the default ones, below the overview."""
    console = live.output_console()
    aggregators = settings.aggregators
    adding = aggregators is None or any(name.startswith("+") for name in aggregators[:1])
    names = [name.lstrip("+").rpartition(":")[2] for name in aggregators or ()] + list(EPD_AGGREGATORS)
    full = None if not adding or "all" in names else names
    if adding:
        live.print_all(console, live.overview(result, width=console.width, players=settings.players))
    live.print_all(console, live.summary(result, width=console.width, names=full))
    if adding:
        live.print_all(console, live.hints(result, players=settings.players))


def save_command(flags: dict[str, Any], result: RunResult) -> str | None:
    """Return the command that writes what this one only showed; None when there is nothing to write."""
    if flags["output"] or flags["no_cache"] or result.interrupted or flags["format_"] != "table":
        return None
    if not result.counts.analysed or "-" in flags["inputs"]:
        return None
    if not all(argument.isprintable() for argument in sys.argv):
        return None
    outputs = ["-o", "report.html", "-o", "analysed.pgn", "-o", "analysed.jsonl"]
    arguments = sys.argv[2:]
    if flags["for_"] is not None:
        arguments = time_budget.with_nodes(arguments, result)
    return shlex.join(["engine", sys.argv[1], *outputs, *arguments])
