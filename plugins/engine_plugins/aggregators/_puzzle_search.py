"""The search for the solution of a puzzle: best play in which each move of the solver is the only one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

import chess
from msgspec import Struct

from engine.model import AnalysedGame, Evaluation, Limit, Score
from engine.plugin import Request
from engine.scoring import chances
from engine_plugins.aggregators._puzzle_candidates import candidates, chances_of, is_mate
from engine_plugins.aggregators._puzzle_options import PuzzlesOptions

MATE_ALTERNATIVE = 0.6
"""Winning chances above which a move that does not mate spoils a mate in one that has several ways."""

Outcome = Literal[
    "puzzle", "unsearched", "second move", "not winning", "no mate", "too short", "repetition", "mate in one"
]
"""What became of a candidate: a puzzle, or the reason why it is none."""


class Solution(Struct, frozen=True):
    """What was found out about one candidate."""

    ply: int
    """The position in which the solver moves."""
    board: chess.Board
    """The same position, with the moves of the game on its stack."""
    outcome: Outcome
    moves: tuple[chess.Move, ...]
    """The solution: an odd number of moves, the solver's first; of what is no puzzle, as far as it was found."""
    score: Score | None
    """The solver's score in that position; None where it was not searched."""


def solve(
    game: AnalysedGame, options: PuzzlesOptions, answers: Sequence[Evaluation | None]
) -> tuple[list[Request], list[Solution]]:
    """Follow the candidates of a game as far as the answers go.

    * **game** - the game with its evaluations.
    * **options** - the rules.
    * **answers** - the answers to the requests of all rounds so far.

    Return the next searches, which are none when all is known, and the candidates; of one that is still searched
    the outcome is `unsearched`.
    """
    attempts = [_Attempt(game, ply, board, options) for ply, board in candidates(game, options)]
    left: Iterator[Evaluation | None] = iter(answers)
    while waiting := [attempt for attempt in attempts if attempt.outcome is None]:
        known = list(islice(left, len(waiting)))
        if len(known) < len(waiting):
            break
        for attempt, answer in zip(waiting, known, strict=True):
            attempt.take(answer)
    return [attempt.request() for attempt in waiting], [attempt.solution() for attempt in attempts]


def lines_needed(board: chess.Board) -> int:
    """Return how many of the solver's best moves must be known: two, and one more than mate at once.

    * **board** - the position; it does not change.
    """
    return max(2, 1 + sum(1 for _ in _mates(board)))


def is_only_move(board: chess.Board, answer: Evaluation, scale: float, options: PuzzlesOptions) -> bool:
    """Return whether no other move is nearly as good as the best one, and no other wins.

    * **board** - the position.
    * **answer** - its evaluation, with `lines_needed` lines.
    * **scale** - factor for centipawns.
    * **options** - the rules.
    """
    lines = answer.lines
    if board.legal_moves.count() == 1:
        return True
    if len(lines) < 2:  # noqa: PLR2004 - the second one is what it is about
        return False
    if answer.score.mate == 1:
        others = [line.score for line in lines if line.score.mate != 1]
        return bool(others) and chances_of(others[0], scale) <= MATE_ALTERNATIVE
    best, second = (chances_of(line.score, scale) for line in lines[:2])
    return second <= chances(options.second) and best > second + options.margin


