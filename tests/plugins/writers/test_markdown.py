"""Markdown, read by a real parser: the values are there, and nothing in them is markup."""

from __future__ import annotations

import io
from typing import Any

import pytest
from markdown_it import MarkdownIt
from msgspec import structs

from engine.model import (
    Axis,
    Chart,
    Column,
    EvaluatorInfo,
    Failure,
    Finding,
    Limit,
    Metric,
    Point,
    Report,
    ReportTable,
    RunCounts,
    RunResult,
    Series,
)
from engine.plugin import RunInfo
from engine_plugins.writers.markdown import MarkdownWriter, escaped

HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "a | b | c",
    "*bold* _it_ `code` ~~gone~~ $x$ &amp;",
    "back\\slash \\| pipe\\",
    "# heading",
    "- item",
    "--- ",
    "===",
    "1. Nf3",
    "12) x",
    "> quote",
    "http://example.org www.example.org",
    "two\nlines\r\nand\ttab",
    "李, 小龍 ♞",
    "e\u0301\u202e\x1b[31m",
)

RESULT = RunResult(
    reports={
        "one": Report(
            "Title *here*",
            {"mean": Metric(93.12345, "mean accuracy", "percent"), "none": Metric(None, "1. nothing")},
            (
                ReportTable(
                    "cells",
                    "Cells | of all kinds",
                    (
                        Column("name", "Name", "player"),
                        Column("score", "Score", "score"),
                        Column("share", "Share", "percent"),
                        Column("spent", "Spent", "duration"),
                        Column("count", "Count", "int"),
                        Column("mean", "Mean", "float"),
                    ),
                    (
                        ("Anna", 31_997, 90.04, 3_905.0, 1_234_567, 0.125),
                        ("Bert", -31_996, None, 59.96, 0, -3.0),
                        (None, -123, 0.0, 185.4, -5, None),
                    ),
                ),
                ReportTable("empty", "Empty", (Column("x", "X"),), ()),
            ),
            ("Only *games* with evaluations.", "1. Not a list."),
        )
    },
    wins=17,
    best=(),
    evaluator=EvaluatorInfo("Stockfish 15.1", "15.1", "f00d"),
    limit=Limit(nodes=100_000),
    counts=RunCounts(analysed=2, positions=1_161, searched=10),
    failures=(Failure("a*b.pgn", 12, 2, None, "quarantined <b>"),),
    notices=(),
    outputs=(),
)


def render(result: RunResult) -> str:
    stream = io.BytesIO()
    MarkdownWriter(stream, RunInfo(result.evaluator, result.limit)).finish(result)
    return stream.getvalue().decode()


def parse(text: str) -> list[Any]:
    return MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"]).parse(text)


def shown(token: Any) -> str:
    """Return the text of an inline token; anything but text and strong type is markup and fails."""
    kinds = {child.type for child in token.children}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "softbreak"}, (token.content, kinds)
    return "".join(child.content for child in token.children)


def rows(text: str) -> list[list[str]]:
    """Return the rows of all tables, one after the other."""
    parsed: list[list[str]] = []
    inside = False
    for token in parse(text):
        if token.type == "tr_open":
            parsed.append([])
        inside = (inside or token.type in ("td_open", "th_open")) and token.type not in ("td_close", "th_close")
        if inside and token.type == "inline":
            parsed[-1].append(shown(token))
    return parsed


def test_the_page_as_it_is_read() -> None:
    assert rows(render(RESULT)) == [
        ["Name", "Score", "Share", "Spent", "Count", "Mean"],
        ["Anna", "#3", "90.0%", "1:05:05", "1,234,567", "0.12"],
        ["Bert", "#-4", "–", "60.0 s", "0", "-3.00"],
        ["–", "-1.23", "0.0%", "3:05", "-5", "–"],
    ]
    blocks = [(token.type, token.tag) for token in parse(render(RESULT)) if token.type.endswith("_open")]
    assert [tag for kind, tag in blocks if kind == "heading_open"] == ["h1", "h2", "h2", "h3"]
    texts = [shown(token) for token in parse(render(RESULT)) if token.type == "inline"]
    for words in (
        "2 games, 1,161 positions, 17 winning moves; evaluator: Stockfish 15.1 at 100,000 nodes.",
        "a*b.pgn:12, game 2: quarantined <b>",
        "Title *here*",
        "mean accuracy: 93.1%",
        "1. nothing: –",
        "Cells | of all kinds",
        "1. Not a list.",
    ):
        assert words in texts, words
    assert "Empty" not in texts
    assert "The run was ended before the end of its input." not in texts


