"""Building a store from results: games with their evaluations, which are read and not searched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import structs

from engine.errors import InputError
from engine.model import RunResult
from engine.run.pause import Pause
from engine.run.prepare import prepare
from engine.run.progress import Snapshot
from engine.run.start import Listeners, start
from engine.settings import Settings
from engine.web.store import writer
from engine.web.store.sources import Lines, inputs_of
from engine.web.store.store import Store


def build(  # noqa: PLR0913 - what a run is asked for
    sources: Sequence[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    players: Sequence[str] = (),
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
    settings: Settings | None = None,
) -> Store:
    """Build a store, and return it open to read.

    * **sources** - paths of results: JSON Lines or SQLite of ours, or PGN with evaluations.
    * **path** - the file to make.
    * **players** - *(optional)* the names of the player whom the pages begin with.
    * **progress** - *(optional)* called 4 to 8 times a second.
    * **stop** - *(optional)* ends it in good order once it is set; the store has the games so far.
    * **settings** - *(optional)* plugins, other names of players, the number of workers.

    Raises InputError, ConfigError, PluginError.
    """
    base = settings or Settings()
    Store.create(path, players=players, same=base.same, winning_cp=base.scoreboard.winning_cp).close()
    fill(sources, path, progress=progress, stop=stop, settings=settings)
    return Store.open(path)


def fill(  # noqa: PLR0913 - what a run is asked for
    sources: Sequence[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
    pause: Pause | None = None,
    settings: Settings | None = None,
) -> RunResult:
    """Read results into a store that was made before and is empty, and return the result of that run.

    The arguments are those of `build`, which raises the same.

    * **pause** - *(optional)* pauses it.
    """
    place, base = Path(path), settings or Settings()
    inputs, winning = inputs_of(sources), base.scoreboard.winning_cp
    own = structs.replace(
        base,
        evaluator="recorded",
        follow_up_evaluator="none",
        players=(),
        filter=None,
        cache="",
        plugins=(*base.plugins, writer.__file__),
        writer_options={"store-rows": {"store": os.fspath(place), "winning": winning}},
    )
    output = place.with_name(f"{place.name}{writer.ENDING}")
    plan = prepare(inputs, own, aggregators=(), outputs=[os.fspath(output)], force=True)
    sizes = {given.name: given.size for given in inputs if isinstance(given, Lines)}
    for source in plan.sources:
        source.size = sizes.get(source.name, source.size)
    try:
        result = start(plan, Listeners(progress), stop=stop, pause=pause).execute()
    finally:
        output.unlink(missing_ok=True)
    for failure in result.failures:
        raise InputError(f"{place}: {failure.reason}")
    return result
