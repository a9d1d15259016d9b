"""Classes of moves, on games small enough to be checked by hand and on real ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import chess
import pytest
from msgspec import structs

import engine as library
from engine.model import AnalysedGame, Epd, Evaluation, Line, Reference, Report, Score
from engine.plugin import Request
from engine.positions import openings
from engine.testing import analysed_game, check_aggregator, example_games
from engine.testing.builders import Eval
from engine.testing.fake_uci import fake_uci
from engine_plugins.aggregators._move_classes import exchange, gives_away, is_choice
from engine_plugins.aggregators.classification import Classification
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows, table
from tests.support import DATA

ANNA_BERT = {"White": "Anna", "Black": "Bert"}
BARE = {"FEN": "rnbqkbnr/pppppppp/8/8/8/8/1PPPPPPP/RNBQKBNR w Kkq - 0 1", "SetUp": "1"} | ANNA_BERT
"""Without White's a-pawn, so that there is no book."""
QUIET = "1. b3 b6 2. c3 c6 3. d3 d6 4. e3 e6 5. f3 f6"
NOT_PLAYED = {k: "g6" if k % 2 else "g3" for k in range(10)}

# Win% of 20, 15, 0, 50, 100 and -20 centipawns: 51.84, 51.38, 50, 54.59, 59.10 and 48.16; 50 more and less for
# -150 and -50: 36.53 and 45.41.
BANDS = [20, 15, 20, 0, 50, 0, 100, -20, 50, -150, -50]
BANDED = [
    "best",  # White loses 0.46
    "best",  # Black 0.46
    "excellent",  # White 1.84
    "good",  # Black 4.59
    "good",  # White 4.59
    "inaccuracy",  # Black 9.10
    "mistake",  # White 10.94: what Black gave was under 10
    "miss",  # Black gives back 6.43 of 10.94
    "blunder",  # White 18.06
    "inaccuracy",  # Black gives back 8.88 of 18.06, less than half
]

LEGAL = "1. e4 e5 2. Nf3 d6 3. Bc4 Bg4 4. Nc3 g6 5. Nxe5 Bxd1 6. Bxf7+ Ke7 7. Nd5# 1-0"
LEGAL_EVALS: list[Eval] = [20, 30, 25, 30, 40, 35, 40, 40, 300, 300, "#2", "#1", "#1"]
NXE5 = "f3e5"


def classes(got: Report) -> dict[str, int]:
    """Ours, without the classes of no move."""
    return {str(row["class"]).lower(): int(row["moves"]) for row in rows(got, "classes") if row["moves"]}


def legal(evals: list[Eval] | None = None, **arguments: Any) -> AnalysedGame:
    """Légal's mate: the fourth move of Black is an error, the fifth of White gives the queen away."""
    return analysed_game(LEGAL, evals or LEGAL_EVALS, headers=ANNA_BERT, best={7: "h6", 9: "dxe5"}, **arguments)


def answered(game: AnalysedGame, *lines: tuple[str, int]) -> AnalysedGame:
    """The game with its one follow-up search: moves and centipawns."""
    searched = tuple(Line(Score(cp=cp), (uci,), 16) for uci, cp in lines)
    answer = Evaluation(searched[0].score, searched[0].pv, 16, 1000, searched) if searched else None
    return structs.replace(game, answers={"classification": (answer,)})


def rows_about(got: Report, key: str, name: str) -> tuple[Reference, ...]:
    """The moves that the row with a name refers to."""
    found = table(got, key)
    return next(found.about(k) for k, row in enumerate(found.rows) if row[0] == name)


def test_bands_of_win_percent_lost_and_a_miss() -> None:
    game = analysed_game(QUIET, BANDS, headers=BARE, best=NOT_PLAYED)
    assert classes(report(Classification, game)) == Counter(BANDED)
    for color, name in (("white", "Anna"), ("black", "Bert")):
        own = report(Classification, structs.replace(game, view=(color,)))
        assert classes(own) == Counter(BANDED[color == "black" :: 2])
        assert [row["player"] for row in rows(own, "players")] == [name]


