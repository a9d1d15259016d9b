"""Reports in a terminal: what was found first, then figures, charts, tables with units and how to read them."""

from __future__ import annotations

import pytest
from msgspec import structs
from rich.cells import cell_len

from engine.cli import live
from engine.cli.live.charts import chart_lines, spark_lines
from engine.model import (
    Axis,
    Chart,
    Column,
    EvaluatorInfo,
    Finding,
    Limit,
    Metric,
    Point,
    Reference,
    Report,
    ReportTable,
    RunCounts,
    RunResult,
    Series,
)

from .test_summary import rendered, words

LOST = Column("lost", "Lost", "float", "Win% per 100 moves")
REPORT = Report(
    "Leaks",
    {"acpl": Metric(41, "Average loss", "int", "centipawns")},
    (
        ReportTable(
            "clock",
            "By clock left",
            (
                Column("group", "Group"),
                Column("moves", "Moves", "int"),
                LOST,
                structs.replace(LOST, label="Theirs"),
            ),
            (("under 10%", 1_234, 651.5, 430.0), ("10-25%", 99, 12.0, 13.25)),
            reading="Lost is what the player gave away.",
        ),
    ),
    ("Win%, accuracy and judgements take centipawns as they are.",),
    (
        Finding("In won positions you lose 647.", "sure"),
        Finding("With rooks you lose 516.", "may be chance"),
        Finding("997 games were looked at."),
        Finding("A fourth one."),
    ),
    (
        Chart(
            "month",
            "Accuracy by month",
            "line",
            Axis("Month", "text"),
            Axis("Accuracy", "percent"),
            (
                Series(
                    "You", (Point("2026-01", 70.0, 65.5, 74.5, 20), Point("2026-02", None), Point("2026-03", 90.0))
                ),
            ),
            "Months with few games say little.",
        ),
    ),
)


def result(**reports: Report) -> RunResult:
    return RunResult(
        reports=reports, wins=0, best=(), evaluator=EvaluatorInfo("E", "1", "f"), limit=Limit(),
        counts=RunCounts(analysed=997, positions=5), failures=(), notices=(), outputs=(), interrupted=False,
    )  # fmt: skip


