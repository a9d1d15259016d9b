"""The figures of the aggregators on games small enough to be checked by hand."""

from __future__ import annotations

import pytest

from engine.model import Epd, Reference, Score
from engine.scoring import move_accuracy, win_percent
from engine.testing import analysed_game
from engine.testing.builders import Eval
from engine_plugins.aggregators.accuracy import Accuracy
from engine_plugins.aggregators.acpl import Acpl
from engine_plugins.aggregators.best_scores import BestScores
from engine_plugins.aggregators.epd_solved import EpdSolved
from engine_plugins.aggregators.judgements import Judgements
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows, table

ANNA_BERT = {"White": "Anna", "Black": "Bert"}
BERT_ANNA = {"White": "Bert", "Black": "Anna"}
HANGING = {"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", "SetUp": "1"}


def test_best_scores_one_a_game_ties_to_the_earlier_game_and_ply() -> None:
    tied = analysed_game("1. e4 e5 2. Nf3 Nc6", [10, 20, 40, 20, 40], headers=ANNA_BERT, number=2, best={2: "Nc3"})
    later = analysed_game("1. d4 d5", [40, 30, 20], number=3)
    black = analysed_game("1. d4 d5", [20, -90, 15], number=4)
    mate = analysed_game("1. f3 e5 2. g4 Qh4#", [20, -60, -45, "#-1"], number=9)
    got = report(BestScores, later, mate, black, tied, size=3)
    rows = table(got, "best").rows
    assert [row[:5] for row in rows] == [
        (31_999, 9, 3, "Qh4#", "? – ?"),
        (90, 4, 1, "d5", "? – ?"),
        (40, 2, 2, "Nc3", "Anna – Bert"),
    ]
    assert rows[2][5] == "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"
    assert got.metrics["best"].value == 31_999


# White blunders on the first move (Lichess's golden case: 10.664 and 100), and with colours reversed.
def test_accuracy_is_the_mean_of_game_accuracies() -> None:
    first = analysed_game("1. f3 e5", [15, -900, -900], headers=ANNA_BERT)
    second = analysed_game("1. e4 g5", [15, 15, 900], headers=BERT_ANNA, number=2)
    got = report(Accuracy, second, first)
    assert table(got, "games").rows == ((1, "Anna", 10.664, "Bert", 100.0), (2, "Bert", 100.0, "Anna", 12.303))
    # Anna (10.664 + 12.303) / 2, White (10.664 + 100) / 2, Black (100 + 12.303) / 2; all four sides together.
    anna, bert = rows(got, "players")
    assert anna["accuracy"] == pytest.approx(11.4835, abs=6e-4)
    # Two values that differ by 1.639: a deviation of the sample of 1.159, over the root of 2, times 1.96.
    assert anna["interval"] == pytest.approx(1.606, abs=2e-3)
    assert (anna["games"], anna["median"], anna["white"], anna["black"]) == (2, 10.664, 10.664, 12.303)
    assert bert == {
        "player": "Bert", "games": 2, "accuracy": 100.0, "interval": 0.0, "median": 100.0, "white": 100.0,
        "black": 100.0, "move_accuracy": 100.0,
    }  # fmt: skip
    # Anna's two moves have the accuracies of the two games, less what the harmonic mean adds for its floor of 1.
    by_moves = anna["move_accuracy"]
    assert isinstance(by_moves, float)
    assert table(got, "players").references == ((Reference(1), Reference(2)), (Reference(1), Reference(2)))
    assert got.findings == ()
    many = report(
        Accuracy, *(analysed_game("1. f3 e5", [15, -900, -900], headers=ANNA_BERT, number=k) for k in range(10))
    )
    said = "Accuracy in percent: 10.7 (Anna) to 100.0 (Bert), of 2 players with 10 games or more."
    assert [finding.text for finding in many.findings] == [said]
    assert metrics(got) == pytest.approx(
        {
            "accuracy": 55.74175,
            "move_accuracy": (by_moves + 100) / 2,
            "median": 12.303,
            "white": 55.332,
            "black": 56.1515,
            "games": 2,
        },
        abs=6e-4,
    )


