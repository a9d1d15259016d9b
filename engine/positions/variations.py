"""Variations that are played through, because whoever they come from may not have done so."""

from __future__ import annotations

from collections.abc import Iterable

import chess
from msgspec import structs

from engine.model import Evaluation


def legal_variation(board: chess.Board, moves: Iterable[str]) -> tuple[str, ...]:
    """Return the moves as python-chess writes them; the board is afterwards what it was.

    * **board** - the position that they are played from.
    * **moves** - moves in UCI notation.

    Raises `ValueError` in words for a move that is not legal.
    """
    played: list[str] = []
    try:
        for uci in moves:
            try:
                move = board.parse_uci(uci)
            except (ValueError, TypeError, AttributeError):
                raise ValueError(f"{uci!r} is not a legal move in {board.fen()}") from None
            played.append(board.uci(move))
            board.push(move)
    finally:
        for _ in played:
            board.pop()
    return tuple(played)


def legal_beginning(board: chess.Board, moves: Iterable[str]) -> tuple[str, ...]:
    """Return the legal moves at the beginning of a variation, as python-chess writes them; a null move ends it.

    * **board** - the position that they are played from; it is left after the last of them.
    * **moves** - moves in UCI notation.
    """
    legal: list[str] = []
    for uci in moves:
        try:
            move = board.parse_uci(uci)
        except ValueError:
            break
        if not move:
            break
        legal.append(board.uci(move))
        board.push(move)
    return tuple(legal)


def legal_evaluation(board: chess.Board, evaluation: Evaluation, plies: int | None = None) -> Evaluation:
    """Return an evaluation with its variations as python-chess writes them.

    * **board** - the position that was evaluated.
    * **plies** - *(optional)* how many moves of each variation are kept; all.

    Raises `ValueError` in words for a move that is not legal.
    """
    pv = legal_variation(board, evaluation.pv[:plies])
    lines = tuple(structs.replace(line, pv=legal_variation(board, line.pv[:plies])) for line in evaluation.lines)
    return structs.replace(evaluation, pv=pv, lines=lines)
