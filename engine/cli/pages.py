"""The pages of a command: a server beside a run, which stays until Ctrl-C."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click
from msgspec import structs

from engine.cli import live
from engine.cli.signals import Interruption
from engine.errors import AnalysisError, ConfigError
from engine.input.seen_names import MOST, SeenNames
from engine.model import AnalysedGame, RunResult
from engine.run.finish_words import nobody_called
from engine.run.pause import Pause
from engine.run.progress import Snapshot
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.api.aio import AsyncAnalyzer

MISSING = "the pages need {}: pip install 'grandmaster-analysis[web]'"
NEWEST = 12
"""Games that are read from the store at once, to be shown."""
MANY = 500
"""Games from which on it is said that they are counted in the background."""
_NEEDED = ("numpy", "starlette", "uvicorn")

host_option = click.option(
    "--host",
    metavar="ADDRESS",
    help="Where the pages are; others than this computer need a token.  [default: 127.0.0.1]",
)
port_option = click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Of the pages; 0: any.  [default: 8642, or the next that is free]",
)
browser_option = click.option("--no-browser", is_flag=True, help="Print the address of the pages only.")


def check_installed() -> None:
    """Raise ConfigError if what the pages need is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(MISSING.format(" and ".join(missing)))


class RunControls:
    """The buttons of the page of a run: they pause it, and end it as `--stop-after` does."""

    def __init__(self, pausing: Pause, interruption: Interruption) -> None:
        self._pausing = pausing
        self._interruption = interruption

    def pause(self) -> None:
        """Have nothing more searched for now."""
        self._pausing.pause()

    def resume(self) -> None:
        """Go on."""
        self._pausing.resume()

    def cancel(self) -> None:
        """End the run in good order."""
        self._interruption.stop.set()


class Pages:
    """The server of a command, and the store that it shows. A context manager."""

    def __init__(self, flags: dict[str, Any], settings: Settings, title: str, path: Path, hub: Any = None) -> None:
        """Listen; nothing is served before `__enter__`.

        * **flags** - those of the command: `host`, `port`, `no_browser`.
        * **settings** - plugins, workers, options of aggregators.
        * **title** - what the games are called.
        * **path** - the file of the store.
        * **hub** - *(optional)* what pages show of a run.

        Raises ConfigError for a host or port that cannot be had.
        """
        from engine.web import server
        from engine.web.guard import Guard
        from engine.web.ports import bind
        from engine.web.reports import Reports
        from engine.web.seats import Seats
        from engine.web.site import Site, application
        from engine.web.store import Filter, Store
        from engine.web.token import Access

        bound = bind(flags["host"] or "127.0.0.1", flags["port"])
        access = Access(needs_token=not bound.is_loopback)
        self._store = Store.open(path)
        self._everything = Filter()
        self._is_quiet = flags["quiet"]
        self._reports = Reports(self._store, settings=settings, workers=settings.workers)
        board = None if settings.evaluator_name == "recorded" else Seats(lambda: _searcher(settings))
        self._site = Site(self._store, self._reports, title=title, live=hub, analyzer=board, token=access.page)
        self._server = server.Server(Guard(application(self._site), access, hosts=bound.names()), bound)
        self._open = (lambda _: None) if flags["no_browser"] else server.open_browser
        self._for_browser = bound.url + ("live" if hub is not None else "") + access.ticket()
        self.address = bound.url + access.query
        """What people open."""
        self.moved = (
            f"port {bound.taken} is taken by another program, so it is {bound.port}" if bound.taken else ""
        )
        """What they should know of it."""

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.closing(self._store), contextlib.closing(self._reports):
            self._server.__exit__(None, None, None)

    def show(self) -> None:
        """Open the address in the browser, unless it is not wanted."""
        self._open(self._for_browser)

    def has_evaluations(self) -> bool:
        """Return whether the store has an evaluation yet."""
        return bool(self._store.summary(self._everything).positions)

    def missing_player(self) -> str:
        """Return, in words, that nobody in the store has the name that the pages begin with; empty otherwise."""
        players = self._store.players()
        if not players or self._store.count(structs.replace(self._everything, player=players[0])):
            return ""
        seen = SeenNames(players)
        for name in self._store.choices("player", limit=MOST):
            seen.see({"White": name})
        return nobody_called(players[0], seen)

    def newest(self, after: int) -> list[AnalysedGame]:
        """Return the newest games of the store, oldest first, of those with greater numbers than `after`."""
        rows = self._store.games(self._everything, order="-number", limit=NEWEST)
        return self._store.records([row.number for row in rows if row.number > after])

    def wait(self, interruption: Interruption) -> None:
        """Serve until Ctrl-C; meanwhile what visitors would wait for is done ahead."""
        from engine.web.ahead import Ahead
        from engine.web.store import Filter

        def ended(seconds: float) -> bool:
            return self._server.wait(seconds)

        wheres = [*(Filter(player=name) for name in self._store.players()[:1]), self._everything]
        with Ahead(self._site, wheres, self._say_counting):
            interruption.await_signal(ended)

    def _say_counting(self, missing: int) -> None:
        if missing >= MANY and not self._is_quiet:
            note = f"{missing:,} games are counted for the reports, so that filters answer at once"
            click.echo(f"note: {note}", err=True)