def test_what_was_found_comes_first_and_notes_last() -> None:
    text = words(live.summary(result(leaks=REPORT), width=120), 120)
    order = (
        "Leaks leaks", "sure: In won", "may be chance: With rooks", "997 games", "Average loss 41 centipawns",
        "Accuracy by month", "Months with few games", "By clock left", "under 10%", "Lost is what",
        "Win%, accuracy",
    )  # fmt: skip
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_units_are_in_the_headings_or_below(width: int) -> None:
    lines = rendered(live.summary(result(leaks=REPORT), width=width), width)
    assert max(map(cell_len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    if width >= 80:
        assert "Lost (Win% per 100 moves) Theirs (Win% per 100 moves)" in text
        assert "Units:" not in text
    else:
        assert "Units: Lost, Theirs: Win% per 100 moves." in text


def test_a_few_points_are_bars_with_their_intervals() -> None:
    lines = rendered(chart_lines(REPORT.charts[0], 100), 100)
    assert lines[0] == "Accuracy by month"
    [low] = [line for line in lines if "2026-01" in line]
    [gap] = [line for line in lines if "2026-02" in line]
    [high] = [line for line in lines if "2026-03" in line]
    assert low.split()[:6] == ["2026-01", "70.0%", "65.5%", "to", "74.5%", "20"]
    assert high.split()[1] == "90.0%"
    assert [line.count("█") for line in (low, gap, high)] == [19, 0, 24]
    assert "█" not in "".join(rendered(chart_lines(REPORT.charts[0], 60), 60))
    assert rendered(chart_lines(REPORT.charts[0], 100), 100, encoding="ascii")[2].count("#") == 19


def test_many_points_are_a_line_of_little_bars() -> None:
    points = tuple(Point(k, float(k)) for k in range(50))
    chart = structs.replace(REPORT.charts[0], x=Axis("Move", "int"), series=(Series("You", points),), reading="")
    [_, line] = rendered(chart_lines(chart, 160), 160)
    bars = "".join(bar * n for bar, n in zip("▁▂▃▄▅▆▇█", (7, 6, 6, 6, 6, 6, 6, 7), strict=True))
    assert line == f"Accuracy  {bars}  0.0% (0) to 49.0% (49), between 0.0% and 49.0%"
    for form in ("line", "scatter", "bars"):
        for width in (40, 80, 200):
            lines = rendered(chart_lines(structs.replace(chart, form=form), width), width)
            assert max(map(cell_len, lines)) <= width


def test_a_cloud_is_said_in_words_and_a_chart_without_values_is_none() -> None:
    chart = structs.replace(
        REPORT.charts[0], form="scatter", series=(Series("You", (Point(1.5, 10.0), Point(4, 20.0))),)
    )
    assert "2 points, Month 1.5 to 4, Accuracy 10.0% to 20.0%, mean 15.0%" in words(chart_lines(chart, 100))
    empty = structs.replace(chart, series=(Series("You", (Point(1, None),)), Series("Nobody", ())))
    assert list(chart_lines(empty, 100)) == []


def test_the_overview_of_a_player_has_the_period_three_weakest_areas_and_the_trends() -> None:
    trends = Report("Trends", charts=REPORT.charts)
    text = words(live.overview(result(leaks=REPORT, trends=trends), width=120, players=("anna", "ann")), 120)
    assert text.startswith(
        "anna: 997 games, 2026-01 to 2026-03 Weakest areas sure: In won positions you lose 647."
    )
    assert "997 games were looked at." in text
    assert "A fourth one." not in text
    assert "Trends means by month Accuracy ▁█ 70.0% (2026-01) to 90.0% (2026-03), between 70.0% and 90.0%" in text
    nobody = words(live.overview(result(leaks=structs.replace(REPORT, findings=())), width=120), 120)
    assert "Weakest areas" not in nobody
    assert "Trends" not in nobody


def test_lines_of_little_bars_fit_and_figures_stand_below_each_other() -> None:
    points = tuple(Point(f"20{20 + k // 12}-{k % 12 + 1:02}", 1000.0 + 20 * k) for k in range(44))
    charts = [
        structs.replace(REPORT.charts[0], y=Axis(label, "int"), series=(Series(label, points),), reading="")
        for label in ("Accuracy", "Rating")
    ]
    for width, said in (
        (140, "1,000 (2020-01) to 1,860 (2023-08), between 1,000 and 1,860"),
        (80, "1,000 (2020-01) to 1,860 (2023-08)"),
        (44, "1,000 to 1,860"),
    ):
        first, second = rendered([spark_lines([(chart, chart.series[0]) for chart in charts], width)], width)
        assert first.endswith(f"  {said}")
        assert second.endswith(f"  {said}")
        assert cell_len(first) == cell_len(second) <= width


def test_each_sentence_below_tables_is_said_once_and_names_what_prints_the_moves() -> None:
    def table(key: str, reading: str) -> ReportTable:
        return ReportTable(key, key.title(), (Column("group", "Group"),), (("x",),), reading=reading)

    tables = (
        table("clock", "Lost is in Win%. A row leads to the worst moves, one a game."),
        table("phase", "Lost is in Win%. Shown, not ranked; each row leads to its games."),
        table("pieces", "Rows above 100 lead to the moves that lost most."),
    )
    text = words(live.summary(result(leaks=Report("Leaks", tables=tables)), width=120), 120)
    assert text.count("Lost is in Win%.") == 1
    assert "--show leaks:clock=ROW prints the worst moves, one a game." in text
    assert "Shown, not ranked; --show leaks:phase=ROW prints its games." in text
    assert "For rows above 100, --show leaks:pieces=ROW prints the moves that lost most." in text
    assert " lead" not in text


def test_hints_come_last_and_name_commands_that_do_what_they_say() -> None:
    reference = (Reference(7, 12),)
    row = ReportTable(
        "clock",
        "By clock",
        (Column("group", "Group"),),
        (("over 10%",), ("under 10%",)),
        ((Reference(1, 2),), reference),
    )
    leaks = Report("Leaks", tables=(row,), findings=(Finding("Under 10%.", "sure", reference),))
    players = ReportTable(
        "players", "By player", tuple(Column(k, k) for k in ("player", "mistakes", "blunders")), (("anna", 0, 3),)
    )
    both = {"leaks": leaks, "judgements": Report("Judgements", tables=(players,))}
    text = words(live.hints(result(**both), players=("anna",)), 200)
    assert text == (
        "In full with -a NAME: leaks, judgements; engine plugins list names the others. "
        "The moves behind a row: --show 'leaks:clock=under 10%'; --show leaks lists its rows. "
        "Positions to solve, from these mistakes: -o training.html, on a board until you know them; "
        "-o report.html, to look at or to print; -o mistakes.training.pgn, for a chess program."
    )
    first = structs.replace(row, key="leaks", rows=(("standing",), ("rook",)))
    assert "--show 'leaks:clock=" in words(
        live.hints(result(leaks=structs.replace(leaks, tables=(first, row)))), 200
    )
    assert "-o 'exercises/{player}.html', a sheet for each player" in words(live.hints(result(**both)), 200)
    calm = structs.replace(players, rows=(("anna", 0, 0),))
    assert "solve" not in words(live.hints(result(judgements=Report("Judgements", tables=(calm,)))), 200)


def test_a_sentence_needs_a_wide_terminal_and_is_never_cut() -> None:
    sentence = "Misses 18. Nc7+, which forks the king and the rook on a8 and wins a rook for two pawns."
    columns = (Column("played", "Played", "move"), Column("reason", "Reason", "sentence"))
    report = Report("Mistakes", tables=(ReportTable("positions", "Positions", columns, (("18. a3", sentence),)),))
    assert sentence in words(live.summary(result(mistakes=report), width=150), 150)
    narrow = words(live.summary(result(mistakes=report), width=100), 100)
    assert "18. a3" in narrow
    assert "Reason" not in narrow
