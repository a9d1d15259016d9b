"""`leaks`: where a player loses more than the opponents."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from msgspec import structs

from engine.model import AnalysedGame, Reference
from engine.scoring import Score, win_percent
from engine.testing import analysed_game
from engine_plugins.aggregators.leaks import Leaks
from tests.perf import leaks as perf_leaks
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows, table
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
KINDS = ("phase", "clock", "piece", "standing", "strength", "color", "opening", "month")

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
    by_group = {(kind, row["group"]): row for kind in KINDS for row in rows(got, kind)}
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
        ("month", "2026-03"),
    ]:
        row = by_group[key]
        assert (row["moves"], row["games"], row["opponents"]) == (3, 1, 0.0), key
        assert row["lost"] == pytest.approx(100 * lost / 3, abs=0.1)
        assert row["weaker"] == row["cost"] == 0  # all moves are in the group
        assert row["interval"] is None  # one game says nothing of others
        assert row["certainty"] is None
    pawn = by_group["piece", "pawn"]
    assert (pawn["moves"], pawn["weaker"]) == (1, pytest.approx(-100 * lost / 3, abs=0.1))
    assert table(got, "piece").references[1] == (Reference(1, 4),)  # the queen took on f7


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
    found = got.table("clock")
    assert {row["group"]: row["moves"] for row in (found.records() if found else ())} == groups


def random_games(number: int, seed: int, queen: int = 0) -> list[AnalysedGame]:
    """Games of random evaluations; in some, Anna's third move loses `queen` centipawns more."""
    rng = random.Random(seed)
    games = []
    for k in range(1, number + 1):
        # What is lost in one game is alike: its moves depend on each other.
        evals = [rng.gauss(0, 40) * rng.choice((1, 1, 6)) for _ in EVALS]
        evals[5] -= queen * rng.random()
        evals[6] -= queen * rng.random()
        games.append(game(k, [round(value) for value in evals]))
    return games


def test_the_interval_is_that_of_leaving_out_a_game_at_a_time() -> None:
    """The jackknife by game, in plain arithmetic, agrees with the linearised sums."""
    games = random_games(150, 3)
    got = report(Leaks, *games)
    for kind, name in (("piece", "pawn"), ("standing", "level (40-60)")):
        per_game = [_sums_of(game, kind, name) for game in games]
        total = [sum(column) for column in zip(*per_game, strict=True)]
        left_out = [_weaker([a - b for a, b in zip(total, own, strict=True)]) for own in per_game]
        middle = sum(left_out) / len(left_out)
        error = math.sqrt(sum((value - middle) ** 2 for value in left_out) * (len(games) - 1) / len(games))
        [row] = [row for row in rows(got, kind) if row["group"] == name]
        assert row["weaker"] == pytest.approx(_weaker(total), abs=0.01)
        assert row["interval"] == pytest.approx(1.98 * error, rel=0.05)


def _sums_of(game: AnalysedGame, kind: str, name: str) -> list[float]:
    """Loss and moves of Anna in the group, of Bert, and the same of all moves."""
    sums = [0.0] * 8
    for k, ply in enumerate(game.plies):
        assert ply.win_before is not None
        assert ply.win_after is not None
        inside = ply.san[0].islower() if kind == "piece" else 40 <= ply.win_before < 60
        place = 0 if k % 2 == 0 else 2
        for start in (place, place + 4) if inside else (place + 4,):
            sums[start] += max(0.0, ply.win_before - ply.win_after)
            sums[start + 1] += 1
    return sums


def _weaker(sums: Sequence[float]) -> float:
    ours, theirs, all_ours, all_theirs = (100 * sums[k] / sums[k + 1] for k in (0, 2, 4, 6))
    return ours - theirs - (all_ours - all_theirs)


def test_the_weakest_areas_are_said_with_their_word_and_their_worst_moves() -> None:
    """Anna's queen takes on f7 under 10% of the clock, and Bert's king moves well."""
    got = report(Leaks, *random_games(200, 5, queen=900), min_moves=20)
    first = got.findings[0]
    assert first.certainty == "sure"
    assert first.text.startswith("In level positions: ")
    assert "Win% lost per 100 moves, the opponents" in first.text
    assert first.table == "standing"
    assert len(first.references) == 5
    assert len({reference.game for reference in first.references}) == 5
    assert {reference.ply for reference in first.references} <= {0, 2, 4}
    assert len(got.findings) <= 3
    assert len({finding.text for finding in got.findings}) == len(got.findings)
    words = [row["certainty"] for row in rows(got, "leaks")]
    assert words == sorted(words, key=["sure", "likely", "may be chance"].index)
    for row in rows(got, "leaks"):
        assert row["kind"] not in ("strength", "color", "month")
        assert float(row["weaker"] or 0) > 0
    assert {row["certainty"] for kind in ("strength", "color", "month") for row in rows(got, kind)} == {None}
    for shown in got.tables:
        assert shown.reading
        assert len(shown.references) == len(shown.rows) > 0