def test_accuracy_by_other_definitions() -> None:
    game = analysed_game("1. e4 e5 2. f3 Nc6", [15, 15, 15, -100, -100], headers=ANNA_BERT)
    drop = win_percent(Score(cp=15)) - win_percent(Score(cp=-100))
    # Anna's two moves: one loses nothing, one `drop`; Bert's lose nothing.
    insights = 2 / (1 / 100 + 1 / round(move_accuracy(drop, 0), 3))
    got = report(Accuracy, game, definition="lichess-insights")
    assert metrics(got)["white"] == pytest.approx(insights, abs=2e-3)
    assert metrics(got)["black"] == 100.0
    assert table(got, "games").rows[0][2] == pytest.approx(insights, abs=2e-3)
    got = report(Accuracy, game, definition="expected-points")
    assert metrics(got)["white"] == pytest.approx(100 - drop / 2, abs=2e-3)
    assert metrics(got)["accuracy"] == pytest.approx(100 - drop / 4, abs=2e-3)


@pytest.mark.parity
def test_insights_accuracy_of_real_games_is_the_harmonic_mean_over_moves() -> None:
    games = lichess_games()
    moves = [
        max(1.0, ply.accuracy)
        for game in games
        for k, ply in enumerate(game.plies)
        if ply.accuracy is not None and game.side(game.turn(k)).accuracy is not None
    ]
    got = report(Accuracy, *games, definition="lichess-insights")
    assert metrics(got)["accuracy"] == pytest.approx(len(moves) / sum(1 / move for move in moves), abs=1e-3)


def test_accuracy_of_the_player_in_view() -> None:
    game = analysed_game("1. f3 e5", [15, -900, -900], headers=ANNA_BERT, view=("white",))
    got = report(Accuracy, game)
    assert [(row["player"], row["accuracy"], row["interval"]) for row in rows(got, "players")] == [
        ("Anna", 10.664, None)
    ]
    assert table(got, "games").rows == ((1, "Anna", 10.664, "Bert", None),)
    assert metrics(got) == {
        "accuracy": 10.664, "move_accuracy": 10.664, "median": 10.664, "white": 10.664, "black": None, "games": 1,
    }  # fmt: skip
    (finding,) = got.findings
    assert (finding.text, finding.references) == ("Anna's accuracy is 10.7% (1 game).", (Reference(1),))


def test_acpl_is_over_moves_and_rounds_half_up_in_a_game() -> None:
    # Anna loses 10 and 11, Bert 0; then Anna loses 39 in one move, Bert 0 in one.
    first = analysed_game("1. e4 e5 2. Nf3 Nc6", [15, 5, 5, -6, -6], headers=ANNA_BERT)
    second = analysed_game("1. e4 e5", [15, 15, 54], headers=BERT_ANNA, number=2)
    got = report(Acpl, first, second)
    assert table(got, "games").rows == ((1, "Anna", 11, "Bert", 0), (2, "Bert", 0, "Anna", 39))
    # Anna's losses are 10, 11 and 39, the last with Black.
    assert table(got, "players").rows == (("Anna", 2, 3, 20.0, 11, 10.5, 39.0), ("Bert", 2, 3, 0.0, 0, 0.0, 0.0))
    assert metrics(got) == {"acpl": 10.0, "median": 0, "white": 7.0, "black": 13.0, "moves": 6, "games": 2}
    losses = [(row["loss"], row["moves"]) for row in rows(got, "losses")]
    assert losses[:4] == [("0", 3), ("1-10", 1), ("11-25", 1), ("26-50", 1)]
    assert [moves for _, moves in losses[4:]] == [0, 0, 0, 0]
    assert losses[-1][0] == "501-2000"
    assert got.findings == ()


