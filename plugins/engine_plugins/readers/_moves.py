"""The main line of a PGN game, move by move on a board that allows only legal ones."""

from __future__ import annotations

import re
from typing import Literal

import chess
from msgspec import Struct

from engine.model import Landmarks
from engine.positions.landmarks import Surveyor
from engine_plugins.readers._plain_moves import find
from engine_plugins.readers._remarks import Remarks
from engine_plugins.readers._text import quoted

MAX_PLIES = 20_000
"""Largest number of plies in a game; the longest known game has 17,697."""

_TOKEN = re.compile(
    r"""
    (?:
      \{ (?P<comment> [^}]* ) (?P<end> \}? )
    | ; [^\n]*
    | (?m:^) % [^\n]*
    | (?P<open> \( )
    | (?P<close> \) )
    | \$ \d*
    | < [^<>\n]* >                                   # reserved by the standard; HTML in the wild
    | (?P<result> (?: 1-0 | 0-1 | 1/2-1/2 | ½-½ | \* ) (?= [\s{}();] | \Z ) )
    | (?P<null> (?: -- | Z0 | 0000 | @@@@ ) (?= [\s{}();!?] | \Z ) )
    | (?: \d+ \.+ \s* )?
      (?P<plain> (?: [KQRBN] x? | [a-h] x )? [a-h][1-8] | O-O (?: -O )? ) [+\#!?]* (?= [\s{});$] | \Z )
    | (?: \d+ \.+ \s* )? (?P<move>
        (?: [KQRBNP]? [a-h]? [1-8]? [x:-]? [a-h] [1-8] (?: [=/]? [QRBNKqrbn] | \( [QRBN] \) )?
          | [O0o] - [O0o] (?: - [O0o] )? )
      )
      [+\#!?=]* (?: e\.?p\.? )? (?= [\s{}();$.,<] | \Z )
    | \d+ (?: \.+ | (?= [\s({;] | \Z ) )
    | (?P<word> [^\s{}();<.]+ )
    ) \s*
    """,
    re.VERBOSE,
)
_LIKE_A_MOVE = re.compile(r"[a-h][1-8]|[O0o]-[O0o]")
_UNTYPED = str.maketrans({"0": "O", "o": "O", ":": "x", "/": None, "(": None, ")": None})


class MainLine(Struct):
    """The moves of a game that could be played."""

    moves: list[str]
    sans: list[str]
    remarks: Remarks
    problem: str | None = None
    """Reason why the moves end before the end of the game; None if they do not."""
    at: int = 0
    """Offset of the problem in the text."""
    ending: Literal["checkmate", "stalemate", "open"] = "open"
    """State of the game after the last move that could be played."""
    landmarks: Landmarks | None = None
    """Landmarks of the moves that could be played."""


def read_moves(text: str, board: chess.Board) -> MainLine:
    """Play the main line of `text` on `board`, up to the first move that cannot be played.

    Variations, annotations and words that are not moves are skipped. python-chess checks the rules; it may raise
    any error for a board that is not a possible position.
    """
    surveyor = Surveyor()
    surveyor.see(board)
    line = _read(text, board, surveyor)
    if not any(board.legal_moves):
        line.ending = "checkmate" if board.is_check() else "stalemate"
    if line.ending == "checkmate" and line.sans:
        line.sans[-1] = line.sans[-1].rstrip("+#") + "#"
    line.landmarks = surveyor.landmarks()
    return line


def _read(  # noqa: C901, PLR0911, PLR0912 - one branch per kind of token; calls would slow the hottest loop
    text: str, board: chess.Board, surveyor: Surveyor
) -> MainLine:
    line = MainLine([], [], Remarks())
    depth = opened = 0
    ended: str | None = None
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "end":
            comment, end = token.group("comment", "end")
            if not end:
                return _cut(line, token.start(), "a comment is never closed")
            if depth == 0:
                line.remarks.read(comment, len(line.moves))
        elif kind is None:
            continue
        elif kind == "open":
            opened = opened if depth else token.start()
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif depth:
            continue
        elif kind == "result":
            ended = token["result"]
        elif kind == "word" and not _LIKE_A_MOVE.search(token["word"]):
            continue
        elif ended:
            return _cut(line, token.start(kind), f"moves after the result {ended}")
        elif len(line.moves) >= MAX_PLIES:
            return _cut(line, token.start(kind), f"more than {MAX_PLIES} plies")
        elif kind in ("plain", "move"):
            if reason := _play(line, board, token[kind], plain=kind == "plain"):
                return _cut(line, token.start(kind), f"{reason} {_where(board, token[kind], line)}")
            surveyor.see(board)
        else:
            reason = "null move" if kind == "null" else "unreadable move"
            return _cut(line, token.start(kind), f"{reason} {_where(board, token[kind], line)}")
    if depth:
        return _cut(line, opened, "a variation is never closed")
    return line


def _play(line: MainLine, board: chess.Board, token: str, *, plain: bool) -> str | None:
    """Play one move. Return what is wrong with it, or None.

    A `plain` move is written like SAN and has no disambiguation, promotion or unusual letters.
    """
    san = token if plain else token.translate(_UNTYPED).removeprefix("P")
    move = None
    if plain and line.sans:  # the last SAN says whether there is a check
        move = find(board, san, board.checkers_mask() if line.sans[-1][-1] in "+#" else chess.BB_EMPTY)
    if move is None:
        try:
            move = board.parse_san(san)
        except chess.AmbiguousMoveError:
            return "ambiguous move"
        except ValueError:
            return "illegal move"
        if not move:
            return "null move"
        plain = plain and ("x" in san) == board.is_capture(move)
    if plain:  # the token is the SAN except for its check sign
        board.push(move)
        if board.is_check():
            san += "+"  # `read_moves` corrects the last one if it is mate
    else:
        san = board.san_and_push(move)
    line.moves.append(move.uci())
    line.sans.append(san)
    return None


def _where(board: chess.Board, token: str, line: MainLine) -> str:
    dots = "." if board.turn == chess.WHITE else "..."
    plies = "1 ply" if len(line.moves) == 1 else f"{len(line.moves)} plies"
    return f"{quoted(token, 20)} after {plies} ({board.fullmove_number}{dots})"


def _cut(line: MainLine, at: int, problem: str) -> MainLine:
    line.problem = problem
    line.at = at
    return line
