"""The main line of a PGN game, move by move on a board that allows only legal ones."""

from __future__ import annotations

import re
from typing import Literal

import chess
from msgspec import Struct

from engine.model import Landmarks, Note, Result, parse_result
from engine.positions import piece_letters
from engine.positions.landmarks import Surveyor
from engine.positions.movetext import (
    NULL_SAN,
    OUTSIDE,
    TOKEN,
    is_word,
    normalised,
    read_move,
)
from engine_plugins.readers._remarks import Remarks
from engine_plugins.readers._text import quoted

MAX_PLIES = 20_000
"""Largest number of plies in a game; the longest known game has 17,697."""

_MOVES = frozenset({"plain", "move", "null"})
_BESIDE = re.compile(OUTSIDE + r"|\([^()]*\)|\$\d*")
"""What stands beside the result at the end of the moves."""
_SIGNS_ALONE = re.compile(r"[-+=/:\s]*")
_AN_ORDINARY_WORD = re.compile(r"(?![a-h]x?[a-h]\Z)[a-z,'\"]+")


class MainLine(Struct):
    """The moves of a game that could be played."""

    moves: list[str]
    sans: list[str]
    remarks: Remarks
    problem: str | None = None
    """Reason why the moves end before the end of the game; None if they do not."""
    problem_line: int = 0
    """Number of line ends before the problem."""
    result: Result = "*"
    """Result at the end of the moves."""
    end: int = 0
    """Offset after the last move that could be played."""
    ending: Literal["checkmate", "stalemate", "open"] = "open"
    """State of the game after the last move that could be played."""
    landmarks: Landmarks | None = None
    """Landmarks of the moves that could be played."""
    skipped: tuple[int, list[re.Match[str]]] = (0, [])
    """Words that are not moves since the last move, and the number of moves before them."""
    note: Note | None = None
    """What people should know of how the moves were read."""


def read_moves(text: str, board: chess.Board) -> MainLine:
    """Play the main line of `text` on `board`, up to the first move that cannot be played.

    Variations, annotations and words that are not moves are skipped. If the letters of the pieces are not English,
    the moves are read in the language in which all of them are legal. python-chess checks the rules; it may raise
    any error for a board that is not a possible position.
    """
    text = normalised(text)
    line = _play_through(text, board)
    if line.problem is not None and piece_letters.is_foreign(text):
        return _in_another_language(text, board.root()) or line
    return line


def read_result(text: str) -> Result:
    """Return the result at the end of the moves, without playing them; `*` for none."""
    text = normalised(text)
    result: Result = "*"
    depth = end = 0
    has_moves = False
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in ("open", "close"):
            depth = max(depth + (1 if kind == "open" else -1), 0)
        elif depth:
            continue
        elif kind == "result":
            result = parse_result(token["result"]) or "*"
        elif kind in ("plain", "move", "null"):
            has_moves, end = True, token.end()
    return result if result != "*" else _unusual_result(text[end:], has_moves=has_moves)


def _in_another_language(text: str, start: chess.Board) -> MainLine | None:
    """Return the moves in the language in which all are legal; None if there is none, or if languages differ."""
    found: MainLine | None = None
    for translation in piece_letters.translations(text):
        line = _play_through(translation.text, start.copy(stack=False))
        if line.problem is not None:
            continue
        if found is not None and found.moves != line.moves:
            return None
        reason = f"the piece letters are those of another language: {translation.explained()}"
        line.note = Note("piece letters", reason, understood=True)
        found = found or line
    return found


def _play_through(text: str, board: chess.Board) -> MainLine:
    surveyor = Surveyor()
    surveyor.see(board)
    line = _read(text, board, surveyor)
    if line.result == "*" and line.problem is None:
        line.result = _unusual_result(text[line.end :], has_moves=bool(line.moves))
    if not any(board.legal_moves):
        line.ending = "checkmate" if board.is_check() else "stalemate"
    if line.ending == "checkmate" and line.sans:
        line.sans[-1] = line.sans[-1].rstrip("+#") + "#"
    line.landmarks = surveyor.landmarks()
    return line


