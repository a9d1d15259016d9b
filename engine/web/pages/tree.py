"""Tables that are a tree of moves, which the page plays on a board."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import chess
from msgspec import Struct

from engine.model import Cell, ReportTable

INDENT = 2
"""Spaces before a move for each move above it."""
_COLUMNS = {"view": "color", "games": "games"}
"""Keys of the columns that a tree may have: the side from whose view a row is, and the games through the move."""


class Node(Struct, frozen=True):
    """The move and the position of one row."""

    level: int
    """Number of moves above it in its tree."""
    uci: str
    fen: str
    view: str
    """`white`, `black`, or empty where the table has no views."""


class Tree(Struct, frozen=True):
    """What the page has to know of a table that is a tree."""

    columns: Mapping[str, int]
    """Indices of the columns with the moves (`tree`), the views (`view`) and the numbers of games (`games`), as
    far as the table has them."""
    nodes: tuple[Node, ...]
    """One for each row."""


def tree(table: ReportTable) -> Tree | None:
    """Return the tree that a table shows; None for any other table.

    A tree has one column of kind `move` and one of kind `position`, and no column `game`. Each row is one move,
    the last word of its cell, indented by two spaces for each move above it, and the position after it. A row
    follows the nearest row above with one move less; a row without indentation is played in the usual initial
    position. A column `color` (`white`, `black`) makes a tree for each side, and `games` says how many games went
    through.
    """
    kinds, keys = [column.kind for column in table.columns], [column.key for column in table.columns]
    if kinds.count("move") != 1 or kinds.count("position") != 1 or "game" in keys or not table.rows:
        return None
    move, position = kinds.index("move"), kinds.index("position")
    columns = {"tree": move} | {name: keys.index(key) for name, key in _COLUMNS.items() if key in keys}
    try:
        return Tree(columns, tuple(_nodes(table.rows, move, position, columns.get("view"))))
    except ValueError:
        return None


def _nodes(rows: Sequence[Sequence[Cell]], move: int, position: int, view: int | None) -> Iterator[Node]:
    """Yield the nodes. Raises ValueError where the rows are no tree."""
    path: list[chess.Board] = [chess.Board()]
    before = ""
    for row in rows:
        text, fen = str(row[move] or ""), str(row[position] or "")
        side = "" if view is None else str(row[view])
        level, rest = divmod(len(text) - len(text.lstrip()), INDENT)
        if rest or level >= len(path) or (side != before and level) or not text.strip():
            raise ValueError(text)
        before = side
        board = path[level].copy(stack=False)
        uci = board.push_san(text.rsplit(maxsplit=1)[-1]).uci()
        if board.fen() != fen:
            raise ValueError(fen)
        path[level + 1 :] = [board]
        yield Node(level, uci, fen, side)
