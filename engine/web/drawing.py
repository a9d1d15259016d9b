"""A position as a picture, for browsers without scripts."""

from __future__ import annotations

import chess
from markupsafe import Markup

from engine.web.pages.diagram import diagram
from engine.web.played import Played


def picture(played: Played) -> Markup:
    """Return the position as SVG with its last move as an arrow; its pieces are symbols of the page."""
    last = played.board.peek() if played.board.move_stack else None
    bottom = chess.BLACK if played.black_below else chess.WHITE
    before = played.board.copy()
    if last:
        before.pop()
    arrows = {"remark blue": last} if last and not before.is_castling(last) else {}
    return Markup(diagram(played.board, arrows, bottom))  # noqa: S704 - made of squares
