"""Results in all spellings, and games that nobody played."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine.model import Epd, parse_result
from engine.testing import analysed_game

SPELLED = {
    "1-0": [
        "1-0",
        " 1-0 ",
        "1–0",
        "1—0",
        "1−0",
        "1:0",
        "1 - 0",
        "1-0.",
        "+/-",
        "+:-",
        "+--",
        "+-",
        "1-0 ff",
        "1-0F",
        "1/0",
    ],
    "0-1": ["0-1", "0–1", "0:1", "0 : 1", "-/+", "-:+", "--+", "−:+", "0-1 (forfeit)", "0-1 wo", "Black wins"],
    "1/2-1/2": [
        "1/2-1/2",
        "½-½",
        "½–½",
        "1/2",
        "½",
        "0.5-0.5",
        "0,5:0,5",
        ".5-.5",
        "1/2:1/2",
        "=-=",
        "draw",
        "Remis",
    ],
    "*": ["*", "", "?", "-", "??", "unknown", "0-0", "0–0", "-/-", "0:0"],
}


@pytest.mark.parametrize(("result", "text"), [(result, text) for result in SPELLED for text in SPELLED[result]])
def test_spellings(result: str, text: str) -> None:
    assert parse_result(text) == result


@pytest.mark.parametrize("text", ["foo", "2-0", "1-1", "1-2", "Anna", "1/2-0", "e4", "10", "-1"])
def test_what_is_no_result(text: str) -> None:
    assert parse_result(text) is None


def test_the_tag_wins_and_the_moves_count_where_it_says_nothing() -> None:
    game = analysed_game("1. e4", [0, 0])
    for tag, in_moves, result in (
        ("1-0", None, "1-0"),
        ("1:0", None, "1-0"),
        ("?", "0-1", "0-1"),
        ("foo", None, "*"),
    ):
        one = structs.replace(game, headers={"Result": tag}, untagged_result=in_moves)
        assert one.result == result
    assert structs.replace(game, headers={}, untagged_result="1/2-1/2").points("white") == 0.5


@pytest.mark.parametrize(
    ("moves", "headers", "unplayed"),
    [
        ("", {"Result": "1-0"}, True),
        ("", {"Result": "*"}, False),
        ("", {"Result": "*", "FEN": "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"}, False),
        ("", {"Result": "+/-"}, True),
        ("1. e4", {"Result": "1-0"}, False),
        ("1. e4", {"Result": "1-0", "Black": "BYE"}, True),
        ("1. e4", {"Result": "1-0", "White": "bye"}, True),
        ("1. e4", {"Result": "1-0", "Black": "half-point bye"}, True),
        ("1. e4", {"Result": "1-0", "Black": "Byenko, A"}, False),
        ("1. e4", {"Result": "*", "Termination": "Unterminated"}, True),
        ("1. e4", {"Result": "1-0", "Termination": "forfeit"}, True),
        ("1. e4", {"Result": "1-0", "Termination": "won by forfeit"}, True),
        ("1. e4", {"Result": "1-0", "Termination": "Time forfeit"}, False),
        ("1. e4", {"Result": "1-0", "Termination": "forfeits on time"}, False),
        ("1. e4", {"Result": "1-0", "Termination": "Normal"}, False),
    ],
)
def test_unplayed(moves: str, headers: dict[str, str], unplayed: bool) -> None:
    assert analysed_game(moves, headers=headers).unplayed == unplayed


def test_a_position_and_a_game_whose_first_move_is_damaged_are_not_unplayed() -> None:
    assert not analysed_game("", headers={"Result": "1-0"}, epd=Epd(id="x")).unplayed
    assert not structs.replace(analysed_game("", headers={"Result": "1-0"}), problem="illegal move").unplayed
