"""The lines of a repertoire, read from a PGN file."""

from __future__ import annotations

from typing import Any, TextIO

import chess
import chess.pgn

from engine.errors import ConfigError
from engine.model import AnalysedGame
from engine.positions import openings

LINES_OPTION = "--set repertoire.lines=FILE.pgn"


class Book(chess.pgn.BaseVisitor[bool]):
    """All positions of a PGN file with the moves that the file has in them."""

    def __init__(self) -> None:
        self.moves: dict[str, dict[str, str]] = {}
        """Moves by position: SAN by UCI, in the order of the file."""
        self.lines: dict[str, str] = {}
        """The first line of the file that leads to a position, in SAN, by position."""
        self._fewest_men = 64
        """Smallest number of men on the board in any position."""

    def visit_move(self, board: chess.Board, move: chess.Move) -> None:
        position = self._enter(board)
        if move:
            self.moves[position].setdefault(move.uci(), board.san(move))

    def visit_board(self, board: chess.Board) -> None:
        self._enter(board)

    def handle_error(self, error: Exception) -> None:
        raise ValueError(str(error))

    def result(self) -> bool:
        return True

    def _enter(self, board: chess.Board) -> str:
        position = openings.key(board)
        if position not in self.moves:
            self.moves[position] = {}
            self.lines[position] = board.root().variation_san(board.move_stack)
            self._fewest_men = min(self._fewest_men, board.occupied.bit_count())
        return position

    def last(self, game: AnalysedGame) -> tuple[int, str] | None:
        """Return the last position of the game that is in the book, and its key; None if none is."""
        last = None
        for k, board in enumerate(game.boards()):
            if board.occupied.bit_count() < self._fewest_men:
                break
            position = openings.key(board)
            if position in self.moves:
                last = k, position
        return last


class _Lines:
    """A text stream that counts the lines that were read."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.number = 0

    def readline(self) -> str:
        self.number += 1
        return self._stream.readline()


def load(path: str) -> Book:
    """Read a PGN file. Raises `ConfigError` that names the file, the line and what to do."""
    book = Book()
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:
            lines = _Lines(stream)
            while _read(lines, book, path):
                pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"repertoire: cannot read {path}: {reason}; name a PGN file with {LINES_OPTION}"
        ) from None
    if not any(book.moves.values()):
        raise ConfigError(f"repertoire: {path} has no moves; name a PGN file with {LINES_OPTION}")
    return book


def _read(lines: Any, book: Book, path: str) -> bool:
    """Read the next game of the file into the book. Return False at the end of the file."""
    try:
        return bool(chess.pgn.read_game(lines, Visitor=lambda: book))
    except ValueError as error:
        location = f"{path}, line {lines.number}"
        raise ConfigError(
            f"repertoire: {location}: {error}; correct it, or name another with {LINES_OPTION}"
        ) from None
