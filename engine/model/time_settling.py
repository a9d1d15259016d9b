"""The time control of a game as its tags and its clocks have it together.

A tag alone does not always say what it means: `90+30` is 90 seconds by the PGN standard and 90 minutes in a
broadcast. `settle` decides by the first clocks of the game. It also finds a player who berserked, and one who
began with more time than the tag says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from engine.model.time_control import TimeControl
from engine.model.time_tag import Reading, read_time_control, says_nothing

WHITE_TAGS = ("WhiteTimeControl", "TimeControlWhite")
"""Tags of White's time control where it is not Black's."""
BLACK_TAGS = ("BlackTimeControl", "TimeControlBlack")
"""Tags of Black's."""
_WHITE, _BLACK = "white", "black"
"""Fields of `Settled`."""
_ODDS = re.compile(r"\s*([\d./+]+)\s*;\s*(\d[\d./+]*)\s*")
"""Two time controls, White's and Black's, as fastchess writes them."""
_FEW_MOVES = 5
"""Moves after which a clock has not fallen far."""
_LEAST_SHARE = 1 / 3
"""Part of the base time that is left at least after a few moves, for a reading that is not the standard's."""
_MOST_MOVES = 1000
"""Largest number of a first move that is believed."""
_NEARLY_ALL, _MUCH_LESS = 0.9, 0.6
"""Parts of the base time with which the sides begin where there are time odds."""
_ROUNDING = 0.5
"""Seconds that a clock is shown too high at most."""
_SOON = 5.0
"""Seconds, and a twentieth of its time, that the clock of a player who berserked has lost at most at the start."""


class Start(NamedTuple):
    """The first known clock of a side."""

    seconds: float
    """Seconds left."""
    number: int
    """Move of the side after which it was read; 1 for the first move of the game."""


class Settled(Struct, frozen=True):
    """The time control of a game, as its tags and clocks have it together."""

    game: TimeControl | None
    """Time control of the game; None when it is not known. With time odds, that of the player with more time."""
    white: TimeControl | None
    """What White had."""
    black: TimeControl | None
    """What Black had."""
    verdict: Literal["fits", "minutes", "contradicted", "unread", "none"]
    """Outcome. `minutes`: only the clocks say that the tag is in minutes. `contradicted`: no reading of the tag
    fits the clocks. `unread`: the tag is not understood. `none`: no tag, or one that says that it is not known."""


def own_number(fen: str, ply: int) -> int:
    """Return the number of its mover's moves after a ply, counted from the beginning of the game.

    * **fen** - the first position of the game.
    * **ply** - the ply, 0-based.
    """
    fullmove = int(fen.rpartition(" ")[2])
    return (fullmove if 0 < fullmove <= _MOST_MOVES else 1) + (ply + (" b " in fen)) // 2


def starts(clocks: Iterable[float | None], fen: str) -> tuple[Start | None, Start | None]:
    """Return the first known clocks of White and Black.

    * **clocks** - the clock after each ply.
    * **fen** - the first position of the game.
    """
    found: list[Start | None] = [None, None]
    for ply, clock in enumerate(clocks):
        if clock is not None and found[ply % 2] is None:
            found[ply % 2] = Start(clock, own_number(fen, ply))
            if found[1 - ply % 2] is not None:
                break
    return (found[0], found[1]) if " w " in fen else (found[1], found[0])


def time_control(headers: Mapping[str, str]) -> TimeControl | None:
    """Return the time control that the tags of a game state; None when they state none or are not understood.

    What the clocks say about it is in `AnalysedGame.time_control`.

    * **headers** - the tags of the game. `TimeControl` may be `300+3`, `40/7200:3600`, `1/259200`, `*60`,
      `90 min + 30 sec / move`, `G/60;d5` and the like.
    """
    return settle(headers, (), "").game


def settle(headers: Mapping[str, str], clocks: Iterable[float | None], fen: str) -> Settled:
    """Return the time control of a game, and what each side had.

    * **headers** - the tags of the game.
    * **clocks** - the clock after each ply; it is iterated twice where a side may have berserked.
    * **fen** - the first position of the game.
    """
    text = headers.get("TimeControl", "")
    odds = (
        next((headers[tag] for tag in WHITE_TAGS if tag in headers), ""),
        next((headers[tag] for tag in BLACK_TAGS if tag in headers), ""),
    )
    settled, halved = _settled_sides(text, odds, starts(clocks, fen))
    for side in halved:
        control = settled.white if side == _WHITE else settled.black
        assert isinstance(control, TimeControl)
        if not (control.increment and _rises(clocks, side == _WHITE, fen)):
            berserk = structs.replace(control, base=control.base / 2, increment=0.0)
            settled = structs.replace(settled, **{side: berserk})
    return settled