def test_the_opponents_are_the_baseline() -> None:
    game = analysed_game(QUIET, BANDS, headers=BARE, best=NOT_PLAYED, view=("black",))
    by_class = {row["class"]: row for row in rows(report(Classification, game), "classes")}
    # Black: best, good, two inaccuracies, miss. White: best, excellent, good, mistake, blunder.
    assert (by_class["Inaccuracy"]["moves"], by_class["Inaccuracy"]["share"]) == (2, 40.0)
    assert (by_class["Inaccuracy"]["opponent_moves"], by_class["Inaccuracy"]["opponent_share"]) == (0, 0.0)
    assert (by_class["Blunder"]["opponent_moves"], by_class["Blunder"]["opponent_share"]) == (1, 20.0)
    both = rows(report(Classification, structs.replace(game, view=("white", "black"))), "classes")
    assert {row["opponent_moves"] for row in both} == {None}


def test_a_miss_is_listed_with_the_best_move() -> None:
    game = analysed_game(QUIET, BANDS, headers=BARE, best=NOT_PLAYED)
    (miss,) = rows(report(Classification, game), "moments")
    # White's 48.16 and 54.59 Win% from Black's side.
    assert (miss["move"], miss["player"], miss["class"], miss["best"]) == ("4... e6", "Bert", "Miss", "g6")
    assert [miss[key] for key in ("win_before", "win_after", "worth")] == pytest.approx(
        [51.84, 45.41, 6.43], abs=6e-3
    )


def test_the_best_move_is_best_and_no_miss_whatever_it_seems_to_lose() -> None:
    # White loses 3.67 and Black 9.18 with the evaluator's own moves; Black's loss is judged all the same.
    game = analysed_game("1. b3 b6", [0, -40, 60], headers=BARE)
    assert classes(report(Classification, game)) == {"best": 1, "inaccuracy": 1}
    # White loses 18.06 with another move, and Black gives 12.09 of it back with the best one.
    game = analysed_game("1. b3 b6", [50, -150, -15], headers=BARE, best={0: "g3"})
    assert classes(report(Classification, game)) == {"blunder": 1, "mistake": 1}
    reconciled = (game.plies[0], structs.replace(game.plies[1], judgement=None))
    assert classes(report(Classification, structs.replace(game, plies=reconciled))) == {"blunder": 1, "best": 1}


def test_book_ends_with_the_list_and_forced_and_mate_are_told() -> None:
    got = report(Classification, legal())
    # Book to 3. Bc4. Best: 3... Bg4 4. Nc3 5. Nxe5 (its search was not made) 6. Bxf7+ 7. Nd5#. The mates on the
    # board make 5... Bxd1 a blunder like 4... g6, which lost 21 Win%. 6... Ke7 is the only move.
    assert classes(got) == {"book": 5, "best": 5, "blunder": 2, "forced": 1}
    # 5 of the 7 moves that are neither book nor forced.
    assert metrics(got) == {
        "moves": 13, "best_share": 71.429, "brilliant": None, "great": None, "misses": 0, "searches": 0,
    }  # fmt: skip
    assert any(note.startswith("1 of 1 move ") for note in got.notes)


def test_a_judged_move_is_no_book_move() -> None:
    # All four are on the list. White loses 6.9 and then the game; Black's moves lose nothing to speak of.
    game = analysed_game("1. f3 e5 2. g4 Qh4# 0-1", [20, -60, -45, "#-1"], best={0: "e4", 2: "e4"})
    assert classes(report(Classification, game)) == {"inaccuracy": 1, "blunder": 1, "book": 2}
    moved = structs.replace(game, variant="chess960")
    # Out of the book, Black's first move loses 1.36 and is the evaluator's own; the mate is best.
    assert classes(report(Classification, moved)) == {"inaccuracy": 1, "blunder": 1, "best": 2}


