"""`phases`: opening, middlegame and endgame."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine.model import AnalysedGame, Reference
from engine.model import Phases as Boundaries
from engine.scoring import Score, move_accuracy, win_percent
from engine.testing import analysed_game, example_games
from engine_plugins.aggregators.accuracy import Accuracy
from engine_plugins.aggregators.phases import Phases
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows

HEADERS = {"White": "Anna", "Black": "Bert"}
#        start  e4  e5  Nf3 Nc6  Bb5  a6
EVALS = [15, 15, 15, -100, -100, -100, 200]
MOVES = "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6"


def win(cp: int) -> float:
    return win_percent(Score(cp=cp))


def test_moves_belong_to_the_phase_they_are_played_in() -> None:
    """Positions 0 and 1 are opening, 2 and 3 middlegame, 4 to 6 endgame."""
    game = structs.replace(
        analysed_game(MOVES, EVALS, headers=HEADERS, view=("white",)), phases=Boundaries(middlegame=2, endgame=4)
    )
    got = report(Phases, game)
    ours = {row["phase"]: row for row in rows(got, "ours")}
    theirs = {row["phase"]: row for row in rows(got, "theirs")}
    assert [ours[phase]["moves"] for phase in ("opening", "middlegame", "endgame")] == [1, 1, 1]
    # Anna's second move loses 115 centipawns, Bert's last one 300.
    bad, worse = win(15) - win(-100), win(200) - win(-100)
    assert ours["middlegame"]["acpl"] == 115.0
    assert ours["middlegame"]["accuracy"] == pytest.approx(move_accuracy(bad, 0), abs=1e-3)
    assert [ours["middlegame"][kind] for kind in ("inaccuracies", "mistakes", "blunders")] == [0.0, 100.0, 0.0]
    assert (theirs["endgame"]["acpl"], theirs["endgame"]["blunders"]) == (300.0, 100.0)
    # A phase ends with the first position of the next one.
    assert ours["opening"]["win_at_end"] == pytest.approx(win(15), abs=1e-3)
    assert ours["middlegame"]["win_at_end"] == pytest.approx(win(-100), abs=1e-3)
    assert ours["middlegame"]["gained"] == pytest.approx(-bad, abs=2e-3)
    assert theirs["endgame"]["gained"] == pytest.approx(-worse, abs=2e-3)
    assert metrics(got)["middlegame"] == ours["middlegame"]["accuracy"]
    assert rows(got, "players") == [
        {
            "player": "Anna", "opening_moves": 1, "opening": 100.0, "middlegame_moves": 1,
            "middlegame": ours["middlegame"]["accuracy"], "endgame_moves": 1, "endgame": 100.0,
            "whole": pytest.approx((200 + move_accuracy(bad, 0)) / 3, abs=1e-3),
        }
    ]  # fmt: skip


def test_without_a_player_there_is_one_table() -> None:
    got = report(Phases, analysed_game(MOVES, EVALS, headers=HEADERS))
    assert [table.key for table in got.tables] == ["ours", "players"]
    assert [row["moves"] for row in rows(got, "ours")] == [6]


def test_whole_games_have_the_move_accuracy_of_the_report_on_accuracy() -> None:
    games = [structs.replace(game, view=("white",)) for game in example_games()]
    whole = metrics(report(Phases, *games))["whole"]
    assert whole is not None
    assert whole == metrics(report(Accuracy, *games))["move_accuracy"]


def test_the_worst_phase_and_the_worst_beside_the_opponents() -> None:
    def game(number: int) -> AnalysedGame:
        # White loses 115 in each middlegame, and 100 in the endgame of every second game; Black nothing.
        end = -200 if number % 2 else -100
        played = analysed_game(
            MOVES, [15, 15, 15, -100, -100, end, end], headers=HEADERS, view=("white",), number=number
        )
        return structs.replace(played, phases=Boundaries(middlegame=2, endgame=4))

    worst, beside = report(Phases, *map(game, range(1, 31))).findings
    assert worst.text.startswith("Anna's moves are least accurate in the middlegame: 6")
    assert worst.text.endswith(" in the endgame and 100.0% in the opening.")
    assert (worst.certainty, worst.references[0]) == (None, Reference(1, 2))
    assert beside.text.startswith(
        "Beside the opponents in the same games, Anna does worst in the middlegame: moves"
    )
    few = report(Phases, *map(game, range(1, 11)))
    assert [finding.text[:9] for finding in few.findings] == ["Anna's mo"]


def test_no_data() -> None:
    for games in ([], [analysed_game(MOVES, headers=HEADERS)]):
        got = report(Phases, *games)
        assert any(note.startswith("No data") for note in got.notes)
        assert all(not table.rows for table in got.tables)


@pytest.mark.parity
def test_real_games() -> None:
    """The mean of move accuracies by phase, from the boundaries of the games alone."""
    found: dict[str, list[float]] = {"opening": [], "middlegame": [], "endgame": []}
    games = lichess_games()
    for game in games:
        assert game.phases is not None
        starts = [
            (0, "opening"), (game.phases.middlegame, "middlegame"), (game.phases.endgame, "endgame"),
        ]  # fmt: skip
        for k, ply in enumerate(game.plies):
            phase = next(name for start, name in reversed(starts) if start is not None and k >= start)
            if ply.accuracy is not None:
                found[phase].append(ply.accuracy)
    got = report(Phases, *games)
    for phase, accuracies in found.items():
        assert metrics(got)[phase] == pytest.approx(sum(accuracies) / len(accuracies), abs=1e-3)
    # Both players of every game are in view: what one gains the other loses.
    for row in rows(got, "ours"):
        assert (row["win_at_end"], row["gained"]) == (pytest.approx(50.0), pytest.approx(0.0))
