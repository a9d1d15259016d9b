"""The time of each move, from what the game states and from its clocks."""

from __future__ import annotations

from itertools import cycle, islice

import chess
import pytest

from engine.analysis.times import move_times
from engine.model import SourceGame

SHUFFLE = ("g1f3", "g8f6", "f3g1", "f6g8")


def times(
    control: str, *clocks: float | None, stated: tuple[float | None, ...] = (), fen: str = chess.STARTING_FEN
) -> list[float | None]:
    moves = tuple(islice(cycle(SHUFFLE), max(len(clocks), len(stated))))
    headers = {"TimeControl": control} if control else {}
    return move_times(SourceGame(headers, fen, moves=moves, sans=moves, clocks=clocks, times=stated))


def white(control: str, *clocks: float | None, number: int = 1) -> list[float | None]:
    """White's times, with Black's clocks unknown; White's first move has this number."""
    both = [clock for own in clocks for clock in (own, None)]
    return times(control, *both, fen=chess.STARTING_FEN.replace("0 1", f"0 {number}"))[::2]


def test_the_fall_of_the_clock_and_the_increment() -> None:
    assert times("180+2", 180, 180, 177, 170.5) == [None, None, 5, 11.5]
    assert times("", 180, 180, 177, 170) == [None] * 4
    assert times("180+2", 180, None, 177, 170, None, 160) == [None, None, 5, None, None, 12]


def test_what_is_stated_counts_before_the_clock() -> None:
    assert times("60", 60, 60, 55, 50, stated=(0.5, None, 4.5)) == [0.5, None, 4.5, 10]
    assert times("", stated=(1.0, None)) == [1.0, None]


def test_a_clock_that_rises_is_unknown_and_never_0_seconds() -> None:
    assert white("60", 60, 50, 65, 60) == [None, 10, None, 5]
    assert white("60+1", 60, 61, 62.5, 60) == [None, 0, None, 3.5]
    assert white("90'+30''", 5400, 5000, 6800) == [None, 430, None]


def period(control: str, *clocks: float, number: int = 38) -> list[float | None]:
    return white(control, *clocks, number=number)


def test_a_new_period_adds_its_time_with_the_last_move_of_the_old_one() -> None:
    assert period("40/5400+30:1800+30", 1600, 1500, 3200, 3100) == [None, 130, 130, 130]
    assert period("40/7200:20/3600:900", 100, 50, 3600, 3500) == [None, 50, 50, 100]
    assert period("40/7200:20/3600:900", 300, 200, 1000, 900, number=58) == [None, 100, 100, 100]
    assert period("40/300", 40, 20, 310, number=78) == [None, 20, 10]  # the last period repeats


def test_or_one_move_later_or_when_the_old_time_has_run_out() -> None:
    assert period("40/5400:1800", 500, 400, 300, 2000) == [None, 100, 100, 100]
    assert period("40/5400:1800", 500, 400, 300, 20, 1700) == [None, 100, 100, 280, 120]
    # Both readings of move 40 are possible until the next move shows that the time came later.
    assert period("40/5400:1800", 3000, 2900, 2800, 4500) == [None, 100, 100, 100]


def test_what_a_new_period_leaves_open_is_unknown() -> None:
    # 100 s without the new time, or 1900 s with it.
    assert period("40/5400:1800", 3000, 2900, 2800, 2700) == [None, 100, None, 100]
    assert period("40/5400:1800", 500, 400, 2300) == [None, 100, None]  # 1900 s more: not this time control
    assert period("40/5400:1800", 500, 2200, 2100)[1] is None  # one move too early


def test_the_increment_of_the_new_period() -> None:
    assert period("40/7200:900+30", 100, 50, 940, 960) == [None, 50, 10, 10]


def test_a_period_whose_first_move_is_not_known() -> None:
    assert period("90'+30'+30''/move", 500, 2200, 2100) == [None, 130, 130]
    assert period("90'+30'+30''/move", 2500, 2600, 2500) == [None, None, 130]  # two minutes, not thirty
    assert period("90'+30'+30''/move", 500, 2200, number=2) == [None, None]


def test_a_daily_clock_starts_again_at_each_move() -> None:
    assert times("1/259200", 259100, 200000, 100000, 259200) == [100, 59200, 159200, 0]
    assert times("1/86400", 86400, 90000) == [0, None]


def test_an_hourglass_gives_the_time_to_the_opponent() -> None:
    # White takes 10 s, Black 5, White 20.
    assert times("*60", 50, 65, 35) == [10, 5, 20]
    assert times("*60", 50, None, 35) == [10, None, None]


def test_a_delay_is_time_spent_and_a_clock_that_stands_says_nothing() -> None:
    assert white("G/60;d5", 3600, 3590, 3590, 3585) == [None, 15, None, 10]
    assert white("G/60;d5", 3600, 3602) == [None, None]


def test_minutes_in_the_tag() -> None:
    assert times("90+30", 5370, 5340, 5340, 5280) == [None, None, 60, 90]
    assert times("15'/game & 10''/move", 5370, 5340, 5340, 5280) == [None] * 4


def test_berserk_has_no_increment() -> None:
    assert times("180+2", 90, 180, 85, 180) == [None, None, 5, 2]


@pytest.mark.parametrize("control", ["40/5400:1800", "1/86400", "*60", "G/60;d5", "180+2"])
def test_games_without_a_move_or_with_one(control: str) -> None:
    assert times(control) == []
    assert len(times(control, 60)) == 1
