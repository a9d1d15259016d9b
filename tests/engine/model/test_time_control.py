"""What the tag `TimeControl` means, alone and beside the clocks of the game."""

from __future__ import annotations

import chess
import pytest

from engine.model import Period, Settled, TimeControl, settle, time_control
from engine.testing import analysed_game

START = chess.STARTING_FEN


def tag(text: str) -> TimeControl | None:
    return time_control({"TimeControl": text})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("180+2", TimeControl(180, 2)),
        ("600", TimeControl(600, 0)),
        (" 300 + 3 ", TimeControl(300, 3)),
        ("10.931+0.109", TimeControl(10.931, 0.109)),
        ("40/7200", TimeControl(7200, 0, moves=40)),
        ("40/7200:3600", TimeControl(7200, 0, 40, (Period(3600),))),
        ("40/5400+30:1800+30", TimeControl(5400, 30, 40, (Period(1800, 30),))),
        ("40/7200:20/3600:900+30", TimeControl(7200, 0, 40, (Period(3600, 0, 20), Period(900, 30)))),
        ("5400/40+30:1800+30", TimeControl(5400, 30, 40, (Period(1800, 30),))),  # moves and seconds swapped
        ("40/300:0+0", TimeControl(300, 0, 40)),  # Arena
        ("1/259200", TimeControl(259200, 0, kind="move")),
        ("*60", TimeControl(60, 0, kind="hourglass")),
        ("2700d5", TimeControl(2700, 0, delay=5)),
        ("180+2d", TimeControl(180, 0, delay=2)),
        ("1:30:00+30", TimeControl(5400, 30)),
        ("5:00", TimeControl(300, 0)),
    ],
)
def test_the_standard_and_what_is_near_it(text: str, expected: TimeControl) -> None:
    assert tag(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90 min + 30 sec / move", TimeControl(5400, 30)),
        ("90'+30''", TimeControl(5400, 30)),
        ("90′ + 30″", TimeControl(5400, 30)),
        ("15'/game & 10''/move", TimeControl(900, 10)),
        ("15 min. + 10 s. per move", TimeControl(900, 10)),
        ("15 minutes + 10 seconds increment per move, starting from move 1", TimeControl(900, 10)),
        ("1h30m+30s", TimeControl(5400, 30)),
        ("2 hours", TimeControl(7200, 0)),
        ("Blitz 3+2", TimeControl(180, 2)),
        ("10|5", TimeControl(600, 5)),
        ("G/60;d5", TimeControl(3600, 0, delay=5)),
        ("G/60 d5", TimeControl(3600, 0, delay=5)),
        ("G/90; +30", TimeControl(5400, 30)),
        ("G/90;inc30", TimeControl(5400, 30)),
        ("Game/25 + 5 s delay", TimeControl(1500, 0, delay=5)),
        ("40/120, SD/60; d5", TimeControl(7200, 0, 40, (Period(3600),), delay=5)),
        ("90'/40 + 30' + 30''/move", TimeControl(5400, 30, 40, (Period(1800, 30),))),
        (
            "40 moves in 90 minutes, then 30 minutes, with 30 s per move",
            TimeControl(5400, 30, 40, (Period(1800, 30),)),
        ),
        (
            "120'/40+60'/20+15'+30''/move from move 61",
            TimeControl(7200, 0, 40, (Period(3600, 0, 20), Period(900, 30))),
        ),
        ("100 min/40 + 50 min/20 + 15 min", TimeControl(6000, 0, 40, (Period(3000, 0, 20), Period(900)))),
        ("3 days per move", TimeControl(259200, 0, kind="move")),
        ("10 moves in 30 days", TimeControl(2592000, 0, 10)),
        ("5 min hourglass", TimeControl(300, 0, kind="hourglass")),
    ],
)
def test_words_and_units(text: str, expected: TimeControl) -> None:
    assert tag(text) == expected


@pytest.mark.parametrize("text", ["", "?", "-", "unlimited"])
def test_nothing_is_known_and_nothing_is_amiss(text: str) -> None:
    assert settle({"TimeControl": text}, (), START) == Settled(None, None, None, "none")


@pytest.mark.parametrize(
    "text", ["standard", "5 potatoes", "40 moves", "90+x", "1e5+3", "-5+3", ":", "+", "45 45", "9" * 500, "d5"]
)
def test_what_is_not_understood(text: str) -> None:
    assert settle({"TimeControl": text}, (), START) == Settled(None, None, None, "unread")


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("15+0", "ultrabullet"),
        ("*60", "bullet"),
        ("180+2", "blitz"),
        ("G/10;d5", "rapid"),  # 600 + 40 × 5
        ("900+15", "classical"),
        ("90'+30''", "classical"),
        ("40/7200:3600", "classical"),
        ("1/3600", "correspondence"),
        ("1/259200", "correspondence"),
    ],
)
def test_speeds(text: str, speed: str) -> None:
    control = tag(text)
    assert control is not None
    assert control.speed == speed


