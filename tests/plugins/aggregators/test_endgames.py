"""Endgames by material, with and without tablebases."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import chess
import chess.syzygy
import pytest

from engine.errors import ConfigError
from engine.model import AnalysedGame, Color, Epd, Report
from engine.scoring import win_percent
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.endgames import Endgames, kind
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows, table
from tests.support import shared_data

PAWN = "4k3/8/4K3/4P3/8/8/8/8 w - - 0 1"
"""Won with either side to move: White's king is on the sixth rank in front of the pawn."""
SLIPS = "1. Kd5 Kd8 2. Kd6 Ke8 3. Ke6"
"""1. Kd5 gives the win away (1... Ke7 or Kd7), 1... Kd8 gives it back (2. Kd6)."""


def game(
    fen: str,
    moves: str,
    evals: Any = (),
    *,
    result: str = "*",
    view: tuple[Color, ...] = ("white",),
    number: int = 1,
) -> AnalysedGame:
    headers = {"FEN": fen, "SetUp": "1", "White": "Anna", "Black": "Bert", "Result": result}
    return analysed_game(moves, evals, headers=headers, view=view, number=number)


def by(got: Report, key: str, *names: str) -> dict[Any, dict[str, Any]]:
    """Rows by the cells of these columns."""
    found_rows = rows(got, key)
    return {row[names[0]] if len(names) == 1 else tuple(row[name] for name in names): row for row in found_rows}


@pytest.mark.parametrize(
    ("white", "black", "name"),
    [
        ("", "", "pawn"),
        ("R", "r", "rook"),
        ("R", "", "rook v pawns"),
        ("", "q", "queen v pawns"),
        ("B", "r", "rook v minor"),
        ("R", "bn", "rook v two minors"),
        ("RB", "rn", "rook+minor"),
        ("R", "rb", "rook+minor v rook"),
        ("RR", "rr", "two rooks"),
        ("Q", "rr", "queen v two rooks"),
        ("RN", "q", "queen v rook+minor"),
        ("Q", "qn", "queen+minor v queen"),
        ("N", "b", "bishop v knight"),
        ("N", "n", "knight"),
        ("QR", "qr", "queen+rook"),
        ("QB", "qn", "queen+minor"),
        ("QR", "rr", "other"),
    ],
)
def test_the_class_goes_by_the_pieces_of_both_sides(white: str, black: str, name: str) -> None:
    board = chess.Board(None)
    for square, piece in zip([chess.A1, chess.E8, chess.H2], "KkP", strict=True):
        board.set_piece_at(square, chess.Piece.from_symbol(piece))
    for square, piece in zip([chess.C4, chess.D4, chess.E5, chess.F5], white + black, strict=False):
        board.set_piece_at(square, chess.Piece.from_symbol(piece))
    assert kind(board) == name
    assert kind(board.mirror()) == name


def test_bishops_by_the_colour_of_their_squares() -> None:
    # a1 and c1 are dark, f1 is light.
    assert kind(chess.Board("b3k3/8/8/8/8/8/8/2B1K3 w - - 0 1")) == "bishops, opposite"
    assert kind(chess.Board("2b1k3/8/8/8/8/8/8/2B1K3 w - - 0 1")) == "bishops, opposite"
    assert kind(chess.Board("2b1k3/8/8/8/8/8/8/4KB2 w - - 0 1")) == "bishops, same"