def test_acpl_rows_lead_to_the_moves_that_lost_most() -> None:
    got = report(Acpl, analysed_game(ERRORS, ERROR_EVALS, headers=ANNA_BERT, view=("white",)))
    assert table(got, "players").references == (
        (Reference(1, 6), Reference(1, 4), Reference(1, 2), Reference(1, 0)),
    )
    by_loss = dict(zip((row["loss"] for row in rows(got, "losses")), table(got, "losses").references, strict=True))
    assert by_loss["101-200"] == (Reference(1, 6), Reference(1, 4))
    assert got.findings[0].text == "Anna's moves lose 84 centipawns on average, half of them 55 or less (of 4)."


def test_acpl_of_the_player_in_view() -> None:
    got = report(Acpl, analysed_game("1. e4 e5", [15, 5, 105], headers=ANNA_BERT, view=("black",)))
    assert table(got, "games").rows == ((1, "Anna", None, "Bert", 100),)
    assert metrics(got) == {
        "acpl": 100.0, "median": 100, "white": None, "black": 100.0, "moves": 1, "games": 1,
    }  # fmt: skip


# From 0: 55 is an inaccuracy, 111 a mistake, 169 a blunder. White's 2nd to 4th moves, each made good at once.
ERRORS = "1. a3 a6 2. b3 b6 3. c3 c6 4. d3 d6"
ERROR_EVALS = [0, 15, 0, -55, 0, -111, 0, -169, 0]


def test_judgements_per_player_and_per_100_moves() -> None:
    got = report(Judgements, analysed_game(ERRORS, ERROR_EVALS, headers=ANNA_BERT, best={6: "Nf3"}))
    # Black gives each gain back: 55, 111 and 169 in turn, from its view between +n and 0.
    assert table(got, "players").rows[0] == ("Anna", 4, 1, 25.0, 1, 25.0, 1, 25.0)
    assert got.metrics["moves"].value == 8
    assert [row[:3] for row in table(got, "colors").rows] == [("white", 4, 1), ("black", 4, 1)]
    worst = table(got, "worst").rows
    assert worst[0][:5] == (1, 6, "Anna", "d3", "blunder")
    assert worst[0][5:] == (50.0, 34.927, "Nf3")
    lost = [before - after for *_, before, after, _ in worst]
    assert lost == sorted(lost, reverse=True)


def test_judgements_of_the_player_in_view_and_the_size_of_the_list() -> None:
    got = report(Judgements, analysed_game(ERRORS, ERROR_EVALS, headers=ANNA_BERT, view=("white",)), worst=2)
    assert metrics(got) == {"inaccuracies": 1, "mistakes": 1, "blunders": 1, "moves": 4}
    assert [(row[1], row[4]) for row in table(got, "worst").rows] == [(6, "blunder"), (4, "mistake")]


def test_judgements_by_move_number_are_rates_over_the_moves_made_there() -> None:
    # Anna blunders on her second move. Two games end then; the third goes on to her sixth move, a blunder as well.
    short = [
        analysed_game("1. a3 a6 2. b3", [0, 15, 15, -285], headers=ANNA_BERT, number=k, view=("white",))
        for k in (1, 2)
    ]
    moves = "1. a3 a6 2. b3 b6 3. c3 c6 4. d3 d6 5. e3 e6 6. f3"
    evals: list[Eval] = [15, 15, 15, -285, *[-285] * 7, "#-3"]
    long = analysed_game(moves, evals, headers=ANNA_BERT, number=3, view=("white",))
    got = report(Judgements, *short, long)
    assert [(row["numbers"], row["moves"], row["blunders_rate"]) for row in rows(got, "numbers")] == [
        ("1-5", 9, 33.333), ("6-10", 1, 100.0),
    ]  # fmt: skip
    drop = win_percent(Score(cp=15)) - win_percent(Score(cp=-285))
    assert rows(got, "numbers")[0]["loss"] == pytest.approx(100 * 3 * drop / 9, abs=0.05)
    assert table(got, "numbers").references[1] == (Reference(3, 10),)
    (chart,) = got.charts
    (series,) = chart.series
    first = series.points[0]
    assert (chart.form, chart.y.unit, first.x, first.n) == ("bars", "per 100 moves", "1-5", 9)
    assert first.y == pytest.approx(100 * 3 * drop / 9, abs=0.05)
    assert (
        got.findings[0].text
        == "Anna makes 40.0 blunders, 0.0 mistakes and 0.0 inaccuracies per 100 moves (of 10)."
    )
    assert got.findings[0].references[0] == Reference(1, 2)


