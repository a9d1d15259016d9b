"""The tree of the moves that were played: the order of its lines, and their positions with their names.

A line is the colour from whose view it is, and its moves: `white e4 c5 Nf3`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

import chess

from engine.model import Column
from engine.plugin import TopK
from engine.positions.openings import name_of

COLUMNS = (
    Column("color", "View"),
    Column("move", "Moves", "move"),
    Column("games", "Games", "int"),
    Column("score", "Score", "percent"),
    Column("interval", "95%"),
    Column("win", "Win%", "percent"),
    Column("opening", "Opening", "opening"),
    Column("position", "Position", "position"),
)


class Place(NamedTuple):
    """Where a line leads."""

    line: str
    color: str
    move: str
    """Its last move with its number, indented by two spaces for each move before."""
    opening: str | None
    """ECO code and name of the position, without a family that a position before had; None without a name."""
    fen: str


def depth_first(games: Mapping[str, int]) -> list[str]:
    """Sort lines so that each one comes before its continuations, those with more games first, ties by move.

    * **games** - games of the lines, among which are the beginnings of each.
    """

    def path(line: str) -> list[tuple[int, str]]:
        words = line.split(" ")
        return [(-games[" ".join(words[: k + 1])], words[k]) for k in range(1, len(words))]

    return sorted(games, key=path)


def places(lines: Iterable[str]) -> Iterator[Place]:
    """Yield where lines lead.

    * **lines** - lines in the order of `depth_first`.
    """
    boards, families = [chess.Board()], [""]
    for line in lines:
        color, *sans = line.split(" ")
        ply = len(sans)
        board, family = boards[ply - 1].copy(stack=False), families[ply - 1]
        board.push_san(sans[-1])
        named, opening = name_of(board), None
        if named is not None:
            eco, name = named
            opening = f"{eco} {name.removeprefix(f'{family}: ')}"
            family = name.partition(":")[0]
        boards[ply:], families[ply:] = [board], [family]
        number = f"{(ply + 1) // 2}{'.' if ply % 2 else '...'}"
        yield Place(line, color, f"{'  ' * (ply - 1)}{number} {sans[-1]}", opening, board.fen())


def costliest(lines: Container[str], whole: Iterable[tuple[str, TopK]]) -> dict[str, TopK]:
    """Return for each of these lines the games through it in which most was lost.

    * **whole** - the games of each line of full depth.
    """
    games: dict[str, TopK] = {}
    for line, lost in whole:
        words = line.split(" ")
        for k in range(2, len(words) + 1):
            start = " ".join(words[:k])
            if start not in lines:
                break
            games.setdefault(start, TopK(5)).merge(lost)
    return games
