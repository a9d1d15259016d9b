"""The pages in a program of somebody else: what they have beside them, which must end with that program."""

from __future__ import annotations

import atexit
import multiprocessing.util  # noqa: F401 - its hook joins all processes; ours, which is made later, runs first
import weakref
from typing import TYPE_CHECKING

from engine.web.reports import Reports

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.web.opened import Opened
    from engine.web.site import Site
    from engine.web.store import Store


class Embedded:
    """An open store and the reports on it, whose processes nobody else ends."""

    def __init__(self, opened: Opened, settings: Settings | None) -> None:
        """Keep them.

        * **opened** - the store; it is closed with this.
        * **settings** - *(optional)* those of the reports.
        """
        self._opened = opened
        self._settings = settings
        self.reports = self._made()

    @property
    def store(self) -> Store:
        """The games."""
        return self._opened.store

    def rest(self, site: Site) -> None:
        """End all processes. The pages can be asked again, as they are where an application is started anew.

        * **site** - the site that shows the reports.
        """
        old, self.reports = self.reports, self._made()
        site.reports = self.reports
        old.close()

    def close(self) -> None:
        """End all processes, and close the store."""
        self.reports.close()
        self._opened.close()

    def end_with(self, owner: object) -> None:
        """Close this when something is gone, or the program ends.

        Without it the program would not end: it waits for its processes, and these for the program.

        * **owner** - what it is; nothing of this refers to it.
        """
        closing = weakref.finalize(owner, self.close)
        closing.atexit = False
        atexit.register(closing)

    def _made(self) -> Reports:
        return Reports(self.store, settings=self._settings)
