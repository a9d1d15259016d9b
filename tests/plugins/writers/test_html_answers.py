"""The first screen of the HTML report, the sections of the reports and their charts, as bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

import engine
from engine.model import (
    AnalysedGame,
    Axis,
    Chart,
    Column,
    Finding,
    Metric,
    Point,
    Reference,
    Report,
    ReportTable,
    Series,
)
from engine.settings import Settings
from engine.testing import analysed_game
from tests.plugins.writers.html_page import Page, page
from tests.support import DATA

REPLIES = ("e5", "e6", "d5", "d6", "c5", "c6", "a5", "a6", "b6", "g6", "h6", "Nc6")
"""Replies to 1. f3, so that no two games have the same error after the same moves."""


def month(name: str, y: float | None, *references: Reference, low: float = 0, high: float = 0) -> Point:
    return Point(name, y, low or None, high or None, 12, references)


ACCURACY = Chart(
    "accuracy",
    "Accuracy <over> time",
    "line",
    Axis("Month", "text"),
    Axis("Accuracy", "percent"),
    (
        Series(
            "Accuracy",
            (
                month("2026-01", 81.5, Reference(1, 2), low=79, high=84),
                month("2026-02", 83.0, low=80, high=86),
                month("2026-03", None),
                month("2026-04", 90.0, low=85, high=95),
            ),
        ),
    ),
    "A line of months.",
)
COST = Chart(
    "cost",
    "Cost by clock",
    "bars",
    Axis("Clock left", "text"),
    Axis("Lost", "float", "Win% per 100 moves"),
    (
        Series(
            "Lost",
            (Point("under 10%", 400.0, 380, 420, 90, (Reference(1, 2), Reference(2))), Point("more", -100.0)),
        ),
    ),
)
LEAKS = Report(
    "Leaks",
    {"lost": Metric(448.0, "Lost", "float", "Win% per 100 moves")},
    (
        ReportTable(
            "clock",
            "By clock",
            (Column("group", "Group"), Column("lost", "Lost", "float", "Win% per 100 moves")),
            (("under <10%>", 421.0), ("more", 300.0)),
            ((Reference(1, 2), Reference(2, 2), Reference(2)), ()),
            "Each row leads to its worst moves.",
        ),
    ),
    ("A last note.",),
    tuple(
        Finding(f"Area {k}: <b>421</b> Win% lost per 100 moves.", word, (Reference(k, 2),), "clock")
        for k, word in enumerate(("sure", "likely", "may be chance", "may be chance"), start=1)
    ),
    (COST,),
)
TRENDS = Report("Trends", {"games": Metric(2, "Games")}, charts=(ACCURACY,))


def games(number: int = 2, **headers: str) -> Iterator[AnalysedGame]:
    for k in range(1, number + 1):
        tags = {"White": "Anna", "Black": f"Bob {k}", "Result": "0-1", "WhiteElo": str(1500 + k)} | headers
        tags.setdefault("Date", f"2026.0{k}.14")
        moves = f"1. f3 {REPLIES[k % len(REPLIES) - 1]} 2. g4 Nf6"
        yield analysed_game(moves, [0, 0, 0, "#-1"], best={2: "d4"}, view=("white",), headers=tags, number=k)


def annas(number: int = 2) -> Page:
    return page(*games(number), player="Anna", extra={"leaks": LEAKS, "trends": TRENDS})


def part(parsed: Page, start: str, end: str) -> str:
    text = parsed.text[parsed.text.index(start) :]
    return text[: text.index(end)]


def plain(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_a_player_has_name_period_figures_areas_and_positions_before_anything_else() -> None:
    parsed = annas()
    head = plain(part(parsed, '<section id="overview"', '<nav class="contents"'))
    assert head.startswith("Anna 2 games · 14 January 2026 to 14 February 2026")
    order = [
        "Score 0.0% 0 won, 0 drawn, 2 lost",
        "Accuracy",
        "Rating 1502 before the last game, +1 since the first",
        "Weakest areas",
    ]
    order += ["Area 1", "sure", "Area 2", "likely", "Area 3", "may be chance", "Positions to solve", "Solution"]
    places = [head.index(words) for words in order]
    assert places == sorted(places)
    assert "Area 4" not in head
    assert part(parsed, 'id="overview"', 'class="contents"').count('class="spark"') == 1
    # What the first screen says is not said again.
    assert parsed.visible.count("Area 1: ") == 1
    assert "Area 4" in plain(part(parsed, '<section id="report-leaks"', "</section>"))
    assert "Best score" not in head


def test_one_day_has_no_chart_of_one_dot_and_no_figure_without_a_value() -> None:
    one = structs.replace(ACCURACY, series=(Series("Accuracy", (month("2026-01", 81.5), month("2026-02", None))),))
    speeds = tuple(Series(speed, (month("2026-01", 1500),)) for speed in ("Blitz", "Bullet"))
    rating = structs.replace(ACCURACY, key="rating", title="Rating over time", series=speeds)
    metrics = {"games": Metric(1, "Games"), "change": Metric(None, "Change of accuracy", "float", "points")}
    trends = Report("Trends", metrics, charts=(one, rating), notes=("Too little for a trend.",))
    parsed = page(*games(1), player="Anna", extra={"trends": trends})
    section = part(parsed, '<section id="report-trends"', "</section>")
    assert plain(section).endswith("Trends Games 1 Too little for a trend.")
    assert "#chart-trends-accuracy" not in parsed.links


def test_one_bar_is_not_drawn() -> None:
    [series] = COST.series
    report = structs.replace(LEAKS, charts=(structs.replace(COST, series=(Series("Lost", series.points[:1]),)),))
    assert "Cost by clock" not in page(*games(), extra={"leaks": report}).text


@pytest.mark.parametrize(("players", "more"), [((), set()), (("Stockfish 1700",), {"leaks", "trends", "explain"})])
def test_games_of_a_player_get_the_reports_of_the_first_screen(
    tmp_path: Path, players: tuple[str, ...], more: set[str]
) -> None:
    settings = Settings(players=players, max_games=2, cache="")
    path = tmp_path / "report.html"
    result = engine.analyze(DATA / "match.jsonl.zst", aggregators=["phases"], output=path, settings=settings)
    assert set(result.reports) == {"phases", "wins", "accuracy", "acpl", "judgements", "mistakes"} | more


def test_exercises_show_no_arrow_and_fold_the_solution() -> None:
    exercises = part(annas(), 'class="exercises"', "</section>")
    assert exercises.count('<svg class="diagram"') == 2
    assert "arrow" not in exercises
    told = "Find a better move than the one that was played, for the side at the bottom of the board. The solution"
    assert told in plain(exercises)
    assert re.search(r"<details><summary>Solution</summary><p><strong>d4</strong>", exercises)


def test_many_players_are_a_table_first_and_nobody_has_weak_areas() -> None:
    parsed = page(*(structs.replace(game, view=("white", "black")) for game in games(3)), extra={"leaks": LEAKS})
    head = plain(part(parsed, '<section id="overview"', '<nav class="contents"'))
    assert head.startswith("Analysed games 3 games · 14 January 2026 to 14 March 2026 Players")
    assert "Weakest areas" not in head
    assert "Area 1" in plain(part(parsed, '<section id="report-leaks"', "</section>"))


def test_a_single_game_is_named_and_leads_to_its_page() -> None:
    [game] = games(1, Event="Club evening", Date="2026.11.??")
    parsed = page(structs.replace(game, view=("white", "black")))
    head = plain(part(parsed, '<section id="overview"', '<nav class="contents"'))
    assert head.startswith("Anna – Bob 1 Club evening, 0-1 · November 2026 Play through the game")
    assert "#game=1" in parsed.links


def test_best_moments_are_found_answers_to_the_largest_errors() -> None:
    def game(moves: str, evaluations: list[int | str], number: int, **best: str) -> AnalysedGame:
        named = {int(key[1:]): san for key, san in best.items()}
        return analysed_game(moves, evaluations, best=named, view=("white",), number=number)

    fine = [20, 20, 20, 20, 20]
    found = game("1. e4 e5 2. Bc4 h6 3. Qf3 a6", [20, 20, 20, 20, 700, 700], 1)
    smaller = game("1. e4 e5 2. Bc4 h6 3. Qf3 a6", [20, 20, 20, 20, 400, 400], 2)
    missed = game("1. e4 e5 2. Bc4 h6 3. Qf3 a6", [20, 20, 20, 20, 900, 100], 3, b4="Qh5")
    recapture = game("1. e4 d5 2. exd5 Qxd5 3. Nc3 Qxg2 4. Bxg2 a6", [*fine, 20, 900, 900], 4)
    plain_gain = game("1. e4 e5 2. Nf3 Qg5 3. Nxg5 a6", [20, 20, 20, 20, 900, 900], 5)
    parsed = page(smaller, recapture, plain_gain, missed, found, player="Anna")
    moments = part(parsed, 'id="moments-title"', "</section>")
    assert re.findall(r'<a href="([^"]+)"', moments) == ["#game=1&amp;ply=4", "#game=2&amp;ply=4"]
    assert "3. Qf3 after 2... h6: Win% 52 → 93" in plain(moments)


def test_rows_and_sentences_carry_their_moves_and_figures_their_units() -> None:
    section = part(annas(), '<section id="report-leaks"', "</section>")
    assert '<tr data-about="1:2 2:2 2">' in section
    assert '<li data-about="4:2">' in section
    assert section.count("<tr>") + section.count("<tr data-about=") == 3 + 3  # two tables, each with a head
    assert 'Lost <span class="unit">Win% per 100 moves</span></th>' in section
    assert '448.00 <span class="unit">Win% per 100 moves</span></dd>' in section
    assert 'href="#table-leaks-clock"' in section
    words = plain(section)
    order = [
        "Area 4",
        "Lost 448.00",
        "Cost by clock",
        "By clock",
        "Each row leads to its worst moves.",
        "A last note.",
    ]
    places = [words.index(text) for text in order]
    assert places == sorted(places)
    # A row with columns `game` and `ply` refers to them.
    assert '<tr data-about="1:2">' in part(annas(), 'id="table-judgements-worst"', "</table>")


def test_short_texts_stay_on_a_line_and_sentences_get_room() -> None:
    columns = (
        Column("month", "Month"),
        Column("group", "Group"),
        Column("why", "Why"),
        Column("n", "Share", "percent"),
    )
    rows = (("2026-10", "moved into capture", "moved into capture, like it in 100 games", 9.5),)
    text = page(
        *games(), extra={"kept": Report("Kept", tables=(ReportTable("rows", "Rows", columns, rows),))}
    ).text
    assert '<td class="tight">2026-10</td><td>moved into capture</td><td class="long">moved into' in text
    assert '<span class="beside">9.5%</span>' in text


def test_a_line_has_a_band_a_gap_and_its_values_as_a_table() -> None:
    chart = part(annas(), 'id="chart-trends-accuracy"', "</figure>")
    assert "Accuracy &lt;over&gt; time" in chart
    [line] = re.findall(r'<path class="stroke s0" d="([^"]+)"', chart)
    assert [line.count(pen) for pen in "ML"] == [2, 1]
    assert chart.count('class="band s0"') == 1
    assert chart.count('class="whisker"') == 1
    assert chart.count('class="point" data-about="1:2"') == 1
    [label] = re.findall(r'role="img" aria-label="([^"]+)"', chart)
    assert "from 81.5% (2026-01) to 90.0% (2026-04)" in label
    assert "2026-01: 81.5%, 95% interval 79.0% to 84.0%, of 12</title>" in chart
    table = plain(chart[chart.index("<table") :])
    assert "Month Accuracy from to Rests on 2026-01 81.5% 79.0% 84.0% 12 2026-02" in table
    assert "2026-03" not in table
    heights = [float(pair.split(" ")[1]) for pair in re.split("[ML]", line)[1:]]
    assert heights == sorted(heights, reverse=True)  # upwards is more


def test_bars_stand_on_zero_and_have_whiskers() -> None:
    chart = part(annas(), 'id="chart-leaks-cost"', "</figure>")
    bars = re.findall(r'<rect class="fill s0" x="\S+" y="(\S+)" width="\S+" height="(\S+)"/>', chart)
    (top, height), (below, depth) = ((float(y), float(size)) for y, size in bars)
    assert top + height == below  # the second is negative
    assert abs(height / depth - 4) < 0.1
    assert chart.count('class="whisker"') == 1
    assert "Lost (Win% per 100 moves)" in chart


def test_what_is_empty_is_not_there_and_games_are_listed_once() -> None:
    columns = (Column("game", "Game", "int"), Column("value", "Value", "int"))
    table = ReportTable("games", "All games", columns, tuple((k, 7) for k in range(1, 13)))
    empty = Report("Nothing at all", tables=(ReportTable("none", "No rows", columns, ()),))
    charted = Report("Kept", {"games": Metric(1, "Games")}, (table,), charts=(structs.replace(COST, series=()),))
    text = page(*games(), player="Anna", extra={"empty": empty, "kept": charted}).visible
    assert "Kept" in text
    assert not [
        words for words in ("Nothing at all", "All games", "Cost by clock", "Weakest areas") if words in text
    ]