@lru_cache(4096)
def _settled_sides(
    text: str, odds: tuple[str, str], first: tuple[Start | None, Start | None]
) -> tuple[Settled, tuple[str, ...]]:
    """Return the time control, and the fields of the sides that have begun with half of it."""
    if any(odds):
        white, black = _settle(odds[0] or text, (first[0], None)), _settle(odds[1] or text, (None, first[1]))
        settled = _joined(white, black)
    else:
        settled = _settle(text, first)
    white_had, black_had = _begun(settled.white, *first), _begun(settled.black, *first[::-1])
    settled = structs.replace(settled, white=white_had, black=black_had)
    sides = (_WHITE, settled.white, first[0]), (_BLACK, settled.black, first[1])
    return settled, tuple(side for side, control, start in sides if control and start and _halved(control, start))


def _settle(text: str, first: tuple[Start | None, Start | None]) -> Settled:
    if says_nothing(text):
        return Settled(None, None, None, "none")
    if pair := _ODDS.fullmatch(text):
        return _joined(_settle(pair[1], (first[0], None)), _settle(pair[2], (None, first[1])))
    readings = read_time_control(text)
    if not readings:
        return Settled(None, None, None, "unread")
    known = [start for start in first if start is not None]
    if not known:
        control = readings[0].control
        return Settled(control, control, control, "fits")
    for wanted in (len(known), 1):
        for reading in readings:
            if sum(_fits(reading, start) for start in known) >= wanted and _near(reading, known):
                control = reading.control
                return Settled(control, control, control, "fits" if reading.standard else "minutes")
    return Settled(None, None, None, "contradicted")


def _joined(white: Settled, black: Settled) -> Settled:
    """Return what two time controls, one for each side, are together."""
    controls = [control for control in (white.game, black.game) if control is not None]
    game = max(controls, key=lambda control: control.estimate, default=None)
    order = ("contradicted", "unread", "minutes", "fits", "none")
    verdict = min(white.verdict, black.verdict, key=order.index)
    return Settled(game, white.game, black.game, verdict)


def _fits(reading: Reading, start: Start) -> bool:
    """Return whether a clock can be as high under this reading."""
    control = reading.control
    if control.kind == "hourglass":
        return start.seconds <= 2 * control.base
    # Some servers let players give each other time, and some clocks begin a little late.
    margin = max(min(60.0, control.base), control.base / 10) + 5
    most = control.base + start.number * control.increment + control.added(start.number) + margin
    return start.seconds <= most


def _near(reading: Reading, known: list[Start]) -> bool:
    """Return whether the clocks support a reading that is not the standard's."""
    if reading.standard or min(start.number for start in known) > _FEW_MOVES:
        return True
    return max(start.seconds for start in known) >= reading.control.base * _LEAST_SHARE


def _begun(control: TimeControl | None, start: Start | None, other: Start | None) -> TimeControl | None:
    """Return what a side had: what the tag says, or with time odds what its clock began with.

    With time odds, it has more than the tag says, or much less while the `other` side has all of it.
    """
    if control is None or start is None or control.kind != "clock" or _halved(control, start):
        return control
    full = other is not None and other.number == 1 and other.seconds >= _NEARLY_ALL * control.base
    if full and start.number == 1 and start.seconds <= _MUCH_LESS * control.base:
        return structs.replace(control, base=start.seconds)
    return control if _fits(Reading(control), start) else structs.replace(control, base=start.seconds)


def _halved(control: TimeControl, start: Start) -> bool:
    """Return whether a clock begins with half of the time, as that of a player who berserked."""
    half = control.base / 2
    lost = half - start.seconds
    plain = control.kind == "clock" and not control.later
    return plain and start.number == 1 and -_ROUNDING <= lost <= min(_SOON, half / 20)


def _rises(clocks: Iterable[float | None], white: bool, fen: str) -> bool:
    """Return whether the clock of a side ever rises, as it would with an increment."""
    first = white != (" w " in fen)
    own = [clock for k, clock in enumerate(clocks) if k % 2 == first and clock is not None]
    return any(after > before for before, after in pairwise(own))
