"""`mistakes`, and the three formats of its training positions."""

from __future__ import annotations

import csv
import io

import chess
import chess.pgn
import pytest
from msgspec import structs

from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Evaluation,
    EvaluatorInfo,
    Limit,
    Line,
    Reference,
    RunCounts,
    RunResult,
    Score,
)
from engine.plugin import RunInfo, Writer
from engine.testing import analysed_game
from engine_plugins.aggregators.mistakes import Mistakes, MistakesOptions
from engine_plugins.writers.training import TrainingCsv, TrainingEpd, TrainingPgn
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows, table

# Anna blunders with 2. Ke2 (15 to -300) and, less, with 3. a4 (-300 to -600); Bert never.
MOVES = "1. e4 e5 2. Ke2 Nc6 3. a4 Nf6"
EVALS = [15, 15, 15, -300, -300, -600, -600]
HEADERS = {"White": "Anna", "Black": "Bert"}
BEST = {2: "Nf3", 4: "Nf3"}


def line(move: str, cp: int) -> Line:
    return Line(Score(cp=cp), (move,), 12)


def answer(*lines: Line) -> Evaluation:
    return Evaluation(lines[0].score, lines[0].pv, 12, 1000, lines)


def game(*answers: Evaluation | None, number: int = 1) -> AnalysedGame:
    analysed = analysed_game(MOVES, EVALS, headers=HEADERS, best=BEST, view=("white",), number=number)
    return structs.replace(analysed, answers={"mistakes": answers} if answers else {})


REASON = "Misses 2. Nf3, which threatens the pawn on e5."
KNOWN = answer(line("g1f3", 20), line("b1c3", 10), line("f1c4", -20), line("d2d4", -100))


def test_a_position_is_asked_about_for_several_lines() -> None:
    requests = Mistakes(MistakesOptions(lines=4)).requests(game())
    assert [(request.ply, request.moves, request.multipv, request.limit) for request in requests] == [
        (2, (), 4, None),
        (4, (), 4, None),
    ]
    [only] = Mistakes(MistakesOptions(per_game=1)).requests(game())
    assert only.ply == 2


def test_moves_within_the_margin_of_the_best_are_accepted() -> None:
    got = report(Mistakes, game(KNOWN, None))
    first, second = rows(got, "positions")
    assert (first["game"], first["ply"], first["played"], first["player"]) == (1, 2, "2. Ke2", "Anna")
    assert first["position"] == "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"
    # 20 centipawns are 51.8 Win%, 10 are 50.9, -20 are 48.2, -100 are 40.9.
    assert (first["best"], first["also"]) == ("Nf3", "Nc3")
    assert (first["win_before"], first["win_after"]) == (51.38, 24.887)
    assert first["reason"] == REASON
    # That one could not be searched: only the best move is accepted.
    assert (second["best"], second["also"]) == ("Nf3", "")
    wider = rows(report(Mistakes, game(KNOWN, None), margin=3.7), "positions")
    assert wider[0]["also"] == "Nc3 Bc4"


def test_the_move_played_is_never_a_solution() -> None:
    """The second search may like it; then the position teaches nothing."""
    likes_it = answer(line("e1e2", 30), line("g1f3", 20))
    got = report(Mistakes, game(likes_it, answer(line("a2a4", -300))))
    assert [(row["best"], row["also"]) for row in rows(got, "positions")] == [("Nf3", "")]
    assert "Left out, no better move is known: 1." in got.notes


def test_no_more_than_asked_for_and_an_error_of_two_games_once() -> None:
    games = [game(number=number) for number in (2, 1)]
    got = report(Mistakes, *games, positions=3)
    assert [(row["game"], row["ply"]) for row in rows(got, "positions")] == [(1, 2), (1, 4)]
    assert [row["why"] for row in rows(got, "positions")] == ["missed quiet move, same in 2 games"] * 2
    positions = table(got, "positions")
    assert positions.about(0) == (Reference(1, 2), Reference(2, 2))
    assert metrics(got) == {"positions": 2, "bad": 4, "moves": 6}
    assert len(rows(report(Mistakes, *games, positions=1), "positions")) == 1
    assert len(rows(report(Mistakes, game(), least=20), "positions")) == 1