def test_figures_of_a_class_against_the_opponents() -> None:
    # White blunders with 2. Kd1 from +600 to 0 (90.1 to 50 Win%); the others change nothing.
    endgame = game(
        "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1", "1. Kd2 Kd7 2. Kd1 Kd6", [600, 600, 600, 0, 0], result="1/2-1/2"
    )
    got = report(Endgames, endgame)
    classes = by(got, "classes", "endgame", "whose")
    assert list(classes) == [("all", "ours"), ("all", "opponents"), ("pawn", "ours"), ("pawn", "opponents")]
    ours, theirs = classes["pawn", "ours"], classes["pawn", "opponents"]
    assert (ours["games"], ours["moves"], ours["blunders"]) == (1, 2, 50.0)
    assert (theirs["games"], theirs["moves"], theirs["accuracy"], theirs["blunders"]) == (1, 2, 100.0, 0.0)
    assert ours["accuracy"] == pytest.approx((100 + (endgame.plies[2].accuracy or 0)) / 2, abs=1e-3)
    # Entered with 90.1 Win%, so winning, but drawn: 50 - 90.1 over expectation.
    (_, result) = rows(got, "results")
    win = win_percent(analysed_game(evals=[600]).positions[0].evaluation.score)  # type: ignore[union-attr]
    assert result["score"] == 50.0
    assert result["entry"] == pytest.approx(win, abs=1e-3)
    assert result["over"] == pytest.approx(50 - win, abs=1e-3)
    (_, conversion) = rows(got, "conversion")
    assert (conversion["winning"], conversion["won"], conversion["losing"], conversion["held"]) == (
        1,
        0.0,
        0,
        None,
    )
    (player,) = rows(got, "players")
    assert (player["player"], player["moves"], player["blunders"], player["slips"]) == ("Anna", 2, 50.0, None)


def test_conversion_and_holding_from_both_sides() -> None:
    # +240 is 70.76 Win%, +230 is 69.99: only the first is winning for White and losing for Black.
    start = "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"
    games = [
        game(start, "1. Kd2 Kd7", [240, 240, 240], result="1-0", view=("white", "black")),
        game(start, "1. Kd2 Kd7", [240, 240, 240], result="1/2-1/2", view=("white", "black"), number=2),
        game(start, "1. Kd2 Kd7", [230, 230, 230], result="1-0", view=("white", "black"), number=3),
        game(start, "1. Kd2 Kd7", [240, 240, 240], view=("white", "black"), number=4),
    ]
    got = report(Endgames, *games)
    row = by(got, "conversion", "endgame")["pawn"]
    assert (row["winning"], row["won"], row["losing"], row["held"]) == (2, 50.0, 2, 50.0)
    # Wilson's interval of 1 of 2.
    assert row["won_interval"] == row["held_interval"] == "9.5-90.5"
    # Both players are in view: each counts for themself, and there is no baseline.
    assert {row["whose"] for row in rows(got, "classes")} == {"ours"}
    assert by(got, "results", "endgame")["pawn"]["over"] == 0.0
    assert any(note.startswith("4 games count from both sides") for note in got.notes)
    wider = report(Endgames, *games, winning=65)
    assert by(wider, "conversion", "endgame")["pawn"]["winning"] == 3
    assert (metrics(wider)["conversion"], metrics(wider)["held"]) == (66.667, 33.333)


def test_a_class_must_last_and_counts_once_a_game() -> None:
    # R v B at ply 0, R v pawns at ply 1 after 1. Rxe5, then the rook is lost: pawns from ply 2 to the end (ply 4).
    fen = "8/8/3k4/4b3/8/8/P7/K3R3 w - - 0 1"
    endgame = game(fen, "1. Rxe5 Kxe5 2. Kb2 Kd4", [0, 0, 0, 0, 0])
    assert set(by(report(Endgames, endgame), "classes", "endgame")) == {"all", "pawn"}
    short = by(report(Endgames, endgame, ply_minimum=1), "classes", "endgame", "whose")
    assert {name for name, _ in short} == {"all", "pawn", "rook v minor", "rook v pawns"}
    assert (short["rook v minor", "ours"]["moves"], short["rook v minor", "opponents"]["moves"]) == (1, 0)
    assert set(by(report(Endgames, endgame, ply_minimum=3), "classes", "endgame")) == {"all"}


