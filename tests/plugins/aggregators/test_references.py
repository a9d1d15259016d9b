"""Rows of reports lead to the moves and games that they rest on."""

from __future__ import annotations

from collections.abc import Mapping

import chess
import pytest
from msgspec import structs

import engine
from engine.model import AnalysedGame, Cell, Column, Reference
from engine.settings import Settings
from engine.testing import analysed_game, example_games
from engine_plugins.aggregators._references import SHOWN
from engine_plugins.aggregators.classification import Classification
from engine_plugins.aggregators.conversion import Conversion
from engine_plugins.aggregators.endgames import Endgames
from engine_plugins.aggregators.highlights import Highlights
from engine_plugins.aggregators.leaderboard import Leaderboard
from engine_plugins.aggregators.openings import Openings
from engine_plugins.aggregators.repertoire import Repertoire
from engine_plugins.aggregators.time_management import TimeManagement
from tests.plugins.aggregators.rig import report, rows, table
from tests.plugins.aggregators.test_conformance import SMALL, loaded
from tests.support import DATA

ANNA = {"White": "Anna", "Black": "Bert", "Result": "0-1"}


COUNTED_ONLY = {"baseline"}
"""Reports that are files of percentiles: their rows are bands of thousands of strangers' games, which are gone
when the file is read."""
CHOSEN = [name for name in SMALL if name not in COUNTED_ONLY]


def _kept(cell: Cell, column: Column) -> bool:
    """Return whether a cell counts what its row rests on."""
    return isinstance(cell, int) and column.kind == "int" and column.key not in ("game", "ply", "rank")


def check_rows(name: str, games: Mapping[int, AnalysedGame]) -> None:
    """Check that each row of each table leads to moves or games, unless the first number in it is 0 or unknown."""
    for each in report(loaded(name), *games.values(), **(SMALL[name] if name == "repertoire" else {})).tables:
        assert each.reading.endswith(".")
        for k, row in enumerate(each.rows):
            counted = next((n for n, c in zip(row, each.columns, strict=True) if _kept(n, c)), 1)
            if any(cell is not None for cell in row[1:]) and counted:
                assert each.about(k), (name, each.key, row)
            assert len(each.about(k)) <= SHOWN
            for reference in each.about(k):
                assert 0 <= (reference.ply or 0) <= len(games[reference.game].plies)


@pytest.fixture(scope="module")
def match() -> Mapping[int, AnalysedGame]:
    settings = Settings(players=("Stockfish 1700",), cache="")
    with engine.Analyzer(workers=1, settings=settings) as analyzer:
        return {game.origin.game: game for game in analyzer.submit(DATA / "match.jsonl.zst")}


@pytest.mark.parametrize("name", CHOSEN)
def test_every_row_leads_to_its_moves(name: str, match: Mapping[int, AnalysedGame]) -> None:
    check_rows(name, {game.origin.game: game for game in example_games()})
    check_rows(name, match)


def test_games_without_evaluations_lead_to_the_longest_thinks() -> None:
    clocks, times = (60, 60, 55, 50, 50, 45), (None, None, 5, 10, 5, 5)
    game = analysed_game("1. e4 e5 2. Nf3 Nc6 3. a3 Nf6", headers=ANNA | {"TimeControl": "60+0"}, number=3)
    plies = [
        structs.replace(ply, clock=float(clock), time=time)
        for ply, clock, time in zip(game.plies, clocks, times, strict=True)
    ]
    got = report(TimeManagement, structs.replace(game, plies=tuple(plies)))
    assert [table(got, key).about(0)[0].ply for key in ("speeds", "phases")] == [3, 3]


def test_examples_of_classes_are_the_telling_ones(match: Mapping[int, AnalysedGame]) -> None:
    got = table(report(Classification, *match.values()), "classes")
    found = {str(row[0]): got.about(k) for k, row in enumerate(got.rows)}
    gifts = []
    for reference in found["Best"]:
        assert reference.ply
        before = match[reference.game].plies[reference.ply - 1]
        assert before.win_before is not None
        assert before.win_after is not None
        gifts.append(before.win_before - before.win_after)
    assert gifts == sorted(gifts, reverse=True)
    assert gifts[-1] > 10
    plies = [reference.ply or 0 for reference in found["Book"]]
    assert plies == sorted(plies, reverse=True)
    losses = [match[one.game].plies[one.ply or 0].loss or 0 for one in found["Good"]]
    assert all(losses)


