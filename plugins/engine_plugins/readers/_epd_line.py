"""Parse one line of an EPD or FEN file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import chess
from msgspec import Struct

from engine_plugins.readers._text import quoted

_LINE = re.compile(
    # The look-ahead finds a slash in one pass; a group that repeats around it would try all ways to cut the word.
    r"\s*(?P<board>(?=[^\s;]+/[^\s;])[^\s;]+)\s+(?P<turn>[wb])(?=[\s;]|\Z)"
    r"(?:\s+(?P<castling>-|[KQkqA-Ha-h]+)(?=[\s;]|\Z)"
    # Some files have lost the space between the en passant dash and the counter: `- -1 12`.
    r"(?:\s+(?P<ep>-|[a-h][36])(?:\s*(?<![36])(?P<half>\d+)(?:\s+(?P<full>\d+))?)?(?=[\s;]|\Z))?)?"
)
_OPERATION = re.compile(r'((?:[^;"]|"[^"]*"?)+)')
_OPCODE = re.compile(r"([A-Za-z_]\w*)\s*[:=]?\s*(.*)", re.DOTALL)
_UNDERSTOOD = re.compile(r"(?<!\S)(?:bm|am|dm|id)(?=[\s:=])", re.IGNORECASE)
_REMARK = re.compile(r"c\d\s")
_DASHES = "-–— "
_LOOSE_SIGN = re.compile(r" ([+#])")
_MOVE_NUMBER = re.compile(r"^\d+\.+")
_SWAPPED_X = re.compile(r"^([KQRBN])([a-h])x([1-8])$")
_UCI = re.compile(r"[a-h][1-8][a-h][1-8][qrbn]?")


class EpdLine(Struct):
    """The fields of a line, not yet checked against the rules of chess."""

    fen: str
    operations: dict[str, str]
    """Operands by opcode, unchanged; if an opcode occurs twice, the first operand."""
    strange: list[str]
    """Operations that do not begin with an opcode."""


def read_line(text: str) -> EpdLine | None:
    """Split a line into position and operations; return None if it does not begin with a position.

    The counters are optional. They may be before the operations, or in `hmvc` and `fmvn`. A semicolon before the
    first operation is allowed.
    """
    fields = _LINE.match(text)
    if fields is None:
        return None
    operations: dict[str, str] = {}
    strange: list[str] = []
    for operation in _operations(text[fields.end() :]):
        if parts := _OPCODE.match(operation):
            operations.setdefault(parts[1].lower() if len(parts[1]) == 2 else parts[1], parts[2])  # noqa: PLR2004
        elif operation.strip(_DASHES):
            strange.append(operation)
    half = fields["half"] or operations.get("hmvc", "")
    full = fields["full"] or operations.get("fmvn", "")
    position = (fields["board"], fields["turn"], fields["castling"] or "-", fields["ep"] or "-")
    return EpdLine(" ".join((*position, _count(half, 0), _count(full, 1))), operations, strange)


def _operations(text: str) -> Iterator[str]:
    """Yield the operations; one that follows another without a semicolon, or a stray word, begins a new one."""
    for operation in _OPERATION.findall(text):
        bare = operation.strip()
        unquoted = "" if _REMARK.match(bare) else bare.partition('"')[0]
        starts = [match.start() for match in _UNDERSTOOD.finditer(unquoted)]
        for start, end in pairwise((0, *starts, len(bare))):
            if piece := bare[start:end].strip():
                yield piece


def _count(text: str, default: int) -> str:
    return text if re.fullmatch(r"\d{1,6}", text) else str(default)


def read_moves(board: chess.Board, operand: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the moves of `bm` or `am` in UCI, each once, and the words that are not legal moves."""
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
    """Parse a move in SAN or UCI; None if it is not legal. `Bcx3` is read as `Bxc3`, its only possible meaning."""
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
