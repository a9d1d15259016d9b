"""A board as static SVG, for print and for browsers without scripts."""

from __future__ import annotations

import chess

from engine.web.pages.pieces import symbol_id

SIDE = 45
"""Side of a square in units of the drawing."""
EDGE = 8 * SIDE


def diagram(board: chess.Board, arrows: dict[str, chess.Move], bottom: chess.Color | None = None) -> str:
    """Return a drawing of the position.

    * **board** - the position.
    * **arrows** - moves to draw as arrows, by their class in the stylesheet.
    * **bottom** - *(optional)* the side at the bottom; the side to move.
    """
    bottom = board.turn if bottom is None else bottom
    parts = [f'<svg class="diagram" viewBox="0 0 {EDGE} {EDGE}" aria-hidden="true">']
    parts.append(f'<rect class="dark" width="{EDGE}" height="{EDGE}"/><path class="light" d="{_light()}"/>')
    parts += [_coordinate(k, bottom) for k in range(8)]
    for square, piece in sorted(board.piece_map().items()):
        x, y = _corner(square, bottom)
        parts.append(f'<use href="#{symbol_id(piece.symbol())}" x="{x}" y="{y}" width="{SIDE}" height="{SIDE}"/>')
    parts += [_arrow(kind, move.from_square, _target(board, move), bottom) for kind, move in arrows.items()]
    return "".join([*parts, "</svg>"])


def describe(board: chess.Board) -> str:
    """Return the position in words, for people who cannot see the diagram."""
    sides = []
    for color, name in ((chess.WHITE, "White"), (chess.BLACK, "Black")):
        pieces = sorted(
            ((piece.piece_type, square) for square, piece in board.piece_map().items() if piece.color == color),
            key=lambda piece: (-piece[0], piece[1]),
        )
        named = (
            ("" if kind == chess.PAWN else chess.piece_symbol(kind).upper()) + chess.square_name(square)
            for kind, square in pieces
        )
        sides.append(f"{name}: {' '.join(named)}")
    return "; ".join(sides)


def _light() -> str:
    """Return one path for the 32 light squares."""
    squares = ((x, y) for y in range(8) for x in range(8) if (x + y) % 2 == 0)
    return "".join(f"M{x * SIDE} {y * SIDE}h{SIDE}v{SIDE}h-{SIDE}z" for x, y in squares)


def _corner(square: int, bottom: chess.Color) -> tuple[int, int]:
    file, rank = chess.square_file(square), chess.square_rank(square)
    return (file * SIDE, (7 - rank) * SIDE) if bottom else ((7 - file) * SIDE, rank * SIDE)


def _coordinate(k: int, bottom: chess.Color) -> str:
    file = "abcdefgh"[k if bottom else 7 - k]
    rank = "87654321"[k if bottom else 7 - k]
    return (
        f'<text class="on-{"light" if k % 2 else "dark"}" x="{k * SIDE + 36}" y="{EDGE - 3}">{file}</text>'
        f'<text class="on-{"dark" if k % 2 else "light"}" x="2" y="{k * SIDE + 11}">{rank}</text>'
    )


def _target(board: chess.Board, move: chess.Move) -> int:
    """Return the square where the arrow of a move ends; for castling, the new square of the king."""
    if not board.is_castling(move):
        return move.to_square
    file = 6 if board.is_kingside_castling(move) else 2
    return chess.square(file, chess.square_rank(move.from_square))


def _arrow(kind: str, start: int, end: int, bottom: chess.Color) -> str:
    x1, y1 = (value + SIDE / 2 for value in _corner(start, bottom))
    x2, y2 = (value + SIDE / 2 for value in _corner(end, bottom))
    length = max(1.0, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    bx, by = x2 - 14 * ux, y2 - 14 * uy
    tip = " ".join(
        f"{x:.1f},{y:.1f}" for x, y in ((x2, y2), (bx - 9 * uy, by + 9 * ux), (bx + 9 * uy, by - 9 * ux))
    )
    shaft = f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{bx:.1f}" y2="{by:.1f}"/>'
    return f'<g class="arrow {kind}">{shaft}<polygon points="{tip}"/></g>'
