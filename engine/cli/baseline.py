"""`engine baseline build|show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from engine.api.arguments import Wanted, check_settings, start_run
from engine.cli import live, values
from engine.cli.live.reports import report_table
from engine.cli.signals import Interruption
from engine.contracts.options import parse_options
from engine.errors import ConfigError
from engine.input.inputs import LiteralPath
from engine.loading.registry import Registry
from engine.model import Report
from engine.plugin import Aggregator
from engine.settings import build_settings
from engine.text.format import cell, clean
from engine.text.logs import shown_logs

ENDING = ".baseline.json"
COUNTS, WRITER = "baseline", "baseline-json"
"""The aggregator that counts the sides and shows what a file has, and the writer."""


@click.group("baseline", short_help="Make and look at files that players are compared with.")
def command() -> None:
    """Baselines: how accurately players of each rating play, for `engine analyze --baseline FILE`."""


@command.command("build")
@click.argument("inputs", nargs=-1, required=True, metavar="GAMES...")
@click.option("-o", "--output", required=True, metavar="FILE", help=f"Its name ends in {ENDING}.")
@click.option("--about", default="", metavar="TEXT", help="Source and licence of the games, for the file.")
@click.option(
    "--selection",
    default="",
    metavar="TEXT",
    help="How they differ from all games, in words like 'games of a club'; reports say it.",
)
@click.option("--filter", "filter_", metavar="EXPR", help="Only games whose headers match, as for analyze.")
@click.option("--limit", "max_games", type=click.IntRange(1), metavar="GAMES", help="Stop after so many games.")
@click.option("-j", "--workers", type=click.IntRange(1), help="Processes.  [default: all cores]")
@click.option("-y", "--force", is_flag=True, help="Overwrite the file if it exists.")
@values.quiet_option
@values.verbose_option
@click.pass_context
def build(ctx: click.Context, /, **flags: Any) -> None:
    """Make a baseline of games with evaluations: dumps of Lichess, annotated PGN, our own .jsonl.

    Nothing is searched, and games without evaluations are left out. The games should be those of many players.
    """
    output = flags["output"]
    if ENDING not in Path(output).name.lower():
        raise ConfigError(f"-o {output}: the name of a baseline ends in {ENDING}")
    level = values.log_level(flags)
    screen = live.Screen("none" if flags["quiet"] else "auto")
    interruption = ctx.ensure_object(Interruption)
    fields: dict[str, Any] = {
        "evaluator": "recorded",
        "aggregators": (COUNTS,),
        "players": (),
        "max_games": flags["max_games"],
        "plugin_options": {WRITER: {"about": flags["about"], "selection": flags["selection"]}},
    }
    fields |= {"filter": flags["filter_"]} if flags["filter_"] else {}
    fields |= {"workers": flags["workers"]} if flags["workers"] else {}
    with shown_logs(level, screen.log):
        settings = check_settings(build_settings(fields))
        wanted = Wanted(output=[output], force=flags["force"])
        inputs = [LiteralPath(name) for name in flags["inputs"]]
        try:
            with screen:
                run = start_run(inputs, settings, wanted, progress=screen.progress, stop=interruption.stop)
                interruption.tell_the_run()
                result = run.execute()
            _show(result.reports[COUNTS], ("bands",))
            if not flags["quiet"]:
                screen.finish(result, None)
        except KeyboardInterrupt:
            ctx.exit(interruption.exit_code)
    if result.interrupted:
        ctx.exit(interruption.exit_code if interruption.caught else 0)
    if not result.reports[COUNTS].metrics["sides"].value:
        screen.say(f"warning: {output} is empty: no game has evaluations, ratings and a time control")
    ctx.exit(1 if result.failures else 0)


@command.command("show")
@click.argument("file", required=False, metavar="[FILE]")
def show(file: str | None) -> None:
    """What a baseline rests on; without FILE, the one that is shipped."""
    cls: type[Aggregator] = Registry().load("engine.aggregators", COUNTS)
    shown = cls(parse_options(cls.Options, {"show": file or "shipped"}, f"aggregator {COUNTS}"))
    shown.prepare()
    _show(shown.report(), None)


def _show(report: Report, keys: tuple[str, ...] | None) -> None:
    """Print a report with all rows of its tables, or of some of them."""
    console = live.output_console()
    for metric in report.metrics.values():
        console.print(Text(f"{clean(metric.label)}  {cell(metric.value, metric.kind)}"))
    for table in report.tables:
        if table.rows and (keys is None or table.key in keys):
            live.print_all(console, report_table(table, console.width, len(table.rows)))
    for note in report.notes:
        console.print(Text(clean(note), style="dim italic"))
