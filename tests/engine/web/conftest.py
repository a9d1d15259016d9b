"""Stores of games for the tests of pages, and the application over them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import Struct
from starlette.applications import Starlette

from engine.model import AnalysedGame
from engine.web.reports import Reports
from engine.web.site import Site, application
from engine.web.store import Store, build
from tests.engine.web import asgi
from tests.support import DATA


class Visit(Struct):
    """A site, and what it answers."""

    app: Starlette
    store: Store

    def get(self, address: str) -> asgi.Answer:
        return asgi.get(self.app, address)

    def page(self, address: str) -> asgi.Answer:
        """The answer, which must be a page."""
        answer = self.get(address)
        assert answer.status == 200, (address, answer.words)
        return answer


@pytest.fixture(scope="session")
def match_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the 24 games of `match.jsonl.zst`."""
    path = tmp_path_factory.mktemp("store") / "match.db"
    build([DATA / "match.jsonl.zst"], path).close()
    return path


@pytest.fixture
def match(match_store: Path, tmp_path: Path) -> Iterator[Visit]:
    """The site of these games."""
    path = tmp_path / "match.db"
    shutil.copyfile(match_store, path)
    yield from visit(path)


@pytest.fixture
def site_of(tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """A function that returns the site of some games; with `players`, they are about these."""
    made: list[Iterator[Visit]] = []

    def make(games: Sequence[AnalysedGame], *, players: Sequence[str] = ()) -> Visit:
        path = tmp_path / f"games-{len(made)}.db"
        store = Store.create(path, players=players)
        store.add(games)
        store.finish()
        store.close()
        made.append(visit(path))
        return next(made[-1])

    yield make
    for one in made:
        next(one, None)


def visit(path: Path) -> Iterator[Visit]:
    store = Store.open(path)
    reports = Reports(store)
    yield Visit(application(Site(store, reports, title="The match")), store)
    reports.close()
    store.close()
