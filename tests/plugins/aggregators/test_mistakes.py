"""`mistakes`, and the three formats of its training positions."""

from __future__ import annotations

import csv
import io

import chess
import chess.pgn
import pytest
from msgspec import structs

from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Limit, Line, RunCounts, RunResult, Score
from engine.plugin import RunInfo, Writer
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.mistakes import Mistakes, MistakesOptions
from engine_plugins.writers.training import TrainingCsv, TrainingEpd, TrainingPgn
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows

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


def test_worst_first_and_no_more_than_asked_for() -> None:
    games = [game(number=number) for number in (2, 1)]
    got = report(Mistakes, *games, positions=3)
    assert [(row["game"], row["ply"]) for row in rows(got, "positions")] == [(1, 2), (2, 2), (1, 4)]
    assert metrics(got) == {"positions": 3, "bad": 4, "moves": 6}
    assert len(rows(report(Mistakes, game(), least=20), "positions")) == 1


def test_no_data() -> None:
    assert report(Mistakes).notes[0].startswith("No data")


@pytest.mark.parametrize("options", [{}, {"positions": 1, "per_game": 1, "least": 1}])
def test_laws(options: dict[str, int]) -> None:
    check_aggregator(Mistakes, example_games(), options)


@pytest.mark.parity
def test_real_games_are_asked_about_their_worst_moves() -> None:
    for analysed in lichess_games()[:100]:
        requests = Mistakes(MistakesOptions(per_game=2)).requests(analysed)
        losses = [round(max(0.0, (ply.win_before or 0) - (ply.win_after or 0)), 3) for ply in analysed.plies]
        got = sorted((losses[request.ply] for request in requests), reverse=True)
        assert got == [loss for loss in sorted(losses, reverse=True)[:2] if loss >= 10]


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
