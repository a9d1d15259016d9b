"""Classes of endgames by the remaining pieces."""

from __future__ import annotations

import chess

OTHER = "other"

_CLASSES: tuple[tuple[str, str], ...] = (
    ("pawn", "-/-"),
    ("knight", "N/N"),
    ("bishop v knight", "B/N"),
    ("minor v pawns", "B/- N/-"),
    ("rook", "R/R"),
    ("rook v minor", "R/B R/N"),
    ("rook v pawns", "R/-"),
    ("rook v two minors", "BB/R BN/R NN/R"),
    ("rook+minor v rook", "RB/R RN/R"),
    ("rook+minor", "RB/RB RB/RN RN/RN"),
    ("two rooks", "RR/RR"),
    ("queen", "Q/Q"),
    ("queen+minor v queen", "QB/Q QN/Q"),
    ("queen+minor", "QB/QB QB/QN QN/QN"),
    ("queen+rook", "QR/QR"),
    ("queen v rook", "Q/R"),
    ("queen v rook+minor", "Q/RB Q/RN"),
    ("queen v two rooks", "RR/Q"),
    ("queen v minor", "Q/B Q/N"),
    ("queen v two minors", "Q/BB Q/BN Q/NN"),
    ("queen v pawns", "Q/-"),
)
"""Names by the pieces of both sides without kings and pawns; the side with more material comes first."""
_NAMES = {pieces: name for name, combinations in _CLASSES for pieces in combinations.split()}
_PIECES = ((chess.QUEEN, "Q", 9), (chess.ROOK, "R", 5), (chess.BISHOP, "B", 3), (chess.KNIGHT, "N", 3))


def kind(board: chess.Board) -> str:
    """Return the class of an endgame by the pieces of both sides."""
    sides = [_pieces(board, color) for color in chess.COLORS]
    # The side with more material comes first; if equal, the side with the better best piece.
    first, second = sorted(sides, key=lambda side: (-side[0], _order(side[1])))
    pieces = f"{first[1] or '-'}/{second[1] or '-'}"
    if pieces == "B/B":
        light = (board.bishops & chess.BB_LIGHT_SQUARES).bit_count()
        return "bishops, opposite" if light == 1 else "bishops, same"
    return _NAMES.get(pieces, OTHER)


def _pieces(board: chess.Board, color: chess.Color) -> tuple[int, str]:
    """Return the value of a side's pieces in points, and their letters, the best piece first."""
    numbers = [(len(board.pieces(piece, color)), letter, value) for piece, letter, value in _PIECES]
    return sum(n * value for n, _, value in numbers), "".join(letter * n for n, letter, _ in numbers)


def _order(letters: str) -> list[int]:
    return ["QRBN".index(letter) for letter in letters]
