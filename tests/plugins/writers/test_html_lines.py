"""Engine lines and remarks on a game's page: in its data, and in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import pytest
from msgspec import structs

from engine.model import AnalysedGame, Line, Remark, Score
from engine.testing import analysed_game
from tests.plugins.writers.html_page import page, write
from tests.plugins.writers.test_html_browser import Tab, new_tab

CASTLES = "r3k2r/pppq1ppp/2n5/3p4/8/2N5/PPPQ1PPP/R3K2R w KQkq - 0 1"
CASTLES_960 = "1r2k1r1/pppppppp/8/8/8/8/PPPPPPPP/1R2K1R1 w KQkq - 0 1"
LINES = {
    CASTLES: (
        ("e1c1", "d5d4", "d2d4", "c6d4", "d1d4", "e8g8"),
        ("a2a4", "h8f8", "a4a5", "b7b5", "a5b6", "a8b8"),
        ("h1f1", "e8d8", "f1h1", "d8e8", "a1b1", "e8e7"),
    ),
    CASTLES_960: (("e1g1", "e8b8", "b1a1", "d8e8"), ("g1f1", "b8a8", "e1d1", "a8b8")),
}


def with_lines(fen: str, number: int) -> AnalysedGame:
    """A game of one move with several lines of its start."""
    variant = {"Variant": "Chess960"} if fen == CASTLES_960 else {}
    game = analysed_game("1. h3", [30, 20], headers={"FEN": fen, **variant}, number=number)
    first, last = game.positions
    assert first.evaluation is not None
    lines = tuple(Line(Score(cp=30 - k), pv, 12) for k, pv in enumerate(LINES[fen]))
    evaluation = structs.replace(first.evaluation, pv=lines[0].pv, lines=lines)
    return structs.replace(game, positions=(structs.replace(first, evaluation=evaluation), last))


def remarked() -> AnalysedGame:
    game = analysed_game("1. f3 e5 2. g4 d6", [0, 0, 0, "#-1"], best={2: "d4"}, number=3)
    remarks = (
        Remark(2, "Weakens the king.", (6,), ("Gd2d4", "Re1"), "mine"),
        Remark(1, nags=(1,), by="mine"),
    )
    return structs.replace(game, remarks=remarks)


def games() -> list[AnalysedGame]:
    return [with_lines(CASTLES, 1), with_lines(CASTLES_960, 2), remarked()]


def test_all_lines_of_a_position_with_several_and_the_best_of_a_judged_move() -> None:
    data = page(*games()).games
    assert data[1]["l"]["0"][0] == [30, " ".join(LINES[CASTLES][0]), "O-O-O d4 Qxd4 Nxd4 Rxd4 O-O"]
    assert [line[0] for line in data[1]["l"]["0"]] == [30, 29, 28]
    assert data[3]["l"] == {"2": [[0, "d2d4", "d4"]]}, "White's view"


def test_remarks_are_in_the_data() -> None:
    assert page(remarked()).games[3]["rm"] == {
        "2": [["Weakens the king.", [6], ["Gd2d4", "Re1"], "mine"]],
        "1": [["", [1], [], "mine"]],
    }


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lines") / "report.html"
    [file] = write(games())
    path.write_text(file.text, encoding="utf-8")
    return path


@pytest.fixture
def tab(chromium: Any, report: Path) -> Iterator[Tab]:
    yield from new_tab(chromium, report)


@pytest.mark.slow
def test_a_line_is_played_and_its_positions_are_those_of_python_chess(tab: Tab) -> None:
    """Castling of both kinds and games, en passant, rights that are lost by moves of rooks and kings."""
    for number, fen in ((1, CASTLES), (2, CASTLES_960)):
        tab.open(f"#game={number}")
        for k, pv in enumerate(LINES[fen]):
            board = chess.Board(fen, chess960=number == 2)
            tab.page.click(f'#lines [data-line="{k}"][data-at="1"]')
            for at, uci in enumerate(pv, start=1):
                board.push_uci(uci)
                if at > 1:
                    tab.page.keyboard.press("ArrowRight")
                assert tab.board() == board.board_fen(), (number, k, at)
                assert tab.copied("#copy-fen") == board.fen(), (number, k, at)
            variant = "chess960/" if number == 2 else ""
            linked = f"https://lichess.org/analysis/{variant}{board.fen().replace(' ', '_')}"
            assert tab.page.get_attribute("#lichess", "href") == linked
            assert tab.page.is_disabled("#on")
            tab.page.keyboard.press("Escape")
            assert tab.board() == chess.Board(fen).board_fen()


@pytest.mark.slow
def test_a_better_line_leads_back_to_the_game_with_the_keyboard(tab: Tab) -> None:
    tab.open("#game=3&ply=3")
    assert "Instead of 2. g4" in tab.page.inner_text("#lines")
    after = tab.board()
    tab.page.focus('#lines [data-from="2"]')
    tab.page.keyboard.press("Enter")
    assert tab.page.text_content("#saying") == "Line: 2. d4; move 1 of 1."
    assert tab.page.get_attribute('#lines [data-from="2"]', "aria-current") == "true"
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("ArrowLeft")
    assert tab.board() == after
    assert tab.hash == "#game=3&ply=3"
    assert not tab.page.is_visible("#leave-line")


@pytest.mark.slow
def test_remarks_stand_beside_the_move_with_their_arrows(tab: Tab) -> None:
    tab.open("#game=3&ply=2")
    assert tab.page.inner_text("#remarks").splitlines() == [
        "1... e5 ! (mine)",
        "2. g4 ?!: Weakens the king. (mine)",
    ]
    drawn = tab.page.eval_on_selector_all("#board .remark", "all => all.map(one => one.dataset.move)")
    assert drawn == ["d2d4", "e1"]
    assert "?!" in tab.page.inner_text('#moves [data-ply="3"]')
    tab.open("#game=3&ply=4")
    assert not tab.page.is_visible("#remarks")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1400, "light")])
def test_lines_fit_and_axe_finds_nothing_serious(
    chromium: Any, axe: str, report: Path, width: int, scheme: str
) -> None:
    for tab in new_tab(chromium, report, width, scheme):
        tab.open("#game=3&ply=3" if width == 390 else "#game=1")
        tab.page.click("#lines li button")
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
        tab.page.evaluate(axe)
        found = tab.page.evaluate("axe.run(document)")["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
