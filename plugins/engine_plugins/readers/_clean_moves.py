"""The main line of an ordinary PGN game, read as `read_moves` reads it and several times as fast.

A game is ordinary if it is standard chess from the initial position and its movetext has moves as python-chess
writes them, their numbers, `!` and `?`, NAGs, comments in braces, variations, the result at the end or none, and
nothing else.
"""

from __future__ import annotations

import re

from engine.model import parse_result
from engine.positions.fast_board import FastBoard
from engine.positions.landmarks import Surveyor
from engine_plugins.readers._moves import MAX_PLIES, MainLine
from engine_plugins.readers._remarks import Remarks

_LONGEST = 1 << 18
"""Characters of the longest movetext that is read here, because its tokens are in memory at the same time."""
_VARIATION = r"\( (?: [^(){};%%<\[\x7f-\U0010ffff]++ | \{ [^}]*+ \} %s )*+ \)"
_TOKEN = re.compile(
    rf"""
    (?: \d++ \.++ [ \n]*+ )?
    ( [KQRBNa-hO] [-\w=+\#]*+ ) [!?]{{0,2}}+ (?= [ \n{{$] | \Z ) [ \n]*+
    (?: \$ \d{{1,3}}+ (?= [ \n{{] | \Z ) [ \n]*+ )*+
    (?: \{{ [ ]? (?= \[% )
        (?: \[%eval [ ] ( [-+\#\d.,]{{1,20}} ) \] [ ]? )?
        (?: \[%clk [ ] ( \d{{1,2}}:\d\d:\d\d (?: \.\d{{1,6}} )? ) \] [ ]? )?
      \}} [ \n]*+ )?
    | \{{ ( [^}}]*+ ) \}} [ \n]*+
    | ( 1-0 | 0-1 | 1/2-1/2 | \* ) [ \n]*+ \Z
    | {_VARIATION % ("|" + _VARIATION % "")} [ \n]*+
    | ( .++ )
    """,
    re.VERBOSE | re.DOTALL,
)
"""A move, with the evaluation and the clock in the comment after it; another comment; the result; a variation,
without a group; anything else."""


def read_clean_moves(text: str) -> MainLine | None:  # noqa: C901 - a branch per kind of token
    """Return the main line of an ordinary game; None for any other game.

    * **text** - the movetext of a game of standard chess from the initial position.
    """
    if len(text) > _LONGEST:
        return None
    board, surveyor, remarks = FastBoard(), Surveyor(), Remarks()
    surveyor.see(board)
    moves: list[str] = []
    sans: list[str] = []
    san = result = ""
    for san, evaluation, clock, comment, result, other in _TOKEN.findall(text):  # noqa: B007 - the last result counts
        if san:
            uci = board.push_san(san)
            if uci is None:
                return None
            moves.append(uci)
            sans.append(board.last_san)
            surveyor.see(board)
            if clock or evaluation:
                remarks.read_known(evaluation, clock, len(moves))
        elif other:
            return None
        elif comment:
            remarks.read(comment, len(moves))
    if not (result or san) or len(moves) > MAX_PLIES:  # there may be an unusual result
        return None
    line = MainLine(moves, sans, remarks, result=parse_result(result) or "*")
    if not board.has_move():
        line.ending = "checkmate" if board.is_check() else "stalemate"
    if line.ending == "checkmate":
        sans[-1] = sans[-1].rstrip("+") + "#"
    line.landmarks = surveyor.landmarks()
    return line
