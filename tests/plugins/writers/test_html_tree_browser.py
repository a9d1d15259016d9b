"""The tree of openings in a real browser: moves are played on its board by mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import pytest

from engine_plugins.aggregators.openings import Openings
from tests.plugins.aggregators.rig import report
from tests.plugins.writers.html_page import write
from tests.plugins.writers.test_html_browser import Tab, new_tab
from tests.plugins.writers.test_html_drill_browser import SIZES, placement
from tests.plugins.writers.test_html_tree import fen, games


@pytest.fixture(scope="module")
def annas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tree") / "report.html"
    played = games()
    [file] = write(played, player="Anna", extra={"openings": report(Openings, *played)})
    path.write_text(file.text, encoding="utf-8")
    return path


@pytest.fixture
def tab(chromium: Any, annas: Path) -> Iterator[Tab]:
    yield from new_tab(chromium, annas)


def on_board(tab: Tab) -> str:
    return placement(tab.page.locator(".tree-board .small-board"))


def moves(tab: Tab) -> list[str]:
    found: list[str] = tab.page.locator(".tree-moves .choose").all_inner_texts()
    return found


def test_moves_are_played_by_mouse_and_keys(tab: Tab) -> None:
    tab.open()
    assert on_board(tab) == chess.STARTING_BOARD_FEN
    tab.page.click(".tree-moves .choose")
    assert on_board(tab) == fen("e4").split()[0]
    assert moves(tab) == ["1... c5", "1... e5"]
    assert "1. e4: Games 5" in tab.page.inner_text(".tree [role=status]")
    assert "1 game went on otherwise" in tab.page.inner_text(".tree-side .note")
    tab.page.keyboard.press("ArrowDown")
    assert tab.page.locator(".tree-board .arrow").get_attribute("data-move") == "e7e5"
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("ArrowRight")
    assert on_board(tab) == fen("e4", "e5", "Nf3").split()[0]
    assert tab.page.locator(".path button").all_inner_texts() == ["Start", "1. e4", "1... e5", "2. Nf3"]
    tab.page.keyboard.press("ArrowLeft")
    assert on_board(tab) == fen("e4", "e5").split()[0]
    tab.page.click(".path button >> nth=1")
    assert on_board(tab) == fen("e4").split()[0]
    tab.page.click(".tree >> text=As Black")
    assert moves(tab) == ["1. d4"]
    assert on_board(tab) == chess.STARTING_BOARD_FEN


def test_the_games_of_a_move_open_and_the_table_is_there(tab: Tab) -> None:
    tab.open()
    tab.page.click(".tree-moves .choose")
    tab.page.click(".tree-moves .choose >> nth=1")
    tab.page.click(".tree-games .drill")
    assert tab.page.locator(".tree-games .small-board").count() == 2
    assert tab.page.locator(".tree-games a >> nth=1").get_attribute("href").endswith("&ply=2")
    assert not tab.page.is_visible("#table-openings-tree")
    tab.page.click(".tree >> text=Show as a table")
    assert tab.page.is_visible("#table-openings-tree")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_tree(chromium: Any, axe: str, annas: Path, size: tuple[int, int, str]) -> None:
    width, _, scheme = size
    for tab in new_tab(chromium, annas, width, scheme):
        tab.open()
        tab.page.click(".tree-moves .choose")
        tab.page.click(".tree-games .drill")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        tab.page.evaluate(axe)
        violations = tab.page.evaluate("axe.run()")["violations"]
        assert [(one["id"], node["html"][:160]) for one in violations for node in one["nodes"][:3]] == []