def _read(  # noqa: C901, PLR0912 - one branch per kind of token; calls would slow the hottest loop
    text: str, board: chess.Board, surveyor: Surveyor
) -> MainLine:
    line = MainLine([], [], Remarks())
    depth = opened = 0
    ended: str | None = None
    last: re.Match[str] | None = None
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "end":
            comment, end = token.group("comment", "end")
            if not end:
                return _cut(line, token, token.start(), "a comment is never closed")
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
        elif kind not in _MOVES and (kind == "result" or _is_beside(line, board, token, kind)):
            if kind == "result":
                ended = token["result"]
                line.result = parse_result(ended) or "*"
        elif ended:
            return _cut(line, token, token.start(kind), f"moves after the result {ended}")
        elif len(line.moves) >= MAX_PLIES:
            return _cut(line, token, token.start(kind), f"more than {MAX_PLIES} plies")
        elif reason := _play(line, board, token[kind], kind):
            if token[kind] == "0-0" and not _words(text[token.end() :]):
                break  # not castling, but the result: lost by both
            blamed = _to_blame(line, board, token)
            if blamed is not token:
                reason, kind = "unreadable move", str(blamed.lastgroup)
            return _cut(line, token, blamed.start(kind), f"{reason} {_where(board, blamed[kind], line)}")
        else:
            surveyor.see(board)
            last = token
    if depth:
        return _cut(line, token, opened, "a variation is never closed")
    line.end = last.end() if last is not None else 0
    return line


def _is_beside(line: MainLine, board: chess.Board, token: re.Match[str], kind: str) -> bool:
    """Return whether a token is neither a move nor looks like one; a clock in it is read, a word is remembered."""
    if kind == "command":
        line.remarks.read(token["command"], len(line.moves))
    elif kind in ("word", "files"):
        if not is_word(board, kind, token[kind]):
            return False
        if line.skipped[0] != len(line.moves):
            line.skipped = len(line.moves), []
        line.skipped[1].append(token)
    return True


def _play(line: MainLine, board: chess.Board, token: str, kind: str) -> str | None:
    """Play one move. Return what is wrong with it, or None."""
    if kind == "word":
        return "unreadable move"
    try:
        move = read_move(board, kind, token)
    except chess.AmbiguousMoveError:
        return "ambiguous move"
    except ValueError:
        return "null move in check" if kind == "null" else "illegal move"
    san = token
    if kind == "plain" and ("x" in san) == board.is_capture(move):  # the SAN except for its check sign
        board.push(move)
        if board.is_check():
            san += "+"  # `_play_through` corrects the last one if it is mate
    elif move:
        san = board.san_and_push(move)
    else:
        board.push(move)
        san = NULL_SAN
    line.moves.append(move.uci())
    line.sans.append(san)
    return None


def _to_blame(line: MainLine, board: chess.Board, token: re.Match[str]) -> re.Match[str]:
    """Return the token that is wrong where `token` cannot be played.

    If it is a move of the other side, an odd word before it must have been a move.
    """
    plies, words = line.skipped
    if plies != len(line.moves) or not words or board.is_check() or token.lastgroup not in ("plain", "move"):
        return token
    other = board.copy(stack=False)
    other.push(chess.Move.null())
    try:
        read_move(other, str(token.lastgroup), token[str(token.lastgroup)])
    except ValueError:
        return token
    return next((word for word in words if not _AN_ORDINARY_WORD.fullmatch(word[str(word.lastgroup)])), token)


def _unusual_result(tail: str, *, has_moves: bool) -> Result:
    """Return the result that the text after the last move says in another spelling than PGN's; `*` for none."""
    tail = _words(tail)
    if has_moves and _SIGNS_ALONE.fullmatch(tail):
        return "*"  # an evaluation, or nothing
    whole = parse_result(tail)
    if whole is not None:
        return whole
    words = [word for word in tail.split() if not (has_moves and _SIGNS_ALONE.fullmatch(word))]
    return next((result for word in words if (result := parse_result(word)) not in (None, "*")), None) or "*"


def _words(tail: str) -> str:
    """Return the words at the end of the moves, without comments, variations and NAGs."""
    return _BESIDE.sub(" ", tail).strip()


def _where(board: chess.Board, token: str, line: MainLine) -> str:
    dots = "." if board.turn == chess.WHITE else "..."
    plies = "1 ply" if len(line.moves) == 1 else f"{len(line.moves)} plies"
    return f"{quoted(token, 20)} after {plies} ({board.fullmove_number}{dots})"


def _cut(line: MainLine, token: re.Match[str], at: int, problem: str) -> MainLine:
    line.problem = problem
    line.problem_line = token.string.count("\n", 0, at)
    return line
