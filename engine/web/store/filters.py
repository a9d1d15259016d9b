"""What is asked of a store: which games, seen from whose side, and which of their moves.

A filter is a set of parameters of a URL. Those that are given must all hold.

| parameter      | value                                                                                     |
| -------------- | ----------------------------------------------------------------------------------------- |
| `player`       | a name, in any spelling: the player's games, from the player's side, as `--player` has it |
| `side`         | `white`, `black`: the player's colour; without a player, whose side all games are seen from |
| `opponent`     | part of the other player's name                                                           |
| `rating`       | `1500-1800`, `1500-` or `-1800`: the opponent's; without player and side, that of both    |
| `speed`        | `bullet`, `blitz`, ... by Lichess's rule; several with commas                             |
| `time_control` | the tag `TimeControl`, `180+2`                                                            |
| `since`        | `2026`, `2026-05` or `2026-05-31`, the first date                                         |
| `until`        | the same, the last date                                                                   |
| `opening`      | an ECO code or its beginning (`B9`, `B90`), or part of a name                             |
| `result`       | `win`, `loss` or `draw` of the player; `white`, `black`, `draw` or `unfinished`           |
| `phase`        | of a move: `opening`, `middlegame`, `endgame`; several with commas                        |
| `clock`        | of a move: at most so much left before it, `30s`, or `10%` of base + 40 increments        |
| `judgement`    | of a move: `inaccuracy`, `mistake`, `blunder`; several with commas                        |
| `position`     | a FEN: the game had this position, reached by whatever moves                              |

Where several of the last four are given, one move must fulfil them all. It is the player's, unless only a position
is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from engine.errors import ConfigError
from engine.model import SPEED_NAMES
from engine.model.names import plain_name
from engine.web.store.keys import plain_fen

LONGEST = 200
"""Characters of a value at most."""
RESULTS = ("win", "loss", "draw", "white", "black", "unfinished")
PHASES = ("opening", "middlegame", "endgame")
JUDGEMENTS = ("inaccuracy", "mistake", "blunder")
_DATE = re.compile(r"(\d{4})(?:[-./](0[1-9]|1[0-2])(?:[-./](0[1-9]|[12]\d|3[01]))?)?")
_RATING = re.compile(r"(\d{0,4})\s*[-–]\s*(\d{0,4})|(\d{1,4})\+")
_CLOCK = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*(s|%|)")
_ECO = re.compile(r"[A-Ea-e]\d{0,2}")


class Filter(Struct, frozen=True):
    """Games and moves of a store; the table above has the fields. An empty text asks nothing."""

    player: str = ""
    side: str = ""
    opponent: str = ""
    rating: str = ""
    """`1500-1800`; either number may be missing."""
    speed: str = ""
    time_control: str = ""
    since: str = ""
    until: str = ""
    opening: str = ""
    result: str = ""
    phase: str = ""
    clock: str = ""
    """`30s` or `10%`."""
    judgement: str = ""
    position: str = ""
    """A FEN."""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Filter:
        """Return the filter that parameters ask for; empty ones ask nothing.

        * **query** - the values by name.

        Raises ConfigError for a name or value that is not understood.
        """
        values: dict[str, str] = {}
        for name, text in query.items():
            if name not in cls.__struct_fields__:
                raise ConfigError(
                    f"there is no filter {name[:40]!r}; there are {', '.join(cls.__struct_fields__)}"
                )
            value = " ".join(text.split())
            if len(value) > LONGEST or not value.isprintable():
                raise ConfigError(f"{name}: a value of at most {LONGEST} printable characters expected")
            if value:
                values[name] = _CHECKS.get(name, _as_it_is)(name, value)
        made = cls(**values)
        if made.result in ("win", "loss") and not (made.player or made.side):
            raise ConfigError(
                f"result={made.result} needs to know whose: add player or side, or ask for white or black"
            )
        return made

    def to_query(self) -> str:
        """Return the parameters of a URL, without a question mark, in the order of the fields; empty for all."""
        return urlencode(self.values())

    def values(self) -> dict[str, str]:
        """Return what is asked, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}

    @property
    def asks_moves(self) -> bool:
        """Whether it asks anything of moves."""
        return bool(self.phase or self.clock or self.judgement or self.position)

    @property
    def ratings(self) -> tuple[int | None, int | None]:
        """The lowest and the highest rating; None where there is no such bound."""
        low, _, high = self.rating.partition("-")
        return (int(low) if low else None), (int(high) if high else None)

    def words(self) -> str:
        """Return what is asked as people say it: `blitz games of Anna as Black since 2026-05`."""
        parts = [f"{_listed(self.speed)} games" if self.speed else "games"]
        if self.player:
            parts.append(f"of {self.player}")
        if self.side:
            parts.append(f"as {self.side.title()}" if self.player else f"seen from {self.side.title()}'s side")
        if self.opponent:
            parts.append(f"against {self.opponent}")
        parts += self._about_games()
        parts += self._about_moves()
        text = " ".join(parts)
        return "all games" if text == "games" else text

    def _about_games(self) -> list[str]:
        parts = []
        if self.rating:
            low, high = self.ratings
            bounds = f"{low}-{high}" if low and high else f"{low} or more" if low else f"at most {high}"
            parts.append(
                f"against players rated {bounds}"
                if self.player or self.side
                else f"between players rated {bounds}"
            )
        if self.time_control:
            parts.append(f"at {self.time_control}")
        if self.opening:
            parts.append(f"in {self.opening}")
        if self.result:
            parts.append(_RESULT_WORDS[self.result])
        if self.since:
            parts.append(f"since {self.since}")
        if self.until:
            parts.append(f"until {self.until}")
        return parts

    def _about_moves(self) -> list[str]:
        if not self.asks_moves:
            return []
        move = []
        if self.judgement:
            move.append(f"that is a {_listed(self.judgement)}".replace("a inaccuracy", "an inaccuracy"))
        if self.phase:
            move.append(f"in the {_listed(self.phase)}")
        if self.clock:
            move.append(f"with at most {self.clock} on the clock")
        where = [f"with the position {self.position.rsplit(' ', 2)[0]}"] if self.position else []
        return where + ([f"with a move {' '.join(move)}"] if move else [])


