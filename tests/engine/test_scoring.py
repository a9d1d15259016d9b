"""The formulas against published golden values, typed in here, and against the files they came from."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from engine import scoring
from engine.model import Color, Score
from tests.support import shared_data


def cp(value: int) -> Score:
    return Score(cp=value)


def mate(value: int) -> Score:
    return Score(mate=value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 50.0000),
        (15, 51.3804),
        (20, 51.8402),
        (50, 54.5896),
        (100, 59.1026),
        (150, 63.4672),
        (200, 67.6212),
        (300, 75.1126),
        (400, 81.3487),
        (500, 86.3072),
        (600, 90.1077),
        (700, 92.9397),
        (800, 95.0058),
        (1000, 97.5447),
    ],
)
def test_win_percent(value: int, expected: float) -> None:
    assert scoring.win_percent(cp(value)) == pytest.approx(expected, abs=5e-5)
    assert scoring.win_percent(cp(-value)) == pytest.approx(100 - expected, abs=5e-5)


def test_win_percent_sees_nothing_beyond_a_thousand_centipawns_and_takes_mate_for_that() -> None:
    ceiling = scoring.win_percent(cp(1000))
    assert scoring.win_percent(cp(30_000_000)) == scoring.win_percent(mate(17)) == ceiling
    assert scoring.win_percent(mate(-1)) == pytest.approx(100 - ceiling)


def test_scale_multiplies_centipawns_before_the_clamp_and_leaves_mates_alone() -> None:
    assert scoring.win_percent(cp(100), scale=1.5) == scoring.win_percent(cp(150))
    assert scoring.win_percent(cp(900), scale=1.32) == scoring.win_percent(cp(1000))
    assert scoring.win_percent(mate(2), scale=0.1) == scoring.win_percent(mate(2))


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        (1, 96.604),
        (2, 92.395),
        (5, 80.815),
        (10, 64.580),
        (15, 51.521),
        (20, 41.017),
        (30, 25.772),
        (40, 15.909),
        (50, 9.528),
        (60, 5.399),
        (75, 1.771),
        (80, 1.000),
        (100, 0.0),
    ],
)
def test_move_accuracy(drop: float, expected: float) -> None:
    assert scoring.move_accuracy(100.0, 100.0 - drop) == pytest.approx(expected, abs=5e-4)


def test_a_move_that_gains_is_perfect_and_a_tiny_loss_never_exceeds_it() -> None:
    assert scoring.move_accuracy(40.0, 55.0) == 100
    assert scoring.move_accuracy(50.0, 50.0) == 100
    assert scoring.move_accuracy(50.0, 49.99) == 100


def game(cps: list[int], start: int = 15) -> list[float | None]:
    return [scoring.win_percent(cp(value)) for value in [start, *cps]]


@pytest.mark.parametrize(
    ("cps", "white", "black"),
    [
        ([15, 15], 100.0, 100.0),
        ([-900, -900], 10.664, 100.0),
        ([15, 900], 100.0, 12.303),
        ([-900, 0], 10.664, 11.459),
        ([15] * 20 + [-900], 46.853, 100.0),
        ([15] * 21 + [900], 100.0, 49.388),
        ([-50, 15] * 5, 77.383, 77.383),
        ([-50, 15] * 50, 77.383, 77.383),
        ([-135, 15] * 50, 55.001, 55.001),
        ([-435, 15] * 50, 20.695, 20.695),
    ],
)
def test_game_accuracy(cps: list[int], white: float, black: float) -> None:
    assert scoring.game_accuracy(game(cps), "white") == pytest.approx((white, black), abs=5e-4)


def test_game_accuracy_goes_by_who_moves_first() -> None:
    # Black moves first and blunders; White's reply is perfect.
    white, black = scoring.game_accuracy(game([900, 900]), "black")
    assert white == 100
    assert black == pytest.approx(12.303, abs=5e-4)


WINS = st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=2, max_size=40)


@given(WINS, st.sampled_from(["white", "black"]))
def test_game_accuracy_of_moves_that_are_known(wins: list[float | None], first: Color) -> None:
    moves: list[float | None] = []
    for k, (before, after) in enumerate(pairwise(wins)):
        if before is None or after is None:
            moves.append(None)
        elif (first == "white") == (k % 2 == 0):
            moves.append(scoring.move_accuracy(before, after))
        else:
            moves.append(scoring.move_accuracy(100 - before, 100 - after))
    assert scoring.game_accuracy(wins, first, moves) == scoring.game_accuracy(wins, first)


@pytest.mark.parametrize("wins", [[], [51.4], [51.4, 40.0], [51.4, None, 52.0, 50.0], [None, None, None]])
def test_game_accuracy_needs_a_move_of_each_colour(wins: list[float | None]) -> None:
    assert scoring.game_accuracy(wins, "white") == (None, None)


def test_a_missing_evaluation_costs_only_the_moves_beside_it() -> None:
    # White's second move (50 -> ?) and Black's reply (? -> 20) do not count; the rest is perfect.
    wins: list[float | None] = [50.0, 50.0, 50.0, None, 20.0, 20.0, 20.0]
    assert scoring.game_accuracy(wins, "white") == (100, 100)


def test_the_end_of_a_mated_game_carries_no_evaluation() -> None:
    assert scoring.game_accuracy([*game([-50, 15, -50, 15]), None], "white") == scoring.game_accuracy(
        game([-50, 15, -50, 15]), "white"
    )


@pytest.mark.parity
def test_golden_cases_of_the_accuracy_formula() -> None:
    cases = json.loads(shared_data("facts", "lichess_accuracy_cases.json").read_text())["cases"]
    assert len(cases) == 19
    for case in cases:
        got = scoring.game_accuracy(game(case["cps_white_pov"]), case["first_mover"])
        for value, color, k in zip(got, ("white", "black"), (0, 1), strict=True):
            expected = case[color]
            assert (value is None) == (expected is None), case["name"]
            if value is not None:
                assert abs(value - expected) <= case["tolerance"][k], case["name"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (cp(30), cp(10), 20),
        (cp(30), cp(90), 0),
        (cp(1500), cp(1100), 0),
        (cp(1500), cp(400), 600),
        (mate(3), mate(-2), 2000),
        (mate(3), cp(250), 750),
        (cp(-200), mate(-5), 800),
        (mate(3), mate(9), 0),
    ],
)
def test_loss(before: Score, after: Score, expected: int) -> None:
    assert scoring.loss(before, after) == expected


@pytest.mark.parametrize(
    ("losses", "expected"), [([], None), ([10, 11], 11), ([10, 11, 11], 11), ([10, 10, 11], 10), ([0], 0)]
)
def test_acpl_rounds_half_up(losses: list[int], expected: int | None) -> None:
    assert scoring.acpl(losses) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # From 0: 54.5, 110 and 168 centipawns.
        (cp(0), cp(-54), None),
        (cp(0), cp(-55), "inaccuracy"),
        (cp(0), cp(-110), "inaccuracy"),
        (cp(0), cp(-111), "mistake"),
        (cp(0), cp(-168), "mistake"),
        (cp(0), cp(-169), "blunder"),
        # From +200: down to +140, +83 and +28.
        (cp(200), cp(141), None),
        (cp(200), cp(139), "inaccuracy"),
        (cp(200), cp(82), "mistake"),
        (cp(200), cp(27), "blunder"),
        (cp(0), cp(300), None),
        # Not clamped: clamped to 1000 this drop would be 0.0995.
        (cp(1300), cp(730), "inaccuracy"),
        # Running into a mate.
        (cp(-1000), mate(-4), "inaccuracy"),
        (cp(-999), mate(-4), "mistake"),
        (cp(-701), mate(-4), "mistake"),
        (cp(-700), mate(-4), "blunder"),
        (cp(400), mate(-4), "blunder"),
        # Letting one go.
        (mate(2), cp(1000), "inaccuracy"),
        (mate(2), cp(999), "mistake"),
        (mate(2), cp(701), "mistake"),
        (mate(2), cp(700), "blunder"),
        (mate(2), mate(-3), "blunder"),
        # A slower mate, a mate found, being mated on, and getting out of one.
        (mate(2), mate(8), None),
        (cp(100), mate(5), None),
        (mate(-5), mate(-1), None),
        (mate(-5), cp(-300), None),
        (mate(-5), mate(3), None),
    ],
)
def test_judgement(before: Score, after: Score, expected: str | None) -> None:
    assert scoring.judgement(before, after) == expected


def test_few_centipawns_are_never_judged_and_more_by_the_drop() -> None:
    for before in range(-300, 301, 3):
        for lost in (50, 53, 54, 55, 56, 60, 100):
            drop = math.tanh(0.00368208 * before / 2) - math.tanh(0.00368208 * (before - lost) / 2)
            assert (scoring.judgement(cp(before), cp(before - lost)) is not None) == (drop >= 0.1)


def test_judgement_takes_the_scale() -> None:
    assert scoring.judgement(cp(0), cp(-100)) == "inaccuracy"
    assert scoring.judgement(cp(0), cp(-100), scale=1.32) == "mistake"
    assert scoring.judgement(mate(2), cp(800), scale=1.32) == "inaccuracy"


@pytest.mark.parametrize(
    ("score", "expected"),
    [(cp(300), True), (cp(299), False), (mate(40), True), (mate(-1), False), (cp(-900), False)],
)
def test_is_winning(score: Score, expected: bool) -> None:
    assert scoring.is_winning(score, 300) is expected


def test_board_value_is_an_int32_in_which_mates_outrank_centipawns_and_shorter_mates_longer_ones() -> None:
    assert scoring.board_value(mate(1)) == 31_999
    assert scoring.board_value(mate(12)) == 31_988
    assert scoring.board_value(mate(-3)) == -31_997
    assert scoring.board_value(cp(-250)) == -250
    order = [mate(-1), mate(-9), cp(-(10**9)), cp(0), cp(5), cp(10**9), mate(5000), mate(9), mate(1)]
    values = [scoring.board_value(score) for score in order]
    assert values == sorted(values)
    assert len(set(values)) == len(values)
    assert all(abs(value) < 2**31 for value in values)
