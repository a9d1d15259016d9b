"""The summary at the end: one game's page, the players of many, leaks first; tables that fit."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

import engine
from engine import scoring
from engine.cli import live
from engine.cli.live.columns import TableColumn, fit_table
from engine.cli.live.page import game_page, white_wins
from engine.model import AnalysedGame, RunResult
from engine.settings import Settings
from engine.testing import analysed_game
from engine_plugins.aggregators.accuracy import Accuracy, AccuracyOptions
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
WIDTHS = [60, 80, 100, 160, 200]


def rendered(parts: Iterable[RenderableType], width: int, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(width=width, file=file, color_system=None, highlight=False)
    for part in parts:
        console.print(part)
    file.seek(0)
    return [line.rstrip() for line in file.read().splitlines()]


def words(parts: Iterable[RenderableType], width: int = 100) -> str:
    return " ".join(" ".join(rendered(parts, width)).split())


@pytest.fixture(scope="module")
def one_game() -> RunResult:
    return engine.analyze(MATCH, settings=Settings(max_games=1))


@pytest.fixture(scope="module")
def player() -> RunResult:
    return engine.analyze(MATCH, settings=Settings(players=("Stockfish 1700",)))


# -- one game -----------------------------------------------------------------------------------------------

# White is better, gives it back, and then gives a piece away.
STORY = "1. e4 e5 2. Nf3 d6 3. Bc4 Nf6 4. d3 Be7 5. Bxf7+ Kxf7 *"
VIEW = [20, 20, 30, 25, 30, 25, 120, 30, -20, -400, -400]
HEADERS = {"White": "Anna", "Black": "Bert", "Event": "Club evening", "Result": "0-1"}


def story(**fields: object) -> AnalysedGame:
    return analysed_game(STORY, VIEW, headers=HEADERS, **fields)  # type: ignore[arg-type]


def test_a_page_says_who_played_how_well_and_where_it_turned() -> None:
    text = words(game_page(story(best={8: "Nc3"}), 100))
    for said in (
        "Anna – Bert 0-1",
        "Club evening",
        "5 moves",
        "Anna (White)",
        "Turning point: 5. Bxf7+?? took Black's Win% from 52 to 81, and it was never below 81 again.",
        "Nc3 was best.",
        "1 blunder: 5. Bxf7+ (best Nc3)",
    ):
        assert said in text, text


@pytest.mark.parametrize("width", [*WIDTHS, 20])
def test_a_page_has_the_figures_of_the_game(one_game: RunResult, width: int) -> None:
    game = one_game.game
    assert game is not None
    lines = rendered(live.overview(one_game, width=width), width)
    text = " ".join(" ".join(lines).split())
    assert max(map(cell_len, lines)) <= width
    for side in (game.white, game.black):
        for figure in (f"{side.accuracy:.1f}%", str(side.acpl), str(side.inaccuracies), str(side.blunders)):
            assert figure in text
    judged = [k for k, ply in enumerate(game.plies) if ply.judgement is not None]
    assert judged
    for k in judged:
        assert f"{game.number(k)} {game.plies[k].san}" in text


def test_the_graph_is_high_where_white_is_better_and_marks_what_was_bad() -> None:
    lines = rendered(game_page(story(), 60), 60)
    [top] = [k for k, line in enumerate(lines) if line.startswith("White")]
    rows, marks, numbers = lines[top : top + 4], lines[top + 4], lines[top + 5]
    heights = [sum(len(row) > 7 + 3 * k and row[7 + 3 * k] != " " for row in rows) for k in range(len(VIEW))]
    assert heights == [3, 3, 3, 3, 3, 3, 3, 3, 2, 1, 1]
    assert marks.split() == ["?!", "?!", "??"]
    assert marks.index("??") == 7 + 3 * 9
    assert numbers.split() == ["move", "1", "5"]


def test_a_terminal_without_block_characters_gets_ascii() -> None:
    lines = rendered(game_page(story(), 60), 60, encoding="ascii")
    [top] = [k for k, line in enumerate(lines) if line.startswith("White")]
    assert "%%%" in lines[top + 3]
    assert "?" not in "".join(lines[top : top + 4])


def test_a_game_without_evaluations_says_so() -> None:
    text = words(game_page(analysed_game(STORY, []), 80))
    assert "No position has an evaluation." in text
    assert "Turning point" not in text


@pytest.mark.parametrize(
    ("name", "pgn", "evals"),
    [
        ("no move", "*", [20]),
        ("one position missing", "1. e4 e5 2. Nf3 *", [20, None, 15, 20]),
        ("mate", "1. f3 e5 2. g4 Qh4# 0-1", [0, 0, 0, "#-1"]),
        ("long names", "1. e4 *", [20, 20]),
    ],
)
def test_odd_games_have_a_page(name: str, pgn: str, evals: Sequence[int | str | None]) -> None:
    long = "國際象棋 \x1b[31m" * 30
    headers = {"White": long, "Black": long} if name == "long names" else {}
    for width in (20, 60, 200):
        lines = rendered(game_page(analysed_game(pgn, evals, headers=headers), width), width)
        assert lines
        assert max(map(cell_len, lines)) <= width
        assert "\x1b" not in "".join(lines)


def test_whites_chances_end_with_the_mate() -> None:
    wins = white_wins(analysed_game("1. f3 e5 2. g4 Qh4# 0-1", [0, 0, 0, "#-1"]))
    assert wins[-1] == 0
    assert wins[0] == 50


# -- the turning point --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wins", "expected"),
    [
        ([50, 50, 50], None),
        ([50, 50, 90, 90], (1, 40)),
        ([50, 10, 10], (0, 40)),
        # Given back at once: what counts is what stayed.
        ([50, 90, 50, 95, 95], (2, 45)),
        ([50, 90, 70, 95], (2, 25)),
        # A won game thrown to a draw.
        ([50, 95, 95, 50, 52], (2, 43)),
        # Little by little: no single move.
        ([50, 55, 60, 65, 70, 75, 80], None),
        ([50, None, 90, 90], None),
        ([None, None], None),
        ([], None),
    ],
)
def test_the_turning_point(wins: list[float | None], expected: tuple[int, float] | None) -> None:
    assert scoring.turning_point(wins) == expected


# -- many games ---------------------------------------------------------------------------------------------


def test_with_a_player_the_player_comes_first(player: RunResult) -> None:
    text = words(live.overview(player, width=100, players=("Stockfish 1700",)))
    assert text.startswith("Stockfish 1700: 12 games")
    assert "Best scores" not in text
    assert "Stockfish 1700 12 88.4%" in text


def test_the_players_table_holds_what_the_reports_say() -> None:
    result = engine.analyze(MATCH)
    assert "leaks" not in result.reports
    rows = {table.key: table.rows for table in result.reports["accuracy"].tables}["players"]
    for width in WIDTHS:
        lines = rendered(live.overview(result, width=width), width)
        assert max(map(cell_len, lines)) <= width
        for name, games, accuracy, *_ in rows:
            [line] = [line for line in lines if line.startswith(f"{name} ")]
            assert line.split()[2:4] == [str(games), f"{accuracy:.1f}%"]


def test_players_that_no_report_lists_are_not_counted_as_if_they_were() -> None:
    games = "".join(
        f'[White "W{k}"]\n[Black "B{k}"]\n\n1. e4 {{ [%eval 0.3] }} e5 {{ [%eval 0.2] }} 2. Nf3 *\n\n'
        for k in range(10)
    )
    for rows, said in ((100, "… 8 more players"), (15, "… at least 3 more players")):
        accuracy = Accuracy(AccuracyOptions(players=rows))
        result = engine.analyze(games, evaluator="recorded", aggregators=[accuracy])
        assert said in words(live.overview(result, width=100))


def test_games_without_evaluations_say_so() -> None:
    result = engine.analyze(DATA / "classics.pgn", evaluator="recorded")
    assert "No position has an evaluation." in words(live.overview(result, width=80))


def test_a_game_that_black_begins_has_its_numbers() -> None:
    fen = {"FEN": "8/8/8/8/8/k7/8/K6R b - - 0 60"}
    lines = rendered(game_page(analysed_game("60... Kb3 61. Rh3+", [500, 500, 500], headers=fen), 60), 60)
    assert lines[0].startswith("A game")
    assert any(line.split() == ["move", "61"] for line in lines)


def test_several_games_have_no_page_and_one_has_no_table() -> None:
    two = engine.analyze(MATCH, settings=Settings(max_games=2))
    assert two.game is None
    assert "Turning point" not in words(live.overview(two, width=100))


# -- tables -------------------------------------------------------------------------------------------------

COLUMNS = [
    TableColumn("Player", ["Duke of Brunswick and Count Isouard", "國際象棋大師國際象棋大師"]),
    TableColumn("Games", ["1,234", "5"], figures=True),
    TableColumn("Opening", ["Sicilian Defense: Najdorf Variation", "A"]),
    *(TableColumn(f"A long heading {k}", [f"{k}{k}{k}.25", "1.00"], figures=True) for k in range(1, 8)),
    TableColumn("Best move", ["117... bxa1=Q#", "1. e4"], whole=True),
]
FIGURES = [cell for column in COLUMNS if column.figures or column.whole for cell in column.cells]


@pytest.mark.parametrize("width", range(40, 241, 7))
def test_only_text_gives_way(width: int) -> None:
    lines = rendered(fit_table(COLUMNS, width), width)
    assert max(map(cell_len, lines)) <= width
    for figure in FIGURES:
        assert figure in "\n".join(lines)


def test_what_does_not_fit_goes_on_below_with_the_first_column() -> None:
    lines = rendered(fit_table(COLUMNS, 60), 60)
    assert sum(line.startswith("Player") for line in lines) > 1
    assert rendered(fit_table(COLUMNS, 400), 400)[1].split("  ")[0] == COLUMNS[0].cells[0]


def test_the_widest_text_gives_way_first() -> None:
    columns = [TableColumn("A", ["a" * 30]), TableColumn("B", ["b" * 12]), TableColumn("N", ["123"], figures=True)]
    assert rendered(fit_table(columns, 40), 40)[1].split() == ["a" * 20 + "…", "b" * 12, "123"]
