"""Clocks and move times in the comments of PGN, in every spelling."""

from __future__ import annotations

import pytest

from engine.model import Note, SourceGame
from tests.plugins.readers.pgn_rig import game

MOVES = ("Nf3", "Nf6", "Ng1", "Ng8")


def commented(comments: list[str], control: str = "") -> SourceGame:
    """Knights go out and back; a comment a ply."""
    tags = f'[White "A"]\n[TimeControl "{control}"]\n\n' if control else '[White "A"]\n\n'
    return game(tags + " ".join(f"{MOVES[k % 4]} {{{text}}}" for k, text in enumerate(comments)) + " *\n")


def clocks(*texts: str, control: str = "") -> tuple[float | None, ...]:
    return commented([f"[%clk {text}]" if text else "" for text in texts], control).clocks


def times(*texts: str, control: str = "", command: str = "emt") -> tuple[float | None, ...]:
    return commented([f"[%{command} {text}]" if text else "" for text in texts], control).times


def said(one: SourceGame) -> list[tuple[str, bool]]:
    return [(note.topic, note.understood) for note in one.notes]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:03:00", 180),
        ("00:02:59", 179),
        ("0:2:5", 125),
        ("0:02:59.9", 179.9),
        ("0:02:59.93", 179.93),
        ("0:02:59,9", 179.9),
        ("0:02:59:93", 179.93),
        ("2m59s", 179),
        ("1h30m", 5400),
        ("179.9s", 179.9),
        ("179.9", 179.9),
        ("90:00", 5400),
        ("59:30.5", 3570.5),
    ],
)
def test_one_clock(text: str, seconds: float) -> None:
    one = commented([f"[%clk {text}]"])
    assert (one.clocks, one.notes) == ((seconds,), ())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.250", 1.25),
        ("0:01.25", 1.25),
        ("0:00:01.25", 1.25),
        ("0:07", 7),
        ("1:02:03", 3723),
        ("0", 0),
        ("12", 12),
        ("5s", 5),
        ("1m20s", 80),
        ("0:01,5", 1.5),
    ],
)
def test_one_move_time(text: str, seconds: float) -> None:
    one = commented([f"[%emt {text}]"])
    assert (one.times, one.notes) == ((seconds,), ())


@pytest.mark.parametrize(
    "comment",
    [
        "[%clk 0:03:00] [%eval 0.3,20]",
        "[%eval 0.3,20][%clk 0:03:00]",
        "[%eval 0.3] good } {and [%clk 0:03:00] there",
        "[%eval 0.3] } $1 (1. e4 {[%clk 0:00:01]} e5) {[%clk\n0:03:00 ]",
        "[%clk x]} {[%clk 0:03:00]",
        "[%clk 0:03:00]} {[%clk 0:02:00]",
        "[%clk 3m0s]} {[%clk 0:02:00]",
        "[%csl Ga1][%clk 0:03:00][%c_effect f3;square;f3;type;Book;persistent;true]",
    ],
)
def test_places_of_a_clock(comment: str) -> None:
    assert commented([comment, ""]).clocks[0] == 180


@pytest.mark.parametrize(
    ("texts", "control", "expected"),
    [
        (("1:30", "1:30", "1:29"), "5400+30", (5400, 5400, 5340)),
        (("1:30", "1:29", "1:30", "1:28"), "90+30", (5400, 5340, 5400, 5280)),
        (("1:30", "1:20", "1:35", "1:30"), "90+30", (90, 80, 95, 90)),  # gains more than a minute with a move
        (("3:00", "3:00", "2:58"), "180+2", (180, 180, 178)),
        (("3:00", "3:00", "2:58"), "3+2", (180, 180, 178)),
        (("2:00", "2:00", "1:55"), "40/7200:3600", (7200, 7200, 6900)),
        (("1:00", "1:00", "0:58"), "60", (60, 60, 58)),
        (("1:30", "1:30", "1:28"), "", (5400, 5400, 5280)),  # what the PGN supplement says of two numbers
        (("3:00", "3:00", "2:50", "2:40"), "", (180, 180, 170, 160)),  # an hour would be gone after six moves
        (("10:00", "9:58", "9:59"), "", (600, 598, 599)),
        (("1:00:05", "1:00:00", "59:50", "59:40"), "", (3605, 3600, 3590, 3580)),
    ],
)
def test_two_numbers_are_what_the_game_makes_of_them(
    texts: tuple[str, ...], control: str, expected: tuple[float, ...]
) -> None:
    assert clocks(*texts, control=control) == expected


