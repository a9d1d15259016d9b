"""The live screen and the summary, rendered to text at several widths."""

from __future__ import annotations

import io

import pytest
from msgspec import structs
from rich.console import Console

from engine.cli import live
from engine.model import (
    Best,
    Column,
    EvaluatorInfo,
    Failure,
    Limit,
    Metric,
    Notice,
    Report,
    ReportTable,
    RunCounts,
    RunResult,
)
from engine.plugin import WorkerState
from engine.run.progress import Snapshot
from engine.run.standing import Standing


def snapshot(**changes: object) -> Snapshot:
    values: dict[str, object] = {
        "games": 4,
        "positions": 165,
        "total": 515,
        "nodes": 13_900_000,
        "cached": 14,
        "wins": 25,
        "best": (
            (Best(31_999, 1, 12, "c3d5"), "Légal, Sire de – Saint Brie", "7. Nd5#"),
            (
                Best(841, 5, 36, "c6b7"),
                "A very long name indeed – And another one that is longer still",
                "19. Kxb7",
            ),
        ),
        "workers": (WorkerState("1", "searching", 5, 32, 75, 6_800_000), WorkerState("2", "restarting")),
        "seconds": 43.0,
        "notices": (),
        "skipped": 0,
        "stopping": False,
    }
    return Snapshot(**{**values, **changes})  # type: ignore[arg-type]


def rendered(part: object, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None, highlight=False)
    console.print(part)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_board_fits_and_its_figures_are_whole(width: int) -> None:
    lines = rendered(live.render_board(snapshot(), width), width)
    assert all(len(line) <= width for line in lines)
    text = "\n".join(lines)
    for words in (
        "winning moves 25",
        "165 of 515",
        "#1  7. Nd5#",
        "+8.41  19. Kxb7",
        "game 5, ply 32",
        "restarting",
    ):
        assert words in text
    assert ("6.8M nodes" in text) == (width >= 80)
    assert len(lines) < 15


@pytest.mark.parametrize("width", [60, 100])
def test_the_board_says_how_the_player_has_done_so_far(width: int) -> None:
    text = "\n".join(rendered(live.render_board(snapshot(standing=None), width), width))
    assert "so far" not in text
    standing = Standing("Carlsen, Magnus", 1, 87.654, 3, 1_200)
    lines = rendered(live.render_board(snapshot(standing=standing), width), width)
    assert all(len(line) <= width for line in lines)
    assert "so far Carlsen, Magnus, 1 game   accuracy 87.7%   mistakes 3" in " ".join(lines)
    assert "blunders 1,200" in " ".join(lines)
    unjudged = structs.replace(standing, accuracy=None)
    assert "accuracy" not in "\n".join(rendered(live.render_board(snapshot(standing=unjudged), width), width))


def test_a_plain_line_says_the_same() -> None:
    assert live.plain_line(snapshot()) == (
        "0:43  165 of 515 positions, 4 games, 323.3k nodes/s, 25 winning moves, about 1:39 left"
    )
    assert "of" not in live.plain_line(snapshot(total=None))


def result(**changes: object) -> RunResult:
    table = ReportTable(
        "players",
        "By player",
        (Column("p", "Player", "player"), Column("n", "Number", "int")),
        (("A\x1b[31m", 3),) * 20,
    )
    values: dict[str, object] = {
        "reports": {"mine": Report("Mine", {"m": Metric(12.345, "Mean", "percent")}, (table,), ("A note.",))},
        "wins": 3,
        "best": (),
        "evaluator": EvaluatorInfo("Stockfish", "15.1", "ab"),
        "limit": Limit(nodes=1000),
        "counts": RunCounts(read=3, analysed=2, damaged=1, positions=90, nodes=90_000, seconds=2.0),
        "failures": (),
        "notices": (),
        "outputs": ("out.pgn",),
    }
    return RunResult(**{**values, **changes})  # type: ignore[arg-type]


def test_the_summary_shows_metrics_tables_and_notes_and_cuts_long_tables() -> None:
    lines = [line for part in live.summary(result(), width=80) for line in rendered(part, 80)]
    text = "\n".join(lines)
    for words in ("Mine", "12.3%", "By player", "A note.", "… 8 more"):
        assert words in text
    assert "\x1b" not in text


def test_the_closing_lines_say_what_was_done_skipped_and_failed() -> None:
    bad = result(
        failures=(Failure("g.pgn", 7, 2, 5, "position given up: it crashed"),),
        notices=(Notice("cut", "g.pgn", 9, 3, "illegal move `Ke3`"),),
    )
    text = "\n".join(
        line for part in live.closing_lines(bad, "engine analyze x -o y") for line in rendered(part, 200)
    )
    for words in (
        "2 games analysed, 90 positions in 0:02 by Stockfish 15.1 at 1,000 nodes",
        "skipped: 1 unreadable",
        "cut: g.pgn:9, game 3: illegal move `Ke3`",
        "failed: g.pgn:7, game 2: position given up",
        "written out.pgn",
        "engine analyze x -o y",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("by_default", "words"),
    [
        (True, "at 100,000 nodes, adaptive (--no-adaptive takes all of them)"),
        (False, "at 100,000 nodes, adaptive;"),
    ],
)
def test_who_has_not_asked_for_adaptive_searches_is_told_the_way_out(by_default: bool, words: str) -> None:
    ran = result(limit=Limit(nodes=100_000), adaptive=True)
    text = "\n".join(
        line for part in live.closing_lines(ran, None, by_default=by_default) for line in rendered(part, 200)
    )
    assert words in text
    assert ("--no-adaptive" in text) is by_default


def test_many_outputs_of_a_folder_are_one_closing_line() -> None:
    ran = result(outputs=("all.pgn", *(f"reports/{k}.html" for k in range(1_280))))
    text = "\n".join(line for part in live.closing_lines(ran, None) for line in rendered(part, 200))
    assert "written all.pgn" in text
    assert "1,280 files written to reports/" in text
    assert "reports/7.html" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(31_999, "#1"), (-31_997, "#-3"), (321, "+3.21"), (-5, "-0.05"), (0, "+0.00")]
)
def test_board_scores(value: int, text: str) -> None:
    assert live.board_score(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(7.9, "0:07"), (750, "12:30"), (10_931, "3:02:11")])
def test_durations(seconds: float, text: str) -> None:
    assert live.duration(seconds) == text
