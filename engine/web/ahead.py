"""What visitors would wait for, done before anybody asks: the first filter then answers as fast as the second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import suppress
from typing import Self

from engine.errors import AnalysisError
from engine.web.site import Site
from engine.web.store import Filter

_LOOK_SECONDS = 0.2


class Ahead:
    """A thread that prepares a site, and has games counted, one block at a time, when nothing else is to be done.

    A context manager.
    """

    def __init__(self, site: Site, wheres: Sequence[Filter], say: Callable[[int], None] = lambda _: None) -> None:
        """Take in what is counted.

        * **site** - the pages, over a store that has all its games.
        * **wheres** - filters, the most important first.
        * **say** - *(optional)* called by the thread at its beginning with the number of games that are to be
          counted, for each of the filters.
        """
        self._site = site
        self._wheres = wheres
        self._say = say
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._count, name="engine-ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self) -> None:
        """Wait until all is counted."""
        self._thread.join()

    def _count(self) -> None:
        with suppress(AnalysisError):  # whoever asks for the report is told
            self._site.prepare()
            reports = self._site.reports
            self._say(sum(map(reports.missing, self._wheres)))
            for where in self._wheres:
                for counting in reports.ahead(where):
                    while not wait([counting], _LOOK_SECONDS).done:
                        if self._stop.is_set():
                            return
                    if self._stop.is_set() or counting.cancelled() or counting.exception() is not None:
                        return