class _Attempt:
    """One candidate on its way: solver and opponent move in turn.

    The solver makes the best move. The opponent makes one of the best moves, the first after which the solver has
    an only move again.
    """

    def __init__(self, game: AnalysedGame, ply: int, board: chess.Board, options: PuzzlesOptions) -> None:
        self.outcome: Outcome | None = None
        """None while there is something to search."""
        self._scale, self._options = game.answer_scale, options
        self._ply, self._start, self._board = ply, board, board.copy()
        self._moves: list[chess.Move] = []
        self._choices: list[bool] = []
        """An entry for each of the solver's moves: whether there were others."""
        self._replies: list[str] = []
        """Answers to the solver's last move that are as good as the one on the board and not tried yet."""
        self._score: Score | None = None

    def request(self) -> Request:
        """Return the next search."""
        limit = Limit(nodes=self._options.nodes) if self._options.nodes else None
        return Request(self._ply, tuple(self._moves), self._lines(), limit)

    def _lines(self) -> int:
        """Return how many of the best moves must be known: of the solver, two, and one more than mate at once."""
        if len(self._moves) % 2:
            return self._options.replies
        return lines_needed(self._board)

    def take(self, answer: Evaluation | None) -> None:
        """Go on with the answer to `request`."""
        if answer is None or answer.best is None:
            self._end("unsearched")
        elif len(self._moves) % 2:
            self._replies = self._as_good(answer)
            self._reply()
        else:
            self._solve(answer)

    def _as_good(self, answer: Evaluation) -> list[str]:
        """Return the opponent's moves that are nearly as good as the best one, the best first."""
        assert answer.best is not None
        lines = [(chances_of(line.score, self._scale), line.pv[0]) for line in answer.lines if line.pv]
        return [uci for left, uci in lines if left >= lines[0][0] - self._options.as_good] or [answer.best]

    def _reply(self) -> None:
        """Let the opponent make the next of these moves."""
        self._push(self._replies.pop(0))
        if self._board.is_game_over(claim_draw=False) or self._board.is_repetition(2):
            self._refuse("repetition")

    def _refuse(self, reason: Outcome) -> None:
        """Try another answer of the opponent if there is one, or end the line here."""
        if not self._replies or not self._moves:
            self._end(reason)
            return
        self._moves.pop()
        self._board.pop()
        self._reply()

    def _solve(self, answer: Evaluation) -> None:
        """Take the best move of the solver, or end the line before it."""
        assert answer.best is not None
        if self._score is None:
            self._score = answer.score
        if answer.score.mate is None and chances_of(answer.score, self._scale) < chances(self._options.winning):
            self._refuse("not winning")
        elif not is_only_move(self._board, answer, self._scale, self._options):
            self._refuse("second move")
        else:
            self._replies = []
            self._choices.append(self._board.legal_moves.count() > 1)
            self._push(answer.best)
            if self._board.is_checkmate() or len(self._choices) >= self._options.longest:
                self._end("puzzle")
            elif self._board.is_game_over(claim_draw=False) or self._board.is_repetition(2):
                self._end("repetition")

    def _push(self, uci: str) -> None:
        move = self._board.parse_uci(uci)
        self._moves.append(move)
        self._board.push(move)

    def _end(self, reason: Outcome) -> None:
        """End the line, cut it back to the solver's last move that was a choice, and judge what is left."""
        mates = self._board.is_checkmate() and len(self._moves) % 2 == 1
        if not mates:
            del self._moves[max(0, 2 * len(self._choices) - 1) :]
            while self._choices and not self._choices[-1]:
                self._choices.pop()
                del self._moves[max(0, 2 * len(self._choices) - 1) :]
        if reason in ("unsearched", "repetition"):
            self.outcome = reason
        elif mates:
            allowed = self._options.mate_in_one or len(self._moves) > 1
            self.outcome = "puzzle" if allowed else "mate in one"
        elif not self._choices:
            self.outcome = reason
        elif self._score is not None and is_mate(self._score):
            self.outcome = "no mate"
        else:
            self.outcome = "puzzle" if len(self._choices) >= self._options.shortest else "too short"

    def solution(self) -> Solution:
        """Return what is known."""
        outcome = self.outcome or "unsearched"
        return Solution(self._ply, self._start, outcome, tuple(self._moves), self._score)


def _mates(board: chess.Board) -> Iterator[chess.Move]:
    """Yield the moves that mate at once."""
    for move in board.legal_moves:
        if board.gives_check(move):
            board.push(move)
            mates = board.is_checkmate()
            board.pop()
            if mates:
                yield move
