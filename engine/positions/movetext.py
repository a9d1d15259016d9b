"""The grammar of movetext: the tokens that people and programs write between the tags and the end of a game. Pure.

Text is first normalised (`normalised`): outside comments, figurines, dashes, spaces, fractions and letters that
look like others become the ASCII characters of PGN. Then `TOKEN` finds one token after the other, each of the kind
that its group names:

| kind | what it is |
| --- | --- |
| `end` | a comment in braces: `comment` has its text, and `end` is empty if it is never closed |
| `line`, `command` | a comment up to the end of the line; a command outside of comments: `[%clk 0:01:00]` |
| `open`, `close` | a parenthesis |
| `nag`, `glyph` | `$14`; a sign that is not glued to a move: `!?`, `±`, `+-` |
| `result` | the end of the game as PGN writes it |
| `null` | a null move: `--`, `Z0`, `0000`, `@@@@` |
| `plain` | a move written like SAN, without disambiguation, promotion or unusual letters |
| `move` | a move in any other spelling, which `read_move` understands |
| `files` | two files, such as `ed`: a pawn's capture, or a word |
| `word` | anything else |

Move numbers, escape lines and what the standard reserves have no kind. Signs that are glued to a move belong to
its token: `signs` returns them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

import chess

__all__ = [
    "GLYPHS",
    "NULL_MOVE",
    "NULL_SAN",
    "OUTSIDE",
    "TOKEN",
    "is_word",
    "normalised",
    "read_move",
    "signs",
]

NULL_MOVE: Final = "0000"
"""A null move in UCI notation."""
NULL_SAN: Final = "--"
"""A null move as it is written."""

_PROMOTION = r"(?: [=/]? [QRBNKqrbn] | [=/]? \( [QRBNqrbn] \) )"
_SQUARE_SIGNS = r"[^\w\s\x00-\x7f]"
"""A sign that is not ASCII: `±`, `⩲`, `†`, and whatever else is glued to a move."""
_GLUED = r"(?: 1-0 | 0-1 | 1/2 | \* )"
"""Beginning of a result without a space before it."""

TOKEN = re.compile(
    rf"""
    (?:
      \{{ (?P<comment> [^}}]* ) (?P<end> \}}? )
    | ; (?P<line> [^\n]* )
    | (?m:^) % [^\n]*
    | (?P<open> \( )
    | (?P<close> \) )
    | \$ (?P<nag> \d{{1,9}} ) (?! \d )
    | \$ \d*
    | < [^<>\n]* >                                   # reserved by the standard; HTML in the wild
    | (?P<result> (?: 1-0 | 0-1 | 1/2-1/2 | \* ) (?= [\s{{}}();] | \Z ) )
    | (?P<null> (?: -- | Z0 | 0000 | @@@@ ) (?= [\s{{}}();!?$] | \Z ) )
    | (?: \d+ \.+ \s* )?
      (?P<plain> (?: [KQRBN] x? | [a-h] x )? [a-h][1-8] | O-O (?: -O )? ) [+\#!?]* (?= [\s{{}});$] | \Z )
    | (?: \d+ \.+ \s* )? (?P<move>
          [KQRBN] [a-h]? [1-8]? [x:-]? [a-h] [1-8]
        | P? [a-h]? [1-8]? [x:-]? [a-h] (?: [18] {_PROMOTION}? | [2-7] )
        | [O0o] - [O0o] (?: - [O0o] )? | OOO?
      )
      (?: [+\#!?=/-] | {_SQUARE_SIGNS} )*+ N? (?: e\.?p\.? | ch | mate )? (?= [\s{{}}();$.,<\[] | {_GLUED} | \Z )
    | (?: \d+ \.+ \s* )? (?P<files> [a-h] [x:]? [a-h] ) [+\#!?]* (?= [\s{{}}();$] | \Z )
    | \d+ (?: \.+ | (?= [\s({{;] | \Z ) )
    | (?m:^) \[ [A-Za-z0-9_]+ [ \t]+ "[^\n]*" [ \t]* \] [ \t]* \Z   # a tag that is late
    | (?P<command> \[ % [^\]\n]{{0,200}}+ \] )
    | (?P<glyph> [!?]{{1,2}} | (?: [+=/-]*+ (?<= [=/-] ) | {_SQUARE_SIGNS}+ ) (?= [\s{{}}();$!?] | \Z ) )
    | (?P<word> [^\s{{}}();<$.!?]+ )
    ) \s*
    """,
    re.VERBOSE,
)
_LIKE_A_MOVE = re.compile(r"[a-h][1-8]|[O0o]-[O0o]")
"""Part of a word that is probably a move, so that the game must not go on without it."""

_SIGNS = (
    *(("!", 1), ("?", 2), ("!!", 3), ("??", 4), ("!?", 5), ("?!", 6), ("□", 7), ("=", 10), ("∞", 13)),
    *(("⩲ += +/=", 14), ("⩱ =+ =/+", 15), ("± +/-", 16), ("∓ -/+", 17), ("+-", 18), ("-+", 19), ("⨀ ⊙", 22)),
    *(("○", 26), ("⟳", 32), ("↑", 36), ("→", 40), ("⇆ ⇄", 132), ("⊕", 138), ("∆ Δ", 140), ("⌓", 142), ("N", 146)),
)
GLYPHS: Final[Mapping[str, str]] = {sign: f"${number}" for signs, number in _SIGNS for sign in signs.split()}
"""NAGs of the signs that stand beside moves."""
_SIGN = re.compile(r"[!?]{1,2}|\+/[-=]|[-=]/\+|\+[-=]|[-=]\+|[=N]|" + _SQUARE_SIGNS)

OUTSIDE = r"(?P<kept>\{[^}]*\}?|;[^\n]*|(?m:^)%[^\n]*)"
"""Pattern of what is no movetext although it stands there: comments and escape lines."""
_UNUSUAL = re.compile(OUTSIDE + r"|[^\x00-\x7f]+")
_HAS_UNUSUAL = re.compile(r"(?:[^{;%\x80-\U0010ffff]++|\{[^}]*+\}?|;[^\n]*+|(?m:^)%[^\n]*+|%)*+[^\x00-\x7f]")

_DASHES = "‐‑‒–—―−⁃﹘﹣－⸺⸻"
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_INVISIBLE += "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
_ASCII = (
    dict.fromkeys(map(ord, _INVISIBLE))
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict.fromkeys(map(ord, "×✕✖⨯"), "x")
    | dict.fromkeys(map(ord, "†✝"), "+")
    | dict.fromkeys(map(ord, "‡"), "#")
    | dict.fromkeys(map(ord, "⁄∕"), "/")
    | dict.fromkeys((0x85, 0x2028, 0x2029), " ")
    | {
        ord(figurine): letter
        for pieces in ("♔♕♖♗♘", "♚♛♜♝♞")
        for figurine, letter in zip(pieces, "KQRBN", strict=True)
    }
    | dict.fromkeys(map(ord, "♙♟"))
)
_LOOKALIKES = str.maketrans("аАсСеЕхХоОΟοβ", "aAcCeExXoOOob")
_CYRILLIC_SQUARE = re.compile(r"[асех]{1,3}+(?=[1-8]|[a-h][1-8])|(?<![^\W_])[ОΟ](?=-[OОΟ])|(?<=[OОΟ]-)[ОΟ]")
_SIDES = str.maketrans({"0": "O", "o": "O", ":": "x", "/": None, "(": None, ")": None})
_CASTLING = {"OO": "O-O", "OOO": "O-O-O"}
_SQUARES = re.compile(r"([a-h][1-8])[x:-]?([a-h][1-8])(?:[=/(]*([QRBNqrbn])\)?)?")


def normalised(text: str) -> str:
    """Return movetext whose unusual characters outside comments are those of PGN; line ends stay where they are.

    * **text** - the movetext of a game.
    """
    if text.isascii() or not _HAS_UNUSUAL.match(text):
        return text
    text = _UNUSUAL.sub(lambda part: part[0] if part["kept"] else _plain(part[0]), text)
    if _CYRILLIC_SQUARE.search(text):
        pattern = re.compile(f"{OUTSIDE}|{_CYRILLIC_SQUARE.pattern}")
        text = pattern.sub(lambda part: part[0] if part["kept"] else part[0].translate(_LOOKALIKES), text)
    return text


def _plain(text: str) -> str:
    # Figurines, invisible characters and dashes first: NFKC would turn some of them into something else.
    return unicodedata.normalize("NFKC", text.translate(_ASCII)).translate(_ASCII)


def read_move(board: chess.Board, kind: str, token: str) -> chess.Move:
    """Return the move that a token means in a position; a null move for `null`.

    Besides SAN these are read: long algebraic notation with and without the piece (`Ng1-f3`, `g1-f3`), UCI
    notation, `0-0`, `e:d5`, `e8(Q)`, `Pe4`, and `ed` for a pawn of the e-file that takes on the d-file.

    * **board** - the position.
    * **kind** - the kind of the token: `plain`, `move`, `files` or `null`.
    * **token** - the token, without a move number before it and the signs after it.

    Raises `ValueError` for a move that is not legal, and for a null move where the king is in check;
    `chess.AmbiguousMoveError` if the token may be one of several moves.
    """
    if kind == "null":
        if board.is_check():
            raise chess.IllegalMoveError("a null move in check")
        return chess.Move.null()
    if kind == "files":
        captures = _pawn_captures(board, token)
        if len(captures) > 1:
            raise chess.AmbiguousMoveError(f"ambiguous: {token}")
        if not captures:
            raise chess.IllegalMoveError(f"no capture: {token}")
        return captures[0]
    san = token.translate(_SIDES).removeprefix("P")
    try:
        return board.parse_san(_CASTLING.get(san, san))
    except chess.AmbiguousMoveError:
        raise
    except ValueError:
        squares = _SQUARES.fullmatch(token)
        if squares is None:
            raise
        return board.parse_uci(f"{squares[1]}{squares[2]}{(squares[3] or '').lower()}")


def is_word(board: chess.Board, kind: str, token: str) -> bool:
    """Return whether a token is no move but a word, such as a comment without braces.

    * **board** - the position.
    * **kind** - the kind of the token.
    * **token** - the token.
    """
    if kind == "files":
        return not _pawn_captures(board, token)
    return kind == "word" and not _LIKE_A_MOVE.search(token)


def _pawn_captures(board: chess.Board, files: str) -> list[chess.Move]:
    start, end = chess.FILE_NAMES.index(files[0]), chess.FILE_NAMES.index(files[-1])
    if abs(start - end) != 1:
        return []
    moves = board.generate_legal_captures(board.pawns & chess.BB_FILES[start], chess.BB_FILES[end])
    return [move for move in moves if move.promotion in (None, chess.QUEEN)]


def signs(token: re.Match[str]) -> list[str]:
    """Return the signs that are glued to a move, such as `!?` and `±`; signs of check are none.

    * **token** - a token of the kind `plain`, `move` or `null`.
    """
    after = token.string[token.end(str(token.lastgroup)) : token.end()]
    return _SIGN.findall(after.rstrip()) if after else []