def test_winning_games_that_were_not_won_lead_to_where_it_slipped() -> None:
    # Anna is winning after 1... e5 and throws it away with 3. a3.
    evals = [15, 15, 500, 500, 500, -200, -200]
    slipped = analysed_game("1. e4 e5 2. Nf3 Nc6 3. a3 Nf6", evals, headers=ANNA, number=7, view=("white",))
    got = report(Conversion, slipped)
    for key in ("players", "outcomes", "games"):
        assert table(got, key).about(0) == (Reference(7, 4),), key
    assert (
        got.findings[0].text == "Of 1 game that stood winning, 0 were won (0%, 95%: 0.0-79.3), 0 drawn and 1 lost."
    )
    assert got.findings[0].references == (Reference(7, 4),)


def test_openings_lead_to_the_costliest_games_and_the_tree_to_boards() -> None:
    games = [
        analysed_game(
            "1. e4 e5 2. a3 a6", [15, 15, 15, 15 - loss, 15 - loss], headers=ANNA, number=k, view=("white",)
        )
        for k, loss in enumerate((50, 300, 100), start=1)
    ]
    got = report(Openings, *games)
    assert table(got, "openings").about(0) == (Reference(2, 2), Reference(3, 2), Reference(1, 2))
    first, *_ = rows(got, "tree")
    board = chess.Board()
    board.push_san("e4")
    assert first["position"] == board.fen()
    assert table(got, "tree").about(0) == (Reference(2, 2), Reference(3, 2), Reference(1, 2))
    [lost, score] = got.charts
    assert (lost.series[0].points[0].x, score.series[0].points[0].y) == ("King's Pawn Game (White)", 0.0)


def test_the_costliest_opening_is_named_with_its_certainty() -> None:
    games = [
        analysed_game(
            f"1. {move} a6 2. a3 a5", [15, 15, 15, 15 - loss - k, 15 - loss - k], number=k, view=("white",)
        )
        for move, loss, numbers in (("e4", 200, range(1, 13)), ("d4", 20, range(13, 25)))
        for k in numbers
    ]
    finding = report(Openings, *games).findings[-1]
    assert finding.text.startswith("Costliest: St. George Defense (White), ")
    assert finding.certainty == "sure"


def test_players_lead_to_their_best_game_and_games_to_their_largest_swing() -> None:
    moves = " ".join(f"{k}. N{w} N{b}" for k, (w, b) in enumerate([("f3", "f6"), ("g1", "g8")] * 10, start=1))
    games = [
        analysed_game(moves, [15] * 20 + [15 - loss] * 21, headers=ANNA, number=k)
        for k, loss in enumerate((300, 100), start=1)
    ]
    players = table(report(Leaderboard, *games), "players")
    assert {row[0]: players.about(k) for k, row in enumerate(players.rows)} == {
        "Anna": (Reference(1),),  # 10... Ng8 was Black's, who lost nothing
        "Bert": (Reference(1),),
    }
    got = report(Highlights, *games)
    assert table(got, "games").about(0) == table(got, "moments").about(0) == (Reference(1, 19),)
    assert got.findings[0].text.startswith("Most exciting: game 1, Anna – Bert (0-1), with no change of the lead")


def test_departures_lead_to_where_the_book_was_left() -> None:
    games = [
        analysed_game("1. e4 e6 2. d4 Nf6", [15, 15, 15, 15, 15 + loss], number=k, view=("black",))
        for k, loss in enumerate((30, 200), start=1)
    ]
    got = report(Repertoire, *games, lines=str(DATA / "repertoire.pgn"))
    assert table(got, "ours").about(0) == (Reference(2, 3), Reference(1, 3))
    assert got.findings[1].text == "To learn first: after 1. e4 e6 2. d4 the book has d5; Nf6 was played 2 times."


def test_endgames_lead_to_costly_moves_and_to_wins_let_slip() -> None:
    start = {"FEN": "8/5k2/8/8/8/8/4PK2/4R3 w - - 0 1", "SetUp": "1", "Result": "1/2-1/2"}
    drawn = analysed_game("1. Rd1 Ke7 2. Rd8 Kxd8", [700, 700, 700, 0, 0], headers=start, view=("white",))
    got = report(Endgames, drawn)
    assert table(got, "classes").about(0) == (Reference(1, 2),)
    assert table(got, "conversion").about(0) == table(got, "results").about(0) == (Reference(1, 0),)
    assert got.findings[-1].text == "Of 1 endgames that began winning, 0 were won (0%, 95%: 0.0-79.3)."
