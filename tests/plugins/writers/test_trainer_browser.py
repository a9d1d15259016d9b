"""The trainer in a real browser: mouse, touch and keyboard, several right answers, progress that stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.writers.html_page import write
from tests.plugins.writers.test_html import HOSTILE
from tests.plugins.writers.test_html_answers import games as games_of_anna
from tests.plugins.writers.trainer_page import mistakes, trainer
from tests.plugins.writers.trainer_tab import DAY, Trainer, files, new

__all__ = ["files", "new"]


def test_the_mouse_drags_or_clicks_and_all_accepted_moves_are_right(
    new: Callable[..., Trainer], files: Path
) -> None:
    one = new()
    one.open(files / "mistake.html")
    assert one.task == "White to move: find a better move than 2. Ke2."
    assert one.summary == ["0", "1", "0 of 1"]
    one.click("e1")
    assert "it can go to e2." in one.page.text_content("#t-hand")
    one.click("e2")
    assert one.says == "Ke2 is not the move. It is what was played in the game."
    one.page.click("#t-again")
    one.page.drag_and_drop("[data-name=b1]", "[data-name=b3]")
    assert "no legal move to b3" in one.page.text_content("#t-hand")
    one.page.drag_and_drop("[data-name=b1]", "[data-name=c3]")
    assert one.says == "Nc3 is right."
    answer = one.page.inner_text("#t-answer")
    for part in ("2. Nf3; also good: Nc3", "In the game: missed quiet move", "Anna played 2. Ke2: Win% 51 → 20."):
        assert part in answer
    assert one.usual == "Again"
    assert one.rate(3).startswith("Good: it comes again in 10 minutes. Done for now.")


@pytest.mark.slow
def test_fingers_play_too(new: Callable[..., Trainer], files: Path) -> None:
    one = new(390, has_touch=True, is_mobile=True)
    one.open(files / "mistake.html")
    for name in ("g1", "f3"):
        one.at(name).tap()
    assert one.says == "Nf3 is right."
    assert one.usual == "Good"
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_alone_is_enough(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "castling.html")
    assert one.page.locator("#t-board [tabindex='0']").count() == 1
    # Black is at the bottom, so the cursor on a1 is in the corner at the top on the right.
    one.page.focus("#t-board [tabindex='0']")
    press = one.page.keyboard.press
    label = "document.activeElement.getAttribute('aria-label')"
    for key in [*["ArrowDown"] * 7, *["ArrowLeft"] * 4]:
        press(key)
    assert one.page.evaluate(label) == "e8, black king"
    press("Enter")
    assert one.page.evaluate(label) == "e8, black king, picked up"
    press("Escape")
    assert one.page.text_content("#t-hand") == "Let go."
    press("Enter")
    for _ in range(2):
        press("ArrowLeft")
    assert one.page.evaluate(label) == "g8, empty, can be reached"
    press("Enter")
    assert one.says == "O-O is right."
    press("Enter")  # the usual rating has the focus
    assert one.says.startswith("Good: it comes again in 10 minutes.")


@pytest.mark.slow
def test_moves_can_be_typed(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "mistake.html")
    assert one.play("Nf6") == "Nf6 is no legal move here."
    assert one.play("<b>x</b>") == "<b>x</b> is no legal move here."
    assert one.play("2. Nf3!") == "Nf3 is right."
    one.page.keyboard.press("4")
    assert one.says.startswith("Easy: it comes again in 8 days.")
    one.open(files / "castling.html")
    assert one.play("0-0") == "O-O is right."


@pytest.mark.slow
def test_a_promotion_asks_for_the_piece(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "promotion.html")
    one.click("a7", "a8")
    one.page.keyboard.press("Escape")
    assert one.page.is_hidden("#t-promotion")
    one.click("a7", "a8")
    one.page.click("#t-promotion [data-piece=q]")
    assert one.says == "a8=Q is not the move."
    one.page.click("#t-again")
    assert one.play("a8") == "a8 is no legal move here."
    one.click("a7", "a8")
    one.page.keyboard.press("Tab")
    one.page.keyboard.press("Enter")
    assert one.says == "a8=R is right."


@pytest.mark.slow
def test_hints_and_the_solution_count(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "mixed.html")
    assert one.task == "White to move: find the best move."
    assert one.says == "There are 2 moves to find."
    one.page.click("#t-hint")
    assert one.says == "Move the rook on e2. Another hint says where."
    one.page.click("#t-hint")
    assert one.says == "Move the rook from e2 to e8."
    assert one.play("Re8") == "Re8 is right. The answer is Rxe8. Move 2 of 2."
    assert one.play("Rxe8#") == "Rxe8 is right."
    assert one.usual == "Hard"
    assert "30. Re8+ Rxe8 31. Rxe8#" in one.page.inner_text("#t-answer")
    one.page.click("#t-back")
    assert one.at("d8").get_attribute("aria-label") == "d8, empty"
    assert one.at("e1").get_attribute("aria-label") == "e1, white rook"
    one.rate(2)
    assert one.play("Rb8#") == "Rb8 is right."  # another mate than that of the solution
    one.rate(3)
    one.page.click("#t-solve")
    assert one.says == "The solution is 2. Nf3. It comes again in 1 minute."
    state, *_, reviews, lapses = one.stored()["cards"]["rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq -"]
    assert (state, reviews, lapses) == (1, 1, 0)


def test_progress_stays_by_position_and_goes_on_in_a_later_report(
    new: Callable[..., Trainer], files: Path
) -> None:
    one = new()
    one.open(files / "mistake.html")
    one.play("Nf3")
    one.rate(4)
    one.page.reload()
    assert one.summary == ["0", "0", "1 of 1"]
    assert one.says == "Done for now. The next is due in 8 days."
    one.wait(8 * DAY - 3_600_000)  # some hours earlier on the day that it is due
    assert one.summary == ["1", "0", "1 of 1"]
    one.open(files / "later.html")
    assert one.summary == ["1", "1", "1 of 2"]
    assert one.task == "White to move: find a better move than 2. a3."
    assert one.play("Nc3") == "Nc3 is right."
    one.rate(3)
    assert one.task == "White to move: find a better move than 40. Kg3."
    assert len(one.stored()["cards"]) == 1


@pytest.mark.slow
def test_filters_and_the_number_of_new_positions_choose(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "mixed.html")
    choices = [("t-theme", "wrong capture", "1"), ("t-phase", "endgame", "3"), ("t-cost", "30", "2")]
    choices += [("t-opening", "Petrov's Defense", "2"), ("t-source", "mistakes", "3")]
    for name, value, number in choices:
        one.page.select_option(f"#{name}", value)
        assert one.summary == ["0", number, f"0 of {number}"], name
        one.page.select_option(f"#{name}", "")
    one.page.select_option("#t-theme", "wrong capture")
    one.page.select_option("#t-phase", "opening")
    assert one.says == "No position fits the filters."
    one.page.select_option("#t-theme", "")
    one.page.select_option("#t-phase", "")
    one.page.fill("#t-limit", "1")
    one.page.press("#t-limit", "Tab")
    assert one.summary == ["0", "1", "0 of 5"]
    one.page.click("#t-solve")
    one.page.click("#t-next")
    assert "New and left for another day, or for a higher number a day: 4 positions." in one.says
    one.page.click("#t-ahead")
    assert one.task == "White to move: find the best move."
    one.wait(DAY)
    assert one.summary == ["1", "1", "0 of 5"]
    assert one.stored()["limit"] == 1


@pytest.mark.slow
def test_the_board_turns_and_the_solver_is_below(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "castling.html")
    for _ in range(2):
        king = one.at("e8").bounding_box()["y"]
        others = one.at("e1").bounding_box()["y"]
        assert (king > others) != one.page.evaluate("window.turned || false")
        one.page.click("#t-flip")
        one.page.evaluate("window.turned = true")


@pytest.mark.slow
def test_hostile_text_is_shown_and_does_nothing(new: Callable[..., Trainer], tmp_path: Path) -> None:
    path = tmp_path / "training.html"
    for text in HOSTILE:
        shown = text.encode("utf-8", "replace").decode()
        row = dict.fromkeys(("player", "why", "played", "phase", "opening"), text)
        path.write_text(trainer(player=text, mistakes=mistakes(row)).encode("utf-8", "replace").decode())
        one = new()
        one.open(path)
        assert one.task == f"White to move: find a better move than {shown}."
        one.page.click("#t-solve")
        assert one.page.text_content("#t-answer bdi") == shown
        assert one.page.evaluate("window.hacked") is None
        assert one.page.locator('a[href^="javascript"], img, iframe').count() == 0


@pytest.mark.slow
def test_the_report_has_it_on_a_page_of_its_own(new: Callable[..., Trainer], tmp_path: Path, axe: str) -> None:
    path = tmp_path / "report.html"
    [file] = write(games_of_anna(3), player="Anna")
    path.write_text(file.text, encoding="utf-8")
    one = new()
    one.page.goto(path.as_uri())
    assert not one.page.is_visible("#trainer")
    one.page.click("#to-trainer")
    one.page.wait_for_selector("#trainer")
    assert not one.page.is_visible("#overview")
    assert one.page.title().startswith("Trainer – ")
    one.page.click("#t-solve")
    one.page.click("#t-answer a")
    one.page.wait_for_selector("#game")
    assert not one.page.is_visible("#trainer")
    one.page.go_back()
    one.page.wait_for_selector("#trainer")
    assert one.says.startswith("The solution is ")
    one.page.evaluate(axe)
    assert one.page.evaluate("axe.run()")["violations"] == []
    one.page.click(".brand a")
    one.page.wait_for_selector("#overview")
    assert not one.page.is_visible("#trainer")
    one.page.emulate_media(media="print")
    assert not one.page.is_visible("#trainer")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1400, "light")])
def test_everybody_can_use_it_and_nothing_is_wider_than_the_screen(
    new: Callable[..., Trainer], files: Path, axe: str, width: int, scheme: str
) -> None:
    one = new(width, scheme)

    def checked(what: str) -> None:
        one.page.evaluate(axe)
        violations = one.page.evaluate("axe.run()")["violations"]
        bad = [(found["id"], node["html"][:160]) for found in violations for node in found["nodes"][:3]]
        assert bad == [], what
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width, what

    one.open(files / "mixed.html")
    checked("asked")
    one.click("e2")
    checked("picked up")
    one.click("e3")
    checked("wrong")
    one.page.click("#t-give-up")
    checked("solution")
    one.page.click("#t-next")
    one.play("Rb8")
    checked("right")
    one.page.emulate_media(media="print")
    assert one.page.is_hidden("#t-filters")
    assert one.page.is_visible("#t-board")
    one.page.emulate_media(media="screen")
    one.page.goto((files / "nothing.html").as_uri())
    checked("nothing")
    one.open(files / "promotion.html")
    one.click("a7", "a8")
    checked("promotion")
