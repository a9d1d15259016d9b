"""The trainer in a tab of a real browser, and the pages that tests open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.plugins.writers.trainer_page import CASTLING, PROMOTION, TWO_MATES, mistakes, puzzles, trainer
from tests.support import PATIENCE

START = 1_795_000_000_000
"""Milliseconds of the first day, in November 2026."""
DAY = 86_400_000
KEY = "grandmaster-analysis.trainer"
CLOCK = "window.trainerNow = () => Number(localStorage.getItem('clock') || %d)" % START  # noqa: UP031 - braces


class Trainer(Struct):
    """The trainer in a tab."""

    page: Any

    def open(self, path: Path) -> None:
        self.page.goto(path.as_uri())
        self.page.locator("#t-board [data-square]").nth(63).wait_for(state="attached")

    def at(self, name: str) -> Any:
        return self.page.locator(f"#t-board [data-name={name}]")

    def click(self, *names: str) -> None:
        for name in names:
            self.at(name).click()

    def play(self, san: str) -> str:
        """Type a move; return what is said."""
        self.page.fill("#t-san", san)
        self.page.press("#t-san", "Enter")
        return self.says

    @property
    def says(self) -> str:
        return str(self.page.text_content("#t-say"))

    @property
    def task(self) -> str:
        return str(self.page.text_content("#t-task"))

    def rate(self, number: int) -> str:
        self.page.click(f"#t-rate [data-rating='{number}']")
        return self.says

    @property
    def usual(self) -> str:
        return str(self.page.locator("#t-rate .t-usual strong").inner_text())

    @property
    def summary(self) -> list[str]:
        return [self.page.inner_text(name) for name in ("#t-due", "#t-new", "#t-learnt")]

    def stored(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.page.evaluate(f"localStorage.getItem('{KEY}')"))
        return data

    def wait(self, milliseconds: int) -> None:
        """Let time pass, and open the page again."""
        clock = f"(Number(localStorage.getItem('clock')) || {START}) + {milliseconds}"
        self.page.evaluate(f"localStorage.setItem('clock', {clock})")
        self.page.reload()


@pytest.fixture
def new(chromium: Any) -> Iterator[Callable[..., Trainer]]:
    """Makes a trainer in a browser that has kept nothing."""
    contexts, faults = [], []

    def make(width: int = 1400, scheme: str = "light", **arguments: Any) -> Trainer:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True, **arguments
        )
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(CLOCK)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda one: one.url.startswith(("file:", "blob:")) or faults.append(one.url))
        return Trainer(page)

    yield make
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainer")
    pages = {
        "mistake": trainer(mistakes=mistakes({})),
        "mixed": trainer(mistakes=mistakes({}, PROMOTION, CASTLING), puzzles=puzzles({}, TWO_MATES)),
        "later": trainer(mistakes=mistakes(PROMOTION, {"game": 9, "played": "2. a3"})),
        "promotion": trainer(mistakes=mistakes(PROMOTION)),
        "castling": trainer(mistakes=mistakes(CASTLING)),
        "nothing": trainer(mistakes=mistakes()),
    }
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder
