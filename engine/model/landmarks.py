"""What the moves of a game tell without an evaluation: phases and opening, and what an EPD line says."""

from __future__ import annotations

from msgspec import Struct


class Epd(Struct, frozen=True, omit_defaults=True):
    """Operations of an EPD line that the framework understands."""

    id: str | None = None
    """Name of the position; None when the line has none."""
    bm: tuple[str, ...] = ()
    """Best moves in UCI notation."""
    am: tuple[str, ...] = ()
    """Moves to avoid, in UCI notation."""
    dm: int | None = None
    """Number of moves in which the side to move mates; None when the line does not say."""


class Phases(Struct, frozen=True):
    """Beginnings of the phases of a game, by Lichess's rules. A phase lasts until the next one or the end."""

    middlegame: int | None = None
    """First position of the middlegame, 0-based; None when there is no middlegame: the game did not reach one, or
    its first position is already an endgame."""
    endgame: int | None = None
    """First position of the endgame, 0-based; None when the game did not reach one."""


class Opening(Struct, frozen=True):
    """The last named opening position that a game went through."""

    eco: str
    """Code of the Encyclopaedia of Chess Openings, `A00` to `E99`."""
    name: str
    """Name in Lichess's list, such as `Sicilian Defense: Najdorf Variation`."""
    ply: int
    """The named position, 0-based: the number of plies after which it was reached."""


class Landmarks(Struct, frozen=True):
    """Phases and opening of a game, which its positions tell without an evaluation."""

    phases: Phases | None = None
    """Beginnings of middlegame and endgame; None for an EPD line."""
    opening: Opening | None = None
    """Last named opening position; None when there is none."""