def _searcher(settings: Settings) -> AsyncAnalyzer:
    """Return what searches positions of the board: a worker with the evaluator of the run."""
    from engine.api.aio import AsyncAnalyzer

    own = Settings(
        evaluator=settings.evaluator,
        evaluator_options=settings.evaluator_options,
        plugins=settings.plugins,
        nice=settings.nice,
    )
    return AsyncAnalyzer(workers=1, settings=own)


class Watched:
    """A run that pages watch: it goes on with or without them."""

    def __init__(self, pages: Pages, recorder: Any, pausing: Pause, shown: live.Screen) -> None:
        self._pages = pages
        self._recorder = recorder
        self._screen = shown
        self.arguments: dict[str, Any] = {"pause": pausing, "on_event": recorder.event}
        """Further arguments of `start_run`."""

    def announce(self) -> None:
        """Say where the pages are, and open them."""
        for note in filter(None, (self._pages.moved, f"watch it at {self._pages.address}")):
            self._screen.say(f"note: {note}")
        self._pages.show()

    def progress(self, snapshot: Snapshot) -> None:
        """Show how far the run is, on the screen and on the pages."""
        self._screen.show(snapshot)
        self._recorder.snapshot(snapshot)

    def finish(self, result: RunResult) -> None:
        """Say on the pages how the run has ended."""
        self._recorder.finish(result)

    def wait(self, interruption: Interruption) -> None:
        """Serve until Ctrl-C."""
        if self._recorder.broken:
            self._screen.say(f"warning: {self._recorder.broken}")
        self._screen.say(f"note: the pages stay at {self._pages.address} until Ctrl-C")
        self._pages.wait(interruption)


@contextlib.contextmanager
def watched(
    flags: dict[str, Any], settings: Settings, screen: live.Screen, interruption: Interruption
) -> Iterator[Watched | None]:
    """Serve the pages of `engine analyze --serve` for as long as the `with` block takes; yield None without it.

    Raises ConfigError.
    """
    if not flags["serve"]:
        for name in ("host", "port", "no_browser"):
            if flags[name]:
                raise ConfigError(f"--{name.replace('_', '-')} is for the pages of --serve")
        yield None
        return
    check_installed()
    from engine.web.hub import Hub
    from engine.web.kept import keep
    from engine.web.recorder import Recorder
    from engine.web.store import Store

    pausing = Pause()
    interruption.rested = pausing.rested
    hub = Hub(RunControls(pausing, interruption))
    title = title_of(flags["inputs"])
    names: dict[str, Any] = {"players": settings.players, "same": settings.same}
    winning = settings.scoreboard.winning_cp
    with (
        keep(None) as kept,
        contextlib.closing(Store.create(kept.path, winning_cp=winning, **names)) as store,
        Pages(flags, settings, title, kept.path, hub) as pages,
    ):
        recorder = Recorder(store, hub)
        try:
            yield Watched(pages, recorder, pausing, screen)
        except AnalysisError as error:
            recorder.fail(error.exit_code, error.message)
            raise


def title_of(names: tuple[str, ...]) -> str:
    """Return what the games of some files are called."""
    first = "standard input" if names[0] == "-" else Path(names[0]).name
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"