def test_without_an_endgame_or_evaluations() -> None:
    got = report(
        Endgames, analysed_game("1. e4 e5", [20, 20, 20]), analysed_game(epd=Epd(), headers={"FEN": PAWN})
    )
    assert metrics(got)["games"] == 1
    assert any(note.startswith("No data") for note in got.notes)
    assert all(empty.rows == () for empty in got.tables)
    bare = report(Endgames, game(PAWN, SLIPS, result="1-0"))
    (_, result) = rows(bare, "results")
    assert (result["games"], result["score"], result["evaluated"], result["over"]) == (1, 100.0, 0, None)
    assert rows(bare, "conversion") == []
    assert rows(bare, "classes")[0]["accuracy"] is None


def tablebases() -> str:
    return str(shared_data("syzygy-3-4"))


def test_slips_by_the_tablebases_need_no_evaluations() -> None:
    slips = game(PAWN, SLIPS, view=("white", "black"))
    got = report(Endgames, slips, syzygy=tablebases())
    assert [list(row) for row in table(got, "slips").rows] == [
        # Kd6 and Kf6 win alike, Kd7 and Ke7 draw alike: the first by its squares.
        [1, "1. Kd5", "Anna", "win", "draw", "Kd6", PAWN],
        [1, "1... Kd8", "Bert", "draw", "loss", "Kd7", "4k3/8/8/3KP3/8/8/8/8 b - - 1 1"],
    ]
    row = by(got, "tablebase", "endgame")["pawn"]
    assert (row["moves"], row["slips"], row["win_draw"], row["win_loss"], row["draw_loss"]) == (5, 40.0, 1, 0, 1)
    assert {row["player"]: (row["tablebase_moves"], row["slips"]) for row in rows(got, "players")} == {
        "Anna": (3, 1),
        "Bert": (2, 1),
    }
    assert (metrics(got)["tablebase_moves"], metrics(got)["slips"]) == (5, 2)


def test_only_slips_of_the_player_in_view_and_the_worst_first() -> None:
    # The queen is put where the rook takes it with check: from a win to a loss.
    queen = game("8/8/8/3k4/8/3r4/8/K3Q3 w - - 0 1", "1. Qd1 Rxd1+", number=2)
    got = report(Endgames, game(PAWN, SLIPS), queen, syzygy=tablebases())
    assert [(row["game"], row["was"], row["became"]) for row in rows(got, "slips")] == [
        (2, "win", "loss"),
        (1, "win", "draw"),
    ]
    # White's move in the pawn endgame, in view, and Black's, the baseline.
    tablebase = by(got, "tablebase", "endgame", "whose")
    assert tablebase["pawn", "ours"]["win_draw"] == 1
    assert (tablebase["pawn", "opponents"]["moves"], tablebase["pawn", "opponents"]["draw_loss"]) == (2, 1)
    assert tablebase["queen v rook", "ours"]["win_loss"] == 1
    # The game ends with White in a lost position that nobody moves in.
    assert (tablebase["all", "ours"]["moves"], tablebase["all", "opponents"]["moves"]) == (4, 3)
    listed = report(Endgames, game(PAWN, SLIPS), queen, syzygy=tablebases(), rows=1)
    assert len(rows(listed, "slips")) == 1
    assert "1 more slips are not listed; --set endgames.rows=N lists N." in listed.notes


def test_mate_and_stalemate_end_a_game_in_the_tablebases() -> None:
    # 1. Qc7 is stalemate: a win thrown away. 1. Qc8 is mate.
    stalemate = game("k7/8/8/8/8/8/8/2Q4K w - - 0 1", "1. Qc7")
    mate = game("k7/8/1K6/8/8/8/8/2Q5 w - - 0 1", "1. Qc8#", number=2)
    got = report(Endgames, mate, stalemate, syzygy=tablebases())
    assert [(row["game"], row["was"], row["became"]) for row in rows(got, "slips")] == [(1, "win", "draw")]
    assert metrics(got)["tablebase_moves"] == 2


