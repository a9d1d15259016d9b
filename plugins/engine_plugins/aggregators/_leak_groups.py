"""The groups that a player's moves belong to, and what one game adds to each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.model import AnalysedGame, Color
from engine_plugins.aggregators._clock_left import BANDS, MOST, Clocks
from engine_plugins.aggregators._common import lost, milli, other

ALL = "all|"
"""The group of all moves."""

_STANDING = ((20, "lost (under 20)"), (40, "worse (20-40)"), (60, "level (40-60)"), (80, "better (60-80)"))
"""The mover's Win% before a move; upper bounds."""
_WON = "won (80 and more)"
_STRENGTH = (
    (-199, "200 and more below"),
    (-99, "100-199 below"),
    (100, "about equal"),
    (200, "100-199 above"),
)
"""The opponent's rating minus ours; upper bounds, exclusive."""
_STRONGEST = "200 and more above"
_PIECES = {"N": "knight", "B": "bishop", "R": "rook", "Q": "queen", "K": "king", "O": "castling"}
_MONTH = 7
"""Number of characters in `2026.11`."""


class Kind(NamedTuple):
    """A way to divide moves into groups."""

    title: str
    names: tuple[str, ...]
    """The groups in their order; empty where they are not fixed."""
    compared: bool
    """Whether its groups are ranked. Those in which everybody is weaker are not: against the stronger, as Black.
    A month is nothing to work on."""
    compared_alone: bool
    """Whether its groups are ranked also without opponents. Of a lost position little can be lost."""


KINDS: Mapping[str, Kind] = {
    "phase": Kind("By phase", ("opening", "middlegame", "endgame"), True, True),
    "clock": Kind("By clock left", (*(name for _, name in BANDS), MOST), True, True),
    "piece": Kind("By piece moved", ("pawn", *_PIECES.values()), True, True),
    "standing": Kind("By Win% before the move", (*(name for _, name in _STANDING), _WON), True, False),
    "opening": Kind("By opening", (), True, True),
    "strength": Kind("By opponent's rating", (*(name for _, name in _STRENGTH), _STRONGEST), False, False),
    "color": Kind("By colour", ("white", "black"), False, False),
    "month": Kind("By month", (), False, False),
}
"""Kinds of groups by key, in the order of their tables."""


class Part:
    """What one game adds to a group: losses in thousandths of Win% and moves, ours and theirs."""

    __slots__ = ("lost", "moves", "their_lost", "their_moves", "worst", "worst_ply")

    def __init__(self) -> None:
        self.lost = self.moves = self.their_lost = self.their_moves = 0
        self.worst = -1
        """Greatest loss of one of our moves; -1 without a move."""
        self.worst_ply = -1

    def add(self, ply: int, loss: int, *, ours: bool) -> None:
        """Add one move."""
        if not ours:
            self.their_lost += loss
            self.their_moves += 1
            return
        self.lost += loss
        self.moves += 1
        if loss > self.worst:
            self.worst, self.worst_ply = loss, ply

    def take(self, part: Part) -> None:
        """Add other moves of the game."""
        self.lost += part.lost
        self.moves += part.moves
        self.their_lost += part.their_lost
        self.their_moves += part.their_moves
        if (part.worst, -part.worst_ply) > (self.worst, -self.worst_ply):
            self.worst, self.worst_ply = part.worst, part.worst_ply

    @property
    def sums(self) -> tuple[int, int, int, int]:
        """Our loss and moves, and theirs."""
        return self.lost, self.moves, self.their_lost, self.their_moves


Cell = tuple[str, str, str, str]
"""The groups of a move by phase, clock, piece and standing; empty where there is none."""


def parts(game: AnalysedGame) -> tuple[dict[str, Part], dict[Cell, int]]:
    """Return what a game adds to each group (`clock|under 10%`) and to all moves, and how many of our moves have
    the same groups of each kind that differs from move to move."""
    cells: dict[tuple[Cell, Color], Part] = {}
    clocks = Clocks(game)
    for k, ply in enumerate(game.plies):
        loss = lost(ply)
        if loss is None:
            continue
        assert ply.win_before is not None
        left = clocks.before(k)
        mover = game.turn(k)
        ours = mover in game.view
        cell = (
            f"phase|{game.phase(k)}",
            "" if left is None else f"clock|{left.band}",
            f"piece|{_PIECES.get(ply.san[0], 'pawn')}",
            f"standing|{_band(milli(ply.win_before), _STANDING, _WON, 1000)}",
        )
        key = cell, mover if ours else other(mover)
        part = cells.get(key)
        if part is None:
            part = cells[key] = Part()
        part.add(k, loss, ours=ours)
    return _gathered(game, cells), _counted(cells)


def _gathered(game: AnalysedGame, cells: Mapping[tuple[Cell, Color], Part]) -> dict[str, Part]:
    groups: dict[str, Part] = {}
    by_color: dict[Color, Part] = {}
    for (cell, viewed), part in cells.items():
        _give(groups, filter(None, cell), part)
        by_color.setdefault(viewed, Part()).take(part)
    for viewed, part in by_color.items():
        _give(groups, (ALL, *_of_game(game, viewed)), part)
    return groups


def _give(groups: dict[str, Part], names: Iterable[str], part: Part) -> None:
    for name in names:
        group = groups.get(name)
        if group is None:
            group = groups[name] = Part()
        group.take(part)


def _counted(cells: Mapping[tuple[Cell, Color], Part]) -> dict[Cell, int]:
    counts: dict[Cell, int] = {}
    for (cell, _), part in cells.items():
        if part.moves:
            counts[cell] = counts.get(cell, 0) + part.moves
    return counts


def _of_game(game: AnalysedGame, viewed: Color) -> Iterator[str]:
    """Yield the groups of all moves of a game, seen from the side of the `viewed` player."""
    yield f"color|{viewed}"
    ours, theirs = game.rating(viewed), game.rating(other(viewed))
    if ours is not None and theirs is not None:
        yield f"strength|{_band(theirs - ours, _STRENGTH, _STRONGEST, 1)}"
    if game.opening is not None:
        yield f"opening|{game.opening.name.partition(':')[0]} ({viewed.title()})"
    month = game.date[:_MONTH]
    if len(month) == _MONTH:
        yield f"month|{month}"


def _band(value: int, bands: tuple[tuple[int, str], ...], last: str, unit: int) -> str:
    return next((name for bound, name in bands if value < bound * unit), last)
