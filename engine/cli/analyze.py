"""`engine analyze INPUT...`"""

from __future__ import annotations

import logging
import time
from typing import Any

import click
from msgspec import structs

from engine import system
from engine.api.arguments import Wanted, check_settings, start_run
from engine.cli import completion, live, pages, time_budget, values
from engine.cli.grouped import GroupedCommand
from engine.cli.results import print_results, save_command
from engine.cli.show import read_queries
from engine.cli.signals import Interruption
from engine.errors import AnalysisError
from engine.input.inputs import LiteralPath
from engine.model import Limit, RunResult
from engine.settings import Settings, build_settings
from engine.text.logs import shown_logs

_SAME_NAMES = (
    "max_games", "sample", "seed", "keep_duplicates", "follow_up_evaluator", "syzygy", "nice", "pin", "verify",
)  # fmt: skip
"""Flags that are called as the settings that they set."""
PEERS = "peers"
"""The aggregator that compares with a baseline."""
_GROUPS = {
    "What is analysed": (
        "players", "same", "filter_", "max_games", "sample", "seed", "shard", "keep_duplicates", "encoding",
    ),
    "How deep": ("profile", "for_", "nodes", "depth", "time", "multipv", "adaptive", "stop_after", "dry_run"),
    "With what": (
        "evaluator", "hash_", "uci", "workers", "nice", "pin", "follow_up_evaluator", "syzygy", "executor",
        "cache", "no_cache", "verify", "plugins",
    ),
    "Into what": ("aggregate", "baseline", "shows", "set_", "output", "force", "format_"),
    "While it runs": ("quiet", "verbose", "progress", "strict", "serve", "host", "port", "no_browser"),
}  # fmt: skip
"""Headings of the help, and the options below each."""
CONTINUES = "the same command continues where it stopped"


