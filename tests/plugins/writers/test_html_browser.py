"""The HTML report in a real browser: what a reader clicks, types and sees, and that nothing leaves the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import chess
import chess.pgn
import pytest
from msgspec import Struct

import engine
from engine.model import AnalysedGame
from engine.settings import Settings
from engine.testing import analysed_game
from engine.testing.fake_uci import fake_uci
from tests.plugins.writers.html_page import write
from tests.plugins.writers.test_html import HOSTILE, MATE, page_of
from tests.plugins.writers.test_html_answers import games as games_of_anna
from tests.support import DATA, PATIENCE

CLASSICS = DATA / "classics.pgn"
SIZES = [(390, "dark"), (1400, "light")]


class Tab(Struct):
    """A page in the browser, with everything that it did besides showing itself."""

    page: Any
    path: Path
    seen: list[str]

    def open(self, place: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.path.as_uri() + place)

    @property
    def hash(self) -> str:
        return str(self.page.evaluate("location.hash"))

    def board(self) -> str:
        """The placement that is drawn, as in a FEN."""
        board = chess.Board(None)
        uses = self.page.eval_on_selector_all(
            "#board use", "all => all.map(one => [one.dataset.square, one.getAttribute('href')])"
        )
        for square, href in uses:
            letter = href[2] if href[1] == "w" else href[2].lower()
            board.set_piece_at(chess.parse_square(square), chess.Piece.from_symbol(letter))
        return board.board_fen()

    def copied(self, button: str) -> str:
        # Playwright's own waiting for an expression would need `eval`, which the page forbids.
        self.page.evaluate("document.getElementById('copied').textContent = ''")
        self.page.click(button)
        self.page.locator("#copied", has_text="copied").wait_for()
        return str(self.page.evaluate("navigator.clipboard.readText()"))


def new_tab(chromium: Any, path: Path, width: int = 1400, scheme: str = "light") -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(1000 * PATIENCE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    tab = Tab(page, path, [])
    page.on("console", lambda message: tab.seen.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: tab.seen.append(f"error: {error}"))
    page.on("dialog", lambda dialog: tab.seen.append(f"dialog: {dialog.message}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith("file:") else tab.seen.append(f"request: {request.url}"),
    )
    yield tab
    context.close()
    assert tab.seen == []


@pytest.fixture(scope="module")
def classics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    fake = fake_uci(folder / "fake")
    path = folder / "report.html"
    engine.analyze(CLASSICS, evaluator=str(fake), nodes=1000, output=path, workers=1, settings=Settings(cache=""))
    return path


@pytest.fixture
def tab(chromium: Any, classics: Path) -> Iterator[Tab]:
    yield from new_tab(chromium, classics)


def games() -> list[chess.pgn.Game]:
    with open(CLASSICS, encoding="utf-8") as file:
        return list(iter(lambda: chess.pgn.read_game(file), None))


def boards(game: chess.pgn.Game) -> list[chess.Board]:
    board = game.board()
    boards = [board.copy()]
    for move in game.mainline_moves():
        board.push(move)
        boards.append(board.copy())
    return boards


def test_the_overview_leads_to_a_game_and_back(tab: Tab) -> None:
    tab.open()
    assert tab.page.is_visible("#overview")
    assert not tab.page.is_visible("#game")
    tab.page.click("#row-4 a")
    tab.page.wait_for_selector("#game")
    assert tab.page.inner_text("#game-title") == "Morphy, Paul – Duke of Brunswick and Count Isouard"
    assert not tab.page.is_visible("#overview")
    tab.page.go_back()
    tab.page.wait_for_selector("#overview")
    assert not tab.page.is_visible("#game")


def test_keys_and_clicks_step_and_the_board_is_that_of_python_chess(tab: Tab) -> None:
    expected = boards(games()[3])
    tab.open("#game=4")
    for ply in range(1, 11):
        if ply % 3 == 0:
            tab.page.click("#on")
        elif ply % 3 == 1:
            tab.page.keyboard.press("ArrowRight")
        else:
            tab.page.click(f'#moves [data-ply="{ply}"]')
        assert tab.board() == expected[ply].board_fen(), ply
        assert tab.hash == f"#game=4&ply={ply}"
    tab.page.keyboard.press("End")
    assert tab.board() == expected[-1].board_fen()
    assert tab.page.is_disabled("#on")
    tab.page.keyboard.press("ArrowLeft")
    assert tab.board() == expected[-2].board_fen()
    tab.page.keyboard.press("Home")
    assert tab.board() == expected[0].board_fen()
    assert tab.page.is_disabled("#back")


def test_copied_fens_and_games_are_those_of_python_chess(tab: Tab) -> None:
    for number in (2, 4):
        game = games()[number - 1]
        expected = boards(game)
        tab.open(f"#game={number}")
        for ply in [*range(0, len(expected), 5), len(expected) - 1]:
            tab.page.fill("#ply", str(ply))
            assert tab.copied("#copy-fen") == expected[ply].fen()
        text = tab.copied("#copy-pgn")
        again = chess.pgn.read_game(io.StringIO(text))
        assert again is not None
        assert not again.errors
        assert list(again.mainline_moves()) == list(game.mainline_moves())
        assert dict(again.headers) == dict(game.headers)
        assert "[%eval" in text


def test_a_click_on_the_graph_jumps(tab: Tab) -> None:
    tab.open("#game=4")
    graph = tab.page.locator("#evaluation > svg")
    graph.scroll_into_view_if_needed()
    box = graph.bounding_box()
    plies = len(boards(games()[3])) - 1
    graph.click(position={"x": box["width"] * 20 / plies, "y": box["height"] / 2})
    assert tab.hash == "#game=4&ply=20"
    x = float(tab.page.get_attribute("#evaluation .now", "x1"))
    assert abs(x - box["width"] * 20 / plies) < 1


def test_a_link_restores_the_state(tab: Tab) -> None:
    tab.open("#game=3&ply=24")
    assert tab.board() == boards(games()[2])[24].board_fen()
    assert tab.page.get_attribute("#moves [aria-current]", "data-ply") == "24"
    assert tab.page.input_value("#ply") == "24"
    assert tab.copied("#copy-link").endswith("#game=3&ply=24")
    for place, fen in (("#game=3&ply=9999", boards(games()[2])[-1]), ("#game=3&ply=x", chess.Board())):
        tab.open(place)
        assert tab.board() == fen.board_fen()
    for place in ("#game=99", "#game=", "#nothing", "#game=3%00"):
        tab.open(place)
        assert tab.page.is_visible("#overview"), place


def test_flip_turns_the_board_and_the_players(tab: Tab) -> None:
    tab.open("#game=4")
    king = "#board use[data-square=e1]"
    assert tab.page.get_attribute(king, "y") == "315"
    below = tab.page.inner_text("#bar-bottom .who")
    tab.page.keyboard.press("f")
    assert tab.page.get_attribute(king, "y") == "0"
    assert tab.page.inner_text("#bar-top .who") == below
    tab.page.click("#flip")
    assert tab.page.get_attribute(king, "y") == "315"


def test_errors_arrows_and_neighbours(tab: Tab) -> None:
    tab.open("#game=4")
    tab.page.click("#next-error")
    ply = int(tab.page.get_attribute("#moves [aria-current]", "data-ply"))
    assert tab.page.locator(f'#moves [data-ply="{ply}"] .mark').count() == 1
    tab.page.keyboard.press("ArrowLeft")
    moves = tab.page.eval_on_selector_all("#board .arrow", "all => all.map(one => one.dataset.move)")
    assert len(moves) == 2  # the move played, and a better one
    assert chess.Move.from_uci(moves[0]) == boards(games()[3])[ply].peek()
    tab.page.uncheck("#arrows")
    assert tab.page.locator("#board .arrow").count() == 0
    tab.page.click("#next-game")
    tab.page.wait_for_url("**#game=5")
    tab.page.click("#previous-game")
    tab.page.wait_for_url("**#game=4")


def test_tables_sort_and_the_list_of_games_is_searched(tab: Tab) -> None:
    tab.open()
    head = tab.page.locator("#game-table thead th", has_text="Moves")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    cells = tab.page.eval_on_selector_all(
        "#game-table tbody tr", "rows => rows.map(row => +row.cells[5].innerText)"
    )
    assert cells == sorted(cells, reverse=True)
    assert len(cells) == 12
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    tab.page.fill("#find", "morphy 1-0")
    assert tab.page.locator("#game-table tbody tr:visible").count() >= 1
    assert "Morphy" in tab.page.inner_text("#game-table tbody tr:visible >> nth=0")
    tab.page.click("#game-table tbody tr:visible a >> nth=0")
    tab.page.wait_for_selector("#game")
    assert tab.page.is_visible("#board")


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_nothing_is_wider_than_the_screen(
    chromium: Any, classics: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    for tab in new_tab(chromium, classics, width, scheme):
        pictures = []
        for place in ("", "#game=4&ply=20"):
            tab.open(place)
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
            pictures.append(tab.page.screenshot())
        assert pictures[0] != pictures[1]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme", "place"), [(390, "dark", ""), (1400, "light", "#game=4&ply=20")])
def test_axe_finds_nothing_serious(
    chromium: Any, axe: str, classics: Path, *, width: int, scheme: str, place: str
) -> None:
    for tab in new_tab(chromium, classics, width, scheme):
        tab.open(place)
        tab.page.evaluate(axe)
        results = tab.page.evaluate("axe.run()")
        bad = [
            (violation["id"], node["html"][:160], node["failureSummary"][:300])
            for violation in results["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"][:3]
        ]
        assert bad == []
        assert len(results["passes"]) > 15


def test_hostile_headers_are_shown_and_do_nothing(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    parsed = page_of(HOSTILE, "</title><script>window.hacked=1</script>")
    path.write_text(parsed.text, encoding="utf-8")
    for tab in new_tab(chromium, path):
        tab.open()
        for number, text in enumerate(HOSTILE, start=1):
            tab.open(f"#game={number}&ply=2")
            shown = text.encode("utf-8", "replace").decode()
            assert tab.page.text_content("#game-title") == f"{shown} – {shown}"
            assert shown in tab.page.text_content("#game-facts")
            assert tab.page.evaluate("window.hacked") is None
            assert tab.page.locator('a[href^="javascript"], img, iframe').count() == 0
        assert tab.page.title().startswith(HOSTILE[-1][:4])


def test_the_policy_stops_what_would_get_in(chromium: Any, tmp_path: Path) -> None:
    """The second line of defence: even markup that stood in the page could not run or fetch anything."""
    path = tmp_path / "report.html"
    text = page_of(["A"], "Anna").text
    bad = '<script>window.hacked=1</script><img src="https://example.org/x.png" onerror="window.hacked=1">'
    path.write_text(text.replace("</main>", f"{bad}</main>"), encoding="utf-8")
    context = chromium.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    requested: list[str] = []
    page.on("response", lambda response: requested.append(response.url))
    page.goto(path.as_uri())
    assert page.evaluate("window.hacked") is None
    assert [url for url in requested if not url.startswith("file:")] == []
    context.close()


def test_a_report_cut_off_after_a_game_still_shows_its_games(chromium: Any, tmp_path: Path) -> None:
    """A killed run leaves such a file behind as FILE.part."""
    path = tmp_path / "report.html"
    text = page_of(["A", "B"], "Anna").text
    path.write_text(text[: text.index("</tbody>", text.index('id="g2"'))], encoding="utf-8")
    for tab in new_tab(chromium, path):
        tab.open()
        assert tab.page.locator("#game-table tbody tr:visible").count() == 2
        tab.page.click("#row-2 a")
        tab.page.wait_for_selector("#game")
        tab.page.keyboard.press("End")
        assert tab.board().startswith("rnb1kbnr/")


def test_long_and_odd_names_fit_on_a_phone(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_of(["W" * 300, "漢字" * 40, "word " * 80, "\u202eabc"], "N" * 200).text, encoding="utf-8")
    for tab in new_tab(chromium, path, 390):
        for place in ("", "#game=1", "#game=2", "#game=3", "#game=4"):
            tab.open(place)
            assert tab.page.evaluate("document.documentElement.scrollWidth") == 390, place


def _special() -> Sequence[AnalysedGame]:
    fen = "nrkbqbrn/pppppppp/8/8/8/8/PPPPPPPP/NRKBQBRN w KQkq - 0 1"
    return [
        analysed_game("1. e4 a6 2. e5 d5 3. exd6 Nf6 4. dxc7 Nbd7 5. cxd8=N Rb8 6. Nf3 g6 7. Be2 Bg7 8. O-O O-O"),
        analysed_game(
            "1. Ng3 Ng6 2. e3 e6 3. Bd3 Bd6 4. Bf3 Bf6 5. Qe2 Qe7 6. O-O O-O-O",
            headers={"FEN": fen, "Variant": "Chess960"},
            number=2,
        ),
        analysed_game(MATE, headers={"White": "A"}, number=3),
    ]


@pytest.mark.slow
def test_every_ply_of_special_moves(chromium: Any, tmp_path: Path) -> None:
    """En passant, a promotion to a knight, castling of both kinds in both games, no evaluation at all."""
    path = tmp_path / "report.html"
    [file] = write(_special())
    path.write_text(file.text, encoding="utf-8")
    for tab in new_tab(chromium, path):
        for game in _special():
            tab.open(f"#game={game.origin.game}")
            for ply, board in enumerate(game.boards()):
                if ply:
                    tab.page.keyboard.press("ArrowRight")
                assert tab.board() == board.board_fen(), (game.origin.game, ply)
                assert tab.copied("#copy-fen") == board.fen()


def test_without_a_script_everything_but_the_games_is_there(chromium: Any, classics: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.goto(classics.as_uri())
    assert page.is_visible("#overview")
    assert page.is_visible("#report-accuracy")
    assert page.is_visible("noscript p")
    top = page.locator("#overview").bounding_box()["y"]
    assert top < page.locator("#games").bounding_box()["y"]
    context.close()


def test_a_handout_prints_with_its_solutions(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "anna.html"
    [file] = write(games_of_anna(12), player="Anna")
    path.write_text(file.text, encoding="utf-8")
    for tab in new_tab(chromium, path):
        tab.open()
        assert tab.page.locator(".lessons .diagram").count() == 10
        assert not tab.page.is_visible(".solutions ol")
        tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert tab.page.is_visible(".solutions ol")
        tab.page.emulate_media(media="print")
        assert not tab.page.is_visible(".contents")
        pages = len(re.findall(rb"/Type\s*/Page\b", tab.page.pdf(format="A4", prefer_css_page_size=True)))
        assert pages <= 4
