"""Follow-up searches without an evaluator: are requests right, and games with answers to them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import chess
from msgspec import structs

from engine.contracts.aggregator import ROUNDS, Aggregator, Request
from engine.contracts.options import Options
from engine.model import AnalysedGame, Evaluation, Limit, Line, Score

__all__ = ["answered", "evaluation_of", "wrong_request"]


def wrong_request(game: AnalysedGame, request: Any) -> str:
    """Return what is wrong with a request for a game; empty when it can be searched."""
    if not isinstance(request, Request):
        return f"{request!r} is no Request"
    if type(request.ply) is not int or not 0 <= request.ply <= len(game.plies):
        return f"ply {request.ply!r} of a game that has the positions 0 to {len(game.plies)}"
    if type(request.multipv) is not int or request.multipv < 1:
        return f"multipv {request.multipv!r}, which must be 1 or more"
    if request.limit is not None and not (
        isinstance(request.limit, Limit) and (request.limit.nodes or request.limit.depth or request.limit.time)
    ):
        return f"limit {request.limit!r}, which has no nodes, depth or time"
    board = _board(game, request.ply)
    for uci in request.moves:
        try:
            board.push(board.parse_uci(str(uci)))
        except (ValueError, TypeError, AttributeError):
            return (
                f"{uci!r} is not a legal move in {board.fen()}, at ply {request.ply} and moves {request.moves!r}"
            )
    return ""


def answered(cls: type[Aggregator], games: Sequence[AnalysedGame], options: Options) -> list[AnalysedGame]:
    """Return the games that an aggregator has requests for, again, with answers: some have failed.

    A wrong request has no answer. The new games have numbers of their own.
    """
    asking = cls(options)
    number = max([game.origin.game for game in games], default=0)
    found = []
    for game in games:
        requests = list(asking.requests(game))
        if not requests or any(wrong_request(game, request) for request in requests):
            continue
        number += 1
        seen = structs.replace(game, origin=structs.replace(game.origin, game=number))
        for _ in range(ROUNDS):
            before = asking.answers(seen)
            answers = (*before, *(_answer(game, request, k) for k, request in enumerate(requests, len(before))))
            seen = structs.replace(seen, answers={**seen.answers, cls.name: answers})
            requests = list(asking.further_requests(seen))
            if not requests or any(wrong_request(game, request) for request in requests):
                break
        found.append(seen)
    return found


def evaluation_of(board: chess.Board, multipv: int) -> Evaluation | None:
    """Return an evaluation that is made up, but always the same; None where there is no legal move."""
    moves = sorted(board.uci(move) for move in board.legal_moves)
    if not moves:
        return None
    noise = hashlib.blake2b(board.fen().encode()).digest()
    start = noise[0] % len(moves)
    lines = []
    for k in range(min(multipv, len(moves))):
        score = Score(cp=noise[1] % 60 - 30 * k * (1 + noise[2 + k % 32] % 9))
        lines.append(Line(score, (moves[(start + k) % len(moves)],), 12))
    first = lines[0]
    return Evaluation(first.score, first.pv, 12, 20_000, tuple(lines) if multipv > 1 else ())


def _answer(game: AnalysedGame, request: Request, number: int) -> Evaluation | None:
    """Return a made-up answer to a request; None for some, by their number, as if the search had failed."""
    if number % 5 == 3:  # noqa: PLR2004
        return None
    board = _board(game, request.ply)
    for uci in request.moves:
        board.push(board.parse_uci(str(uci)))
    return evaluation_of(board, request.multipv)


def _board(game: AnalysedGame, ply: int) -> chess.Board:
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    for played in game.plies[:ply]:
        board.push_uci(played.uci)
    return board