def test_what_was_found_comes_first_and_charts_are_tables() -> None:
    point = Point("2026-01", 70.0, 65.5, 74.5, 20)
    axis = Axis("Lost", "float", "Win% per 100 moves")
    report = Report(
        "Leaks",
        {"acpl": Metric(41, "Loss", "int", "centipawns")},
        (ReportTable("t", "By *clock*", (Column("g", "Group"), Column("m", "Moves", "int", "a game")), (("x", 1),),
                     reading="1. Read it *so*."),),
        ("A note.",),
        (Finding("You lose *647*.", "sure"), Finding("5 games.")),
        (Chart("c", "By month", "line", Axis("Month", "text"), axis,
               (Series("You", (point, Point("2026-02", None))),), "Few say little."),),
    )  # fmt: skip
    text = render(structs.replace(RESULT, reports={"leaks": report}))
    assert rows(text) == [
        ["Month", "Lost (Win% per 100 moves)", "95% from", "to", "Of"],
        ["2026-01", "70.00", "65.50", "74.50", "20"],
        ["Group", "Moves (a game)"],
        ["x", "1"],
    ]
    order = ("**sure**: You lose \\*647\\*.", "- 5 games.", "- Loss: **41** centipawns", "### By month",
             "*Few say little.*", "### By \\*clock\\*", "*1\\. Read it \\*so\\*.*", "- A note.")  # fmt: skip
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    page = report._repr_html_()
    said = ("<p>sure: You lose *647*.</p>", "41 centipawns</td>", "<th>Lost (Win% per 100 moves)</th>",
            "<p>Few say little.</p>", "<th>Moves (a game)</th>", "<p>1. Read it *so*.</p>",
            "<p>A note.</p>")  # fmt: skip
    assert [page.index(part) for part in said] == sorted(page.index(part) for part in said)


def test_the_plain_text_is_lined_up() -> None:
    wide = ReportTable("t", "T", (Column("a", "Name"), Column("b", "N", "int")), (("李小龍", 1), ("Ann", 1_000)))
    text = render(structs.replace(RESULT, reports={"r": Report("R", {}, (wide,))}))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines == [
        "| Name   |     N |",
        "| ------ | ----: |",
        "| 李小龍 |     1 |",
        "| Ann    | 1,000 |",
    ]


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_from_a_file_is_markup(value: str) -> None:
    table = ReportTable(
        "t", value, (Column("a", value), Column("b", "B")), ((value, "end"), (None, value)), reading=f"{value}."
    )
    report = Report(value, {"m": Metric(value, value, "text")}, (table,), (value,), (Finding(value, "sure"),))
    result = structs.replace(RESULT, reports={"r": report}, failures=(Failure(value, 1, 1, None, value),))
    text = render(result)
    plain = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in value).split(" ")).strip()
    for blank in ("\r\n", "\n", "\t"):
        plain = plain.replace(blank, " " * len(blank))
    assert rows(text) == [[plain, "B"], [plain, "end"], ["–", plain]]
    kinds = [token.type for token in parse(text) if token.type.endswith("_open") and "inline" not in token.type]
    expected = [token.type for token in parse(render(_harmless(result))) if token.type.endswith("_open")]
    assert kinds == expected


def _harmless(result: RunResult) -> RunResult:
    table = ReportTable("t", "x", (Column("a", "x"), Column("b", "B")), (("x", "end"), (None, "x")), reading="x.")
    report = Report("x", {"m": Metric("x", "x", "text")}, (table,), ("x",), (Finding("x", "sure"),))
    return structs.replace(result, reports={"r": report}, failures=(Failure("x", 1, 1, None, "x"),))


def test_addresses_are_no_links_on_a_forge() -> None:
    """Forges make links of bare addresses, also where no markup says so."""
    assert (
        escaped("see https://example.org or www.example.org") == "see https\\://example.org or www\\.example.org"
    )


def test_an_interrupted_run_says_so() -> None:
    assert "**The run was ended before the end of its input.**" in render(
        structs.replace(RESULT, interrupted=True)
    )


def test_a_run_that_searched_nothing_names_no_limit() -> None:
    recorded = structs.replace(RESULT, counts=RunCounts(analysed=2), evaluator=EvaluatorInfo("recorded", "", "r"))
    assert "evaluator: recorded.\n" in render(recorded)
