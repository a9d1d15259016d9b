"""The variations of the input. Their moves are checked one by one as the tokens are read."""

from __future__ import annotations

from collections import deque

import chess

from engine.positions.movetext import NULL_SAN, read_move
from engine_plugins.writers import _layout


def numbered(number: int, san: str, *, white: bool, black: bool) -> str:
    """Return a move with its move number; moves that are not White's have one only if `black`."""
    if white:
        return f"{number}. {san}"
    return f"{number}... {san}" if black else san


class _Level:
    """A pair of parentheses. There may be millions, so it is small and shares boards, which never change."""

    __slots__ = ("before", "board", "broken", "inner", "interrupted", "leading", "words")

    def __init__(self, start: chess.Board) -> None:
        self.board = start
        self.before: chess.Board | None = None
        """The position before the last move, where a nested variation begins; None before the first move."""
        self.interrupted = True
        """Whether the next move needs its number, even a move of Black."""
        self.leading: deque[str] | None = None
        """Comments before the first move."""
        self.words: list[str] | None = None
        """Words that are not moves and will become a comment."""
        self.broken: int | None = None
        """Offset of a move that cannot be played; the text from there on becomes a comment."""
        self.inner = 0
        """Number of parentheses opened after that move."""


class Variations:
    """A variation and all variations inside it, from `(` to its `)`. Nesting uses memory but not the stack."""

    def __init__(self, start: chess.Board, text: str) -> None:
        """Begin a variation.

        * **start** - the position in which its first move is played.
        * **text** - the text of the whole game.
        """
        self.atoms: list[str] = []
        """Atoms for `_layout.wrap`; empty if no move could be played."""
        self.first: str | None = None
        """SAN of the first move."""
        self.comments: list[str] = []
        """Comments of a variation without a move."""
        self._text = text
        self._levels = [_Level(start)]

    @property
    def closed(self) -> bool:
        return not self._levels

    @property
    def board(self) -> chess.Board:
        """The position in which the next move is played; only while the variation is open."""
        return self._levels[-1].board

    def open(self) -> None:
        level = self._levels[-1]
        if level.broken is not None:
            level.inner += 1
            return
        self._say_words(level)
        level.interrupted = True
        start = level.board if level.before is None else level.before
        self._levels.append(_Level(start))

    def close(self, at: int) -> None:
        """Read the `)`, or the end of the text, at offset `at`."""
        level = self._levels[-1]
        if level.inner:
            level.inner -= 1
            return
        self._say_words(level)
        if level.broken is not None:
            self._say(level, _layout.quoted(self._text[level.broken : at]))
        self._levels.pop()
        if level.before is not None:
            self.atoms.append(_layout.CLOSE)
        elif self._levels:
            self._pass_comments_up(level)
        else:
            self.comments = list(level.leading or ())

    def comment(self, text: str) -> None:
        level = self._levels[-1]
        if level.broken is None:
            self._say_words(level)
            self._say(level, text)

    def nag(self, atom: str) -> None:
        level = self._levels[-1]
        if level.broken is None and level.before is not None:
            self._say_words(level)
            self.atoms.append(atom)

    def word(self, text: str) -> None:
        level = self._levels[-1]
        if level.broken is None:
            if level.words is None:
                level.words = []
            level.words.append(text)

    def move(self, kind: str, token: str, at: int) -> None:
        """Read a token that is a move or looks like one, at offset `at`."""
        level = self._levels[-1]
        if level.broken is not None:
            return
        self._say_words(level)
        try:
            move = read_move(level.board, kind, token)
        except ValueError:
            level.broken = at
            return
        before = level.board
        level.board = before.copy(stack=False)
        san = level.board.san_and_push(move) if move else NULL_SAN
        if not move:
            level.board.push(move)
        if level.before is None:
            self.atoms.append(_layout.OPEN)
            for text in level.leading or ():
                self.atoms += _layout.comment(text)
        number = numbered(before.fullmove_number, san, white=before.turn, black=level.interrupted)
        self.atoms.append(number)
        self.first = self.first or san
        level.before = before
        level.interrupted = False

    def _pass_comments_up(self, level: _Level) -> None:
        """Move the comments of a variation without a move to the variation around it."""
        outer = self._levels[-1]
        if not level.leading:
            return
        if outer.before is None and len(outer.leading or ()) < len(level.leading):
            # The shorter list is added to the longer; else thousands of levels would be copied thousands of times.
            level.leading.extendleft(reversed(outer.leading or ()))
            outer.leading = level.leading
            return
        for text in level.leading:
            self._say(outer, text)

    def _say_words(self, level: _Level) -> None:
        if level.words:
            text = " ".join(level.words)
            level.words = None
            self._say(level, text)

    def _say(self, level: _Level, text: str) -> None:
        if level.before is None:
            if level.leading is None:
                level.leading = deque()
            level.leading.append(text)
        else:
            self.atoms += _layout.comment(text)
            level.interrupted = True
