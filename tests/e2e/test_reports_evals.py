"""Inputs rebuilt from public bug reports: evaluations, and input that was lost in silence."""

from __future__ import annotations

import engine
from engine.model import AnalysedGame, RunResult, Score
from tests.support import shared_data


def analysed(name: str) -> tuple[RunResult, list[AnalysedGame]]:
    with engine.Analyzer(settings=engine.Settings(evaluator="recorded")) as analyzer:
        run = analyzer.submit(shared_data("reports", name))
        games = list(run)
        return run.result(), games


def scores(game: AnalysedGame) -> list[Score | None]:
    """The mover's view of each position."""
    return [position.evaluation and position.evaluation.score for position in game.positions]


def notes(result: RunResult) -> list[str]:
    return [notice.reason for notice in result.notices if notice.kind == "note"]


def test_10_mates_with_a_letter() -> None:
    result, (game, spaced) = analysed("10-eval-M-notation.pgn")
    assert scores(game) == [None, Score(cp=60), Score(cp=-55), Score(mate=1), None]
    assert scores(spaced) == scores(game)
    assert game.plies[2].judgement == spaced.plies[2].judgement == "blunder"
    assert game.white.blunders == 1
    assert notes(result) == ["evaluations: [%eval] with mates as M1, White's view, pawns"]


def test_15_tcec_and_banksia() -> None:
    result, (tcec, banksia) = analysed("15-tcec-banksia-comments.pgn")
    assert scores(tcec) == [Score(cp=25), Score(cp=-21), Score(cp=30), Score(cp=-27), None]
    assert [ply.time for ply in tcec.plies] == [30.699, 12.0, 20.0, 10.0]
    assert tcec.plies[0].clock == 5369.301
    assert scores(banksia) == [Score(cp=31), Score(cp=-28), Score(cp=25), Score(cp=-22), None]
    assert [ply.time for ply in banksia.plies] == [1.5, 1.2, 0.8, 0.9]
    assert notes(result) == [
        "evaluations: TCEC comments, White's view, pawns",
        "evaluations: Banksia or XBoard comments, the mover's view, pawns",
    ]


def test_18_epd() -> None:
    _, games = analysed("18-epd-quirks.epd")
    operations = [game.epd for game in games]
    assert all(operations)
    assert [len(epd.bm) for epd in operations if epd] == [1, 0, 2, 0, 0, 0, 2, 0]
    assert [epd.dm for epd in operations if epd] == [None, 1, *[None] * 6]
    assert [len(epd.am) for epd in operations if epd] == [0] * 7 + [2]


def test_22_and_31_names_of_standard_chess() -> None:
    result, games = analysed("22-variant-tags.pgn")
    assert [(game.headers["Event"], len(game.plies)) for game in games] == [
        ("ICC", 3), ("Crazyhouse without tag", 6), ("Orthodox", 3),
    ]  # fmt: skip
    reasons = {notice.kind: notice.reason for notice in result.notices}
    assert reasons["variant"] == "variant `Three-check`"
    assert "`P@e6` after 6 plies" in reasons["cut"]
    _, (pychess,) = analysed("31-variant-chess-pychess.pgn")
    assert len(pychess.plies) == 2
