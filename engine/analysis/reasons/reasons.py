"""The reason of each judged move: the first that can be proved, the gravest first."""

from __future__ import annotations

import chess
from msgspec import structs

from engine.analysis.reasons.facts import Facts
from engine.analysis.reasons.haste import Haste
from engine.analysis.reasons.losses import material_reason
from engine.analysis.reasons.mates import allowed_draw, allowed_mate, missed_mate, stalemate
from engine.analysis.reasons.sentences import sentence
from engine.analysis.reasons.threats import allowed_threat, missed_threat
from engine.analysis.reasons.walk import Walk
from engine.errors import ArgumentError
from engine.model import AnalysedGame, Explanation
from engine.positions.movetext import NULL_MOVE
from engine.positions.openings import is_book, name_of

__all__ = ["explain", "explanations"]


def explain(game: AnalysedGame, ply: int) -> Explanation | None:
    """Return why a move was bad; None for a move that is not judged, and where nothing can be proved.

    * **game** - the game, with its evaluations.
    * **ply** - the move, 0-based; a negative number counts from the end.

    Raises `ArgumentError` for what is no analysed game or no number, `IndexError` when the game has no such move.

    >>> import engine
    >>> [game] = engine.analyze("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000).games
    >>> engine.explain(game, 2).kind
    'allowed mate'
    """
    if not isinstance(game, AnalysedGame):
        raise ArgumentError(f"{type(game).__name__} is no analysed game: RunResult.games has some")
    if not isinstance(ply, int):
        raise ArgumentError(f"ply: {ply!r} is not a number")
    ply = range(len(game.plies))[ply]
    if game.plies[ply].judgement is None:
        return None
    return _explained(game, ply, game.board(ply), Haste(game))


def explanations(game: AnalysedGame) -> tuple[Explanation, ...]:
    """Return the explanations of a game's moves, in their order; those without one are left out.

    * **game** - the game, with its evaluations.
    """
    if all(ply.judgement is None for ply in game.plies):
        return ()
    haste = Haste(game)
    found = (
        _explained(game, k, board, haste)
        for k, (ply, board) in enumerate(zip(game.plies, game.boards(), strict=False))
        if ply.judgement is not None
    )
    return tuple(one for one in found if one is not None)


def _explained(game: AnalysedGame, ply: int, board: chess.Board, haste: Haste) -> Explanation | None:
    if game.plies[ply].uci == NULL_MOVE:
        return None
    facts = Facts(game, ply, board)
    reasons = (
        allowed_mate,
        missed_mate,
        stalemate,
        material_reason,
        allowed_draw,
        allowed_threat,
        missed_threat,
        _left_the_book,
    )
    found = next((reason for reason in (find(facts) for find in reasons) if reason is not None), None)
    seconds = haste.seconds(ply)
    if found is None:
        if seconds is None:
            return None
        found = Explanation(ply, "short of time", "", ply)
    found = structs.replace(found, seconds=seconds)
    first = facts.board if found.start == ply else facts.board_after
    return structs.replace(found, sentence=sentence(found, Walk(first, found.moves).boards))


def _left_the_book(facts: Facts) -> Explanation | None:
    """Return what is to be said of a move that is in no opening, while the best one is."""
    best = facts.best
    if facts.game.opening is None or best is None or not is_book(best.boards[1]) or is_book(facts.board_after):
        return None
    name = name_of(best.boards[1])
    return Explanation(
        *(facts.ply, "left the book", "", facts.ply), best.ucis(1), opening=name[1] if name is not None else ""
    )
