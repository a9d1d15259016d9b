"""`leaks`: where a player loses more than the opponents."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from engine.model import AnalysedGame
from engine.scoring import Score, win_percent
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.leaks import Leaks
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows

HEADERS = {
    "White": "Anna",
    "Black": "Bert",
    "WhiteElo": "1500",
    "BlackElo": "1700",
    "TimeControl": "100+0",
    "Date": "2026.03.14",
}
MOVES = (
    "1. e4 {[%clk 0:01:35]} e5 {[%clk 0:01:39]} 2. Qh5 {[%clk 0:00:09]} Nc6 {[%clk 0:01:30]} "
    "3. Qxf7+ {[%clk 0:00:08]} Kxf7 {[%clk 0:01:20]}"
)
EVALS = [15, 15, 15, 15, 15, -900, -900]


def of_anna(*games: AnalysedGame) -> list[AnalysedGame]:
    return [
        structs.replace(game, view=tuple(c for c in ("white", "black") if game.player(c) == "Anna"))
        for game in games
    ]


def game(number: int = 1, evals: Sequence[int] = EVALS, **headers: str) -> AnalysedGame:
    return of_anna(analysed_game(MOVES, evals, headers=HEADERS | headers, number=number))[0]


def test_what_one_bad_move_belongs_to() -> None:
    """Anna's third move loses `lost`; her two others and Bert's three lose nothing."""
    lost = win_percent(Score(cp=15)) - win_percent(Score(cp=-900))
    got = report(Leaks, game(), min_moves=2)
    assert metrics(got) == pytest.approx({"lost": 100 * lost / 3, "opponents": 0, "moves": 3, "games": 1}, abs=0.1)
    by_group = {
        (kind, row["group"]): row
        for kind in ("phase", "clock", "piece", "standing", "strength", "color", "opening", "month")
        for row in rows(got, kind)
    }
    # With 9 of 100 seconds left: under 10%. The opponent is 200 points stronger.
    for key in [("clock", "under 10%"), ("piece", "queen")]:
        assert by_group[key]["lost"] == pytest.approx(100 * lost / (1 if key[0] == "clock" else 2), abs=0.1)
    assert by_group["clock", "under 10%"]["opponents"] is None
    for key in [
        ("phase", "opening"),
        ("standing", "level (40-60)"),
        ("strength", "200 and more above"),
        ("color", "white"),
        ("opening", "King's Pawn Game (White)"),
        ("month", "2026.03"),
    ]:
        row = by_group[key]
        assert (row["moves"], row["opponents"]) == (3, 0.0), key
        assert row["lost"] == row["more"] == row["cost"] == pytest.approx(100 * lost / 3, abs=0.1)
    assert by_group["piece", "pawn"]["moves"] == 1
    # A mean of three values of which one is `lost`, two are 0; the opponents' is exact.
    error = 1.959964 * lost * (2 / 9) ** 0.5 / 2**0.5 * 100
    assert by_group["color", "white"]["interval"] == pytest.approx(error, abs=0.1)


@pytest.mark.parametrize(
    ("control", "groups"),
    [
        ("100+0", {"50% and more": 2, "under 10%": 1}),
        ("190+2", {"50% and more": 2, "under 10%": 1}),  # Anna berserked: 95 s and no increment
        (
            "300+0",
            {"25-50%": 1, "under 10%": 1},
        ),  # it begins later: what she had before the first move is not known
        ("1/86400", {"50% and more": 3}),  # the clock starts again at each move
        ("*60", {"50% and more": 2, "10-25%": 1}),  # more than the whole is the whole
        ("2+0", {"50% and more": 2, "under 10%": 1}),  # minutes
        ("15'/game", {"10-25%": 1, "under 10%": 1}),
        ("as usual", {}),
        ("-", {}),
    ],
)
def test_the_clock_before_a_move_by_what_the_player_had(control: str, groups: dict[str, int]) -> None:
    got = report(Leaks, game(TimeControl=control), min_moves=2)
    assert {row["group"]: row["moves"] for row in rows(got, "clock")} == groups


def test_leaks_are_ranked_by_cost_and_small_groups_are_not() -> None:
    got = report(Leaks, game(), min_moves=2)
    ranked = rows(got, "leaks")
    costs = [row["cost"] for row in ranked]
    assert costs == sorted(costs, key=lambda cost: -float(cost or 0))
    assert "clock" not in [row["kind"] for row in ranked]  # one move
    assert rows(report(Leaks, game()), "leaks") == []
    assert len(rows(report(Leaks, game(), min_moves=2, ranked=1), "leaks")) == 1


def test_a_sure_leak_is_said_in_words() -> None:
    """Sixty games with the same blunder by Anna; Bert never errs."""
    got = report(Leaks, *(game(number) for number in range(1, 61)))
    lost = metrics(got)["lost"]
    sentence = next(note for note in got.notes if note.startswith("With White"))
    assert sentence.startswith(f"With White: {lost:.0f} Win% lost per 100 moves, the opponents 0 (+{lost:.0f} ± ")
    assert sentence.endswith("180 moves, 100% of all).")
    assert sum("Win% lost per 100 moves" in note for note in got.notes) == 3


def test_no_leak_is_sure_when_the_opponents_do_the_same() -> None:
    mirror = [15, 15, 900, 900, -900, 15, 15]  # each loses as much, in turn
    got = report(Leaks, *(game(number, mirror) for number in range(1, 31)))
    assert not any("Win% lost per 100 moves, the opponents 0 " in note for note in got.notes)


def test_without_a_player_the_average_is_the_baseline() -> None:
    both = structs.replace(game(), view=("white", "black"))
    got = report(Leaks, both, min_moves=2)
    assert metrics(got)["opponents"] is None
    assert {row["opponents"] for row in rows(got, "piece")} == {metrics(got)["lost"]}
    assert any("--player" in note for note in got.notes)


def test_what_the_games_do_not_have_is_said() -> None:
    bare = of_anna(analysed_game("1. a3 h6 2. b3", [15, 0, 0, 0], headers={"White": "Anna", "Black": "Bert"}))
    notes = report(Leaks, *bare).notes
    assert "No data by clock: the games have no clocks." in notes
    assert "No data by strength: the games have no ratings." in notes
    assert report(Leaks, analysed_game("1. e4 e5")).notes[0].startswith("No data")


def test_openings_beyond_the_size_are_counted() -> None:
    games = [
        game(1),
        *of_anna(analysed_game("1. d4 Nf6 2. c4 e6 3. Nc3 Bb4", [15] * 7, headers=HEADERS, number=2)),
    ]
    got = report(Leaks, *games, openings=1)
    assert len(rows(got, "opening")) == 1
    assert "1 more openings are not listed; --set leaks.openings=N lists N." in got.notes


@pytest.mark.parametrize("options", [{}, {"min_moves": 2, "ranked": 2, "openings": 1}])
def test_laws(options: dict[str, int]) -> None:
    check_aggregator(Leaks, example_games(), options)


@pytest.mark.parity
def test_real_games_add_up() -> None:
    """Every kind of group holds every move once, and the figures are those of a plain loop."""
    games = [
        structs.replace(game, view=(color,))
        for game in lichess_games()
        for color in ("white", "black")
        if game.player(color) == "hans"  # type: ignore[arg-type]
    ]
    got = report(Leaks, *games, openings=1000)
    for kind in ("phase", "piece", "standing", "color", "month"):
        assert sum(int(row["moves"] or 0) for row in rows(got, kind)) == metrics(got)["moves"], kind
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for game in games:
        for k, ply in enumerate(game.plies):
            if ply.win_before is not None and ply.win_after is not None:
                side = ours if game.turn(k) in game.view else theirs
                side.setdefault(game.phase(k), []).append(max(0.0, ply.win_before - ply.win_after))
    for row in rows(got, "phase"):
        mine, other = ours[str(row["group"])], theirs[str(row["group"])]
        assert row["moves"] == len(mine)
        assert row["lost"] == pytest.approx(100 * sum(mine) / len(mine), abs=0.01)
        assert row["opponents"] == pytest.approx(100 * sum(other) / len(other), abs=0.01)
