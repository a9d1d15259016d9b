"""Two filters side by side: figures, intervals by the game, and what is called chance."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from urllib.parse import quote

import pytest

from engine.model import AnalysedGame
from engine.plugin import critical_value, wilson
from engine.testing import analysed_game
from engine.web.samples import Sample, difference, estimates, samples
from engine.web.store import Filter
from tests.engine.web.conftest import Visit


def each(values: Sequence[float], first: int = 1) -> Sample:
    """A sample of games with a value each."""
    return Sample({first + k: (value, 1.0) for k, value in enumerate(values)})


def test_the_interval_of_a_mean_is_students() -> None:
    values = [70.0, 80.0, 75.0, 90.0, 60.0, 72.0, 81.0, 77.0, 64.0, 85.0]
    estimate = each(values).estimate()
    assert estimate is not None
    assert estimate.low is not None
    reach = critical_value(9) * stdev(values) / 10**0.5
    assert (estimate.value, estimate.low) == pytest.approx((fmean(values), fmean(values) - reach))


def test_different_games_are_compared_by_welchs_test() -> None:
    first, second = [70.0, 80.0, 75.0, 90.0, 60.0], [50.0, 55.0, 52.0, 49.0]
    apart = difference(each(first), each(second, 100))
    assert apart is not None
    # t = 4.384 with 4.6 degrees of freedom, worked out by hand from the two variances 125 and 7.
    assert apart.value == pytest.approx(23.5)
    assert 0.005 < apart.p < 0.012


def test_the_interval_of_a_score_is_that_of_the_reports(match: Visit) -> None:
    ten = Sample(dict.fromkeys(range(10), (100.0, 1.0)), "score")
    estimate = ten.estimate()
    assert estimate is not None
    assert (estimate.low, estimate.high) == wilson(10, 10) == pytest.approx((72.247, 100.0))
    # The report `openings` has the same words for the same games.
    where = Filter(side="white")
    score = estimates(match.store, where)["score"]
    points = match.store.summary(where)
    assert (score.low, score.high) == wilson(points.won + points.drawn / 2, score.games)


def test_few_games_have_no_interval() -> None:
    estimate = each([50.0, 60.0, 75.0, 80.0, 90.0, 55.0, 61.0, 66.0, 71.0]).estimate()
    assert estimate is not None
    assert (estimate.low, estimate.high, estimate.games) == (None, None, 9)


def test_every_figure_leads_to_what_it_rests_on(match: Visit) -> None:
    links = match.page("/compare?a=side%3Dwhite&b=side%3Dblack%26judgement%3Dmistake").links
    for address in (
        "/games?side=white",
        "/reports/accuracy?side=white",
        "/moves?side=white&phase=endgame",
        "/moves?side=white&judgement=blunder",
        "/moves?side=black&judgement=mistake",  # as the filter has it
    ):
        assert address in links, (address, links)
        match.page(address)


def test_differences_of_percentages_are_in_points(match: Visit) -> None:
    words = match.page("/compare?a=side%3Dwhite&b=side%3Dblack").words.partition("How certain")[2]
    rows = words.partition("Below each")[0]
    score, accuracy = rows.partition("Accuracy")[0], rows.partition("Accuracy")[2].partition("ACPL")[0]
    assert re.search(r"\d points of 100 [−+]?\d+\.\d to [−+]?\d+\.\d ", score)
    assert re.search(r"[−+]\d+\.\d points [−+]?\d+\.\d to [−+]?\d+\.\d ", accuracy)


def test_the_same_games_are_compared_in_pairs() -> None:
    generator = random.Random(1)
    first = [generator.uniform(40, 95) for _ in range(40)]
    second = [value - 1 + generator.uniform(-0.5, 0.5) for value in first]
    pairs, strangers = difference(each(first), each(second)), difference(each(first), each(second, 1000))
    assert pairs is not None
    assert strangers is not None
    assert pairs.p < 0.001
    assert strangers.p > 0.5
    assert pairs.value == strangers.value


def test_a_ratio_weighs_games_by_their_moves() -> None:
    sample = Sample({1: (100.0, 10.0), 2: (10.0, 40.0)})
    assert sample.value == pytest.approx(110 / 50)
    assert Sample({1: (5.0, 2.0)}).estimate() is not None
    assert Sample({1: (5.0, 2.0)}).estimate().low is None  # type: ignore[union-attr]
    assert Sample({}).estimate() is None
    assert difference(Sample({}), sample) is None


@pytest.mark.parametrize("where", [Filter(), Filter(side="white"), Filter(side="black", result="black")])
def test_the_figures_are_those_of_the_overview(match: Visit, where: Filter) -> None:
    found, summary = samples(match.store, where), match.store.summary(where)
    assert summary.games
    assert found["acpl"].value == pytest.approx(summary.acpl)
    assert found["accuracy"].value == pytest.approx(summary.accuracy)
    sides = 1 if where.side else 2
    assert found["blunders"].value == pytest.approx(summary.blunders / summary.games / sides)
    if summary.score is not None:
        assert found["score"].value == pytest.approx(summary.score)


def games(count: int, error: int, first: int, date: str, noise: random.Random) -> list[AnalysedGame]:
    """Games in which White errs by so many centipawns."""
    return [
        analysed_game(
            "1. e4 e5 2. a3 Nf6 3. Nc3 Bc5 *",
            [20, 25, 20, *[20 - error - noise.randrange(40)] * 4],
            headers={"Date": date, "White": "Anna", "Black": "Boris"},
            number=first + k,
        )
        for k in range(count)
    ]


Make = Callable[[Sequence[AnalysedGame]], Visit]


def test_a_real_difference_is_sure_and_none_is_within_chance(site_of: Make) -> None:
    noise = random.Random(2)
    visit = site_of(
        [
            *games(20, 300, 1, "2025.03.01", noise),
            *games(20, 300, 21, "2025.04.01", noise),
            *games(20, 10, 41, "2026.03.01", noise),
        ]
    )
    years = "a=" + quote("player=Anna&since=2025&until=2025") + "&b=" + quote("player=Anna&since=2026&until=2026")
    rows = visit.page(f"/compare?{years}")
    assert "sure" in rows.words.partition("ACPL")[2].partition("Inaccuracies")[0]
    same = "a=" + quote("player=Anna&until=2025-03") + "&b=" + quote("player=Anna&since=2025-04&until=2025")
    words = visit.page(f"/compare?{same}").words.partition("How certain")[2].partition("Below each")[0]
    assert "within chance" in words
    assert "sure" not in words


def test_nothing_is_said_of_few_games(site_of: Make) -> None:
    noise = random.Random(3)
    visit = site_of([*games(9, 300, 1, "2025.03.01", noise), *games(20, 10, 21, "2026.03.01", noise)])
    words = visit.page("/compare?a=until%3D2025&b=since%3D2026").words.partition("How certain")[2]
    rows = words.partition("Below each")[0]
    assert "too few games (9)" in rows
    assert not any(word in rows for word in ("sure", "likely", "within chance"))


def test_the_fields_of_a_form_become_one_address(match: Visit) -> None:
    answer = match.get("/compare?a.side=white&a.player=&a.opening=C4&b=side%3Dblack")
    assert answer.status == 303
    assert answer.headers["location"] == "/compare?a=side%3Dwhite%26opening%3DC4&b=side%3Dblack"
    page = match.page(answer.headers["location"])
    hidden = [(a["name"], a["value"]) for tag, a in page.tags if tag == "input" and a.get("type") == "hidden"]
    assert hidden == [("b", "side=black"), ("a", "side=white&opening=C4")]
    fields = {a.get("name"): a.get("value") for tag, a in page.tags if tag == "input"}
    assert fields["a.opening"] == "C4"
    # From any page, its filter is the first of the two.
    assert match.get("/compare?side=white").headers["location"] == "/compare?a=side%3Dwhite&b="
    match.page("/compare?a=&b=")


def test_shortcuts_are_of_the_last_year_and_the_player(match: Visit) -> None:
    player = match.store.choices("player")[0]
    page = match.page("/compare?a=" + quote(f"player={player}") + "&b=")
    year = match.store.summary(Filter(player=player)).until[:4]
    assert f"{year} and {int(year) - 1}" in page.words
    assert f"{player} as White and the opponents" in page.words
    for link in page.links:
        if link.startswith("/compare?a="):
            match.page(link)


@pytest.mark.parametrize("where", [Filter(), Filter(side="black"), Filter(result="draw"), Filter(opening="C")])
def test_estimates_from_sums_are_those_from_games(match: Visit, where: Filter) -> None:
    quick, whole = estimates(match.store, where), samples(match.store, where)
    for name in ("score", "accuracy", "acpl"):
        expected = whole[name].estimate()
        assert expected is not None
        assert quick[name].games == expected.games
        assert (quick[name].low is None) == (expected.low is None)
        pairs = (
            (quick[name].value, expected.value),
            (quick[name].high, expected.high),
            (quick[name].low, expected.low),
        )
        for value, other in pairs:
            assert value == other or value == pytest.approx(other)


def test_a_filter_that_is_not_understood_stays_in_its_form(match: Visit) -> None:
    answer = match.get("/compare?a=rating%3Dmuch%26side%3Dwhite&b=side%3Dblack")
    assert answer.status == 400
    assert "`1500-1800`, `1500-` or `-1800` expected, not 'much'" in answer.words
    fields = {a.get("name"): a.get("value") for tag, a in answer.tags if tag == "input"}
    assert fields["a.rating"] == "much"
    assert "A less B" not in answer.words


def test_the_same_games_are_said_to_be_the_same(match: Visit) -> None:
    assert "A and B are the same games" in match.page("/compare?a=side%3Dwhite&b=side%3Dwhite").words
    assert "the same games" not in match.page("/compare?a=side%3Dwhite&b=side%3Dblack").words


def test_intervals_end_where_figures_do(site_of: Make) -> None:
    assert each([0.0] * 11 + [1.0]).estimate().low == 0.0  # type: ignore[union-attr]
    high = Sample({k: (99.0 if k % 9 else 80.0, 1.0) for k in range(12)}, "accuracy").estimate()
    assert high is not None
    assert high.high == 100.0
    assert high.low is not None
    assert high.low > 80
    alike = each([1 / 3] * 12).estimate()
    assert alike is not None
    assert (alike.low, alike.high) == (None, None)
    noise = random.Random(4)
    visit = site_of([*games(1, 300, 1, "2025.03.01", noise), *games(1, 10, 2, "2026.03.01", noise)])
    charts = visit.page("/compare?a=&b=").words.partition("Errors in a game")[2]
    assert "blunders" in charts
    assert not re.search(r"[-−]\d", charts)
