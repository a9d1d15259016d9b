"""Moves in time trouble, compared with others in positions of equal Win%."""

from __future__ import annotations

import math
import random
from bisect import bisect_right

import pytest

from engine.model import AnalysedGame, Reference, Report
from engine.plugin import JointMoments, certainties
from engine.testing import analysed_game
from engine.testing.builders import Eval
from engine_plugins.aggregators._time_trouble import EDGES, SIZE, at_equal_win
from engine_plugins.aggregators.time_management import TimeManagement
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows

ANNA_BERT = {"White": "Anna", "Black": "Bert", "TimeControl": "100+0", "Result": "1-0"}


def game(number: int, *, decided: bool, wrong: bool) -> AnalysedGame:
    """White plays three moves with time, the last in an even position, and three in time trouble.

    In time trouble the game is decided, or still even. `wrong`: a move in time trouble loses 300 centipawns.
    """
    clocks = ["100", "100", "90", "90", "80", "80", "8", "70", "7", "60", "6", "50"]
    sans = ("Nf3 Nf6 Ng1 Ng8 " * 3).split()
    moves = " ".join(
        f"{san} {{ [%clk 0:0{int(c) // 60}:{int(c) % 60:02}] }}" for san, c in zip(sans, clocks, strict=True)
    )
    level = 900 if decided else 15
    evals: list[Eval] = [15, 15, 15, 15, 15, 15, level, level, level, level, level, level, level]
    if wrong:
        evals[9:] = [level - 300] * 4
    return analysed_game(moves, evals, headers=ANNA_BERT, number=number, view=("white",))


def texts(got: Report) -> list[str]:
    return [finding.text for finding in got.findings]


def test_what_a_decided_position_hides_is_said_at_equal_win() -> None:
    # In every second game the trouble comes in a won position; in every second other game a move loses 300.
    games = [game(k, decided=k % 2 == 0, wrong=k % 4 == 1) for k in range(1, 61)]
    got = report(TimeManagement, *games)
    found = metrics(got)
    assert found["accuracy_otherwise"] == 100.0
    # Of 75 moves in trouble in even positions, 15 have an accuracy of 32: a fifth of 68 is 13.6. Of all 180 moves
    # in trouble, they are a twelfth.
    assert found["trouble_at_equal_win"] == pytest.approx(-13.6, abs=0.1)
    assert found["accuracy_in_trouble"] == pytest.approx(100 - 68 / 12, abs=0.3)
    first, plain = got.findings
    assert first.text.startswith("In time trouble, Anna's moves are 13.6 points less accurate than otherwise in")
    assert (first.certainty, first.references[0]) == ("sure", Reference(1, 8))
    assert plain.text.endswith("50% of the moves in time trouble and 0% of the others are in decided positions"
                               " (Win% under 10 or from 90).")  # fmt: skip
    last = rows(got, "trouble")[-1]
    assert (last["win"], last["difference"]) == ("all, at equal Win%", found["trouble_at_equal_win"])


def test_of_a_few_games_no_certainty_is_claimed() -> None:
    got = report(TimeManagement, *(game(k, decided=False, wrong=k % 2 == 1) for k in range(1, 11)))
    assert metrics(got)["trouble_at_equal_win"] is not None
    assert not any("equal Win%" in text for text in texts(got))


def test_games_without_clocks_are_told_apart() -> None:
    clockless = [analysed_game("1. e4 e5", [15, 15, 15], headers=ANNA_BERT, number=k) for k in (8, 9)]
    got = report(TimeManagement, game(1, decided=False, wrong=False), *clockless)
    assert texts(got)[-1] == "1 of 3 games have clocks (1 bullet); times and speeds are over these."
    assert [row["games"] for row in rows(got, "speeds")] == [1]


def test_the_error_is_that_of_games() -> None:
    """The linearised error against the jackknife over games."""
    chance = random.Random(7)
    games = []
    for _ in range(120):
        values, skill = [0] * SIZE, chance.gauss(0, 3000)
        for _ in range(30):
            band, troubled = chance.randrange(SIZE // 4), chance.random() < 0.3
            place = 4 * band + (0 if troubled else 2)
            values[place] += 1
            values[place + 1] += round(80_000 + 2_000 * band + skill * troubled + chance.gauss(0, 5000))
        games.append(values)

    def figure(some: list[list[int]]) -> float:
        moments = JointMoments(SIZE)
        for values in some:
            moments.add(*values)
        found = at_equal_win(moments)
        assert found is not None
        return found.value

    moments = JointMoments(SIZE)
    for values in games:
        moments.add(*values)
    found = at_equal_win(moments)
    assert found is not None
    without = [figure(games[:k] + games[k + 1 :]) for k in range(len(games))]
    mean = sum(without) / len(without)
    jackknife = math.sqrt((len(games) - 1) / len(games) * sum((value - mean) ** 2 for value in without))
    assert found.error == pytest.approx(jackknife, rel=0.03)


def test_certainty_counts_how_many_comparisons_were_made() -> None:
    assert certainties([0.04]) == ["sure"]
    assert certainties([0.04, 0.5, 0.6, 0.7]) == ["likely", "may be chance", "may be chance", "may be chance"]
    assert certainties([0.001, 0.02, 0.03]) == ["sure", "sure", "sure"]
    assert certainties([0.9, 0.001]) == ["may be chance", "sure"]
    assert certainties([]) == []


@pytest.mark.parity
def test_real_games_by_other_means() -> None:
    games = lichess_games()
    bands: dict[int, tuple[list[float], list[float]]] = {}
    for played in games:
        timing = played.timing()
        for k, ply in enumerate(played.plies):
            control = timing.white if played.turn(k) == "white" else timing.black
            if control is None or not control.whole or ply.clock is None or ply.win_before is None:
                continue
            assert ply.accuracy is not None
            inside, outside = bands.setdefault(bisect_right(EDGES, ply.win_before), ([], []))
            (inside if 100 * ply.clock < 10 * control.whole else outside).append(ply.accuracy)
    pairs = [(a, b) for a, b in bands.values() if a and b]
    weights = [len(a) * len(b) / (len(a) + len(b)) for a, b in pairs]
    gaps = [sum(a) / len(a) - sum(b) / len(b) for a, b in pairs]
    expected = sum(w * gap for w, gap in zip(weights, gaps, strict=True)) / sum(weights)
    assert metrics(report(TimeManagement, *games))["trouble_at_equal_win"] == pytest.approx(expected, abs=2e-3)
