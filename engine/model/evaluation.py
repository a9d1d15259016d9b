"""Scores, limits, positions and evaluations.

A `Score` inside an `Evaluation` is in the side to move's view; everything the writers print is in White's view.
"""

from __future__ import annotations

import chess
from msgspec import Struct

PV_PLIES = 12
"""Number of plies to which principal variations are cut, as Lichess does."""


class Score(Struct, frozen=True, array_like=True):
    """Score of a position: centipawns or mate, exactly one of them. `-score` is in the other side's view.

    >>> from engine import Score
    >>> print(Score(cp=31), -Score(cp=31), Score(mate=3))
    +0.31 -0.31 #3
    """

    cp: int | None = None
    """Centipawns; positive is good for the side whose view it is."""
    mate: int | None = None
    """Moves (not plies) to mate, negative when the side whose view it is gets mated; never 0."""

    def __neg__(self) -> Score:
        return Score(
            cp=None if self.cp is None else -self.cp,
            mate=None if self.mate is None else -self.mate,
        )

    def __str__(self) -> str:
        """Return the score in pawns or as a mate, as in `[%eval]`: `+0.31`, `#-3`."""
        return f"#{self.mate}" if self.mate is not None else f"{(self.cp or 0) / 100:+.2f}"


class Limit(Struct, frozen=True, omit_defaults=True):
    """Limit of the search of one position. Node and depth limits are reproducible, a time limit is not.

    >>> from engine import Limit
    >>> print(Limit(nodes=100_000, multipv=2))
    100000 nodes, multipv 2
    >>> Limit(nodes=100_000, multipv=2).words
    '100,000 nodes, multipv 2'
    """

    nodes: int | None = None
    """Nodes to search; None: no limit of nodes."""
    depth: int | None = None
    """Nominal depth in plies; None: no limit of depth."""
    time: int | None = None
    """Time in milliseconds; None: no limit of time."""
    multipv: int = 1
    """Number of best moves that get a line of their own. It changes the scores, so it is part of the limit."""

    def __str__(self) -> str:
        return self._parts("")

    @property
    def words(self) -> str:
        """The limit for a sentence, with separators between thousands: `100,000 nodes, multipv 2`."""
        return self._parts(",")

    def _parts(self, form: str) -> str:
        parts = [f"{self.nodes:{form}} nodes"] if self.nodes else []
        parts += [f"depth {self.depth}"] if self.depth else []
        parts += [f"{self.time:{form}} ms"] if self.time else []
        parts += [f"multipv {self.multipv}"] if self.multipv > 1 else []
        return ", ".join(parts)


class Position(Struct, frozen=True, array_like=True):
    """A position as an evaluator receives it: a root position and the moves played from it."""

    fen: str
    """FEN of the root position; a Shredder-FEN when `chess960`."""
    moves: tuple[str, ...] = ()
    """Moves from the root in UCI notation; castling is king takes rook when `chess960`, else e1g1."""
    chess960: bool = False
    """Whether castling follows the rules of Chess960."""

    @classmethod
    def of(cls, board: chess.Board) -> Position:
        """Return the position of a board, with the moves on its stack since the last null move.

        * **board** - a board of standard chess or Chess960; it does not change.
        """
        root = board.copy()
        stack: list[chess.Move] = []
        while root.move_stack and root.peek():
            stack.append(root.pop())
        fen = root.fen(shredder=root.chess960)
        moves: list[str] = []
        for move in reversed(stack):
            moves.append(root.uci(move))
            root.push(move)
        return cls(fen, tuple(moves), board.chess960)

    def board(self) -> chess.Board:
        """Return the board after the moves. Raises ValueError for a broken FEN or an illegal move."""
        board = chess.Board(self.fen, chess960=self.chess960)
        for move in self.moves:
            board.push_uci(move)
        return board


class Line(Struct, frozen=True, array_like=True):
    """One of the best moves with its score and principal variation."""

    score: Score
    """Score of the move, in the side to move's view."""
    pv: tuple[str, ...]
    """Principal variation in UCI notation, beginning with the move itself; at most `PV_PLIES` moves."""
    depth: int
    """Nominal depth in plies that was completed for this line."""


class Evaluation(Struct, frozen=True, array_like=True):
    """Evaluation of one position by an evaluator.

    >>> import engine
    >>> evaluation = engine.evaluate("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1", nodes=1_000)
    >>> print(evaluation.score, evaluation.best)
    #1 d1d8
    """

    score: Score
    """Score of the position, in the side to move's view."""
    pv: tuple[str, ...]
    """Principal variation in UCI notation, legal from the position; the first move is the best move. At most
    `PV_PLIES` moves. Empty when only the score is known (a recorded evaluation)."""
    depth: int
    """Nominal depth in plies that was completed for the best line; 0 when it is not known."""
    nodes: int
    """Nodes searched for this position; 0 when the number is not known."""
    lines: tuple[Line, ...] = ()
    """Lines of the best moves in order, the best line first, when MultiPV is above 1; otherwise empty."""

    @property
    def best(self) -> str | None:
        """Best move in UCI notation; None when it is not known."""
        return self.pv[0] if self.pv else None


class EvaluatorInfo(Struct, frozen=True):
    """Identity of an evaluator."""

    name: str
    """Name that the evaluator gives itself."""
    version: str
    """Version that the evaluator reports, or that is part of its name; may be empty."""
    fingerprint: str
    """Hex digest of everything that can change a result: name, version, file or net hash, options."""
    why: str = ""
    """Reason why this evaluator was chosen, for people. Not part of any output."""
    variants: tuple[str, ...] = ("standard", "chess960")
    """Variants that the evaluator can play."""
    scale: float = 1.0
    """Factor by which its centipawns are multiplied before Win%, accuracy and judgements; the settings may
    override it."""
    notice: str = ""
    """Explanation of a choice that people may not expect, which a run says once. Not part of any output."""
