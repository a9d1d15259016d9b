"""`missed-mates`: which mates were there, and what became of them."""

from __future__ import annotations

from msgspec import structs

from engine.model import Origin, Reference
from engine.testing import analysed_game
from engine_plugins.aggregators.missed_mates import MissedMates
from tests.plugins.aggregators.rig import metrics, report, rows, table

BACK_RANK = "6k1/5ppp/8/8/8/8/5PPP/R6K w - - 0 1"
START = {"FEN": BACK_RANK, "SetUp": "1", "White": "Anna", "Black": "Bert"}


def test_played_slower_and_missed() -> None:
    played = analysed_game("1. Ra8#", ["#1"], headers={**START, "Result": "1-0"}, number=1, view=("white",))
    slower = analysed_game("1. h3 h6 2. Rb1", ["#1", "#2", "#2", 0], headers=START, number=2, view=("white",))
    missed = analysed_game("1. Kg1 h6", ["#3", 400], headers=START, number=3, view=("white",))
    got = report(MissedMates, missed, slower, played)
    assert metrics(got) == {"there": 4, "played": 1, "slower": 1, "missed": 2, "share": 50.0}
    lengths = [
        tuple(row[key] for key in ("length", "there", "played", "slower", "missed"))
        for row in rows(got, "lengths")
    ]
    assert lengths == [(1, 2, 1, 1, 0), (2, 1, 0, 0, 1), (3, 1, 0, 0, 1)]
    assert got.findings[0].text == (
        "4 mates in 1 to 3 were available: 1 played, 1 mated more slowly, 2 missed (50.0%)."
    )
    # What cost the most comes first: 2. Rb1 lost all, 1. Kg1 little.
    first, second = rows(got, "missed")
    assert (first["game"], first["ply"], first["played"], first["length"], first["player"]) == (
        2,
        2,
        "2. Rb1",
        2,
        "Anna",
    )
    assert (second["game"], second["ply"]) == (3, 0)
    assert table(got, "lengths").about(1) == (Reference(2, 2),)
    assert table(got, "players").about(0) == (Reference(2, 2), Reference(3, 0))


def test_longest_is_an_option_and_the_opponents_are_beside() -> None:
    game = analysed_game("1. Kg1 h6", ["#3", 400], headers=START, view=("black",))
    got = report(MissedMates, game)
    assert [row["whose"] for row in rows(got, "lengths")] == ["opponents"]
    assert rows(got, "players") == rows(got, "missed") == []
    assert "No data: no mate in 1 to 3 was available." in got.notes
    assert rows(report(MissedMates, game, longest=2), "lengths") == []


def test_stalemate_misses_a_mate_and_an_unknown_end_does_not_count() -> None:
    queen = {"FEN": "7k/8/5QK1/8/8/8/8/8 w - - 0 1", "SetUp": "1"}
    stalemate = analysed_game("1. Qf7", ["#1"], headers=queen, view=("white",))
    assert report(MissedMates, stalemate).metrics["missed"].value == 1
    cut = analysed_game("1. Kg1 h6", ["#2", None], headers=START, view=("white",))
    assert report(MissedMates, cut).metrics["there"].value == 0


def test_by_clock_left() -> None:
    moves = (
        "1. Kg1 { [%clk 0:02:00] } h6 { [%clk 0:02:00] } 2. Kh1 { [%clk 0:00:09] } h5 3. Kg1 { [%clk 0:00:04] }"
    )
    headers = {**START, "TimeControl": "180+0"}
    game = analysed_game(moves, ["#2", 900, "#2", 900, "#2", 900], headers=headers, view=("white",))
    got = rows(report(MissedMates, game), "clock")
    assert [(row["clock"], row["missed"]) for row in got] == [("under 10%", 1), ("50% and more", 2)]
    [chart] = report(MissedMates, game).charts
    assert [point.y for point in chart.series[0].points] == [100.0, None, None, 100.0]


def test_who_misses_more_is_said_with_its_certainty() -> None:
    """Each side has 24 mates: ours are missed and theirs played, but for three."""
    missed = analysed_game("1. Kg1 h6", ["#2", 0], headers=START, view=("white",))
    played = analysed_game("1. Ra8#", ["#1"], headers=START, view=("white",))
    games = [
        structs.replace(game, view=view, origin=Origin(number, "", 1))
        for number, (game, view) in enumerate(
            [(missed, ("white",))] * 21
            + [(played, ("white",))] * 3
            + [(played, ("black",))] * 21
            + [(missed, ("black",))] * 3
        )
    ]
    [finding] = [one for one in report(MissedMates, *games).findings if "opponents" in one.text]
    assert finding.text == "87.5% of the mates were missed; the opponents missed 12.5% of theirs."
    assert finding.certainty == "sure"
