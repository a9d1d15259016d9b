"""The facts around one move: positions, lines and what they win."""

from __future__ import annotations

from functools import cached_property

import chess

from engine.analysis.reasons.material import Balance, balance
from engine.analysis.reasons.walk import Walk
from engine.model import AnalysedGame, AnalysedPosition, Evaluation
from engine.positions.movetext import NULL_MOVE

__all__ = ["Facts"]

_FOLLOWED = 12
"""Plies of the game that are looked at where no evaluator has said how it could go on."""


class Facts:
    """What is known of one move of a game. Everything is computed when it is asked for."""

    def __init__(self, game: AnalysedGame, ply: int, board: chess.Board) -> None:
        """Look at a move.

        * **game** - the game.
        * **ply** - the move, 0-based.
        * **board** - the position before it, with the move before on its stack; it does not change.
        """
        self.game = game
        self.ply = ply
        self.board = board.copy(stack=1)
        self.played = chess.Move.from_uci(game.plies[ply].uci)
        self.mover = board.turn

    @property
    def before(self) -> Evaluation | None:
        """Evaluation of the position before the move, in the mover's view."""
        return self.game.positions[self.ply].evaluation

    @property
    def position_after(self) -> AnalysedPosition:
        """The position after the move."""
        return self.game.positions[self.ply + 1]

    @property
    def after(self) -> Evaluation | None:
        """Evaluation of the position after the move, in the opponent's view."""
        return self.position_after.evaluation

    @cached_property
    def board_after(self) -> chess.Board:
        """The position after the move."""
        board = self.board.copy(stack=False)
        board.push(self.played)
        board.clear_stack()
        return board

    @cached_property
    def best(self) -> Walk | None:
        """The best line; None where it is not known, or begins with the move that was played."""
        walk = None if self.before is None else Walk(self.board, self.before.pv)
        return walk if walk is not None and walk.moves and walk.moves[0] != self.played else None

    @cached_property
    def reply(self) -> Walk | None:
        """The opponent's best line after the move; None where it is not known."""
        walk = None if self.after is None else Walk(self.board_after, self.after.pv)
        return walk if walk is not None and walk.moves else None

    @cached_property
    def followed(self) -> Walk | None:
        """The moves of the game after the move that nobody judged bad; None if there is none."""
        ucis = []
        for ply in self.game.plies[self.ply + 1 : self.ply + 1 + _FOLLOWED]:
            is_sound = ply.judgement is None and (ply.accuracy is not None or ply.san.endswith("#"))
            if not is_sound or ply.uci == NULL_MOVE:
                break
            ucis.append(ply.uci)
        return Walk(self.board_after, ucis) if ucis else None

    @cached_property
    def earlier(self) -> chess.Board | None:
        """The position before the opponent's last move; None where the game begins."""
        if not self.board.move_stack or not self.board.peek():
            return None
        board = self.board.copy()
        board.pop()
        return board

    @cached_property
    def taken_on(self) -> chess.Square | None:
        """The square on which the opponent has just taken something; None where nothing was taken."""
        if self.earlier is None:
            return None
        move = self.board.peek()
        return move.to_square if self.earlier.is_capture(move) else None

    @cached_property
    def now(self) -> Balance:
        """The material before the move."""
        return balance(self.board)

    def base(self, *walks: Walk) -> tuple[int, Balance]:
        """Return the position from which the mover's material is counted, and its balance.

        It is the one before the move. Where the opponent has just taken something and the mover takes back, with
        this move or later in one of the lines, it is the one before that capture.
        """
        if self.earlier is not None and self.taken_on is not None:
            lines = [(walk.moves, walk.boards[0].turn != self.mover) for walk in walks]
            own = [move for moves, reply in lines for move in moves[reply::2]]
            if any(move.to_square == self.taken_on for move in (self.played, *own)):
                return self.ply - 1, balance(self.earlier)
        return self.ply, self.now