def test_a_search_is_asked_for_the_sacrifice_alone() -> None:
    assert Classification().requests(legal()) == [Request(8, multipv=2)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(NXE5, 300), ("h2h3", 80)], "brilliant"),  # 75.11 and 57.31
        ([(NXE5, 300), ("h2h3", 200)], None),  # 67.62, only 7.5 less
        ([("h2h3", 300), (NXE5, 80)], None),  # another move is best
        ([(NXE5, 300)], None),  # no second line
        ([], None),  # could not be searched
    ],
)
def test_what_the_search_says(lines: list[tuple[str, int]], expected: str | None) -> None:
    got = report(Classification, answered(legal(), *lines))
    assert classes(got).get("brilliant", 0) == (expected == "brilliant")
    assert classes(got)["best"] == (4 if expected else 5)
    if expected:
        (moment,) = rows(got, "moments")
        assert (moment["game"], moment["move"], moment["class"]) == (1, "5. Nxe5", "Brilliant")
        assert rows_about(got, "classes", "Brilliant") == (Reference(1, 8),)
        assert [finding.text for finding in got.findings][1] == "Moves of note: 1 brilliant."
        # 75.1126 - 57.3115
        assert moment["worth"] == pytest.approx(17.801, abs=2e-3)
        assert metrics(got)["searches"] == 1


def test_a_sacrifice_in_a_worse_position_is_great() -> None:
    # -100 is 40.9 Win%, -400 is 18.65.
    game = legal([*LEGAL_EVALS[:8], -100, -100, "#2", "#1", "#1"])
    got = report(Classification, answered(game, (NXE5, -100), ("h2h3", -400)))
    assert classes(got)["great"] == 1
    assert "brilliant" not in classes(got)


def test_great_can_be_turned_off() -> None:
    game = answered(legal(), (NXE5, 300), ("h2h3", 80))
    got = report(Classification, game, great=False)
    assert metrics(got)["brilliant"] is None
    assert classes(got)["best"] == 5
    assert any("turned off" in note for note in got.notes)


def asked(moves: str, fen: str, evals: list[int]) -> list[int]:
    """The plies of which a search is wanted."""
    game = analysed_game(moves, evals, headers={"FEN": fen, "SetUp": "1"})
    return [request.ply for request in Classification().requests(game)]


def test_what_is_worth_a_search() -> None:
    hanging = "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"
    assert asked("1. exd5", hanging, [300, 300]) == []  # simply wins the queen
    trade = "4k3/3q4/8/8/8/8/3Q4/4K3 w - - 0 1"
    assert asked("1. Qxd7+ Kxd7", trade, [0, 0, 0]) == [0]  # an even trade, but not the recapture
    assert asked("1. Qxd7+ Kxd7", trade, [900, 900, 900]) == [0]  # 96.5 Win%
    assert asked("1. Qxd7+ Kxd7", trade, [950, 950, 950]) == []  # 97.1: decided
    assert asked("1. Qe2+ Kd8", trade, [0, 0, 0]) == [0, 1]  # a check, and an answer to one
    assert asked("1. Qf2 Qe7+", trade, [0, 0, 0]) == [1]
    quiet = "4k3/7p/8/8/8/8/P7/4K3 w - - 0 1"
    assert asked("1. Kf2 Kf8", quiet, [0, 0, 0]) == []  # nothing at stake
    assert asked("1. Kf2 Kf8", quiet, [0, -60, -60]) == [1]  # White lost 5.5
    rook = "4k3/8/3p4/8/8/2R5/8/4K3 w - - 0 1"
    assert asked("1. Rc5 dxc5", rook, [0, 0, 0]) == [0]  # gives a rook away; Black takes 5 for nothing


