"""The variations of the input, checked move by move while their tokens come in."""

from __future__ import annotations

from collections import deque

import chess

from engine_plugins.writers import _layout

_TYPED = str.maketrans({"0": "O", "o": "O", ":": "x", "/": None, "(": None, ")": None})


def canonical_token(token: str) -> str:
    """A move as typed by people, in the letters of SAN: `0-0`, `e:d5`, `e8(Q)`, `Pe4`."""
    return token.translate(_TYPED).removeprefix("P")


def numbered(board: chess.Board, san: str, *, black: bool) -> str:
    """`san` with its move number, which Black's moves have only when `black` asks for it."""
    if board.turn == chess.WHITE:
        return f"{board.fullmove_number}. {san}"
    return f"{board.fullmove_number}... {san}" if black else san


class _Level:
    """One pair of parentheses. There may be millions, so it is small, and boards are shared: they never change."""

    __slots__ = ("before", "board", "broken", "inner", "interrupted", "leading", "words")

    def __init__(self, start: chess.Board) -> None:
        self.board = start
        self.before: chess.Board | None = None
        """The position before the last move, where a nested variation begins; None before the first move."""
        self.interrupted = True
        """Whether the next move needs its number, also Black's."""
        self.leading: deque[str] | None = None
        """Comments before the first move."""
        self.words: list[str] | None = None
        """Words that are no moves, waiting to become a comment."""
        self.broken: int | None = None
        """Offset of a move that cannot be played; all from there on becomes a comment."""
        self.inner = 0
        """Parentheses opened after that."""


class Variations:
    """A variation with all that is nested in it: from `(` to its `)`. Depth costs memory, not the stack."""

    def __init__(self, start: chess.Board, text: str) -> None:
        """`start` is the position that the first move is played in, `text` the whole game."""
        self.atoms: list[str] = []
        """For `_layout.wrap`; empty when not one move could be played."""
        self.first: str | None = None
        """SAN of the first move."""
        self.comments: list[str] = []
        """What a variation without a move says."""
        self._text = text
        self._levels = [_Level(start)]

    @property
    def closed(self) -> bool:
        return not self._levels

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
        """The `)`, or the end of the text, at offset `at`."""
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
            self._hand_up(level)
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

    def move(self, token: str, at: int) -> None:
        """A token that looks like a move, at offset `at`."""
        level = self._levels[-1]
        if level.broken is not None:
            return
        self._say_words(level)
        try:
            move = level.board.parse_san(canonical_token(token))
        except ValueError:
            move = chess.Move.null()
        if not move:
            level.broken = at
            return
        before = level.board
        level.board = before.copy(stack=False)
        san = level.board.san_and_push(move)
        if level.before is None:
            self.atoms.append(_layout.OPEN)
            for text in level.leading or ():
                self.atoms += _layout.comment(text)
        self.atoms.append(numbered(before, san, black=level.interrupted))
        self.first = self.first or san
        level.before = before
        level.interrupted = False

    def _hand_up(self, level: _Level) -> None:
        """What a variation without a move says is said in the one around it."""
        outer = self._levels[-1]
        if not level.leading:
            return
        if outer.before is None and len(outer.leading or ()) < len(level.leading):
            # The shorter is moved to the longer, or thousands of levels would be copied thousands of times.
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
