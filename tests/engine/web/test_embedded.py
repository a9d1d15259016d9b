"""`engine.web.app` in a program of somebody else, which ends when that program does."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import engine.web
from engine.web.store import Filter
from tests.engine.web import asgi
from tests.support import DATA, PATIENCE

PROGRAM = """
import engine.web
from engine.web.store import Filter

if __name__ == "__main__":
    app = engine.web.app(["tests/data/match.jsonl.zst"])
    app.state.site.reports.warm()
    for part in app.state.site.reports.stream("accuracy", Filter()):
        pass
    {then}
    print("ends")
"""


def test_a_program_ends_although_processes_count_for_its_pages() -> None:
    ended(then="")


@pytest.mark.slow
def test_an_application_that_is_forgotten_keeps_no_program() -> None:
    ended(then="del app")


def ended(*, then: str) -> None:
    command, root = [sys.executable, "-c", PROGRAM.format(then=then)], DATA.parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("ends\n", "", 0)


def test_an_application_that_was_shut_down_can_be_started_again() -> None:
    app = engine.web.app([DATA / "match.jsonl.zst"])

    async def run_once() -> None:
        async with app.router.lifespan_context(app):
            app.state.site.reports.warm()

    for _ in range(2):
        before = app.state.site.reports
        asyncio.run(run_once())
        assert app.state.site.reports is not before
        *_, last = app.state.site.reports.stream("accuracy", Filter())
        assert last.done
        assert asgi.get(app, "/").status == 200
    app.state.site.reports.close()
