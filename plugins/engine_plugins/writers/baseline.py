"""A baseline for `peers`, from the aggregator `baseline`, which it adds to the run.

`-o NAME.baseline.json`, or `engine baseline build GAMES -o NAME.baseline.json`. The format is described in
`aggregators/_baseline_file.py`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from engine.model import Report, RunResult
from engine.plugin import Options, Writer
from engine.text.json import encode
from engine_plugins.aggregators._baseline_file import baseline_of


class BaselineJsonOptions(Options, frozen=True):
    """Options of `baseline-json`."""

    about: Annotated[str, Meta(max_length=2_000, description="Source and licence of the games.")] = ""
    selection: Annotated[
        str,
        Meta(
            max_length=2_000,
            description="How the games differ from all games, in words: 'games of a club'.",
        ),
    ] = ""


class BaselineJson(Writer):
    """What `peers` compares a player with: the figures of all sides by rating and speed."""

    Options = BaselineJsonOptions
    suffixes: ClassVar[tuple[str, ...]] = (".baseline.json",)
    reports: ClassVar[tuple[str, ...]] = ("baseline",)

    def finish(self, result: RunResult) -> None:
        report = result.reports.get("baseline") or Report("Baseline")
        baseline = baseline_of(report, self.options.about, self.options.selection)
        head = msgspec.to_builtins(baseline)
        bands = head.pop("bands")
        # One line for each band: short, and still readable.
        lines = b",\n".join(encode(band) for band in bands)
        self.stream.write(encode(head)[:-1] + b',"bands":[\n' + lines + b"\n]}\n")
