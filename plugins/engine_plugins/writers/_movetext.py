"""The movetext of a PGN game, split into the analysed moves and the notes between them.

The tokens are those of the PGN reader (`engine.positions.movetext`). The moves are already known, so a token is
the next move if it can be read as that move. Everything else is kept as a comment, NAG, variation or word, and so
is the text after a move that could not be played.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import chess
from msgspec import Struct, field

from engine.model import AnalysedGame
from engine.positions import piece_letters
from engine.positions.movetext import GLYPHS, TOKEN, is_word, normalised, read_move, signs
from engine_plugins.writers import _layout
from engine_plugins.writers._variations import Variations

_HEAD = re.compile(
    r"(?:(?:\s|[%;][^\n]*+)*+"
    r'(?:\[[ \t]*[A-Za-z0-9][A-Za-z0-9_+#=:-]*[ \t]+"(?:[^"\\\n]|\\[^\n])*+"[ \t]*\]'  # a well-formed tag
    r'|\[[^\n]*+(?:\n(?!\[)[^\n]+"\][ \t]*(?=\n))?))*+'  # a broken one, whose value may end on the next line
)
_WITHOUT_MEANING = re.compile(r"[+#.…]+")
_COMMENTS: Mapping[str, str] = {"end": "comment", "line": "line", "command": "command"}
"""Groups with the text of a comment, by the kind of the token."""
_MOVES_AND_WORDS = frozenset({"plain", "move", "null", "files", "word"})


class Comment(Struct):
    text: str


class Variation(Struct):
    """Moves that were not played."""

    first: str
    """SAN of its first move."""
    atoms: list[str]


class Notes(Struct):
    """NAGs, comments and variations between one move and the next."""

    nags: list[str] = field(default_factory=list)
    items: list[Comment | Variation] = field(default_factory=list)


class Movetext(Struct):
    before: Notes
    """Notes before the first move."""
    after: list[Notes]
    """Notes after each ply."""
    rest: str
    """Text after the moves that could be played; empty for an undamaged game."""


class Replay:
    """The positions of a game. A position near the one requested last is cheap."""

    def __init__(self, game: AnalysedGame) -> None:
        self._game = game
        self._board: chess.Board | None = None
        self._ply = 0

    def at(self, ply: int) -> chess.Board:
        """Return position `ply`. The board is shared, so copy it before you change it."""
        if self._board is None:
            self._board = chess.Board(self._game.fen, chess960=self._game.variant == "chess960")
        while self._ply > ply:
            self._board.pop()
            self._ply -= 1
        while self._ply < ply:
            self._board.push(chess.Move.from_uci(self._game.plies[self._ply].uci))
            self._ply += 1
        return self._board


def read(game: AnalysedGame, replay: Replay) -> Movetext:
    """Split the text of `game`. EPD lines and games without text have no notes."""
    text = "" if game.epd is not None else _layout.printable(game.text)
    head = _HEAD.match(text)
    text = normalised(text[head.end() :] if head else text)
    if piece_letters.is_foreign(text):
        text = piece_letters.matching(text, "".join(ply.san[0] for ply in game.plies))
    return _Reader(game, replay, text).read()


class _Reader:
    def __init__(self, game: AnalysedGame, replay: Replay, text: str) -> None:
        self.sans = [ply.san for ply in game.plies]
        self.game = game
        self.replay = replay
        self.text = text
        self.ply = 0
        """Number of moves read so far."""
        self.notes = Notes()
        """The notes after the last move."""
        self.words: list[str] = []
        """Words that are not moves and will become a comment."""
        self.variations: Variations | None = None
        """The variation that is being read; None outside variations."""
        self.out = Movetext(self.notes, [], "")

    def read(self) -> Movetext:
        number = -1
        for token in TOKEN.finditer(self.text):
            kind = token.lastgroup
            at = token.start()
            if kind is None:
                number = at
            elif self.variations is not None:
                self._in_variation(self.variations, kind, token)
            elif kind in _MOVES_AND_WORDS:
                if self._word(kind, token):
                    self.out.rest = self.text[number if self._leads_to(number, at) else at :]
                    break
            else:
                self._annotation(kind, token)
        if self.variations is not None:
            while not self.variations.closed:
                self.variations.close(len(self.text))
            self._end_variation(self.variations)
        self._say_words()
        self.out.after += [Notes() for _ in range(len(self.sans) - self.ply)]
        return self.out

    def _leads_to(self, number: int, at: int) -> bool:
        """Return whether there is only a move number between the offsets."""
        return number >= 0 and re.fullmatch(r"\d+\.*\s*", self.text[number:at]) is not None

    def _annotation(self, kind: str, token: re.Match[str]) -> None:
        if kind in _COMMENTS:
            self._say_words()
            self._say(token[_COMMENTS[kind]])
        elif kind == "nag":
            self._nag(f"${int(token[kind])}")
        elif kind == "glyph":
            self._sign(token[kind])
        elif kind == "open":
            self._say_words()
            # A variation before the first move can only replace the first move.
            start = self.replay.at(max(self.ply - 1, 0)).copy(stack=False)
            self.variations = Variations(start, self.text)

    def _in_variation(self, variations: Variations, kind: str, token: re.Match[str]) -> None:
        if kind == "open":
            variations.open()
        elif kind == "close":
            variations.close(token.start())
            if variations.closed:
                self._end_variation(variations)
        elif kind in _COMMENTS:
            variations.comment(token[_COMMENTS[kind]])
        elif kind == "nag":
            variations.nag(f"${int(token[kind])}")
        elif kind == "glyph":
            _sign_in(variations, token[kind])
        elif kind in _MOVES_AND_WORDS:
            _word_in(variations, kind, token)

    def _end_variation(self, variations: Variations) -> None:
        self.variations = None
        if variations.first is not None:
            self.notes.items.append(Variation(variations.first, variations.atoms))
        for text in variations.comments:
            self._say(text)

    def _word(self, kind: str, token: re.Match[str]) -> bool:
        """Read a move or a word of the main line; return whether the game is damaged from here on."""
        word = token[kind]
        if self.ply < len(self.sans) and (word == self.sans[self.ply] or self._is_next(kind, word)):
            self._say_words()
            self.notes = Notes()
            self.out.after.append(self.notes)
            self.ply += 1
            for sign in signs(token):
                self._sign(sign)
            return False
        if self.ply == len(self.sans) and not is_word(self.replay.at(self.ply), kind, word):
            # `0-0` at the end of a whole game is the result.
            return word != "0-0" or self.game.problem is not None
        if not _WITHOUT_MEANING.fullmatch(word):
            self.words.append(word)
        return False

    def _is_next(self, kind: str, word: str) -> bool:
        """Return whether a token is the next move in another spelling."""
        if kind == "word":
            return False
        if kind != "null" and word == self.sans[self.ply].rstrip("+#"):
            return True
        try:
            move = read_move(self.replay.at(self.ply), kind, word)
        except ValueError:
            return False
        return move.uci() == self.game.plies[self.ply].uci

    def _sign(self, sign: str) -> None:
        if sign in GLYPHS:
            self._nag(GLYPHS[sign])
        elif not _WITHOUT_MEANING.fullmatch(sign):
            self.words.append(sign)

    def _nag(self, atom: str) -> None:
        if self.ply and atom not in self.notes.nags:
            self.notes.nags.append(atom)

    def _say(self, text: str) -> None:
        if text := _layout.one_line(text.replace("}", "")):
            self.notes.items.append(Comment(text))

    def _say_words(self) -> None:
        if self.words:
            self._say(" ".join(self.words))
            self.words = []


def _word_in(variations: Variations, kind: str, token: re.Match[str]) -> None:
    """Read a move or a word of a variation."""
    word = token[kind]
    if not is_word(variations.board, kind, word):
        variations.move(kind, word, token.start(kind))
        for sign in signs(token):
            _sign_in(variations, sign)
    elif not _WITHOUT_MEANING.fullmatch(word):
        variations.word(word)


def _sign_in(variations: Variations, sign: str) -> None:
    if sign in GLYPHS:
        variations.nag(GLYPHS[sign])
    elif not _WITHOUT_MEANING.fullmatch(sign):
        variations.word(sign)
