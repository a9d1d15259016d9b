"""A game with a puzzle, and the answers to its searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import chess
from msgspec import structs

from engine.model import AnalysedGame, Evaluation, Line, Report, Score
from engine.plugin import Request
from engine.testing import analysed_game
from engine.testing.builders import Eval
from engine_plugins.aggregators._puzzle_options import PuzzlesOptions
from engine_plugins.aggregators.puzzles import Puzzles

SKEWER = {"FEN": "r3k3/pp6/8/8/8/8/4P3/4K2R b Kq - 0 1", "SetUp": "1", "White": "Anna", "Black": "Bert"}
"""After a quiet move of Black's, Rh8+ wins the rook behind the king."""
SKEWER_EVALS: list[Eval] = [-100, 500, 500, 500]

Moves = Sequence[tuple[str, int | str]]
"""Moves in SAN with their centipawns, or `#2`, in the mover's view."""
Script = Mapping[str, Moves]
"""The best moves after a line: by its moves in SAN."""

SKEWER_SCRIPT: Script = {
    "": [("Rh8+", 520), ("O-O", -100)],
    "Rh8+": [("Kd7", -520)],
    "Rh8+ Kd7": [("Rxa8", 530), ("Rh7+", -400)],
    "Rh8+ Kd7 Rxa8": [("a5", -530)],
    "Rh8+ Kd7 Rxa8 a5": [("Rxa5", 600), ("Ra7", 590)],
}


def score(given: int | str) -> Score:
    return Score(cp=given) if isinstance(given, int) else Score(mate=int(given.removeprefix("#")))


def answer(board: chess.Board, request: Request, script: Script) -> Evaluation | None:
    """What the script says of the position that a request is about."""
    played = []
    for move in map(board.parse_uci, map(str, request.moves)):
        played.append(board.san(move))
        board.push(move)
    moves = script.get(" ".join(played))
    if moves is None:
        return None
    lines = tuple(Line(score(value), (board.parse_san(san).uci(),), 20) for san, value in moves[: request.multipv])
    return Evaluation(lines[0].score, lines[0].pv, 20, 1000, lines if request.multipv > 1 else ())


def answered(game: AnalysedGame, script: Script, options: PuzzlesOptions | None = None) -> AnalysedGame:
    """The game with the answers of all rounds."""
    asking = Puzzles(options)
    requests: Sequence[Request] = asking.requests(game)
    while requests:
        answers = tuple(answer(game.board(request.ply), request, script) for request in requests)
        game = structs.replace(game, answers={"puzzles": (*asking.answers(game), *answers)})
        requests = asking.further_requests(game)
    return game


def skewer(
    moves: str = "1... b5 2. O-O a5", evals: Sequence[Eval] = SKEWER_EVALS, **arguments: Any
) -> AnalysedGame:
    return analysed_game(moves, evals, headers=arguments.pop("headers", SKEWER), **arguments)


def report(game: AnalysedGame, script: Script = SKEWER_SCRIPT, **options: Any) -> Report:
    chosen = PuzzlesOptions(**options)
    aggregator = Puzzles(chosen)
    aggregator.add(answered(game, script, chosen))
    return aggregator.report()
