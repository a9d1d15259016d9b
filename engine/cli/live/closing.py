"""The last lines of a run, on standard error."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from engine.cli.live.board import notice_line
from engine.model import EvaluatorInfo, RunResult
from engine.text.format import clean, count, duration, either, location, short

MAX_WRITTEN = 5
"""Outputs in a folder that are named; of more, their number is."""
MAX_LISTED = 20
"""Notices, and failures, that are listed at most."""


def closing_lines(
    result: RunResult, save_command: str | None, *, by_default: bool = False
) -> Iterator[RenderableType]:
    """Yield what was done, what was skipped, what failed, and where the outputs are.

    * **result** - the result of the run.
    * **save_command** - the command that keeps everything, to be named; None names none.
    * **by_default** - *(optional)* whether nobody has said if its searches are adaptive, so that the other way is
      named.
    """
    yield _summary_line(result, by_default=by_default)
    for notice in result.notices[:MAX_LISTED]:
        yield notice_line(notice)
    if result.counts.notices > MAX_LISTED:
        yield Text(f"… and {result.counts.notices - MAX_LISTED:,} more notices", style="yellow")
    for failure in result.failures[:MAX_LISTED]:
        where = location(failure.file, failure.line, failure.game)
        yield Text(f"failed: {where}{clean(failure.reason)}", style="red")
    if len(result.failures) > MAX_LISTED:
        yield Text(f"… and {len(result.failures) - MAX_LISTED:,} more failures", style="red")
    yield from _written(result.outputs)
    if save_command:
        searched = result.evaluator.name != "recorded"
        how = "to keep everything, in seconds from the cache: " if searched else "to keep everything: "
        yield Text.assemble((how, "dim"), clean(save_command))


def _written(outputs: Sequence[str]) -> Iterator[Text]:
    """Yield a line for each output, or one for a folder with many."""
    folders = Counter(os.path.dirname(output) for output in outputs)  # noqa: PTH120 - as the user wrote it
    for output in outputs:
        if folders[os.path.dirname(output)] <= MAX_WRITTEN:  # noqa: PTH120
            yield Text.assemble(("written ", "dim"), clean(output))
    for folder, number in folders.items():
        if number > MAX_WRITTEN:
            where = f"{folder.rstrip('/')}/" if folder else "this folder"
            yield Text.assemble(f"{number:,} files ", ("written to ", "dim"), clean(where))


def _summary_line(result: RunResult, *, by_default: bool) -> Text:
    counts = result.counts
    numbers = (
        (counts.damaged, "unreadable"),
        (counts.variant, "of other variants"),
        (counts.filtered, "filtered out"),
        (counts.duplicates, "copies" if counts.duplicates > 1 else "copy"),
        (counts.elsewhere, "of other shards"),
    )
    skipped = ", ".join(f"{number:,} {kind}" for number, kind in numbers if number)
    return Text.assemble(
        (count(counts.analysed, "game"), "bold"),
        f" analysed, {count(counts.positions, 'position')}",
        f" ({counts.cached:,} from the cache)" if counts.cached else "",
        f" ({counts.verified:,} searched again, to verify the cache)" if counts.verified else "",
        f" in {duration(counts.seconds)}",
        _by(result.evaluator),
        _limit(result, by_default=by_default),
        f"; {count(counts.deeper, 'position')} searched deeper" if counts.deeper else "",
        _follow_ups(result),
        f"; {short(counts.nodes / max(counts.seconds, 0.001))} nodes/s" if counts.nodes else "",
        f"; skipped: {skipped}" if skipped else "",
    )


def _by(evaluator: EvaluatorInfo) -> str:
    return " from the evaluations of the input" if evaluator.name == "recorded" else f" by {_named(evaluator)}"


def _limit(result: RunResult, *, by_default: bool) -> str:
    """Return the limit of the searches; nothing where all of them were follow-ups."""
    if (result.counts.nodes or result.counts.cached) and result.follow_up_evaluator is None:
        way_out = " (--no-adaptive takes all of them)" if by_default else ""
        return f" at {result.limit.words}{f', adaptive{way_out}' if result.adaptive else ''}"
    return ""


def _follow_ups(result: RunResult) -> str:
    """Return how many follow-up searches there were, by whom if somebody else made them, and to which limits."""
    counts, evaluator = result.counts, result.follow_up_evaluator
    if not counts.follow_ups:
        return ""
    searches = count(counts.follow_ups, "follow-up search", "follow-up searches")
    cached = f" ({counts.follow_ups_cached:,} from the cache)" if counts.follow_ups_cached else ""
    limits = either([limit.words for limit in result.follow_up_limits])
    if evaluator is None:
        return f"; {searches}{cached}"
    return f"; {searches}{cached} by {_named(evaluator)} at {limits}"


def _named(info: EvaluatorInfo) -> str:
    """Return the evaluator's name with its version, once: some programs have it in their name."""
    return clean(info.name if info.version.partition(".")[0] in info.name else f"{info.name} {info.version}")
