"""EPD and FEN files with one position per line.

A line is a game without moves. The operations `id`, `bm` (best moves), `am` (moves to avoid) and `dm` (moves to
mate) are read; moves may be in SAN or UCI. These are accepted: FENs with counters, with or without operations; a
semicolon or a stray dash before the first operation; no semicolon between operations; NUL bytes; `- -1 12`,
`Qd1 +` and `Bcx3`. Blank lines and lines that begin with `#` are skipped.

A `bm` or `am` that is not a legal move, a `dm` that is no number, and what is no operation, are left out and
reported; the position is still read. A line without a
position is unreadable, and so is a line longer than 64 KiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

import chess

from engine.model import Epd, Note, SourceGame
from engine.plugin import RawGame, Reader, Unreadable
from engine_plugins.readers._epd_line import EpdLine, read_line, read_moves
from engine_plugins.readers._text import blocks, decode, printable, quoted

LINE_BYTES = 64 << 10
_MOVES_TO_MATE = re.compile(r"[1-9]\d{0,3}")
_STRANGE = "{} is no EPD operation and is left out; an operation is an opcode, its operands and a semicolon"


class EpdReader(Reader):
    """Positions in Extended Position Description or FEN, one per line."""

    plays_moves: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".epd", ".fen")

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        for line in head.replace(b"\r", b"\n").split(b"\n"):
            text = _clean(line)
            if text and not text.startswith("#"):
                return text.count("/") >= 7 and read_line(text) is not None  # noqa: PLR2004 - eight ranks
        return False

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        rest = b""
        number = 0
        for block in blocks(stream):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                number += 1
                if raw := _raw(line, number):
                    yield raw
            rest = rest[: LINE_BYTES + 1]
        if raw := _raw(rest, number + 1):
            yield raw

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        text = _clean(raw.data)
        if len(raw.data) > LINE_BYTES:
            return Unreadable("damaged", f"a line longer than {LINE_BYTES >> 10} KiB", text)
        line = read_line(text)
        if line is None:
            return Unreadable("damaged", f"no position: {quoted(text)}", text)
        try:
            return _game(line, text, raw.line)
        except ValueError as error:
            return Unreadable("damaged", f"invalid FEN: {error}", text)
        except Exception as error:  # python-chess raises many errors for boards that are not possible positions
            return Unreadable("damaged", f"{type(error).__name__}: {error}", text)


def _raw(line: bytes, number: int) -> RawGame | None:
    bare = line.strip(b"\0 \t")
    return None if not bare or bare.startswith(b"#") else RawGame(line[: LINE_BYTES + 1], number)


def _clean(line: bytes) -> str:
    return printable(decode(line).replace("\t", " ")).strip().removeprefix("\ufeff")


def _game(line: EpdLine, text: str, number: int) -> SourceGame:
    board = chess.Board(line.fen)
    board.chess960 = board.has_chess960_castling_rights()
    problems: list[str] = []
    moves: dict[str, tuple[str, ...]] = {}
    for opcode in ("bm", "am"):
        moves[opcode], wrong = read_moves(board, line.operations.get(opcode, ""))
        if wrong:
            problems.append(f"{opcode} {', '.join(wrong)}: no legal move")
    dm = line.operations.get("dm", "").strip()
    if "dm" in line.operations and not _MOVES_TO_MATE.fullmatch(dm):
        problems.append(f"dm {quoted(dm, 20)}: no number of moves")
        dm = ""
    notes = [Note("EPD operations", _STRANGE.format(quoted(line.strange[0])), number)] if line.strange else []
    name = line.operations.get("id", "").strip('"').strip()
    return SourceGame(
        headers={},
        fen=board.fen(),
        variant="chess960" if board.chess960 else "standard",
        text=text,
        problem="; ".join(problems) or None,
        problem_line=number if problems else None,
        epd=Epd(id=name or None, bm=moves["bm"], am=moves["am"], dm=int(dm) if dm else None),
        notes=tuple(notes),
    )
