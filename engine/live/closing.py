"""The last lines of a run, on standard error."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from engine.live.board import notice_line
from engine.model import EvaluatorInfo, RunResult
from engine.text.format import clean, count, duration, location, short

SHOWN = 20
"""Notices, and failures, that are listed."""


def closing(result: RunResult, save_command: str | None) -> Iterator[RenderableType]:
    """What was done, what was skipped, what failed, and where the outputs are."""
    yield _done(result)
    for notice in result.notices[:SHOWN]:
        yield notice_line(notice)
    if result.counts.notices > SHOWN:
        yield Text(f"… and {result.counts.notices - SHOWN:,} more notices", style="yellow")
    for failure in result.failures[:SHOWN]:
        where = location(failure.file, failure.line, failure.game)
        yield Text(f"failed: {where}{clean(failure.reason)}", style="red")
    if len(result.failures) > SHOWN:
        yield Text(f"… and {len(result.failures) - SHOWN:,} more failures", style="red")
    for output in result.outputs:
        yield Text.assemble(("written ", "dim"), clean(output))
    if save_command:
        yield Text.assemble(("to keep everything, in seconds from the cache: ", "dim"), clean(save_command))


def _done(result: RunResult) -> Text:
    c = result.counts
    numbers = ((c.damaged, "unreadable"), (c.variant, "of other variants"), (c.filtered, "filtered out"))
    skipped = ", ".join(f"{number:,} {what}" for number, what in numbers if number)
    return Text.assemble(
        (count(c.analysed, "game"), "bold"),
        f" analysed, {count(c.positions, 'position')}",
        f" ({c.cached:,} from the cache)" if c.cached else "",
        f" in {duration(c.seconds)}",
        f" by {clean(_who(result.evaluator))}",
        f" at {result.limit}{', adaptive' if result.adaptive else ''}" if c.nodes or c.cached else "",
        f"; {short(c.nodes / max(c.seconds, 0.001))} nodes/s" if c.nodes else "",
        f"; skipped: {skipped}" if skipped else "",
    )


def _who(info: EvaluatorInfo) -> str:
    """The name with its version, which some programs have in their name."""
    return info.name if info.version.partition(".")[0] in info.name else f"{info.name} {info.version}"