@pytest.mark.parity
def test_missing_tables_are_skipped_and_counted(tmp_path: Path) -> None:
    for suffix in ("rtbw", "rtbz"):
        shutil.copy(shared_data("syzygy-3-4", f"KPvK.{suffix}"), tmp_path)
    # 1. e8=Q leads to a table that is not there.
    got = report(Endgames, game("8/4P3/8/4K3/8/8/8/k7 w - - 0 1", "1. e8=Q Kb2"), syzygy=str(tmp_path))
    assert metrics(got)["tablebase_moves"] == 0
    # The queen's move by White counts, and so does Black's, but Black is not in view.
    assert any(note.endswith("castle: 1 move.") for note in got.notes)


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_a_folder_without_tablebases(tmp_path: Path, name: str) -> None:
    folder = str(tmp_path / name)
    with pytest.raises(ConfigError) as caught:
        report(Endgames, game(PAWN, SLIPS), syzygy=folder)
    assert folder in caught.value.message
    assert "--syzygy" in caught.value.message


@pytest.mark.parametrize("options", [{}, {"ply_minimum": 1, "rows": 0, "winning": 51}])
def test_laws(options: dict[str, Any]) -> None:
    games = [game(PAWN, SLIPS, [300, 0, 500, 500, 600, 700], result="1-0", number=n) for n in (20, 21)]
    check_aggregator(Endgames, [*example_games(), *games], options, rounds=ROUNDS)


@pytest.mark.slow
def test_laws_with_tablebases() -> None:
    more = [game(PAWN, SLIPS, number=20, view=("white", "black")), game(PAWN, SLIPS, number=21)]
    check_aggregator(Endgames, [*example_games(), *more], {"syzygy": tablebases(), "rows": 2})


@pytest.mark.parity
def test_real_games_by_another_way() -> None:
    games = lichess_games()
    got = report(Endgames, *games, syzygy=tablebases(), rows=10_000)
    row = by(got, "classes", "endgame")["rook"]
    seen = moves = winning = won = 0
    for analysed in games:
        begin = analysed.phases.endgame if analysed.phases else None
        if begin is None:
            continue
        # The pieces of each position as letters: a rook endgame has one R and one r.
        letters = ["".join(c for c in board.board_fen() if c in "QqRrBbNn") for board in analysed.boards()]
        rooks = ["Rr" if sorted(pieces) == ["R", "r"] else "" for pieces in letters[:-1]]
        lasting = [
            k
            for k in range(begin, len(rooks))
            if rooks[k] and ((k > begin and rooks[k - 1]) or (k + 1 < len(rooks) and rooks[k + 1]))
        ]
        if not lasting:
            continue
        seen += 1
        moves += sum(analysed.plies[k].accuracy is not None for k in lasting)
        evaluation = analysed.positions[lasting[0]].evaluation
        if evaluation is not None and analysed.points("white") is not None:
            white = win_percent(evaluation.score if analysed.turn(lasting[0]) == "white" else -evaluation.score)
            # One of the two is winning when White's Win% is at least 70 or at most 30.
            winning += white >= 70 or white <= 30
            won += (white >= 70 and analysed.result == "1-0") or (white <= 30 and analysed.result == "0-1")
    # Each game counts from both sides.
    assert (row["games"], row["moves"]) == (2 * seen, moves)
    conversion = by(got, "conversion", "endgame")["rook"]
    assert (conversion["winning"], conversion["losing"]) == (winning, winning)
    assert conversion["won"] == round(100 * won / winning, 3)

    slips: list[tuple[int, str]] = []
    with chess.syzygy.open_tablebase(tablebases()) as tables:
        for analysed in games:
            boards = [board.copy(stack=False) for board in analysed.boards()]
            for ply, before, after in zip(analysed.plies, boards, boards[1:], strict=False):
                if len(before.piece_map()) > 4 or after.is_checkmate():
                    continue
                result_after = 0 if after.is_stalemate() else -tables.probe_wdl(after)
                # Only 2 and -2 are a win and a loss under the 50-move rule.
                signs = [int(value / 2) for value in (tables.probe_wdl(before), result_after)]
                if signs[0] > signs[1]:
                    slips.append((analysed.origin.game, ply.san))
    assert sorted((row["game"], str(row["move"]).split()[-1]) for row in rows(got, "slips")) == sorted(slips)
    assert metrics(got)["slips"] == len(slips)
