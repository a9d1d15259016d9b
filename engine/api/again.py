"""Games of a run, read and analysed once more: those that rows of its reports refer to."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import structs

from engine.api.arguments import Wanted, start_run
from engine.model import AnalysedGame
from engine.run.accounts import RunEvent
from engine.settings import Settings


def games_again(
    inputs: Sequence[Any], settings: Settings, numbers: Collection[int], *, stop: threading.Event | None = None
) -> dict[int, AnalysedGame]:
    """Return games of a run that has ended, by number; one that its input no longer has is missing.

    The games are the same as in the run, because evaluations are in the input or in the cache. Without a cache
    they are searched once more.

    * **inputs** - the inputs of the run, which can be read twice.
    * **settings** - its settings.
    * **numbers** - numbers of games, as in `Origin.game`.
    * **stop** - *(optional)* ends it in good order once it is set.

    Raises what `start_run` raises.
    """
    found: dict[int, AnalysedGame] = {}

    def keep(event: RunEvent) -> None:
        if isinstance(event, AnalysedGame):
            found[event.origin.game] = event

    if numbers:
        # With one worker, few games are analysed where they are read; only searches are worth other processes.
        workers = settings.workers if settings.cache == "" else 1
        run = start_run(
            inputs,
            structs.replace(settings, workers=workers, verify=0.0),
            Wanted(),
            progress=None,
            stop=stop,
            on_event=keep,
            only_games=frozenset(numbers),
        )
        run.execute()
    return found
