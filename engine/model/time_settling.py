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

from msgspec import structs

from engine.model.time_control import TimeControl
from engine.model.time_tag import Reading, read_time_control, says_nothing

ODDS_TAGS = (("WhiteTimeControl", "TimeControlWhite"), ("BlackTimeControl", "TimeControlBlack"))
"""Tags of White's and of Black's time control where they differ."""
_ODDS = re.compile(r"\s*([\d./+]+)\s*;\s*(\d[\d./+]*)\s*")
"""Two time controls, White's and Black's, as fastchess writes them."""
_FEW_MOVES = 5
"""Moves after which a clock has not fallen far."""
_LEAST_SHARE = 1 / 3
"""Part of the base time that is left at least after a few moves, for a reading that is not the standard's."""
_MOST_MOVES = 1000
"""Largest number of a first move that is believed."""
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


class Settled(NamedTuple):
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
    fields = fen.split()
    fullmove = int(fields[5])
    return (fullmove if 0 < fullmove <= _MOST_MOVES else 1) + (ply + (fields[1] == "b")) // 2


def starts(clocks: Iterable[float | None], fen: str) -> tuple[Start | None, Start | None]:
    """Return the first known clocks of White and Black.

    * **clocks** - the clock after each ply.
    * **fen** - the first position of the game.
    """
    found: list[Start | None] = [None, None]
    black_first = " b " in fen
    for ply, clock in enumerate(clocks):
        side = (ply + black_first) % 2
        if clock is not None and found[side] is None:
            found[side] = Start(clock, own_number(fen, ply))
            if None not in found:
                break
    return found[0], found[1]


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
    first = starts(clocks, fen)
    odds = [next((headers[name] for name in names if name in headers), "") for names in ODDS_TAGS]
    if any(odds):
        sides = [_settle(odds[k] or text, (first[0], None) if k == 0 else (None, first[1])) for k in (0, 1)]
        settled = _joined(sides[0], sides[1])
    else:
        settled = _settle(text, first)
    if settled.game is None or first == (None, None):
        return settled
    white = _begun(settled.white, first[0], clocks, 0, fen)
    black = _begun(settled.black, first[1], clocks, 1, fen)
    return settled._replace(white=white, black=black)


@lru_cache(4096)
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


def _begun(
    control: TimeControl | None, start: Start | None, clocks: Iterable[float | None], side: int, fen: str
) -> TimeControl | None:
    """Return what a side had: all, half of it (berserk), or what it began with where that is more."""
    if control is None or start is None or control.kind != "clock":
        return control
    if not _fits(Reading(control), start):
        return structs.replace(control, base=start.seconds)
    half = control.base / 2
    lost = half - start.seconds
    halved = start.number == 1 and -_ROUNDING <= lost <= min(_SOON, half / 20) and not control.later
    if halved and not (control.increment and _rises(clocks, side, fen)):
        return structs.replace(control, base=half, increment=0.0)
    return control


def _rises(clocks: Iterable[float | None], side: int, fen: str) -> bool:
    """Return whether the clock of a side ever rises, as it would with an increment."""
    black_first = " b " in fen
    own = [clock for k, clock in enumerate(clocks) if (k + black_first) % 2 == side and clock is not None]
    return any(after > before for before, after in pairwise(own))
