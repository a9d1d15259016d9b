"""Letters of the pieces in other languages, found out over a whole game. Pure.

A game is translated only if it has letters that English does not use. Which language it is must follow from its
moves: the caller takes a translation only if all moves are legal that way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from engine.positions.movetext import OUTSIDE, TOKEN

__all__ = ["Translation", "is_foreign", "matching", "translations"]

_ENGLISH = frozenset("KQRBNP")
_PIECES = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight"}
_LETTERS = {
    # king, queen, rook, bishop, knight; spaces between them
    "German, Danish, Norwegian, Swedish": "K D T L S",
    "French": "R D T F C",
    "Spanish, Italian, Catalan": "R D T A C",
    "Portuguese": "R D T B C",
    "Dutch": "K D T L P",
    "Russian": "Кр Ф Л С К",
    "Russian in Latin letters": "Kr F L S K",
    "Ukrainian": "Кр Ф Т С К",
    "Bulgarian": "Ц Д Т О К",
    "Serbian": "К Д Т Л С",
    "Croatian": "K D T L S",
    "Polish": "K H W G S",
    "Czech, Slovak": "K D V S J",
    "Hungarian": "K V B F H",
    "Finnish": "K D T L R",
    "Estonian": "K L V O R",
    "Latvian": "K D T L Z",
    "Lithuanian": "K V B R Ž",
    "Icelandic": "K D H B R",
    "Romanian": "R D T N C",
    "Turkish": "Ş V K F A",
    "Greek": "Ρ Β Π Α Ι",
    "Esperanto": "R D T K Ĉ",
    "Indonesian": "R M B G K",
}
_LOOKALIKE = {"К": "K", "В": "B", "Κ": "K", "Β": "B", "Ν": "N"}
"""Letters of other alphabets that look like those of English, as keyboards and OCR mix them up."""
_LETTER = r"[^\W\d_]"
_SQUARE = r"[a-h]?[1-8]?[x:-]?[a-h][1-8]"
_MOVED = rf"(?<!{_LETTER})(?P<moved>(?![a-h])[^\W\d_](?:(?![a-hx]){_LETTER})?)(?={_SQUARE})"
_PROMOTED = rf"(?<=[a-h][18])(?P<sign>[=/(]?)(?P<promoted>{_LETTER})(?!{_LETTER}|\d)"
_PLACE = re.compile(rf"{OUTSIDE}|{_MOVED}|{_PROMOTED}")


class Translation(Struct, frozen=True):
    """Movetext with the letters of English."""

    text: str
    """The movetext; line ends are where they were."""
    letters: Mapping[str, str]
    """English letters by those that the game has."""

    def explained(self) -> str:
        """Return what the letters were taken for, as words: `S is a knight, L a bishop`."""
        foreign = [(ours, theirs) for theirs, ours in self.letters.items() if theirs != ours]
        return ", ".join(f"{theirs} is a {_PIECES[ours]}" for ours, theirs in foreign)


def is_foreign(text: str) -> bool:
    """Return whether the moves have letters of pieces that English does not use.

    * **text** - movetext, normalised.
    """
    return any(letter not in _ENGLISH for letter in _letters(text))


def translations(text: str) -> Iterator[Translation]:
    """Yield the movetext with the letters of each language that has all letters of the game.

    None if the game has no letter that English does not use.

    * **text** - movetext, normalised.
    """
    found = _letters(text)
    if found <= _ENGLISH:
        return
    tried: list[dict[str, str]] = []
    for alphabet in (*map(_alphabet, _LETTERS.values()), _LOOKALIKE | {letter: letter for letter in "KQRBN"}):
        if not alphabet.keys() >= found:
            continue
        letters = {theirs: alphabet[theirs] for theirs in alphabet if theirs in found}
        if letters not in tried:
            tried.append(letters)
            yield Translation(_translated(text, letters), letters)


def matching(text: str, pieces: str) -> str:
    """Return the movetext with the letters of the language in which its moves are of the known pieces.

    * **text** - movetext, normalised.
    * **pieces** - the first letter of the SAN of each move of the main line.
    """
    for translation in translations(text):
        if _pieces(translation.text, len(pieces)) == pieces:
            return translation.text
    return text


def _alphabet(letters: str) -> dict[str, str]:
    return dict(zip(letters.split(), "KQRBN", strict=True))


def _letters(text: str) -> set[str]:
    """Return the letters of pieces in the moves, main line and variations."""
    letters = set()
    for place in _PLACE.finditer(text):
        letter = place["moved"] or place["promoted"] or ""
        if letter[:1].isupper():
            letters.add(letter)
    return letters


def _translated(text: str, letters: Mapping[str, str]) -> str:
    def translate(place: re.Match[str]) -> str:
        if place["moved"]:
            return letters.get(place["moved"], place["moved"])
        if place["promoted"]:
            return place["sign"] + letters.get(place["promoted"], place["promoted"])
        return place[0]

    return _PLACE.sub(translate, text)


def _pieces(text: str, plies: int) -> str:
    """Return the first letters of the first moves of the main line, as SAN has them."""
    pieces: list[str] = []
    depth = 0
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
        elif not depth and kind in ("plain", "move", "null", "files"):
            first = token[kind].removeprefix("P")[0]
            pieces.append("O" if first in "0o" else "-" if kind == "null" else first)
            if len(pieces) == plies:
                break
    return "".join(pieces)