@pytest.mark.parametrize(
    ("fen", "san", "chosen"),
    [
        ("N2k1r2/p7/8/8/8/8/8/7K w - - 0 1", "Nb6", True),  # three moves of the king keep the knight
        ("Nr1k4/p7/8/8/8/8/8/7K w - - 0 1", "Nb6", False),  # it is lost whatever White plays
        ("3rk3/8/8/8/8/4b3/8/1N1K3R w - - 0 1", "Nd2", False),  # answers a check
        ("4k3/P7/1p6/8/8/8/8/R3K3 w Q - 0 1", "a8=N", False),  # a promotion
    ],
)
def test_a_sacrifice_is_brilliant_only_by_choice(fen: str, san: str, *, chosen: bool) -> None:
    board = chess.Board(fen)
    assert is_choice(board, board.parse_san(san)) == chosen


@pytest.mark.parametrize(
    ("fen", "moves", "expected"),
    [
        ("N2k1r2/p7/8/8/8/8/8/7K w - - 0 1", ("a8b6", "h1g1"), "brilliant"),
        ("3rk3/8/8/8/8/4b3/8/1N1K3R w - - 0 1", ("b1d2", "d1e2"), "great"),  # answers a check
    ],
)
def test_a_sacrifice_that_evades_a_check_is_no_brilliant_move(
    fen: str, moves: tuple[str, str], expected: str
) -> None:
    san = chess.Board(fen).san(chess.Move.from_uci(moves[0]))
    game = analysed_game(f"1. {san}", [300, 300], headers={"FEN": fen, "SetUp": "1"})
    got = report(Classification, answered(game, (moves[0], 300), (moves[1], 80)))
    assert classes(got) == {expected: 1}


def test_of_three_moves_none_is_great() -> None:
    # Black has three answers to the check: Rg7, Ng7 and Nf6.
    assert asked("1. Qb2+ Ng7", "6rk/7p/8/7n/8/8/8/1Q5K w - - 0 1", [0, 0, 0]) == [0]
    # With a second rook there are four.
    assert asked("1. Qb2+ Ng7", "6rk/7p/8/r6n/8/8/8/1Q5K w - - 0 1", [0, 0, 0]) == [0, 1]


def exchanged(fen: str, uci: str) -> int:
    board = chess.Board(fen)
    return exchange(board, board.parse_uci(uci))