def test_stronger_opponents_are_shown_and_never_ranked() -> None:
    """Anna loses a piece in every game against them, and nothing in the others."""
    rng = random.Random(3)
    games = [
        game(number, [15, 15, 15, 15, 15, *[-rng.randint(300, 500) if number % 2 else 15] * 2],
             BlackElo="1750" if number % 2 else "1500", Date=f"2026.0{1 + number % 2}.14")
        for number in range(1, 101)
    ]  # fmt: skip
    got = report(Leaks, *games, min_moves=20)
    for kind, name in (("strength", "200 and more above"), ("month", "2026-02")):
        [row] = [row for row in rows(got, kind) if row["group"] == name]
        assert float(row["weaker"] or 0) > float(row["interval"] or 0) > 0, "more than chance"
        assert row["certainty"] is None
        assert "Shown, not ranked." in table(got, kind).reading
    assert not {"strength", "month"} & {finding.table for finding in got.findings}
    ranked = got.table("leaks")
    assert ranked is None or not {"strength", "month"} & {row["kind"] for row in ranked.records()}


def test_the_weakest_area_is_named_where_nothing_is_sure() -> None:
    got = report(Leaks, *random_games(60, 10), min_moves=20)
    assert {finding.certainty for finding in got.findings} == {"may be chance"}


def test_too_little_is_said_and_no_heading_is_empty() -> None:
    got = report(Leaks, game())
    [finding] = got.findings
    assert finding.text.startswith("Too little to name a weakest area: none has 50 moves on each side")
    assert finding.certainty is None
    assert got.table("leaks") is None
    alike = report(Leaks, *(game(number, [15] * 7) for number in range(1, 61)))  # nobody loses anything
    assert [finding.text[:34] for finding in alike.findings] == ["No area is weaker than the others,"]


def test_the_same_moves_are_named_once() -> None:
    """All of Anna's queen moves are at the same clock, so these two groups are the same."""
    moves = (
        "1. e4 {[%clk 0:00:50]} e5 {[%clk 0:01:39]} 2. a3 {[%clk 0:00:09]} Nc6 {[%clk 0:00:05]} "
        "3. Qh5 {[%clk 0:00:08]} Nf6 {[%clk 0:00:04]}"
    )
    rng = random.Random(1)
    games = [
        analysed_game(moves, [0, 0, 0, 0, 0, -rng.randint(100, 900), 0], headers=HEADERS, number=number)
        for number in range(1, 80)
    ]
    got = report(Leaks, *of_anna(*games), min_moves=2)
    assert [finding.table for finding in got.findings].count("piece") <= 1
    assert not {"piece", "clock"} <= {finding.table for finding in got.findings}


@pytest.mark.slow
def test_where_nobody_has_a_leak_nothing_is_sure() -> None:
    """The sides of a match are swapped at random: `python -m tests.perf leaks` in small."""
    folded = [found for game in perf_leaks.analysed(MATCH, None) if (found := perf_leaks.fold(game, "white"))]
    rates = perf_leaks.shuffled(folded * 5, 100, 60, random.Random(1))
    assert rates.compared > 10
    assert rates.sure <= perf_leaks.AIM


def test_bars_by_clock_and_opening_have_intervals() -> None:
    got = report(Leaks, *random_games(60, 2))
    assert [chart.key for chart in got.charts] == ["clock", "opening"]
    for chart in got.charts:
        ours, theirs = chart.series
        assert (ours.label, theirs.label) == ("Player", "Opponents")
        for point, row in zip(ours.points, rows(got, chart.key), strict=True):
            assert (point.x, point.y, point.n) == (row["group"], row["lost"], row["moves"])
            assert point.low is not None
            assert point.low <= float(point.y or 0) <= float(point.high or 0)


def test_without_a_player_all_moves_are_the_standard() -> None:
    games = [structs.replace(game, view=("white", "black")) for game in random_games(60, 4)]
    got = report(Leaks, *games)
    assert metrics(got)["opponents"] is None
    for row in rows(got, "piece"):
        assert "opponents" not in row
        assert row["weaker"] == pytest.approx(float(row["lost"] or 0) - metrics(got)["lost"], abs=0.002)
    assert {row["certainty"] for row in rows(got, "standing")} == {None}
    assert "worse than over all moves" in got.findings[0].text
    assert any("--player" in note for note in got.notes)
    assert [len(chart.series) for chart in got.charts] == [1, 1]


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


def test_games_that_were_all_lost_say_nothing_sure() -> None:
    def ended(result: str) -> list[AnalysedGame]:
        return [
            structs.replace(one, headers=one.headers | {"Result": result}) for one in random_games(200, 5, 900)
        ]

    lost, won = ended("0-1"), ended("1-0")
    alike = report(Leaks, *lost, min_moves=20)
    assert {finding.certainty for finding in alike.findings} == {"may be chance"}
    assert any("ended alike" in note for note in alike.notes)
    mixed = report(Leaks, *lost[:100], *won[100:], min_moves=20)
    assert "sure" in {finding.certainty for finding in mixed.findings}
    assert not any("ended alike" in note for note in mixed.notes)