def test_the_whole_clock_of_a_daily_game_is_the_time_for_a_move() -> None:
    control = TimeControl(259200, 0, kind="move")
    assert (control.whole, control.estimate) == (259200, 40 * 259200)


def test_periods_add_their_time_and_the_last_one_repeats_if_it_has_a_number_of_moves() -> None:
    control = tag("40/7200:20/3600:900")
    assert control is not None
    assert [control.added(n) for n in (39, 40, 59, 60, 500)] == [0, 3600, 3600, 4500, 4500]
    repeated = tag("40/300")
    assert repeated is not None
    assert [repeated.added(n) for n in (39, 40, 80, 125)] == [0, 300, 600, 900]


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [
        ("90+30", 5370, TimeControl(5400, 30)),
        ("25+10", 1500, TimeControl(1500, 10)),
        ("3+2", 180, TimeControl(180, 2)),
        ("1+0", 60, TimeControl(60, 0)),
        ("40/90+30:30+30", 5400, TimeControl(5400, 30, 40, (Period(1800, 30),))),
        ("90/40+30", 5400, TimeControl(5400, 30, 40)),
        ("*3", 180, TimeControl(180, 0, kind="hourglass")),
        ("1:30", 5400, TimeControl(5400, 0)),
    ],
)
def test_minutes_where_the_clocks_say_so(text: str, first: float, expected: TimeControl) -> None:
    settled = settle({"TimeControl": text}, (first, first - 10), START)
    assert (settled.game, settled.verdict) == (expected, "minutes")
    assert settle({"TimeControl": text}, (), START).verdict == "fits"


@pytest.mark.parametrize(
    ("text", "clocks"),
    [
        ("90+30", (90, 80)),  # 90 seconds they are
        ("60+0", (75, 60)),  # 15 seconds, given by the opponent
        ("0+1", (3, 3)),  # Lichess's shortest
        ("5400+30", (1200, 1300)),  # a game that begins with a later clock
    ],
)
def test_clocks_that_suit_the_standard(text: str, clocks: tuple[float, ...]) -> None:
    assert settle({"TimeControl": text}, clocks, START).verdict == "fits"


@pytest.mark.parametrize(("text", "first"), [("15'/game & 10''/move", 5370), ("60+30", 5400), ("300+3", 36000)])
def test_clocks_that_no_reading_allows(text: str, first: float) -> None:
    assert settle({"TimeControl": text}, (first, first), START) == Settled(None, None, None, "contradicted")


def test_berserk_is_half_the_time_and_no_increment_for_one_side() -> None:
    clocks = (90, 180, 85, 181, 80, 182)
    settled = settle({"TimeControl": "180+2"}, clocks, START)
    assert (settled.game, settled.white, settled.black) == (
        TimeControl(180, 2),
        TimeControl(90, 0),
        TimeControl(180, 2),
    )
    rising = settle({"TimeControl": "180+2"}, (90, 180, 91, 181), START)  # who gains time has an increment
    assert rising.white == TimeControl(180, 2)
    black_first = START.replace(" w ", " b ")
    assert settle({"TimeControl": "180+2"}, clocks, black_first).black == TimeControl(90, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"WhiteTimeControl": "60+1", "BlackTimeControl": "300"},
        {"TimeControlWhite": "60+1", "TimeControlBlack": "300"},
        {"TimeControl": "60+1; 300"},
        {"TimeControl": "300", "WhiteTimeControl": "60+1"},
    ],
)
def test_time_odds_in_the_tags(headers: dict[str, str]) -> None:
    settled = settle(headers, (60, 300), START)
    assert settled == Settled(TimeControl(300, 0), TimeControl(60, 1), TimeControl(300, 0), "fits")


def test_time_odds_in_the_clocks() -> None:
    settled = settle({"TimeControl": "60+0"}, (60, 300, 55, 290), START)
    assert (settled.game, settled.white, settled.black) == (
        TimeControl(60, 0),
        TimeControl(60, 0),
        TimeControl(300, 0),
    )


def test_less_time_for_one_side_is_odds_and_for_both_a_later_beginning() -> None:
    assert settle({"TimeControl": "300+2"}, (300, 60, 299, 61), START).black == TimeControl(60, 2)
    assert settle({"TimeControl": "300+2"}, (60, 300, 61, 299), START).white == TimeControl(60, 2)
    assert settle({"TimeControl": "300+2"}, (70, 60, 69, 61), START).black == TimeControl(300, 2)


def test_the_speed_of_a_game() -> None:
    moves = "1. e4 { [%clk 1:29:30] } e5 { [%clk 1:29:00] }"
    game = analysed_game(moves, headers={"TimeControl": "90+30"})
    assert (game.time_control, game.speed) == (TimeControl(5400, 30), "classical")
    assert analysed_game("1. e4 e5", headers={"TimeControl": "-"}).speed == "correspondence"
    for control in ("-", "?", "0+0", "15'/game"):
        assert analysed_game(moves, headers={"TimeControl": control}).speed is None
