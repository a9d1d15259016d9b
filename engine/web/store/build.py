"""Building a store from results: games with their evaluations, which are read and not searched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from engine.input.inputs import LiteralPath
from engine.model import AnalysedGame
from engine.run.accounts import RunEvent
from engine.run.prepare import prepare
from engine.run.progress import Snapshot
from engine.run.start import Listeners, start
from engine.settings import Settings
from engine.web.store.store import Store

_TOGETHER = 256
"""Games of one transaction."""


def build(
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
    own = structs.replace(
        base, evaluator="recorded", follow_up_evaluator="none", players=(), filter=None, cache=""
    )
    plan = prepare([LiteralPath(os.fspath(source)) for source in sources], own, aggregators=())
    store = Store.create(Path(path), players=players, winning_cp=own.scoreboard.winning_cp)
    waiting: list[AnalysedGame] = []

    def take(event: RunEvent) -> Any:
        if isinstance(event, AnalysedGame):
            waiting.append(event)
            if len(waiting) >= _TOGETHER:
                store.add(waiting)
                waiting.clear()

    try:
        result = start(plan, Listeners(progress, take), stop=stop).execute()
        store.add(waiting)
        store.finish(result)
    finally:
        store.close()
    return Store.open(path)
