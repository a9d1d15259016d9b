"""Games as lines of UCI moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

import chess

from engine.model import SourceGame
from engine.plugin import RawGame, Reader, Unreadable

MAX_LINE = 100_000
"""Largest number of bytes in a line; longer lines are cut, so that memory stays bounded."""


class MovesReader(Reader):
    """Games as lines of UCI moves from the initial position: `e2e4 e7e5 g1f3`.

    Each line is a game. A game with an illegal move is kept up to this move, together with the reason.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".moves",)

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if line.strip():
                yield RawGame(line, number)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        text = raw.data.decode("ascii", errors="replace").strip()
        board = chess.Board()
        moves: list[str] = []
        sans: list[str] = []
        problem = None
        for word in text.split():
            try:
                move = board.parse_uci(word)
            except ValueError:
                problem = f"{word!r} is not a legal move"
                break
            sans.append(board.san(move))
            moves.append(board.uci(move))
            board.push(move)
        if problem and not moves:
            return Unreadable("damaged", problem, text)
        return SourceGame(
            headers={"White": "?", "Black": "?", "Result": board.result()},
            fen=chess.STARTING_FEN,
            moves=tuple(moves),
            sans=tuple(sans),
            text=text,
            problem=problem,
        )