def test_how_two_numbers_were_read_is_said() -> None:
    one = commented(["[%clk 1:30]", "[%clk 1:30]"], "90+30")
    assert said(one) == [("clock spelling", True), ("TimeControl in minutes", True)]
    assert one.notes[0].reason == "clocks such as `1:30` are read as hours and minutes"


@pytest.mark.parametrize(
    ("texts", "control", "expected"),
    [
        (("180", "179"), "180", (180, 179)),
        (("17990", "17850"), "180", (179.9, 178.5)),
        (("179900", "178500"), "180", (179.9, 178.5)),
        (("1799", "1785"), "180", (179.9, 178.5)),
        (("5400", "5390"), "90+30", (5400, 5390)),
        (("17990", "17850"), "", (17990, 17850)),
    ],
)
def test_plain_numbers_have_the_unit_that_suits_the_time_control(
    texts: tuple[str, ...], control: str, expected: tuple[float, ...]
) -> None:
    assert clocks(*texts, control=control) == expected


def test_whole_move_times_in_another_unit() -> None:
    many = [str(100 + k) for k in range(40)]
    assert times(*many, control="60")[:2] == (1.0, 1.01)
    assert times(*many, control="3600")[:2] == (100, 101)
    assert times(*many, "1.5", control="60")[:2] == (100, 101)
    one = commented([f"[%emt {text}]" for text in many], "60")
    assert [note.reason for note in one.notes] == ["move times such as `139` are read as centiseconds"]


def test_timestamps_are_tenths_of_a_second_spent_where_no_clock_tells_the_time() -> None:
    assert times("1", "15", "98", control="180", command="timestamp") == (0.1, 1.5, 9.8)
    both = ["[%clk 0:02:59.9][%timestamp 1]", "[%clk 0:02:58.5][%timestamp 15]"]
    assert commented(both, "180").times == ()
    assert commented(both).times == (0.1, 1.5)  # no time control, so the clocks tell nothing


def test_a_mechanical_clock_goes_forward_while_its_owner_thinks() -> None:
    dial = ("4:00:10", "4:00:20", "4:01:10", "4:00:50", "4:01:30")
    assert times(*dial, command="mct") == (None, None, 60, 30, 20)
    assert times("11:59:50", "", "0:00:20", command="mct") == (None, None, 30)
    assert times("23:59:50", "", "12:00:20", command="mct") == (None, None, 30)
    down = commented([f"[%mct {text}]" for text in ("0:03:00", "0:03:00", "0:02:50", "0:02:40")], "180")
    assert (down.times, down.clocks) == ((), (180, 180, 170, 160))


def test_the_elapsed_game_time_of_a_player() -> None:
    assert times("0:00:05", "0:00:03", "0:00:25", "0:00:03", command="egt") == (5, 3, 20, 0)


@pytest.mark.parametrize("text", ["", "-", "?", "--:--:--"])
def test_a_clock_that_says_nothing_is_passed_over(text: str) -> None:
    one = commented([f"[%clk {text}]", "[%clk 0:03:00]"])
    assert (one.clocks, one.notes) == ((None, 180), ())


@pytest.mark.parametrize(
    ("command", "text"), [("clk", "3:00pm"), ("emt", "0:00:0x"), ("mct", "4.5.6"), ("egt", "1:2:3:x")]
)
def test_what_is_no_time_is_left_out_and_said(command: str, text: str) -> None:
    one = commented([f"[%{command} {text}]"] * 2)
    assert (one.clocks, one.times) == ((), ())
    assert one.notes == (
        Note(
            f"%{command}",
            f"`[%{command} {text}]` is not understood and left out; write it like `[%{command} 0:02:59.9]`",
        ),
    )


def test_a_time_control_in_minutes_one_against_the_clocks_and_one_that_is_not_understood() -> None:
    (minutes,) = commented(["[%clk 1:29:30]", "[%clk 1:29:00]"], "40/90+30:30+30").notes
    assert minutes == Note(
        "TimeControl in minutes",
        "TimeControl `40/90+30:30+30` is read as 40 moves in 90 min + 30 s a move, then 30 min + 30 s a move, "
        "to suit the clocks, which begin at 1:29:30",
        understood=True,
    )
    assert said(commented(["[%clk 1:29:30]"], "15'/game & 10''/move")) == [
        ("TimeControl against the clocks", False)
    ]
    (unread,) = commented(["[%clk 1:29:30]"], "as usual").notes
    assert (unread.topic, unread.understood) == ("TimeControl", False)
    assert unread.reason.startswith("TimeControl `as usual` is not understood: ")


@pytest.mark.parametrize("control", ["180+2", "-", "?", "40/7200:3600", "1/259200"])
def test_ordinary_games_need_no_words(control: str) -> None:
    assert commented(["", ""], control).notes == ()