def test_judgements_name_the_move_numbers_that_cost_most() -> None:
    moves = "1. a3 a6 2. b3 b6 3. c3 c6 4. d3 d6 5. e3 e6 6. f3"
    games = [
        analysed_game(moves, [15] * 11 + [15 - 100 * (k % 4)], headers=ANNA_BERT, number=k, view=("white",))
        for k in range(1, 41)
    ]
    finding = report(Judgements, *games).findings[1]
    assert finding.text.startswith("Anna's moves 6-10 lose most: 1,3")
    assert (finding.certainty, finding.table) == ("sure", "numbers")
    assert finding.references[0] == Reference(3, 10)
    assert len(report(Judgements, *games[:9]).findings) == 1


@pytest.mark.parametrize(
    ("epd", "best", "solved"),
    [
        (Epd(id="t", bm=("e4d5",)), "exd5", 1),
        (Epd(id="t", bm=("e1d1", "e4d5")), "exd5", 1),
        (Epd(id="t", bm=("e4d5",)), "e5", 0),
        (Epd(id="t", am=("e4e5",)), "exd5", 1),
        (Epd(id="t", am=("e4d5",)), "exd5", 0),
        (Epd(id="t", bm=("e4d5",), am=("e4d5",)), "exd5", 0),
    ],
)
def test_epd_solved(epd: Epd, best: str, solved: int) -> None:
    got = report(EpdSolved, analysed_game(headers=HANGING, evals=[480], best={0: best}, epd=epd))
    assert metrics(got) == {"solved": solved, "tests": 1, "share": 100.0 * solved}
    assert len(table(got, "unsolved").rows) == 1 - solved


def test_epd_solved_counts_mates_that_are_seen_in_time() -> None:
    back_rank = {"FEN": "6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1", "SetUp": "1"}
    lines = [("#1", 1), ("#2", 2), ("#3", 2), ("900", 2), ("#-1", 2)]
    games = [
        analysed_game(
            headers=back_rank,
            evals=[value if "#" in value else int(value)],
            best={0: "Rd8#"},
            epd=Epd(dm=dm),
            number=k,
        )
        for k, (value, dm) in enumerate(lines, 1)
    ]
    got = report(EpdSolved, *games)
    assert metrics(got) == {"solved": 2, "tests": 5, "share": 40.0}
    assert [(row[0], row[2]) for row in table(got, "unsolved").rows] == [(k, "mate in 2") for k in (3, 4, 5)]


def test_epd_unsolved_lists_what_was_wanted_and_what_was_found() -> None:
    wrong = Epd(id="take.1", bm=("e4d5", "a1a8"), am=("e4e5",))
    got = report(
        EpdSolved,
        analysed_game(headers=HANGING, evals=[480], best={0: "e5"}, epd=wrong, number=1),
        analysed_game(headers=HANGING, epd=Epd(bm=("e4d5",)), number=2),
        analysed_game("1. e4", [1, 2], number=3),
    )
    fen = HANGING["FEN"]
    assert table(got, "unsolved").rows == (
        (1, "take.1", "exd5, a1a8, not e5", "e5", fen),
        (2, "?", "exd5", None, fen),
    )
    assert got.notes == ("Not solved for want of an evaluation: 1.", "Left out, not an EPD line with bm or am: 1.")
