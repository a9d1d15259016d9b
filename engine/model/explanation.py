"""Why a move was bad: one sentence, and the facts that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Reason = Literal[
    "allowed mate",
    "missed mate",
    "stalemate",
    "hung piece",
    "allowed tactic",
    "allowed promotion",
    "missed tactic",
    "missed promotion",
    "did not take",
    "did not take back",
    "won less",
    "lost more",
    "allowed draw",
    "allowed threat",
    "missed threat",
    "left the book",
    "short of time",
]


class Explanation(Struct, frozen=True, omit_defaults=True):
    """Why a move was judged bad: a sentence whose every claim the board or an evaluation proves.

    >>> import engine
    >>> [game] = engine.analyze("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000).games
    >>> engine.explain(game, 2).sentence
    'Allows mate: 2... Qh4#.'
    """

    ply: int
    """The move that is explained, 0-based: `plies[ply]`."""
    kind: Reason
    """Kind of the reason."""
    sentence: str
    """The explanation in English, a sentence."""
    start: int = 0
    """Position from which `moves` are played: `ply` for what the best move would have done, `ply + 1` for what the
    move let the opponent do."""
    moves: tuple[str, ...] = ()
    """The line that proves it, in UCI notation, up to a quiet position or mate; empty where no line is needed."""
    played: bool = False
    """Whether the line is that of the game itself, whose moves nobody judged bad, and not one of an evaluator."""
    other: tuple[str, ...] = ()
    """For `won less` and `lost more`: the line from position `ply` that begins with the move played, up to a quiet
    position."""
    material: Mapping[str, int] = {}
    """What the side that begins the line has won at its end, by letter (`p`, `n`, `b`, `r`, `q`): positive where
    the other side has lost more, negative where it has itself. For `won less` and `lost more` the difference
    between both lines, and for promotions what is won besides."""
    since: int = 0
    """Position from which `material` is counted: `ply`, or the one before where the mover takes back."""
    piece: str = ""
    """Letter of the man that hung or could be taken; empty for none."""
    square: str = ""
    """Its square, such as `f6`; empty for none."""
    how: Literal["", "left", "unguarded"] = ""
    """How a piece came to hang: it hung already (`left`), or the piece that moved had protected it
    (`unguarded`); empty where the move brought it there, and otherwise."""
    mate: int | None = None
    """Moves to mate, for the two kinds about mates."""
    motif: str = ""
    """Tactical theme of the line under Lichess's name, such as `fork`; empty where none is certain."""
    motif_ply: int = 0
    """Index in `moves` of the move that shows the theme."""
    by: str = ""
    """Square of the piece that does it, after that move."""
    targets: tuple[str, ...] = ()
    """Squares of the men to whom it is done; of a skewer the one in front first."""
    opening: str = ""
    """For `left the book`: the opening that the best move would have stayed in, if it has a name."""
    seconds: int | None = None
    """Seconds that the mover had before the move, where they were few; None otherwise."""
