"""`engine merge PART...`"""

from __future__ import annotations

from typing import Any

import click

from engine.api.arguments import Wanted, check_settings, start_run
from engine.cli import completion, live, values
from engine.cli.results import print_results
from engine.cli.signals import Interruption
from engine.input.inputs import LiteralPath
from engine.settings import build_settings
from engine.text.logs import shown_logs


@click.command("merge", short_help="Put the shards of a run together.")
@click.argument("inputs", nargs=-1, required=True, metavar="PART...", shell_complete=completion.files)
@click.option("--allow-missing", is_flag=True, help="Merge what is there, and say which shards are not.")
@click.option(
    "-a",
    "--aggregate",
    metavar="NAMES",
    shell_complete=completion.aggregators,
    help="Aggregators, as for analyze.  [default: those of the shards]",
)
@values.plugin_options
@click.option(
    "-o",
    "--output",
    multiple=True,
    metavar="FILE",
    shell_complete=completion.files,
    help="Write a file, as for analyze; of states reports only. Repeatable.",
)
@values.force_option
@click.option(
    "--format",
    "format_",
    default="table",
    show_default=True,
    metavar="NAME",
    shell_complete=completion.plugins("engine.writers", "table"),
    help="What goes to standard output, as for analyze.",
)
@click.option("-j", "--workers", type=click.IntRange(1), help="Processes.  [default: all cores]")
@values.quiet_option
@values.verbose_option
@click.pass_context
def command(ctx: click.Context, /, **flags: Any) -> None:
    """Put together what shards of a run have written: 'engine analyze games.pgn --shard 3/16 -o part3.jsonl.zst'.

    Parts with games (.jsonl) give every file that the whole run would have written, byte for byte; states
    (.state.json) give its reports. Nothing is searched, and the order of the parts makes no difference.
    """
    level = values.log_level(flags)
    screen = live.Screen("none" if flags["quiet"] else "auto")
    interruption = ctx.ensure_object(Interruption)
    table = flags["format_"] == "table"
    reserved, options = values.assignments(flags["set_"])
    fields: dict[str, Any] = {
        "evaluator": "recorded",
        "players": (),
        "plugin_options": options,
        "plugins": flags["plugins"],
        "cache": "",
        **reserved,
    }
    fields |= {"workers": flags["workers"]} if flags["workers"] else {}
    fields |= {"aggregators": values.names(flags["aggregate"])} if flags["aggregate"] else {}
    with shown_logs(level, screen.log):
        settings = check_settings(build_settings(fields))
        wanted = Wanted(
            output=list(dict.fromkeys([*flags["output"], *([] if table else ["-"])])),
            output_format=None if table else flags["format_"],
            force=flags["force"],
        )
        inputs = [LiteralPath(name) for name in flags["inputs"]]
        try:
            with screen:
                run = start_run(
                    inputs,
                    settings,
                    wanted,
                    progress=screen.progress,
                    stop=interruption.stop,
                    parts="some" if flags["allow_missing"] else "all",
                )
                interruption.tell_the_run()
                result = run.execute()
            if table:
                print_results({**flags, "queries": ()}, result, run.settings, interruption)
            if not flags["quiet"]:
                screen.finish(result, None)
        except KeyboardInterrupt:
            ctx.exit(interruption.exit_code)
    if result.interrupted:
        ctx.exit(interruption.exit_code if interruption.caught else 0)
    ctx.exit(1 if result.failures else 0)