BACK_RANK = "6k1/5ppp/8/8/8/8/5PPP/R6K w - - 0 1"
CLOCK = "{ [%clk 0:00:05] }"


def lesson(moves: str, evals: list[int | str], ply: int, best: str, number: int) -> AnalysedGame:
    headers = {"FEN": BACK_RANK, "SetUp": "1"} if ply == 0 else {}
    if "%clk" in moves:
        headers["TimeControl"] = "180+0"
    return analysed_game(moves, evals, headers=headers, best={ply: best}, number=number)


def test_the_most_instructive_first_not_the_costliest() -> None:
    """A quiet move in an open game, a piece that just moved, hardly any time, and a mate in one."""
    quiet = lesson("1. e4 e5 2. Ke2 Nc6", [15, 15, 15, -150, -150], 2, "Nf3", 6)
    capture = lesson("1. e4 d5 2. Ke2 e6 3. a3 a6", [15, 15, 15, -160, -160], 2, "exd5", 5)  # the pawn just moved
    haste = lesson(f"1. d4 {CLOCK} d5 {CLOCK} 2. Kd2 {CLOCK} Nc6 {CLOCK}", [15, 15, 15, -200, -200], 2, "c4", 4)
    decided = lesson("1. e3 e5 2. Ke2 Nc6", [15, 15, 900, 300, 300], 2, "Nf3", 3)
    mate = lesson("1. Kg1 Kf8", ["#1", 0, 0], 0, "Ra8#", 2)
    got = rows(report(Mistakes, mate, decided, haste, capture, quiet), "positions")
    losses = {row["game"]: round(float(row["win_before"] or 0) - float(row["win_after"] or 0)) for row in got}
    assert losses[6] < losses[5] < losses[4]
    assert [row["game"] for row in got] == [6, 3, 5, 4, 2]
    assert [row["why"] for row in got] == [
        *("missed quiet move", "missed quiet move", "did not take", "missed quiet move", "missed mate in 1"),
    ]  # fmt: skip


def test_several_good_moves_and_hanging_pieces_teach_less() -> None:
    """The follow-up search tells how many moves were good."""
    only = answer(line("g1f3", 20), line("b1c3", -200))
    many = answer(line("g1f3", 20), line("b1c3", 15), line("d2d4", 12))
    moves, evals = "1. e4 {} 2. Ke2 Nc6", [15, 15, 15, -150, -150]
    games = []
    for number, (reply, found) in enumerate([("e5", many), ("d6", only)], start=1):
        one = lesson(moves.format(reply), evals, 2, "Nf3", number)
        games.append(structs.replace(one, view=("white",), answers={"mistakes": (found,)}))
    first, second = rows(report(Mistakes, *games), "positions")
    assert (first["game"], first["why"]) == (2, "missed quiet move, only move")
    assert (second["game"], second["why"]) == (1, "missed quiet move")


def test_an_error_that_was_made_again_comes_before_a_larger_one() -> None:
    once = lesson("1. e4 e6 2. Ke2 Nc6", [15, 15, 15, -160, -160], 2, "Nf3", 1)
    again = [lesson("1. e4 e5 2. Ke2 Nc6", [15, 15, 15, -150, -150], 2, "Nf3", number) for number in (2, 3)]
    assert [row["game"] for row in rows(report(Mistakes, once, again[0]), "positions")] == [1, 2]
    assert [row["game"] for row in rows(report(Mistakes, once, *again), "positions")] == [2, 1]