_RESULT_WORDS = {
    "win": "won",
    "loss": "lost",
    "draw": "drawn",
    "white": "won by White",
    "black": "won by Black",
    "unfinished": "without a result",
}


def _listed(values: str) -> str:
    return " or ".join(values.split(","))


def _as_it_is(name: str, value: str) -> str:
    del name
    return value


def _player(name: str, value: str) -> str:
    if not plain_name(value):
        raise ConfigError(f"{name}: {value!r} is no name")
    return value


def _choice(*choices: str) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        if value.lower() not in choices:
            raise ConfigError(f"{name}: one of {', '.join(choices)} expected, not {value!r}")
        return value.lower()

    return check


def _choices(*choices: str) -> Callable[[str, str], str]:
    check = _choice(*choices)

    def check_all(name: str, value: str) -> str:
        named = {check(name, part.strip()) for part in value.split(",") if part.strip()}
        return ",".join(choice for choice in choices if choice in named)

    return check_all


def _rating(name: str, value: str) -> str:
    found = _RATING.fullmatch(value)
    low, high = (found[3] or found[1] or "", found[2] or "") if found else ("", "")
    if not (low or high) or (low and high and int(low) > int(high)):
        raise ConfigError(f"{name}: `1500-1800`, `1500-` or `-1800` expected, not {value!r}")
    return f"{low and int(low)}-{high and int(high)}"


def _date(name: str, value: str) -> str:
    found = _DATE.fullmatch(value)
    if found is None:
        raise ConfigError(f"{name}: `2026`, `2026-05` or `2026-05-31` expected, not {value!r}")
    return "-".join(part for part in found.groups() if part)


def _opening(name: str, value: str) -> str:
    del name
    return value.upper() if _ECO.fullmatch(value) else value


def _clock(name: str, value: str) -> str:
    found = _CLOCK.fullmatch(value)
    if found is None:
        raise ConfigError(f"{name}: `30s` or `10%` expected, not {value!r}")
    return f"{float(found[1]):g}{found[2] or 's'}"


def _position(name: str, value: str) -> str:
    del name
    return plain_fen(value)


def is_eco(opening: str) -> bool:
    """Whether the value of `opening` is a code, not a name."""
    return _ECO.fullmatch(opening) is not None


_CHECKS: dict[str, Callable[[str, str], Any]] = {
    "player": _player,
    "side": _choice("white", "black"),
    "rating": _rating,
    "speed": _choices(*SPEED_NAMES),
    "since": _date,
    "until": _date,
    "opening": _opening,
    "result": _choice(*RESULTS),
    "phase": _choices(*PHASES),
    "clock": _clock,
    "judgement": _choices(*JUDGEMENTS),
    "position": _position,
}
