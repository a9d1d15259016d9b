"""`wins`: winning moves that were available, played and missed, on games small enough to be checked by hand."""

from __future__ import annotations

import pytest

from engine.model import Epd, Reference
from engine.testing import analysed_game
from engine.testing.builders import Eval
from engine_plugins.aggregators.wins import Wins
from tests.plugins.aggregators.rig import metrics, report, rows, table

ANNA_BERT = {"White": "Anna", "Black": "Bert"}
HANGING = {"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", "SetUp": "1"}


# White to move in positions 0, 2 and 4: +300 in 2 wins. Black in 1 and 3: White's -300 in 3 wins for Black.
SWINGS = "1. e4 e5 2. Nf3 Nc6"
SWING_EVALS: list[Eval] = [299, 300, 300, -300, -300]
# White gives the win away with 2. Nf3; Black keeps it.
NOT_BEST = {2: "Nc3", 3: "d6"}


def test_what_wins_for_the_side_to_move_is_available_and_then_played_or_missed() -> None:
    got = report(Wins, analysed_game(SWINGS, SWING_EVALS, headers=ANNA_BERT, best=NOT_BEST))
    assert metrics(got) == {"wins": 2, "played": 1, "missed": 1, "positions": 5, "share": 40.0}
    assert table(got, "players").rows == (("Anna", 1, 3, 33.333, 0, 1), ("Bert", 1, 2, 50.0, 1, 0))
    assert table(got, "players").references == ((Reference(1, 2),), (Reference(1, 3),))
    assert table(got, "games").rows == ((1, "Anna – Bert", 2, 5, 1, 1, 1, 0),)
    assert table(got, "games").references == ((Reference(1, 2),),)
    (finding,) = got.findings
    assert finding.text == "The players had 2 winning moves available, played 1 (50.0%) and missed 1."


def test_in_total_whatever_the_view_and_the_players_in_view_only() -> None:
    got = report(Wins, analysed_game(SWINGS, SWING_EVALS, headers=ANNA_BERT, best=NOT_BEST, view=("black",)))
    assert got.metrics["wins"].value == 2
    assert table(got, "players").rows == (("Bert", 1, 2, 50.0, 1, 0),)
    assert [finding.text for finding in got.findings] == [
        "Bert had 1 winning move available, played 1 (100.0%) and missed 0.",
        "The opponents had 1 winning move available, played 0 (0.0%) and missed 1.",
    ]


@pytest.mark.parametrize(
    ("after", "best", "fate"),
    [
        (300, "exd5", "played"),  # still wins
        (299, "exd5", "played"),  # loses less than 5 Win%
        (0, "e5", "played"),  # the evaluator's own move
        ("#3", "exd5", "played"),
        (0, "exd5", "missed"),
        ("#-3", "exd5", "missed"),
        (None, "exd5", None),  # nobody knows
    ],
)
def test_played_keeps_the_win(after: Eval, best: str, fate: str | None) -> None:
    game = analysed_game("1. e5", ["#5" if after == "#3" else 310, after], headers=HANGING, best={0: best})
    found = metrics(report(Wins, game))
    # After 1. e5, a mate against White is a winning move of Black's, and nobody has moved.
    assert found["wins"] == (2 if after == "#-3" else 1)
    assert (found["played"], found["missed"]) == (int(fate == "played"), int(fate == "missed"))


def test_a_mate_is_played_a_stalemate_misses_and_a_resigned_game_does_neither() -> None:
    mated = analysed_game("1. f3 e5 2. g4 Qh4#", [20, None, -45, "#-1"], headers=ANNA_BERT, best={3: "Nc6"})
    pawn = {"FEN": "4k3/4P3/3K4/8/8/8/8/8 w - - 0 1", "SetUp": "1"}
    stale = analysed_game("1. Ke6", [500], headers=ANNA_BERT | pawn, best={0: "Kc6"}, number=2)
    resigned = analysed_game("1. e4 f6", [20, 20, 400], headers=ANNA_BERT, number=3)
    got = report(Wins, mated, stale, resigned)
    assert [(row["available"], row["played"], row["missed"]) for row in rows(got, "games")] == [
        (1, 1, 0), (1, 0, 1), (1, 0, 0),
    ]  # fmt: skip
    assert {row["player"]: (row["available"], row["played"], row["missed"]) for row in rows(got, "players")} == {
        "Anna": (2, 0, 1), "Bert": (1, 1, 0),
    }  # fmt: skip


def test_terminal_and_missing_positions_are_skipped_and_an_epd_line_counts_once() -> None:
    mated = analysed_game("1. f3 e5 2. g4 Qh4#", [20, None, -45, "#-1"], headers=ANNA_BERT)
    line = analysed_game(headers=HANGING, evals=[480], epd=Epd(id="take.1"), number=2)
    got = report(Wins, mated, line)
    assert metrics(got) == {"wins": 2, "played": 1, "missed": 0, "positions": 4, "share": 50.0}
    assert [row[:4] for row in table(got, "games").rows] == [(1, "Anna – Bert", 1, 3), (2, "take.1", 1, 1)]


def test_without_evaluations_nothing_is_known() -> None:
    found = metrics(report(Wins, analysed_game("1. e4 e5", headers=ANNA_BERT)))
    assert (found["wins"], found["played"], found["missed"]) == (None, None, None)


def test_threshold_and_length_are_options() -> None:
    games = [analysed_game(SWINGS, SWING_EVALS, number=number) for number in (1, 2, 3)]
    got = report(Wins, *games, winning_cp=299, games=2)
    assert got.metrics["wins"].value == 9
    assert [row[0] for row in table(got, "games").rows] == [1, 2]
    assert any("1 more games are not listed" in note for note in got.notes)
