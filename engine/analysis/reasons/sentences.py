"""All sentences of explanations. A translation needs this file and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import chess

from engine.model.explanation import Explanation

__all__ = ["PATTERN", "sentence"]

_SENTENCES: Mapping[str, str] = {
    "allowed mate": "Allows mate in {mate}, beginning with {move}",
    "allowed mate, 1": "Allows mate: {move}",
    "allowed mate, back rank": "Allows a back-rank mate in {mate}, beginning with {move}",
    "allowed mate, back rank, 1": "Allows a back-rank mate: {move}",
    "allowed mate, no move": "Allows mate in {mate}",
    "missed mate": "Misses mate in {mate}, beginning with {move}",
    "missed mate, 1": "Misses mate: {move}",
    "missed mate, back rank": "Misses a back-rank mate in {mate}, beginning with {move}",
    "missed mate, back rank, 1": "Misses a back-rank mate: {move}",
    "missed mate, no move": "Misses mate in {mate}",
    "stalemate": "Gives stalemate",
    "hung piece": "Hangs the {piece} on {square}: {move} wins it{price}",
    "hung piece, left": "Leaves the {piece} on {square} hanging: {move} wins it{price}",
    "hung piece, unguarded": "Takes the protection from the {piece} on {square}: {move} wins it{price}",
    "allowed tactic": "Allows {move}, which wins {material}",
    "allowed tactic, motif": "Allows {move}, which {motif} and wins {material}",
    "allowed tactic, later motif": "Allows {move}, which wins {material} after {later}, which {motif}",
    "allowed promotion": "Allows {move}, after which a pawn promotes{material}",
    "missed tactic": "Misses {move}, which wins {material}",
    "missed tactic, motif": "Misses {move}, which {motif} and wins {material}",
    "missed tactic, later motif": "Misses {move}, which wins {material} after {later}, which {motif}",
    "missed promotion": "Misses {move}, after which a pawn promotes{material}",
    "did not take": "Does not take the {piece} on {square}: {move} wins it{price}",
    "did not take back": "Does not take back: {move} regains {material}",
    "won less": "{move} wins {material} more",
    "lost more": "{move} loses {material} less",
    "allowed draw": "Allows {move}, after which the position is repeated",
    "allowed threat": "Allows {move}, which threatens the {piece} on {square}",
    "allowed threat, mate": "Allows {move}, which threatens mate",
    "missed threat": "Misses {move}, which threatens the {piece} on {square}",
    "missed threat, mate": "Misses {move}, which threatens mate",
    "left the book": "Leaves the book, in which {move} stays",
    "left the book, name": "Leaves the book: {move} is the {opening}",
    "short of time": "Made with {seconds} on the clock",
}
"""Sentences without the full stop, by kind and, after a comma, by what is known."""
_END = "{text}."
_SHORT_OF_TIME = "{text} ({seconds} left)."
"""The end of a sentence about a move that was made with hardly any time."""
_SECONDS: Mapping[int, str] = {0: "less than a second", 1: "1 second"}
_MANY_SECONDS = "{number} seconds"
_PRICE = " for {material}"
_ALSO = " and wins {material}"
_MOTIFS: Mapping[str, str] = {
    "fork": "forks {targets}",
    "pin": "pins {targets}",
    "skewer": "skewers {targets}",
    "discoveredAttack": "discovers an attack on {targets}",
    "trappedPiece": "traps {targets}",
}
_TARGET = "the {piece} on {square}"
_KING = "the king"
_AND = " and "
_COMMA = ", "
_PIECES: Mapping[str, str] = {
    "p": "pawn",
    "n": "knight",
    "b": "bishop",
    "r": "rook",
    "q": "queen",
    "k": "king",
}
_MATERIAL: Mapping[str, tuple[str, str]] = {
    "q": ("a queen", "{number} queens"),
    "r": ("a rook", "{number} rooks"),
    "x": ("the exchange", "the exchange twice"),
    "b": ("a bishop", "{number} bishops"),
    "n": ("a knight", "{number} knights"),
    "p": ("a pawn", "{number} pawns"),
}
"""One and several of each, in the order in which they are said; `x` is a rook for a bishop or knight."""
_NUMBERS: Mapping[int, str] = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
_FULL_NUMBER = "{number}. {san}"
_BLACK_NUMBER = "{number}... {san}"


def _pattern() -> re.Pattern[str]:
    """Return a pattern of all sentences, so that a writer can replace those of an earlier run."""
    fields = {"move": _MOVE, "later": _MOVE, "opening": r"(?:[^.]|\.\.|St\.)+?", "seconds": r"[^.()]+"}
    bodies = []
    for template in _SENTENCES.values():
        parts = re.split(r"\{(\w+)\}", template)
        literal = [re.escape(part) for part in parts]
        literal[1::2] = [fields.get(name, "[^.]*?") for name in parts[1::2]]
        body = "".join(literal)
        bodies.append(body)
    ending = re.escape(_SHORT_OF_TIME.format(text="", seconds="@")).replace("@", fields["seconds"])
    return re.compile(rf"(?<![^\s])(?:{'|'.join(bodies)})(?:{ending}|\.)(?:\s|$)")


_MOVE = r"\d+\.(?:\.\.)? [A-Za-z][A-Za-z0-9=+#-]*[A-Za-z0-9+#]"
PATTERN = _pattern()
"""Matches the sentences of explanations inside other text."""


def sentence(found: Explanation, boards: Sequence[chess.Board]) -> str:
    """Return the sentence of an explanation.

    * **found** - the explanation; its `sentence` does not matter.
    * **boards** - the positions of its line, the first one included.
    """
    key: str = found.kind
    words = _words(found, boards)
    if found.mate is not None:
        key += ", back rank" if found.motif and found.moves else "" if found.moves else ", no move"
        key += ", 1" if found.mate == 1 and found.moves else ""
    elif found.piece == "k":
        key += ", mate"
    elif found.how:
        key += f", {found.how}"
    elif found.opening:
        key += ", name"
    elif found.kind in ("allowed tactic", "missed tactic") and found.motif:
        key += ", later motif" if found.motif_ply else ", motif"
    text = _SENTENCES[key].format(**words)
    return (_END if found.seconds is None or key == "short of time" else _SHORT_OF_TIME).format(
        text=text[0].upper() + text[1:], seconds=words["seconds"]
    )


def _words(found: Explanation, boards: Sequence[chess.Board]) -> dict[str, str]:
    won, lost = _lists(found.material if found.square else exchanged(found.material))
    promotes = found.kind in ("allowed promotion", "missed promotion")
    price = _PRICE.format(material=lost) if lost else ""
    material = f"{won}{price}"
    if promotes:
        material = (_ALSO.format(material=won) if won else "") + price
    move = _move(boards[0], found.moves[0]) if found.moves else ""
    later = _move(boards[found.motif_ply], found.moves[found.motif_ply]) if found.motif_ply else ""
    after = boards[found.motif_ply + 1] if found.motif and len(boards) > found.motif_ply + 1 else None
    return {
        "mate": str(found.mate),
        "move": move,
        "later": later,
        "piece": _PIECES.get(found.piece, ""),
        "square": found.square,
        "price": price,
        "won": won,
        "material": material,
        "motif": _motif(found, after) if after is not None and found.motif in _MOTIFS else "",
        "opening": found.opening,
        "seconds": _SECONDS.get(found.seconds or 0, _MANY_SECONDS).format(number=found.seconds),
    }


def _motif(found: Explanation, after: chess.Board) -> str:
    targets: list[str] = []
    for square in found.targets:
        piece = after.piece_at(chess.parse_square(square))
        letter = piece.symbol().lower() if piece is not None else ""
        name = _KING if letter == "k" else _TARGET.format(piece=_PIECES.get(letter, ""), square=square)
        targets.insert(0 if letter == "k" else len(targets), name)
    return _MOTIFS[found.motif].format(targets=_listed(targets))


def _lists(numbers: Mapping[str, int]) -> tuple[str, str]:
    """Return what is won and what is given for it, each in words."""
    sides = []
    for sign in (1, -1):
        names = [_counted(letter, sign * numbers.get(letter, 0)) for letter in _MATERIAL]
        sides.append(_listed([name for name in names if name]))
    return sides[0], sides[1]


def exchanged(material: Mapping[str, int]) -> dict[str, int]:
    """Return material as it is said: `x` is a rook for a bishop or knight.

    A bishop for a knight is nothing. Two of them for a rook are no exchange.
    """
    bishops, knights = material.get("b", 0), material.get("n", 0)
    if bishops * knights < 0:
        larger = max(bishops, knights, key=abs)
        bishops, knights = (bishops + knights, 0) if larger == bishops else (0, bishops + knights)
    rooks, pieces, exchanges = material.get("r", 0), bishops + knights, 0
    if rooks * pieces < 0 and abs(pieces) <= abs(rooks):
        exchanges, rooks, bishops, knights = -pieces, rooks + pieces, 0, 0
    return {**material, "b": bishops, "n": knights, "r": rooks, "x": exchanges}


def _counted(letter: str, number: int) -> str:
    one, many = _MATERIAL[letter]
    if number <= 0:
        return ""
    return one if number == 1 else many.format(number=_NUMBERS.get(number, str(number)))


def _listed(names: Sequence[str]) -> str:
    return _AND.join([_COMMA.join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _move(board: chess.Board, uci: str) -> str:
    """Return a move with its number."""
    form = _FULL_NUMBER if board.turn else _BLACK_NUMBER
    return form.format(number=board.fullmove_number, san=board.san(board.parse_uci(uci)))
