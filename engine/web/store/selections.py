"""The games of the filters that were asked for last: several parts of a page ask for the same one."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable

from engine.web.store.filters import Filter

Selected = list[tuple[int, str]]
"""Numbers of games in their order, each with the side that it is seen from. It is not to be changed."""
_KEPT = 8


class Selections:
    """Selected games by filter and version of a store; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Filter, int], Selected] = OrderedDict()

    def get(self, where: Filter, version: int, select: Callable[[], Selected]) -> Selected:
        """Return the games of a filter.

        * **version** - that of the store.
        * **select** - returns them, where they are not known.
        """
        key = where, version
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        # Thousands of the same three words: each is held once.
        selected = [(game, sys.intern(view)) for game, view in select()]
        with self._lock:
            self._kept[key] = selected
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return selected