def test_kinds_of_errors_lead_to_their_moves() -> None:
    # 2... Qg5 moves to where the bishop takes it; in three games, it recurs.
    games = [
        analysed_game(
            f"1. d4 {pawn} 2. e3 e6 3. a3 Qg5 4. b3 a6",
            [15, 15, 15, 15, 15, 15, 300, 300],
            best={5: "h6"},
            number=number,
            view=("black",),
        )
        for number, pawn in enumerate(("c6", "d6", "b6"), start=1)
    ]
    games = [
        structs.replace(game, positions=(*game.positions[:6], taken(game.positions[6]), *game.positions[7:]))
        for game in games
    ]
    got = report(Mistakes, *games)
    [row] = rows(got, "kinds")
    assert (row["kind"], row["phase"], row["moves"], row["games"]) == ("moved into capture", "opening", 3, 3)
    assert table(got, "kinds").about(0) == tuple(Reference(number, 5) for number in (1, 2, 3))
    assert {row["why"] for row in rows(got, "positions")} == {"moved into capture, like it in 3 games"}
    assert got.findings[1].text.startswith("The most frequent kind: moved into capture in the opening, 3 of them")


def taken(position: AnalysedPosition) -> AnalysedPosition:
    """The position with the answer that goes to g5."""
    assert position.evaluation is not None
    return structs.replace(position, evaluation=structs.replace(position.evaluation, pv=("h2g5",)))


def test_no_data() -> None:
    assert report(Mistakes).notes[0].startswith("No data")


@pytest.mark.parity
def test_real_games_are_asked_about_their_bad_moves() -> None:
    for analysed in lichess_games()[:100]:
        requests = Mistakes(MistakesOptions(per_game=2)).requests(analysed)
        losses = [round(max(0.0, (ply.win_before or 0) - (ply.win_after or 0)), 3) for ply in analysed.plies]
        bad = [k for k, loss in enumerate(losses) if loss >= 10]
        assert len(requests) == min(2, len(bad))
        assert {request.ply for request in requests} <= set(bad)


def written(cls: type[Writer], *games: AnalysedGame) -> str:
    info = EvaluatorInfo("Fake", "1", "0")
    result = RunResult(
        {"mistakes": report(Mistakes, *games)}, 0, (), info, Limit(nodes=1), RunCounts(), (), (), ()
    )
    stream = io.BytesIO()
    cls(stream, RunInfo(info, Limit(nodes=1))).finish(result)
    return stream.getvalue().decode()


def test_epd() -> None:
    board, operations = chess.Board.from_epd(written(TrainingEpd, game(KNOWN, None)).splitlines()[0])
    assert board.epd() == "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq -"
    assert operations == {
        "bm": [chess.Move.from_uci("b1c3"), chess.Move.from_uci("g1f3")],  # python-chess sorts them
        "am": [chess.Move.from_uci("e1e2")],
        "id": "game 1, 2. Ke2 (Anna)",
        "c0": "2. Ke2 took Win% from 51.4 to 24.9",
        "c1": REASON,
    }


def test_pgn() -> None:
    text = io.StringIO(written(TrainingPgn, game(KNOWN, None)))
    first, second = chess.pgn.read_game(text), chess.pgn.read_game(text)
    assert first is not None
    assert second is not None
    assert not first.errors
    assert first.headers["Event"] == "White to move: find a better move than Ke2"
    assert first.headers["White"] == "Anna"
    assert [variation.san() for variation in first.variations] == ["Nf3", "Nc3"]
    assert first.board().fen() == "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"
    assert first.variations[0].comment == f"2. Ke2 took Win% from 51.4 to 24.9. {REASON}"
    assert second.headers["Round"] == "2"


def test_csv_runs_no_formula() -> None:
    evil = structs.replace(game(KNOWN, None), headers={"White": '=HYPERLINK("x")', "Black": "Bert"})
    first, _ = csv.DictReader(io.StringIO(written(TrainingCsv, evil)))
    assert first["player"] == '\'=HYPERLINK("x")'
    assert (first["best"], first["also"], first["played"], first["win_before"]) == (
        "Nf3",
        "Nc3",
        "2. Ke2",
        "51.38",
    )
    assert first["why"] == REASON