def test_static_exchange() -> None:
    assert exchanged("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", "e4d5") == 9
    # Rook takes a pawn that a pawn guards; with a second rook behind, a pawn more comes back.
    assert exchanged("4k3/4p3/3p4/8/8/3R4/8/4K3 w - - 0 1", "d3d6") == 1 - 5
    assert exchanged("4k3/4p3/3p4/8/8/3R4/3R4/4K3 w - - 0 1", "d3d6") == 1 - 5 + 1
    # The king may not take what is guarded.
    assert exchanged("3k4/3p4/8/8/8/3R4/8/4K3 w - - 0 1", "d3d7") == 1 - 5
    assert exchanged("3k4/3p4/8/8/8/3R4/3R4/4K3 w - - 0 1", "d3d7") == 1
    # En passant, a promotion that cannot be taken and one that can; a quiet move.
    assert exchanged("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "e5d6") == 1
    assert exchanged("7k/P7/8/8/8/8/8/4K3 w - - 0 1", "a7a8q") == 8
    assert exchanged("1k6/P7/8/8/8/8/8/4K3 w - - 0 1", "a7a8q") == 8 - 9
    assert exchanged("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", "e1e2") == 0


def test_giving_away_counts_what_the_move_takes() -> None:
    # A bishop for the pawn on f7: 3 - 1. A queen trade gives nothing: 9 - 9.
    board = chess.Board("4k3/5p2/8/8/2B5/8/8/4K3 w - - 0 1")
    assert gives_away(board, board.parse_san("Bxf7+")) == 2
    board = chess.Board("4k3/3q4/8/8/8/8/3Q4/4K3 w - - 0 1")
    assert gives_away(board, board.parse_san("Qxd7+")) == 0
    # A pawn may be left to its fate.
    board = chess.Board("4k3/8/3p4/8/8/2P5/8/4K3 w - - 0 1")
    assert gives_away(board, board.parse_san("c4")) == 0


def test_games_without_evaluations_and_epd_lines_are_no_data() -> None:
    line = analysed_game(headers={"FEN": BARE["FEN"], "SetUp": "1"}, evals=[20], epd=Epd(id="one"))
    for games in ((), (analysed_game("1. e4 e5"), line)):
        got = report(Classification, *games)
        assert got.notes[-1].startswith("No data")
        assert all(table.rows == () for table in got.tables)
        assert metrics(got)["moves"] == 0


def test_a_move_beside_a_missing_evaluation_does_not_count() -> None:
    got = report(Classification, analysed_game("1. e4 e5 2. Nf3", [20, 30, None, 30]))
    assert classes(got) == {"book": 1}


def test_lengths_are_options() -> None:
    games = [analysed_game(QUIET, BANDS, headers=BARE, best=NOT_PLAYED, number=number) for number in (1, 2, 3)]
    got = report(Classification, *games, moments=2, players=1)
    assert [row["game"] for row in rows(got, "moments")] == [1, 2]
    assert [(row["player"], row["moves"]) for row in rows(got, "players")] == [("Anna", 15)]
    assert any(note.startswith("1 more misses") for note in got.notes)
    assert any(note.startswith("1 more players") for note in got.notes)


@pytest.mark.parametrize("options", [{}, {"moments": 1, "players": 1}, {"great": False, "moments": 0}])
def test_laws(options: dict[str, Any]) -> None:
    brilliant = answered(legal(number=20), (NXE5, 300), ("h2h3", 80))
    bands = [analysed_game(QUIET, BANDS, headers=BARE, best=NOT_PLAYED, number=number) for number in (21, 22)]
    check_aggregator(Classification, [*example_games(), brilliant, *bands], options, rounds=ROUNDS)


@pytest.mark.slow
def test_searches_of_a_run_are_asked_for_and_read(tmp_path: Path) -> None:
    result = library.analyze(
        str(DATA / "classics.pgn"), evaluator=str(fake_uci(tmp_path)), nodes=1000, aggregators=[Classification],
        settings=library.Settings(cache="", workers=1),
    )  # fmt: skip
    assert result.ok
    values = metrics(result.reports["classification"])
    assert values["searches"] == result.counts.follow_ups > 0
    assert values["brilliant"] is not None
    assert not any("not searched again" in note for note in result.reports["classification"].notes)


@pytest.mark.parity
def test_real_games() -> None:
    """The classes that need no search, by other means: SAN and the list of legal moves instead of one pass."""
    expected: Counter[str] = Counter()
    total = 0
    for game in lichess_games():
        boards = [board.copy(stack=False) for board in game.boards()]
        listed = [openings.is_book(board) for board in boards]
        gave = 0.0
        for k, ply in enumerate(game.plies):
            mates = ply.san.endswith("#") and game.positions[k].evaluation is not None
            known = ply.win_before is not None and ply.win_after is not None
            loss = round(max(0.0, (ply.win_before or 0) - (ply.win_after or 0)), 3) if known else 0.0
            total += known or mates
            if not known and not mates:
                pass
            elif boards[k].legal_moves.count() == 1:
                expected["forced"] += 1
            elif ply.judgement == "blunder":
                expected["blunder"] += 1
            elif all(listed[: k + 2]) and ply.judgement is None:
                expected["book"] += 1
            elif gave >= 10 and loss >= round(gave / 2, 4):
                expected["miss"] += 1
            elif ply.judgement is not None:
                expected[ply.judgement] += 1
            else:
                expected["best" if loss <= 0.5 else "excellent" if loss < 2 else "good"] += 1
            gave = loss
    got = report(Classification, *lichess_games())
    assert classes(got) == expected
    assert metrics(got)["moves"] == total == sum(expected.values())
    assert metrics(got)["misses"] > 100
