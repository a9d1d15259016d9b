"""Results, opened for pages: a store that is kept in the cache is there at once, another one is built first."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Self

from engine.errors import AnalysisError
from engine.settings import Settings
from engine.web.kept import KeptStore, keep, key_of
from engine.web.store import Store
from engine.web.store.build import fill


class Opened:
    """A store, open to read, and its place in the cache, which nobody removes as long as this is not closed."""

    def __init__(self, store: Store, kept: KeptStore | None) -> None:
        self.store = store
        self._kept = kept

    @classmethod
    def results(
        cls,
        paths: Sequence[str | os.PathLike[str]],
        *,
        players: Sequence[str] = (),
        settings: Settings | None = None,
    ) -> Self:
        """Open results, which may take as long as reading them.

        * **paths** - JSON Lines or SQLite of ours, PGN with evaluations, or the file of a store alone.
        * **players** - *(optional)* the names of the player whom the pages begin with.
        * **settings** - *(optional)* plugins, other names of players, number of workers.

        Raises InputError, ConfigError, PluginError.
        """
        names = [os.fspath(path) for path in paths]
        settings = settings or Settings()
        if len(names) == 1:
            with contextlib.suppress(AnalysisError):
                return cls(Store.open(names[0]), None)
        kept = keep(key_of(names, players, settings))
        try:
            if not kept.built:
                winning = settings.scoreboard.winning_cp
                Store.create(kept.path, players=players, same=settings.same, winning_cp=winning).close()
                fill(names, kept.path, settings=settings)
                kept.share()
            return cls(Store.open(kept.path), kept)
        except BaseException:
            kept.spoil()
            kept.close()
            raise

    def close(self) -> None:
        """Close the store."""
        self.store.close()
        if self._kept is not None:
            self._kept.close()
