"""Excitement, swings and hard games, on games small enough to be checked by hand and on real ones."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model import Epd
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.highlights import Highlights
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows

ANNA_BERT = {"White": "Anna", "Black": "Bert", "Result": "1-0"}
MOVES = "1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 1-0"

# White's Win% of the start (15 centipawns), 0, 100, 200, -200 and 300.
START, EVEN, W100, W200, L200, W300 = 51.380, 50.0, 59.103, 67.621, 32.379, 75.113
# Swings of 16.24 up, 35.24 down, 35.24 up and 35.24 down; 100 to 0 crosses nothing, 300 is new for White.
TURNS = [20, 200, -200, 200, 200, -200, -200]


def test_excitement_is_swings_and_lead_changes() -> None:
    got = report(Highlights, analysed_game(MOVES, TURNS, headers=ANNA_BERT, number=7))
    (game,) = rows(got, "games")
    # White leads, Black, White, Black: three changes.
    swings = (W200 - START) + 3 * (W200 - L200)
    assert game["excitement"] == pytest.approx(swings + 3 * 20, abs=5e-3)
    assert [game[key] for key in ("game", "players", "result", "swings", "lead_changes", "move")] == [
        7, "Anna – Bert", "1-0", 4, 3, "1... e5",
    ]  # fmt: skip
    assert game["largest"] == pytest.approx(W200 - L200, abs=2e-3)
    assert metrics(got)["swings"] == 4
    assert metrics(got)["lead_changes"] == 3
    assert metrics(got)["changing_games"] == 100.0
    assert metrics(got)["most_exciting"] == "7: Anna – Bert"


def test_the_lead_is_kept_in_between_and_small_changes_are_no_swings() -> None:
    # 59.1 is no lead, so that Black's is the first; back to even and up to 59.1 again it stays Black's.
    game = analysed_game("1. e4 e5 2. Nf3 Nc6 3. Bc4", [20, 100, -200, 0, 100, 20], headers=ANNA_BERT)
    got = report(Highlights, game)
    assert metrics(got)["lead_changes"] == 0
    # Up 7.7, down 26.7, up 17.6, up 9.1, down 7.3. All are swings of 5, three of 8.
    assert metrics(got)["swings"] == 5
    floored = report(Highlights, game, floor=8)
    assert metrics(floored)["swings"] == 3
    assert rows(floored, "games")[0]["excitement"] == pytest.approx(
        W100 - L200 + EVEN - L200 + W100 - EVEN, abs=5e-3
    )


def test_moments_are_seen_by_white_and_name_the_mover() -> None:
    got = report(Highlights, analysed_game(MOVES, TURNS, headers=ANNA_BERT), moments=2)
    first, second = rows(got, "moments")
    # Three swings are equal; ties go to the earlier ply.
    assert (first["move"], first["player"], first["result"]) == ("1... e5", "Bert", "1-0")
    assert (second["move"], second["player"]) == ("2. Nf3", "Anna")
    assert [first["before"], first["after"]] == pytest.approx([W200, L200], abs=1e-3)
    assert first["swing"] == pytest.approx(W200 - L200, abs=2e-3)
    assert any(note.startswith("2 more swings are not listed") for note in got.notes)


def test_both_sides_count_whatever_the_view() -> None:
    both = report(Highlights, analysed_game(MOVES, TURNS, headers=ANNA_BERT), least_moves=1)
    white = report(Highlights, analysed_game(MOVES, TURNS, headers=ANNA_BERT, view=("white",)), least_moves=1)
    none = report(Highlights, analysed_game(MOVES, TURNS, headers=ANNA_BERT, view=()))
    assert both == white
    assert metrics(none)["games"] == 0


def test_hardest_is_by_the_player_who_lost_less() -> None:
    # Of three moves each, White loses 35.24 twice and Black once.
    wild = analysed_game(MOVES, [20, 20, 200, -200, 200, -200, -200], headers=ANNA_BERT, number=1)
    # White gives away 17.6 once, Black nothing.
    easy = analysed_game(MOVES, [0, 0, 0, -200, -200, -200, -200], headers=ANNA_BERT, number=2)
    short = analysed_game("1. e4 e5", [0, -200, 200], headers=ANNA_BERT, number=3)
    got = report(Highlights, easy, wild, short, least_moves=3)
    first, second = rows(got, "hardest")
    # Black: 1... e5 loses from 51.84 to 67.62, 2... Nc6 from 32.38 to 67.62.
    assert (first["game"], first["moves"]) == (1, 6)
    assert first["white_loss"] == pytest.approx(2 * (W200 - L200) / 3, abs=2e-3)
    assert first["black_loss"] == pytest.approx((W200 - 51.840 + W200 - L200) / 3, abs=2e-3)
    # 1. e4 loses 1.38 from the start's 15 centipawns.
    assert (second["game"], second["black_loss"]) == (2, 0.0)
    assert second["white_loss"] == pytest.approx((START - EVEN + EVEN - L200) / 3, abs=2e-3)
    assert metrics(got)["calmest"] == "2: Anna – Bert"
    assert metrics(got)["calmest_excitement"] == pytest.approx(EVEN - L200, abs=2e-3)


def test_black_to_move_from_a_set_up_position() -> None:
    headers = {"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 b - - 0 41", "SetUp": "1"}
    got = report(Highlights, analysed_game("41... Qxe4+ 42. Kd2", [-200, 200, 200], headers=headers))
    (moment,) = rows(got, "moments")
    assert (moment["move"], moment["player"], moment["result"]) == ("41... Qxe4+", "?", "*")
    assert [moment["before"], moment["after"]] == pytest.approx([L200, W200], abs=1e-3)


def test_missing_evaluations_leave_the_lead_as_it_was() -> None:
    got = report(Highlights, analysed_game(MOVES, [20, 200, None, -200, -200], headers=ANNA_BERT))
    # 1. e4 is a swing; the two moves beside the gap are left out; 2... Nc6 shows Black's lead.
    assert (metrics(got)["swings"], metrics(got)["lead_changes"]) == (1, 1)


def test_nothing_known_is_no_data() -> None:
    line = analysed_game(headers={"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"}, evals=[20], epd=Epd(id="one"))
    for games in ((), (analysed_game(MOVES), line)):
        got = report(Highlights, *games)
        assert got.notes[-1].startswith("No data")
        assert all(table.rows == () for table in got.tables)
        assert metrics(got)["excitement"] is None
        assert metrics(got)["calmest"] is None


@pytest.mark.parametrize("options", [{}, {"games": 0, "moments": 0}])
def test_laws(options: dict[str, Any]) -> None:
    wild = [analysed_game(MOVES, TURNS, headers=ANNA_BERT, number=number) for number in (20, 21)]
    check_aggregator(Highlights, [*example_games(), *wild], options, rounds=ROUNDS)


@pytest.mark.parity
def test_real_games() -> None:
    """Excitement of every game from its evaluations, as a plain list of White's Win%."""
    excitements: dict[int, float] = {}
    swings, turns = [], 0
    for game in lichess_games():
        total, leader = 0.0, ""
        for k, ply in enumerate(game.plies):
            if ply.win_before is None or ply.win_after is None:
                continue
            white = game.turn(k) == "white"
            before, after = (w if white else 100 - w for w in (ply.win_before, ply.win_after))
            size = round(abs(after - before), 3)
            if size >= 5:
                total += size
                swings.append((-size, game.origin.game, k))
            for win in (round(before, 3), round(after, 3)):
                ahead = "w" if win >= 60 else "b" if win <= 40 else leader
                if leader and ahead != leader:
                    total += 20
                    turns += 1
                leader = ahead
        excitements[game.origin.game] = round(total, 3)
    got = report(Highlights, *lichess_games(), moments=100)
    ranked = sorted(excitements.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert [(row["game"], row["excitement"]) for row in rows(got, "games")] == ranked
    assert [(row["game"], row["swing"]) for row in rows(got, "moments")] == [
        (number, -size) for size, number, _ in sorted(swings)[:100]
    ]
    assert metrics(got)["swings"] == len(swings)
    assert metrics(got)["lead_changes"] == turns
    assert metrics(got)["excitement"] == pytest.approx(sum(excitements.values()) / len(excitements), abs=1e-3)