@click.command(
    "analyze", cls=GroupedCommand, groups=_GROUPS, short_help="Analyse every game of PGN and EPD files."
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", shell_complete=completion.files)
@click.option(
    "--player",
    "players",
    multiple=True,
    metavar="NAME[,ALIAS...]",
    envvar="ENGINE_PLAYER",
    help="Whose games and whose view; repeatable.",
)
@values.same_option
@click.option(
    "--filter", "filter_", metavar="EXPR", help="Only games whose headers match, e.g. 'WhiteElo >= 2000'."
)
@click.option("--limit", "max_games", type=click.IntRange(1), metavar="GAMES", help="Stop after so many games.")
@click.option("--sample", metavar="N|P%", help="So many games at random, or a share of them.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of --sample.")
@click.option("--shard", metavar="I/N", help="A share of the games, for 'engine merge': 3/16, the third of 16.")
@click.option("--keep-duplicates", is_flag=True, help="Count a game that the input has twice each time.")
@click.option("--encoding", metavar="NAME", help="Text encoding of the inputs: cp1250, latin-1, utf-16 …")
@click.option("--dry-run", is_flag=True, help="Say what it would cost, and do nothing.")
@time_budget.option
@values.limit_options
@click.option(
    "--profile",
    metavar="NAME|FILE",
    envvar="ENGINE_PROFILE",
    shell_complete=completion.profiles,
    help="standard, deep, max, or a TOML file.",
)
@values.evaluator_options
@values.workers_option
@click.option(
    "--nice", type=click.IntRange(0, 19), default=0, metavar="N", help="Let other programs go first, 19 the most."
)
@click.option("--pin", is_flag=True, help="Keep each worker to one core (Linux).")
@click.option(
    "--follow-up-evaluator",
    metavar="NAME|PATH",
    shell_complete=completion.plugins("engine.evaluators", "none", also_files=True),
    help="Who answers the follow-up searches of aggregators when nothing else is searched; 'none': nobody.",
)
@click.option(
    "--syzygy",
    type=click.Path(exists=True, file_okay=False),
    metavar="FOLDER",
    help="Syzygy tablebases, for the aggregators that look at endgames.",
)
@click.option(
    "--adaptive/--no-adaptive",
    default=None,
    help="A quarter of the nodes, most of them where a judgement is in doubt, or all of them everywhere.  "
    "[default: adaptive from 40k nodes on]",
)
@click.option(
    "--executor",
    metavar="NAME",
    shell_complete=completion.plugins("engine.executors"),
    help="Where units are searched.  [default: local]",
)
@click.option(
    "-a",
    "--aggregate",
    metavar="NAMES",
    shell_complete=completion.aggregators,
    help="Aggregators: 'wins,acpl', '+wins' to add, 'all'.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    shell_complete=completion.files,
    help="Compare with the players in this file ('engine baseline build' makes one); adds the aggregator 'peers'.",
)
@click.option(
    "--show",
    "shows",
    multiple=True,
    metavar="REPORT:TABLE=ROW",
    shell_complete=completion.plugins("engine.aggregators"),
    help="The moves that a row of a report rests on, e.g. 'leaks:clock=under 10%'; REPORT alone lists the rows. "
    "Repeatable.",
)
@values.plugin_options
@click.option(
    "-o",
    "--output",
    multiple=True,
    metavar="FILE",
    shell_complete=completion.files,
    help="Write a file; its ending says what. Games: .html .pgn .jsonl; tables: .csv .games.csv .parquet .sqlite; "
    "reports: .md .json .reports.csv; each with .gz .bz2 .xz .zst after it, compressed; {player} in it: one for "
    "each player. Repeatable.",
)
@values.force_option
@click.option(
    "--format",
    "format_",
    default="table",
    show_default=True,
    metavar="NAME",
    shell_complete=completion.plugins("engine.writers", "table"),
    help="What goes to standard output: table, json, md, jsonl, pgn, csv, games-csv, reports-csv, or another "
    "writer ('engine plugins list --namespace writers').",
)
@click.option(
    "--cache",
    metavar="FILE",
    shell_complete=completion.files,
    envvar="ENGINE_CACHE",
    help="Keep evaluations here.",
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep evaluations.")
@click.option(
    "--verify",
    type=values.Share(),
    default=0.0,
    metavar="P%",
    help="Search this share of what the cache knows again, and say what differs.",
)
@click.option(
    "--stop-after", type=values.Time(), metavar="TIME", help="End in good order after 45m, 8h; go on another day."
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 when there is any notice: a damaged or skipped game, a refused position.",
)
@values.quiet_option
@values.verbose_option
@click.option(
    "--progress",
    type=click.Choice(["auto", "rich", "plain", "json", "none"]),
    default="auto",
    show_default=True,
    help="A live board, lines for a log, or events as JSON for other programs; on standard error.",
)
@click.option("--serve", is_flag=True, help="Show the run and its games in the browser, until Ctrl-C.")
@pages.host_option
@pages.port_option
@pages.browser_option
@click.pass_context
def command(ctx: click.Context, /, **flags: Any) -> None:
    """Analyse every game of PGN and EPD files (.pgn .epd .fen, also .gz .bz2 .xz .zst), folders, or - for stdin.

    Games that were analysed before (.jsonl) are taken as they are: any report can be made of them again.

    Reports go to standard output, progress to standard error. What has been searched is kept in a cache: the
    same command after an interruption continues, and once more with -o costs seconds.
    """
    system.collect_seldom()
    log_level = values.log_level(flags)
    screen = live.Screen(_screen_style(flags, log_level))
    with shown_logs(log_level, screen.log):
        try:
            time_budget.check(ctx, flags)
            flags["queries"] = read_queries(flags["shows"], flags["inputs"], flags["format_"])
            settings = _settings(flags)
            if flags["dry_run"]:
                from engine.cli.dry_run import show

                show([LiteralPath(name) for name in flags["inputs"]], settings, flags["for_"])
                return
            _warn(settings, screen)
            # Workers write to standard error themselves, which would damage a board.
            if not screen.draws_in_place:
                settings = structs.replace(settings, log_level=log_level)
            elif log_level <= logging.DEBUG:
                screen.say(
                    "warning: log lines of workers are left out beside the board; --progress plain shows them"
                )
            interruption = ctx.ensure_object(Interruption)
            with pages.watched(flags, settings, screen, interruption) as watched:
                code = _analyze(flags, settings, screen, interruption, watched)
                if watched is not None and not interruption.caught:
                    watched.wait(interruption)
        except AnalysisError as error:
            if screen.events is None:
                raise
            screen.events.error(error.exit_code, error.message)
            code = error.exit_code
    ctx.exit(code)


def _screen_style(flags: dict[str, Any], log_level: int) -> live.Style:
    """Return how to show the run: without a board when workers are to write DEBUG lines, which would damage it."""
    if flags["quiet"]:
        return "none"
    style: live.Style = flags["progress"]
    return "plain" if style == "auto" and log_level <= logging.DEBUG else style


def _warn(settings: Settings, screen: live.Screen) -> None:
    """Print what will work, but not as well as the user may think."""
    cores, memory = system.cores(), system.memory()
    workers = settings.workers or cores
    if workers > cores:
        screen.say(f"warning: {workers} workers on {cores} cores search no faster than {cores}")
    if settings.pin and not system.CAN_PIN:
        screen.say("warning: this system cannot keep a process to one core; --pin does nothing")
    hash_bytes = int(settings.evaluator_options.get("hash", 0)) << 20
    if memory is not None and workers * hash_bytes > memory // 2:
        screen.say(f"warning: --hash {hash_bytes >> 20} for {workers} workers takes more than half of the memory")


def _settings(flags: dict[str, Any]) -> Settings:
    """Return the settings: flags and ENGINE_* variables over the profile over engine.toml. Raises ConfigError."""
    reserved, options = values.assignments(flags["set_"])
    fields: dict[str, Any] = {
        "limit": values.limit(flags),
        "evaluator_options": values.evaluator_options_in(flags),
        "plugin_options": options,
        **reserved,
    }
    for flag, field in (
        ("evaluator", "evaluator"),
        ("workers", "workers"),
        ("filter_", "filter"),
        ("encoding", "encoding"),
        ("shard", "shard"),
        ("executor", "executor"),
    ):
        if flags[flag] is not None:
            fields[field] = flags[flag]
    if limit := {name: value for name, value in values.limit(flags).items() if name != "multipv"}:
        fields["follow_up_limit"] = Limit(**limit)
    if flags["adaptive"] is not None:
        fields["search"] = {**fields.get("search", {}), "adaptive": flags["adaptive"]}
    if flags["players"]:
        fields["players"] = values.players(flags["players"])
    if flags["same"]:
        fields["same"] = values.same(flags["same"])
    if flags["aggregate"]:
        fields["aggregators"] = values.names(flags["aggregate"])
    if flags["baseline"] is not None:
        options.setdefault(PEERS, {})["baseline"] = flags["baseline"]
    fields |= {name: flags[name] for name in _SAME_NAMES}
    fields["plugins"] = flags["plugins"]
    fields["cache"] = "" if flags["no_cache"] else flags["cache"]
    settings = build_settings(fields, profile=flags["profile"])
    added = [query.report for query in flags["queries"]] + ([PEERS] if flags["baseline"] is not None else [])
    return structs.replace(settings, aggregators=values.with_names(settings.aggregators, added))


def _analyze(
    flags: dict[str, Any],
    settings: Settings,
    screen: live.Screen,
    interruption: Interruption,
    watched: pages.Watched | None,
) -> int:
    """Run the analysis, print what it found, and return the exit code."""
    table = flags["format_"] == "table"
    try:
        with screen:
            result = _run(flags, settings, screen, interruption, watched)
        if watched is not None:
            watched.finish(result)
        if table and not (flags["queries"] and result.interrupted):
            print_results(flags, result, time_budget.as_chosen(settings, flags, result), interruption)
        if not flags["quiet"]:
            screen.finish(result, save_command(flags, result), by_default=settings.search.adaptive is None)
    except KeyboardInterrupt:
        _say_stopped(flags, screen, interruption)
        return interruption.exit_code
    if result.interrupted:
        _say_stopped(flags, screen, interruption)
        if interruption.caught:
            return interruption.exit_code
    noticed = any(notice.kind != "note" for notice in result.notices)
    return 1 if result.failures or (flags["strict"] and noticed) else 0


def _run(
    flags: dict[str, Any],
    settings: Settings,
    screen: live.Screen,
    interruption: Interruption,
    watched: pages.Watched | None,
) -> RunResult:
    table = flags["format_"] == "table"
    wanted = Wanted(
        output=list(dict.fromkeys([*flags["output"], *([] if table else ["-"])])),
        output_format=None if table else flags["format_"],
        force=flags["force"],
    )
    seconds = flags["stop_after"] / 1000 if flags["stop_after"] else None
    if seconds is not None:
        wanted["stop_after"] = seconds
    if flags["for_"] is not None:
        wanted["budget"] = flags["for_"]
    inputs = [LiteralPath(name) for name in flags["inputs"]]
    interruption.limit(seconds)
    since = time.monotonic() - time.process_time()  # what it took to start this program is part of the time
    run = start_run(
        inputs,
        check_settings(settings),
        wanted,
        progress=screen.progress if watched is None else watched.progress,
        stop=interruption.stop,
        since=since,
        **(watched.arguments if watched is not None else {}),
    )
    try:
        interruption.tell_the_run()
        if watched is not None:
            watched.announce()
        if run.announcement is not None and not flags["quiet"]:
            screen.say(f"note: {run.announcement}")
        if time_budget.may_be_long(flags, screen):
            time_budget.warn_of_hours(run, screen)
    except BaseException:
        run.abandon()
        raise
    return run.execute()


def _say_stopped(flags: dict[str, Any], screen: live.Screen, interruption: Interruption) -> None:
    if screen.events is None:
        reason = "interrupted" if interruption.caught else "stopped as asked"
        kept = "nothing was kept (--no-cache)" if flags["no_cache"] else CONTINUES
        screen.say(f"{reason}; {kept}")
