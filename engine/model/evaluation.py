"""Scores, limits, positions and evaluations.

A `Score` inside an `Evaluation` is the side to move's; everything the writers print is White's.
"""

from __future__ import annotations

import chess
from msgspec import Struct

PV_PLIES = 12
"""Principal variations are kept to this many plies, as Lichess does."""


class Score(Struct, frozen=True, array_like=True):
    """Centipawns or mate, exactly one of them. `-score` is the other side's view.

    >>> from engine import Score
    >>> print(Score(cp=31), -Score(cp=31), Score(mate=3))
    +0.31 -0.31 #3
    """

    cp: int | None = None
    """Centipawns; positive is good for the side whose view it is."""
    mate: int | None = None
    """Moves (not plies) to mate, negative when being mated; never 0."""

    def __neg__(self) -> Score:
        return Score(
            cp=None if self.cp is None else -self.cp,
            mate=None if self.mate is None else -self.mate,
        )

    def __str__(self) -> str:
        """As in `[%eval]`: `+0.31`, `#-3`."""
        return f"#{self.mate}" if self.mate is not None else f"{(self.cp or 0) / 100:+.2f}"


class Limit(Struct, frozen=True, omit_defaults=True):
    """When a search ends. Node and depth limits are reproducible, a time limit is not.

    >>> from engine import Limit
    >>> print(Limit(nodes=100_000, multipv=2))
    100000 nodes, multipv 2
    """

    nodes: int | None = None
    """Nodes to search in one position."""
    depth: int | None = None
    """Plies of nominal depth."""
    time: int | None = None
    """Milliseconds."""
    multipv: int = 1
    """How many of the best moves get a line of their own. Changes the scores, so it is part of the limit."""

    def __str__(self) -> str:
        parts = [f"{self.nodes} nodes"] if self.nodes else []
        parts += [f"depth {self.depth}"] if self.depth else []
        parts += [f"{self.time} ms"] if self.time else []
        parts += [f"multipv {self.multipv}"] if self.multipv > 1 else []
        return ", ".join(parts)


class Position(Struct, frozen=True, array_like=True):
    """What an evaluator is asked about: a root position and the moves played from it."""

    fen: str
    """Root; Shredder-FEN when `chess960`."""
    moves: tuple[str, ...] = ()
    """UCI moves from the root; castling is king takes rook when `chess960`, else e1g1."""
    chess960: bool = False
    """Whether castling is that of Chess960."""

    def board(self) -> chess.Board:
        """Replay it. Raises ValueError for a broken FEN or an illegal move."""
        board = chess.Board(self.fen, chess960=self.chess960)
        for move in self.moves:
            board.push_uci(move)
        return board


class Line(Struct, frozen=True, array_like=True):
    """One of the best moves with its score and continuation."""

    score: Score
    """From the side to move's view."""
    pv: tuple[str, ...]
    """UCI moves, the first is the move itself; at most `PV_PLIES`."""
    depth: int
    """Nominal depth that was completed for this line."""


class Evaluation(Struct, frozen=True, array_like=True):
    """What an evaluator says of one position.

    >>> import engine
    >>> found = engine.evaluate("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1", nodes=1_000)
    >>> print(found.score, found.best)
    #1 d1d8
    """

    score: Score
    """From the side to move's view."""
    pv: tuple[str, ...]
    """Best line in UCI moves, legal from the position; the first is the best move. At most `PV_PLIES`.
    Empty when only the score is known (a recorded evaluation)."""
    depth: int
    """Nominal depth that was completed for the best line; 0 when it is not known."""
    nodes: int
    """Nodes searched for this position; 0 when it is not known."""
    lines: tuple[Line, ...] = ()
    """With MultiPV above 1: the best moves in order, the first is the best line again. Else empty."""

    @property
    def best(self) -> str | None:
        """The best move in UCI notation; None when it is not known."""
        return self.pv[0] if self.pv else None


class EvaluatorInfo(Struct, frozen=True):
    """Who answered."""

    name: str
    """As it calls itself."""
    version: str
    """As it says it, or as the name has it; may be empty."""
    fingerprint: str
    """Hex digest of all that can change a result: name, version, file or net hash, options."""
    why: str = ""
    """How it was chosen, for people. Not part of any output."""
    variants: tuple[str, ...] = ("standard", "chess960")
    """What it can play."""
    scale: float = 1.0
    """What its centipawns are multiplied by before Win%, accuracy and judgements, unless the settings say it."""
