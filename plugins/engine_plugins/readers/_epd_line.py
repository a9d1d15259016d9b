"""One line of an EPD or FEN file, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import chess
from msgspec import Struct

from engine_plugins.readers._text import quoted

_LINE = re.compile(
    # The look-ahead finds a slash in one pass; a group that repeats around it would try every way to cut the word.
    r"\s*(?P<board>(?=[^\s;]+/[^\s;])[^\s;]+)\s+(?P<turn>[wb])(?=[\s;]|\Z)"
    r"(?:\s+(?P<castling>-|[KQkqA-Ha-h]+)(?=[\s;]|\Z)"
    # Some files have lost the space between the en passant dash and the counter: `- -1 12`.
    r"(?:\s+(?P<ep>-|[a-h][36])(?:\s*(?<![36])(?P<half>\d+)(?:\s+(?P<full>\d+))?)?(?=[\s;]|\Z))?)?"
)
_OPERATION = re.compile(r'((?:[^;"]|"[^"]*"?)+)')
_OPCODE = re.compile(r"([A-Za-z_]\w*)\s*(.*)", re.DOTALL)
_LOOSE_SIGN = re.compile(r" ([+#])")
_MOVE_NUMBER = re.compile(r"^\d+\.+")
_SWAPPED_X = re.compile(r"^([KQRBN])([a-h])x([1-8])$")
_UCI = re.compile(r"[a-h][1-8][a-h][1-8][qrbn]?")


class EpdLine(Struct):
    """What the line says; nothing is checked against the rules yet."""

    fen: str
    operations: dict[str, str]
    """Operands by opcode as they stand; of an opcode given twice the first."""


def read_line(text: str) -> EpdLine | None:
    """Take a line apart, or None when it does not begin with a position.

    Counters are optional, and may stand before the operations or in `hmvc` and `fmvn`; a semicolon may stand
    before the first operation.
    """
    found = _LINE.match(text)
    if found is None:
        return None
    operations: dict[str, str] = {}
    for operation in _OPERATION.findall(text[found.end() :]):
        if parts := _OPCODE.match(operation.strip()):
            operations.setdefault(parts[1], parts[2])
    half = found["half"] or operations.get("hmvc", "")
    full = found["full"] or operations.get("fmvn", "")
    position = (found["board"], found["turn"], found["castling"] or "-", found["ep"] or "-")
    return EpdLine(" ".join((*position, _count(half, 0), _count(full, 1))), operations)


def _count(text: str, default: int) -> str:
    return text if re.fullmatch(r"\d{1,6}", text) else str(default)


def read_moves(board: chess.Board, operand: str) -> tuple[tuple[str, ...], list[str]]:
    """The moves of `bm` or `am` as UCI, each once, and the words that are no legal moves."""
    moves: dict[str, None] = {}
    wrong: list[str] = []
    for word in _words(operand):
        move = _move(board, word)
        if move:
            moves[move.uci()] = None
        else:
            wrong.append(quoted(word, 20))
    return tuple(moves), wrong


def _words(operand: str) -> Iterator[str]:
    for word in re.split(r"[\s,]+", _LOOSE_SIGN.sub(r"\1", " ".join(operand.split()))):
        bare = _MOVE_NUMBER.sub("", word).strip("!?\"'")
        if bare:
            yield bare


def _move(board: chess.Board, word: str) -> chess.Move | None:
    """SAN, or else UCI. `Bcx3` is read as `Bxc3`, which is all it can mean."""
    bare = word.rstrip("+#")
    for san in (bare, _SWAPPED_X.sub(r"\1x\2\3", bare)):
        try:
            return board.parse_san(san)
        except ValueError:
            continue
    if not _UCI.fullmatch(bare):
        return None
    try:
        return board.parse_uci(bare)
    except ValueError:
        return None
