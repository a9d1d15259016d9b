"""Time management on games small enough to be checked by hand, and on real ones."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from engine.model import AnalysedGame, Epd, Score
from engine.scoring import move_accuracy, win_percent
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.time_management import TimeManagement
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows

ANNA_BERT = {"White": "Anna", "Black": "Bert", "TimeControl": "100+0", "Result": "1-0"}
SHUFFLE = ("Nf3", "Nf6", "Ng1", "Ng8")


def shuffled(*clocks: float, **arguments: Any) -> AnalysedGame:
    """Knights go out and back; a clock a ply."""
    moves = [
        f"{SHUFFLE[k % 4]} {{ [%clk 0:{int(clock) // 60:02}:{clock % 60:06.3f}] }}"
        for k, clock in enumerate(clocks)
    ]
    return analysed_game(" ".join(moves), **({"headers": ANNA_BERT} | arguments))


def win_percent_of(cp: int) -> float:
    return win_percent(Score(cp=cp))


# 100+0, so that seconds are percent. White takes 20, 72 and 6 seconds, Black 2 and 1.
CLOCKS = (100, 100, 80, 98, 8, 97, 2)
# White's last move loses 300 centipawns: from 51.4 to 25.9 Win%, a blunder.
EVALS = [15, 15, 15, 15, 15, 15, 15, -285]


def test_by_player_and_in_total() -> None:
    got = report(TimeManagement, shuffled(*CLOCKS, evals=EVALS))
    anna, bert = rows(got, "players")
    assert anna == {
        "player": "Anna",
        "games": 1,
        "time": 32.667,  # 98 / 3
        "trouble": 50.0,  # 8% and 2% of 4 moves
        "flag_losses": 0,
        "flag_wins": 0,
        "left": 2.0,
        "variance": None,
    }
    assert (bert["time"], bert["trouble"], bert["left"]) == (1.5, 0.0, 97.0)
    last = round(move_accuracy(win_percent_of(15), win_percent_of(-285)), 3)
    assert metrics(got) == {
        "games": 2,
        "moves": 5,
        "time": 20.2,  # 101 / 5
        "trouble": 28.571,  # 2 / 7
        "accuracy_in_trouble": pytest.approx((100 + last) / 2, abs=0.001),
        "accuracy_otherwise": 100.0,
        "trouble_at_equal_win": None,  # a game has no error
        "flag_losses": 0,
        "flag_wins": 0,
    }


def test_by_clock_left_and_by_move_time() -> None:
    got = report(TimeManagement, shuffled(*CLOCKS, evals=EVALS))
    assert [(row["side"], row["left"], row["moves"], row["blunders"]) for row in rows(got, "clock")] == [
        ("ours", "under 3%", 1, 1),
        ("ours", "3-10%", 1, 0),
        ("ours", "10-25%", 0, None),
        ("ours", "25-50%", 0, None),
        ("ours", "50% or more", 5, 0),
    ]
    first = rows(got, "clock")[0]
    assert (first["share"], first["blunders_rate"], first["interval"]) == (14.286, 100.0, "20.7-100.0")
    assert [(row["time"], row["moves"], row["share"]) for row in rows(got, "thinking")] == [
        ("under 1 s", 0, 0.0),
        ("1-3 s", 2, 40.0),
        ("3-5 s", 0, 0.0),
        ("5-10 s", 1, 20.0),
        ("10-30 s", 1, 20.0),
        ("30 s or more", 1, 20.0),
    ]


def test_bands_begin_with_their_lower_end() -> None:
    # White is left with 100, 50, 25, 10 and 3%; Black moves in 0, 1, 3, 5, 10 and 30 seconds.
    game = shuffled(100, 100, 50, 100, 25, 99, 10, 96, 3, 91, 3, 81, 3, 51)
    got = report(TimeManagement, game, trouble=3)
    assert {row["left"]: row["moves"] for row in rows(got, "clock")} == {
        "under 3%": 0,
        "3-10%": 3,
        "10-25%": 1,
        "25-50%": 1,
        "50% or more": 9,
    }
    # White's times are 50, 25, 15, 7, 0 and 0.
    assert {row["time"]: row["moves"] for row in rows(got, "thinking")} == {
        "under 1 s": 3,
        "1-3 s": 1,
        "3-5 s": 1,
        "5-10 s": 2,
        "10-30 s": 3,
        "30 s or more": 2,
    }
    assert metrics(got)["trouble"] == 0.0
    assert metrics(report(TimeManagement, game, trouble=4))["trouble"] == 21.429  # 3 / 14


def test_the_increment_is_in_the_time_and_in_the_whole() -> None:
    # 60+1 is 100 s for 40 moves: 60 s left are 60%. White's second move: 60 + 1 - 51 = 10 s.
    got = report(TimeManagement, shuffled(60, 60, 51, headers=ANNA_BERT | {"TimeControl": "60+1"}))
    anna = rows(got, "players")[0]
    assert (anna["time"], anna["left"]) == (10.0, 51.0)


@pytest.mark.parametrize(
    ("control", "speed"),
    [
        ("29+0", "ultrabullet"),
        ("30+0", "bullet"),
        ("139+1", "bullet"),  # 179
        ("140+1", "blitz"),  # 180
        ("480", "rapid"),
        ("900+15", "classical"),  # 1500
        ("1/86400", "correspondence"),
    ],
)
def test_speed_is_that_of_forty_moves(control: str, speed: str) -> None:
    got = report(TimeManagement, shuffled(20, 20, 10, headers=ANNA_BERT | {"TimeControl": control}))
    assert [(row["speed"], row["games"]) for row in rows(got, "speeds")] == [(speed, 2)]


def test_phases_share_the_time() -> None:
    # Two bare kings are an endgame from the first move on.
    kings = analysed_game(
        "1. Kd2 { [%clk 0:01:40] } Kd7 { [%clk 0:01:40] } 2. Kd3 { [%clk 0:01:10] }",
        headers=ANNA_BERT | {"FEN": "4k3/8/8/8/8/8/8/4K3 w - - 0 1", "SetUp": "1"},
        number=2,
    )
    got = report(TimeManagement, shuffled(100, 100, 90), kings)
    assert [(row["phase"], row["moves"], row["share"], row["time"]) for row in rows(got, "phases")] == [
        ("opening", 1, 25.0, 10.0),
        ("endgame", 1, 75.0, 30.0),
    ]


@pytest.mark.parametrize(
    ("termination", "result", "flags"),
    [
        ("Time forfeit", "1-0", (0, 1)),
        ("time FORFEIT", "0-1", (1, 0)),
        ("Bert won on time", "0-1", (1, 0)),
        ("Time forfeit", "1/2-1/2", (0, 0)),
        ("Time forfeit", "*", (0, 0)),
        ("Normal", "1-0", (0, 0)),
    ],
)
def test_lost_and_won_on_time(termination: str, result: str, flags: tuple[int, int]) -> None:
    headers = ANNA_BERT | {"Termination": termination, "Result": result}
    got = report(TimeManagement, shuffled(*CLOCKS, headers=headers, view=("white",)))
    assert (metrics(got)["flag_losses"], metrics(got)["flag_wins"]) == flags


def test_longest_thinks_first_and_no_more_than_asked_for() -> None:
    got = report(TimeManagement, shuffled(*CLOCKS, evals=EVALS), longest=2)
    first, second = rows(got, "longest")
    # +15 is 51.38 Win%.
    assert list(first.values()) == [1, "3. Nf3", "Anna", 72.0, 8.0, 51.38, 51.38, None]
    assert (second["move"], second["time"]) == ("2. Ng1", 20.0)
    got = report(TimeManagement, shuffled(*CLOCKS, evals=EVALS), longest=3)
    third = rows(got, "longest")[2]
    assert (third["move"], third["time"], third["judgement"]) == ("4. Ng1", 6.0, "blunder")


def test_variance_is_over_windows_of_thirteen_times_without_the_extremes() -> None:
    def game(times: list[float]) -> AnalysedGame:
        left = [90.0]
        for time in times:
            left.append(left[-1] - time)
        return shuffled(*(clock for own in left for clock in (own, 90)), view=("white",))

    even = report(TimeManagement, game([0.0] + 11 * [2.0] + [30.0]))
    assert rows(even, "players")[0]["variance"] == 0.0
    assert rows(report(TimeManagement, game(12 * [2.0])), "players")[0]["variance"] is None
    times = [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 3]
    variances = []
    for window in (times[:13], times[1:]):
        kept = [time + 0.1 for time in sorted(window)[1:-1]]
        variances.append(round(statistics.pstdev(kept) / statistics.mean(kept), 3))
    got = rows(report(TimeManagement, game(times)), "players")[0]["variance"]
    assert got == pytest.approx(statistics.mean(variances), abs=0.0006)


def test_the_player_in_view_and_the_opponent() -> None:
    got = report(TimeManagement, shuffled(*CLOCKS, evals=EVALS, view=("black",)))
    assert [row["player"] for row in rows(got, "players")] == ["Bert"]
    assert metrics(got)["moves"] == 2
    moves = {(row["side"], row["left"]): row["moves"] for row in rows(got, "clock")}
    assert moves["ours", "50% or more"] == 3
    assert moves["opponents", "under 3%"] == 1
    assert sum(n for n in moves.values() if isinstance(n, int)) == 7
    assert {row["player"] for row in rows(got, "longest")} == {"Bert"}


def test_without_evaluations_the_times_remain() -> None:
    got = report(TimeManagement, shuffled(*CLOCKS))
    assert (metrics(got)["time"], metrics(got)["accuracy_in_trouble"]) == (20.2, None)
    assert rows(got, "clock")[0]["accuracy"] is None
    assert (metrics(got)["trouble_at_equal_win"], rows(got, "trouble")) == (None, [])
    assert any("no accuracies" in note for note in got.notes)
    assert rows(got, "longest")[0]["win_before"] is None


def test_black_moves_first_from_a_set_up_position() -> None:
    game = analysed_game(
        "41... Kd7 { [%clk 0:01:40] } 42. Kf6 { [%clk 0:00:50] } Ke8 { [%clk 0:01:30] }",
        headers=ANNA_BERT | {"FEN": "8/4k3/8/4K3/4P3/8/8/8 b - - 0 41", "SetUp": "1"},
    )
    got = report(TimeManagement, game)
    assert {row["player"]: row["left"] for row in rows(got, "players")} == {"Anna": 50.0, "Bert": 90.0}
    assert rows(got, "longest")[0]["move"] == "42... Ke8"


@pytest.mark.parametrize(
    "game",
    [
        analysed_game("1. e4 e5", [15, 15, 15], headers=ANNA_BERT),
        shuffled(*CLOCKS, headers={"White": "Anna"}),
        shuffled(*CLOCKS, headers=ANNA_BERT | {"TimeControl": "0+0"}, view=()),
        analysed_game(evals=[20], epd=Epd(id="one")),
    ],
)
def test_no_data(game: AnalysedGame) -> None:
    got = report(TimeManagement, game)
    assert any(note.startswith("No data") for note in got.notes)
    assert all(not table.rows for table in got.tables)


def test_laws() -> None:
    games = [*example_games(), shuffled(*CLOCKS, evals=EVALS, number=30), shuffled(*CLOCKS, number=31)]
    check_aggregator(TimeManagement, games, rounds=ROUNDS)
    check_aggregator(TimeManagement, games, {"longest": 1, "trouble": 50}, rounds=ROUNDS)
    check_aggregator(TimeManagement, games, {"longest": 0}, rounds=ROUNDS)


def test_times_that_are_not_known_are_in_no_mean_and_counted() -> None:
    # White is given 15 s; Black's third clock is missing.
    given = shuffled(60, 60, 50, 55, 65, 50, 60, headers=ANNA_BERT | {"TimeControl": "60"})
    got = report(TimeManagement, given)
    anna, bert = rows(got, "players")
    assert (anna["time"], bert["time"]) == (7.5, 5.0)  # (10 + 5) / 2
    assert (
        "Move times that are not known and left out of every mean: 1, besides each side's first move." in got.notes
    )
    assert "under 1 s" not in {row["time"] for row in rows(got, "thinking") if row["moves"]}
    assert not any("not known" in note for note in report(TimeManagement, shuffled(*CLOCKS)).notes)


def test_no_share_of_the_clock_is_above_all_of_it() -> None:
    given = shuffled(60, 60, 75, 75, headers=ANNA_BERT | {"TimeControl": "60"})
    assert {row["left"] for row in rows(report(TimeManagement, given), "players")} == {100.0}
    hourglass = shuffled(50, 70, 40, 80, headers=ANNA_BERT | {"TimeControl": "*60"})
    assert rows(report(TimeManagement, hourglass), "players")[1]["left"] == 100.0


def test_berserk_and_time_odds_are_measured_by_what_the_player_had() -> None:
    berserk = shuffled(90, 180, 45, 130, headers=ANNA_BERT | {"TimeControl": "180+2"})
    anna, bert = rows(report(TimeManagement, berserk), "players")
    assert (anna["time"], anna["left"]) == (45.0, 50.0)  # 45 of 90, no increment
    assert (bert["time"], bert["left"]) == (52.0, 50.0)  # 130 of 180 + 80
    odds = {"WhiteTimeControl": "60", "BlackTimeControl": "300", "TimeControl": ""}
    anna, bert = rows(report(TimeManagement, shuffled(60, 300, 30, 150, headers=ANNA_BERT | odds)), "players")
    assert (anna["left"], bert["left"]) == (50.0, 50.0)


def test_the_time_of_a_daily_game_is_what_was_left_less_than_a_whole_move() -> None:
    daily = shuffled(80, 60, 40, 90, headers=ANNA_BERT | {"TimeControl": "1/100"})
    got = report(TimeManagement, daily)
    anna, bert = rows(got, "players")
    assert (anna["time"], anna["left"], bert["time"], bert["left"]) == (40.0, 40.0, 25.0, 90.0)
    assert [row["speed"] for row in rows(got, "speeds")] == ["classical"]  # 40 × 100 s


def test_a_time_control_in_minutes() -> None:
    moves = "1. e4 {[%clk 0:25:05]} e5 {[%clk 0:25:07]} 2. Nf3 {[%clk 0:24:12]}"
    got = report(TimeManagement, analysed_game(moves, headers=ANNA_BERT | {"TimeControl": "25+10"}))
    assert rows(got, "players")[0]["time"] == 63.0
    assert [row["speed"] for row in rows(got, "speeds")] == ["classical"]  # 1500 + 400


def side_control(game: AnalysedGame, first: int) -> tuple[float, float]:
    """Base and increment of a side of a Lichess game: berserk halves the one and takes away the other."""
    base, increment = map(float, game.headers["TimeControl"].split("+"))
    clocks = [ply.clock for ply in game.plies[first::2] if ply.clock is not None]
    rises = any(after > before for before, after in pairwise(clocks))
    return (base / 2, 0) if clocks and clocks[0] == base / 2 and not (increment and rises) else (base, increment)


@pytest.mark.parity
def test_real_games() -> None:
    games = lichess_games()
    got = report(TimeManagement, *games)
    bands: Counter[str] = Counter()
    blunders: Counter[str] = Counter()
    times, troubled = [], 0
    for game in games:
        controls = [side_control(game, first) for first in (0, 1)]
        for k, ply in enumerate(game.plies):
            if ply.clock is None:
                continue
            base, increment = controls[k % 2]
            before = game.plies[k - 2].clock if k >= 2 else None
            if before is not None and ply.clock <= before + increment:
                times.append(before + increment - ply.clock)
            percent = 100 * ply.clock / (base + 40 * increment)
            troubled += percent < 10
            edges = [(3, "under 3%"), (10, "3-10%"), (25, "10-25%"), (50, "25-50%"), (1e9, "50% or more")]
            name = next(name for edge, name in edges if percent < edge)
            bands[name] += 1
            blunders[name] += ply.judgement == "blunder"
    assert metrics(got)["time"] == round(sum(times) / len(times), 3)
    assert metrics(got)["moves"] == len(times)
    assert metrics(got)["trouble"] == round(100 * troubled / bands.total(), 3)
    assert {row["left"]: (row["moves"], row["blunders"]) for row in rows(got, "clock")} == {
        name: (bands[name], blunders[name]) for name in bands
    }
    assert rows(got, "longest")[0]["time"] == max(times)
    forfeits = [
        game for game in games if game.headers["Termination"] == "Time forfeit" and game.result != "1/2-1/2"
    ]
    assert metrics(got)["flag_losses"] == metrics(got)["flag_wins"] == len(forfeits)
    listed = [row["time"] for row in rows(got, "longest") if isinstance(row["time"], float)]
    assert all(first >= second for first, second in pairwise(listed))
