"""Drill-down in a real browser: boards behind rows, sentences and points; the first screen as it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import pytest
from msgspec import structs

from engine.model import Reference, ReportTable
from tests.plugins.writers.html_page import write
from tests.plugins.writers.test_html_answers import COST, LEAKS, REPLIES, TRENDS, games
from tests.plugins.writers.test_html_browser import Tab, new_tab

EXTRA = {"leaks": LEAKS, "trends": TRENDS}
SIZES = [(390, 844, "dark"), (1400, 900, "light")]


@pytest.fixture(scope="module")
def annas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("annas") / "report.html"
    [file] = write(games(12), player="Anna", extra=EXTRA)
    path.write_text(file.text, encoding="utf-8")
    return path


@pytest.fixture
def tab(chromium: Any, annas: Path) -> Iterator[Tab]:
    yield from new_tab(chromium, annas)


def before_g4(number: int) -> str:
    """The placement before White's second move in one of the games."""
    board = chess.Board()
    board.push_san("f3")
    board.push_san(REPLIES[number - 1])
    return board.board_fen()


def placement(board: Any) -> str:
    """The placement that a small board shows, as in a FEN."""
    shown = chess.Board(None)
    uses = board.locator("use").evaluate_all(
        "all => all.map(one => [one.dataset.square, one.getAttribute('href')])"
    )
    for square, href in uses:
        letter = href[2] if href[1] == "w" else href[2].lower()
        shown.set_piece_at(chess.parse_square(square), chess.Piece.from_symbol(letter))
    return shown.board_fen()


def test_a_row_opens_its_moves_as_boards(tab: Tab) -> None:
    tab.open()
    button = tab.page.get_by_role("button", name="The 3 moves behind under <10%>")
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    tab.page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    panel = tab.page.locator(f"#{button.get_attribute('aria-controls')}")
    assert panel.locator(".small-board").count() == 3
    board = panel.locator(".small-board").first
    assert placement(board) == before_g4(1)
    assert board.get_attribute("aria-label").endswith("White to move.")
    arrows = board.locator(".arrow").evaluate_all("all => all.map(one => [one.classList[1], one.dataset.move])")
    assert arrows == [["played", "g2g4"], ["best", "d2d4"]]
    caption = panel.locator("figcaption").first
    assert caption.locator("a").get_attribute("href") == "#game=1&ply=2"
    assert "Anna – Bob 1 game 1" in caption.inner_text()
    assert "2. g4?? blunder , Win% 50 → 3, better d4" in " ".join(caption.inner_text().split())
    assert "0-1" in panel.locator("figcaption").last.inner_text()  # a game as a whole
    caption.locator("a").click()
    assert tab.page.locator("#game-title").inner_text() == "Anna – Bob 1"
    tab.page.go_back()
    button.click()
    assert button.get_attribute("aria-expanded") == "false"
    assert panel.count() == 0
    # A sorted table has no boards between its rows.
    button.click()
    tab.page.click("#table-leaks-clock thead button >> nth=1")
    assert tab.page.locator("#table-leaks-clock tr.drilled").count() == 0
    assert tab.page.locator("#table-leaks-clock tbody tr").count() == 2


def test_a_sentence_and_a_point_open_theirs(tab: Tab) -> None:
    tab.open()
    tab.page.click(".areas li >> nth=1 >> .drill")
    assert placement(tab.page.locator(".areas .small-board")) == before_g4(2)
    tab.page.click("#chart-leaks-cost .point")
    assert tab.page.locator("#chart-leaks-cost > .drilled .small-board").count() == 2
    assert "under 10%: 400.00 Win% per 100 moves" in tab.page.inner_text("#chart-leaks-cost > .drilled .note")
    tab.page.click("#chart-leaks-cost .point")
    assert tab.page.locator("#chart-leaks-cost > .drilled").count() == 0
    # Without a pointer, the table of values opens the same.
    tab.page.click("#chart-leaks-cost summary")
    tab.page.click("#chart-leaks-cost-values .drill")
    assert tab.page.locator("#chart-leaks-cost .small-board").count() == 2


def test_a_game_of_another_file_is_a_link_that_lands(
    chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine_plugins.writers.html.GAMES", 4)
    table = structs.replace(LEAKS.tables[0], references=((Reference(1, 2), Reference(6, 2)), ()))
    for number, file in enumerate(
        write(games(9), split=True, extra={"leaks": structs.replace(LEAKS, tables=(table,))}), start=1
    ):
        (tmp_path / f"report{'' if number == 1 else f'-{number}'}.html").write_text(file.text, encoding="utf-8")
    for tab in new_tab(chromium, tmp_path / "report.html"):
        tab.open()
        tab.page.click("#table-leaks-clock .drill")
        assert tab.page.locator("#table-leaks-clock .small-board").count() == 1
        tab.page.click("#table-leaks-clock .elsewhere a")
        tab.page.wait_for_url("**/report-2.html#game=6&ply=2")
        assert tab.page.locator("#game-title").inner_text() == "Anna – Bob 6"
        assert tab.board() == before_g4(6)


@pytest.mark.slow
def test_rows_that_are_folded_get_their_control_when_they_are_shown(chromium: Any, tmp_path: Path) -> None:
    [table] = LEAKS.tables
    many = ReportTable(
        "clock",
        "By clock",
        table.columns,
        tuple((f"group {k}", float(k)) for k in range(60)),
        tuple((Reference(1, k % 4),) for k in range(60)),
    )
    path = tmp_path / "report.html"
    [file] = write(games(2), player="Anna", extra={"leaks": structs.replace(LEAKS, tables=(many,))})
    path.write_text(file.text, encoding="utf-8")
    for tab in new_tab(chromium, path):
        tab.open()
        rows = "#table-leaks-clock tbody tr"
        assert tab.page.locator(f"{rows} .drill").count() == 25
        tab.page.click("#table-leaks-clock thead button >> nth=1")  # the last come first
        assert tab.page.locator(f"{rows}:visible >> .drill").count() == 25
        tab.page.click("#report-leaks .unfold")
        assert tab.page.locator(f"{rows} .drill").count() == 60


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_the_answers_are_on_the_first_screen_and_everybody_can_use_them(
    chromium: Any, axe: str, annas: Path, size: tuple[int, int, str]
) -> None:
    width, height, scheme = size
    for tab in new_tab(chromium, annas, width, scheme):
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.open()
        assert tab.page.locator(".areas li").count() == 3
        for selector in (".answers .tiles", ".areas"):
            box = tab.page.locator(selector).bounding_box()
            assert box["y"] + box["height"] <= height, selector
        for selector in (".areas .drill", "#table-leaks-clock .drill", "#chart-trends-accuracy summary"):
            tab.page.locator(selector).first.click()
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        tab.page.evaluate(axe)
        violations = tab.page.evaluate("axe.run()")["violations"]
        bad = [(one["id"], node["html"][:160]) for one in violations for node in one["nodes"][:3]]
        assert bad == []


@pytest.mark.slow
def test_on_paper_there_are_no_controls_and_the_charts_remain(chromium: Any, annas: Path) -> None:
    for tab in new_tab(chromium, annas):
        tab.open()
        tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        tab.page.emulate_media(media="print")
        assert tab.page.locator(".drill:visible, .values:visible").count() == 0
        assert tab.page.locator(".chart > svg:visible").count() == 2
        assert tab.page.is_visible(".lessons .diagram >> nth=0")
        assert COST.title in tab.page.inner_text("#report-leaks")
