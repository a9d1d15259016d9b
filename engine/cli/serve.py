"""`engine serve RESULT...`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from engine.api.arguments import check_settings
from engine.cli import completion, live, pages, values
from engine.cli.pages import Pages, RunControls
from engine.cli.signals import Interruption
from engine.errors import AnalysisError, InputError
from engine.model import RunResult
from engine.run.pause import Pause
from engine.run.progress import Snapshot
from engine.settings import Settings, build_settings
from engine.text.logs import shown_logs

SECONDS = 0.5
"""Seconds between two looks at the newest games."""
SAID = 5
"""Notices that are printed."""
FIRST = 200
"""Games without an evaluation, after which it is clear that the file has none."""
_WHENCE: Mapping[ParameterSource | None, str] = {
    ParameterSource.DEFAULT: "player in engine.toml: ",
    ParameterSource.ENVIRONMENT: "ENGINE_PLAYER: ",
}
"""Where the player's name is from, unless it is in the command."""


@click.command("serve", short_help="Show analysed games in the browser.")
@click.argument("inputs", nargs=-1, required=True, metavar="RESULT...", shell_complete=completion.files)
@click.option(
    "--player",
    "players",
    multiple=True,
    metavar="NAME[,ALIAS...]",
    envvar="ENGINE_PLAYER",
    help="Whom the pages begin with; repeatable.  [default: player in engine.toml]",
)
@values.same_option
@pages.host_option
@pages.port_option
@pages.browser_option
@values.workers_option
@values.plugin_options
@values.quiet_option
@values.verbose_option
@click.pass_context
def command(ctx: click.Context, /, **flags: Any) -> None:
    """Show analysed games in the browser: figures, reports, games, openings, a board.

    RESULT is what 'engine analyze -o games.jsonl.zst' has written, or a PGN with evaluations. Nothing is searched.
    The pages can be opened while the games are still being read, and stay until Ctrl-C. The second time they are
    there at once.
    """
    level = values.log_level(flags)
    screen = live.Screen("none" if flags["quiet"] else "plain")
    with shown_logs(level, screen.log):
        pages.check_installed()
        flags["whence"] = _WHENCE.get(ctx.get_parameter_source("players"), "")
        ctx.exit(_serve(flags, _settings(flags), screen, ctx.ensure_object(Interruption)))


def _settings(flags: dict[str, Any]) -> Settings:
    reserved, options = values.assignments(flags["set_"])
    fields: dict[str, Any] = {
        "evaluator": "recorded",
        "follow_up_evaluator": "none",
        "plugin_options": options,
        "plugins": flags["plugins"],
        "cache": "",
        "shard": None,  # a result is shown whole, whatever share of the games a run takes
        **reserved,
    }
    fields |= {"players": values.players(flags["players"])} if flags["players"] else {}
    fields |= {"workers": flags["workers"]} if flags["workers"] else {}
    fields |= {"same": values.same(flags["same"])} if flags["same"] else {}
    return check_settings(build_settings(fields))


def _serve(flags: dict[str, Any], settings: Settings, screen: live.Screen, interruption: Interruption) -> int:
    """Serve the pages and return the exit code."""
    from engine.web.hub import Hub
    from engine.web.kept import keep, key_of
    from engine.web.server import leave
    from engine.web.store import Store

    names, title = list(flags["inputs"]), pages.title_of(flags["inputs"])
    players = settings.players
    with keep(key_of(names, players, settings)) as kept:
        if kept.built:
            with Pages(flags, settings, title, kept.path) as shown:
                interruption.tell_the_run()  # Ctrl-C ends the pages, whether they wait for it already or not yet
                _announce(shown)
                _say_missing(shown, screen, flags["whence"])
                shown.wait(interruption)
            leave(0)
            return 0
        winning = settings.scoreboard.winning_cp
        Store.create(kept.path, players=players, same=settings.same, winning_cp=winning).close()
        pausing = Pause()
        hub = Hub(RunControls(pausing, interruption))
        with Pages(flags, settings, title, kept.path, hub) as shown:
            building = _Building(shown, screen, hub, interruption)
            try:
                result = building.build(names, kept.path, settings, pausing)
            except BaseException:
                kept.spoil()
                raise
            if result.interrupted:
                kept.spoil()
            else:
                kept.share()
            if result.interrupted and interruption.caught:
                return interruption.exit_code
            _say_missing(shown, screen, flags["whence"])
            shown.wait(interruption)
    leave(0)
    return 0


class _Building:
    """Reads results into a store while the pages show it."""

    def __init__(self, shown: Pages, screen: live.Screen, hub: Any, interruption: Interruption) -> None:
        self._pages = shown
        self._screen = screen
        self._hub = hub
        self._interruption = interruption
        self._is_announced = False
        self._games = 0
        """Games that the hub has shown, or were there when it did."""
        self._shown_at = 0.0

    def build(self, names: Sequence[str], path: Path, settings: Settings, pausing: Pause) -> RunResult:
        """Read all games. Raises InputError for what is no result."""
        from engine.web.store.build import fill

        stop = self._interruption.stop
        self._interruption.tell_the_run()
        try:
            with self._screen:
                result = fill(names, path, progress=self._progress, stop=stop, pause=pausing, settings=settings)
            if not self._pages.has_evaluations() and not self._interruption.caught:
                if not result.counts.analysed and not result.interrupted:
                    raise InputError(f"no game in {', '.join(names)}")
                raise InputError(_without_evaluations(names))
        except AnalysisError as error:
            self._hub.error(error.exit_code, error.message)
            raise
        self._show_games()
        self._hub.end(result)
        self._announce()
        reasons = [notice.reason for notice in result.notices]
        more = [f"and {len(reasons) - SAID} more notices"] if len(reasons) > SAID else []
        for reason in (*reasons[:SAID], *more):
            self._screen.say(f"note: {reason}")
        return result

    def _progress(self, snapshot: Snapshot) -> None:
        self._screen.show(snapshot)
        if snapshot.seconds - self._shown_at >= SECONDS and snapshot.games > self._games:
            self._shown_at, self._games = snapshot.seconds, snapshot.games
            if not self._is_announced and self._pages.has_evaluations():
                self._announce()
            elif not self._is_announced and snapshot.games >= FIRST:
                self._interruption.stop.set()
            self._show_games()
        self._hub.snapshot(snapshot)

    def _show_games(self) -> None:
        self._hub.games(self._pages.newest(self._hub.last))

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            _announce(self._pages)


def _announce(shown: Pages) -> None:
    """Print the address once, and open it."""
    if shown.moved:
        click.echo(f"note: {shown.moved}", err=True)
    click.echo(f"{shown.address}  (until Ctrl-C)")
    shown.show()


def _say_missing(shown: Pages, screen: live.Screen, whence: str) -> None:
    missing = shown.missing_player()
    if missing:
        screen.say(f"note: {whence}{missing}; the overview has everybody")


def _without_evaluations(names: Sequence[str]) -> str:
    what = Path(names[0]).name if len(names) == 1 else "these files"
    return f"no evaluations in {', '.join(names)}: 'engine analyze {what} --serve' makes them, and shows them"
