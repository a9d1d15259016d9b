"""`trends`: periods, intervals by game, and whether play is getting better."""

from __future__ import annotations

import datetime as dt
import random
import statistics

import pytest

from engine.model import AnalysedGame, Reference
from engine.testing import analysed_game
from engine_plugins.aggregators._slopes import Day, slope
from engine_plugins.aggregators.trends import Trends
from tests.plugins.aggregators.rig import metrics, report, rows, table

MOVES = " ".join(f"{k}. N{w} N{b}" for k, (w, b) in enumerate([("f3", "f6"), ("g1", "g8")] * 6, start=1))


def game(date: str, number: int, loss: int = 0, **tags: str) -> AnalysedGame:
    """Return a game of twelve moves in which White, rated 1500, loses `loss` centipawns and wins."""
    evals = [15] * 11 + [15 - loss] * 14
    headers = {"UTCDate": date, "Result": "1-0", "White": "Anna", "WhiteElo": "1500", **tags}
    return analysed_game(MOVES, evals, headers=headers, number=number, view=("white",))


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("2026.11.02", "2026.11.04"), ["2026-11-02", "2026-11-04"]),
        (("2026.11.02", "2026.11.04", "2026.11.29"), ["2026-11-02", "2026-11-23"]),  # weeks begin on Monday
        (("2026.01.31", "2026.11.04"), ["2026-01", "2026-11"]),
        (("2019.01.31", "2026.11.04"), ["2019", "2026"]),
        (("2026.11.??", "2026.11.04"), ["2026-11"]),
        (("2026.11.31",), ["2026-11"]),
    ],
)
def test_periods_are_as_long_as_the_games_allow(dates: tuple[str, ...], expected: list[str]) -> None:
    got = report(Trends, *(game(date, number) for number, date in enumerate(dates, start=1)))
    assert [row["period"] for row in rows(got, "periods")] == expected


def test_the_figures_of_a_period_with_intervals_by_game() -> None:
    games = [game("2026.11.02", 1, 120), game("2026.11.02", 2, 240), game("2026.11.02", 3, 0)]
    [row] = rows(report(Trends, *games), "periods")
    accuracies = [game.white.accuracy or 0 for game in games]
    assert row["accuracy"] == pytest.approx(statistics.mean(accuracies), abs=2e-3)
    assert row["accuracy_reach"] == pytest.approx(1.959964 * statistics.stdev(accuracies) / 3**0.5, abs=2e-3)
    assert row["acpl"] == pytest.approx((120 + 240) / 36, abs=1e-3)
    assert row["acpl_reach"] == pytest.approx(1.959964 * statistics.stdev([10, 20, 0]) / 3**0.5, abs=1e-3)
    assert (row["games"], row["score"], row["rating"]) == (3, 100.0, 1500)
    assert row["blunders"] == pytest.approx(100 / 36, abs=1e-3)


def test_a_row_leads_to_its_least_accurate_games_one_a_day() -> None:
    games = [game("2026.11.02", 1, 120), game("2026.11.02", 2, 300), game("2026.11.05", 3, 200)]
    got = report(Trends, *games, by="month")
    assert table(got, "periods").about(0) == (Reference(2), Reference(3))
    [accuracy] = [chart for chart in got.charts if chart.key == "accuracy"]
    assert accuracy.series[0].points[0].references == (Reference(2), Reference(3))


def test_charts_have_a_gap_for_each_period_without_games() -> None:
    got = report(Trends, game("2026.01.05", 1), game("2026.04.05", 2, TimeControl="180+0"), by="month")
    charts = {chart.key: chart for chart in got.charts}
    assert list(charts) == ["accuracy", "score", "rating"]
    points = charts["score"].series[0].points
    assert [(point.x, point.y) for point in points] == [
        ("2026-01", 100.0), ("2026-02", None), ("2026-03", None), ("2026-04", 100.0),
    ]  # fmt: skip
    assert {series.label for series in charts["rating"].series} == {"Rating", "Blitz"}


def many(change: int, seed: int) -> list[AnalysedGame]:
    """Twenty games on as many days, which lose less and less, more and more, or as chance will have it."""
    rng = random.Random(seed)
    first = dt.date(2026, 1, 1)
    games = []
    for k in range(20):
        loss = 300 - change * k + rng.randrange(120)
        headers = {"Date": f"{first + dt.timedelta(days=5 * k):%Y.%m.%d}", "Result": "1-0"}
        evals = [15, 15, 15, 15 - loss, 15 - loss]
        games.append(analysed_game("1. e4 e5 2. a3 a6", evals, headers=headers, number=k, view=("white",)))
    return games


def test_getting_better_is_said_with_its_certainty() -> None:
    better = report(Trends, *many(10, 1)).findings[0]
    assert better.text.startswith("Getting better: accuracy rose by ")
    assert "from 2026-01-01 to 2026-04-06" in better.text
    assert better.certainty == "sure"
    worse = report(Trends, *many(-10, 1)).findings[0]
    assert worse.text.startswith("Getting worse: accuracy fell by ")
    unclear = report(Trends, *many(0, 4)).findings[0]
    assert unclear.text.startswith("No clear trend: accuracy changed by ")
    assert unclear.certainty == "may be chance"


def test_too_little_and_no_dates_are_said() -> None:
    few = report(Trends, *many(10, 1)[:9])
    assert few.findings == ()
    assert any(note.startswith("Too little for a trend: that needs 10 days") for note in few.notes)
    undated = report(Trends, game("????.??.??", 1), game("", 2))
    assert undated.notes == ("No data: no game says when it was played (tags UTCDate and Date).",)
    assert (undated.findings, undated.charts) == ((), ())
    mixed = report(Trends, game("????.??.??", 1), game("2026.11.02", 2))
    assert "Left out, without a date: 1 game." in mixed.notes
    assert metrics(mixed)["games"] == 2


def test_everybody_has_no_score_and_no_rating() -> None:
    both = [
        analysed_game(MOVES, [15] * 25, headers={"Date": f"2026.11.{day:02}"}, number=day) for day in range(1, 4)
    ]
    got = report(Trends, *both)
    assert [chart.key for chart in got.charts] == ["accuracy"]
    assert any("--player NAME" in note for note in got.notes)


def test_chance_is_seldom_called_a_trend() -> None:
    """Figures without a trend: p-values at most 0.05 in about one of twenty."""
    rng = random.Random(3)
    below = 0
    for _ in range(200):
        days = [Day("", day, round(rng.gauss(0, 1000)), 1) for day in rng.sample(range(300), 25)]
        line = slope(days)
        assert line is not None
        below += line.p <= 0.05
    assert below <= 19  # 10 expected, standard deviation 3.1


def test_a_change_of_speed_is_no_progress() -> None:
    """Blitz first and rapid later, each at its own level."""
    days = [Day("blitz", day, 70 + day % 2, 1) for day in range(20)]
    days += [Day("rapid", day, 90 + day % 2, 1) for day in range(20, 40)]
    line = slope(days)
    assert line is not None
    assert abs(line.change) < 2
    assert slope(days[:9]) is None
