"""Comments of programs that have engines play each other, and of ChessBase's analyses.

They speak of the position before the move; `[%evp]` speaks of all positions of the game.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from engine.model import Score

ARENA, BANKSIA = "Arena comments", "Banksia or XBoard comments"
CUTECHESS = "comments of cutechess or fastchess"
_MATE_OR_PAWNS = (
    r"(?P<sign>[+\-−]?)(?:(?P<letter>[#M])(?P<late>[+-]?)(?P<mate>\d{1,3})|(?P<number>\d{1,5}(?:[.,]\d{1,4})%s))"
)
_SEARCHED = re.compile(
    r"\s*(?:\((?P<expected>[^()]{1,400})\)\s*)?"
    r"\(?" + _MATE_OR_PAWNS % "" + r"/(?P<depth>\d{1,3})(?:/\d{1,3})?"
    r"(?:[\s,]+(?:(?P<clock>\d{1,3}(?::\d\d){1,2}(?:\.\d{1,6})?)"
    r"|(?P<time>\d{1,9}(?:[.,]\d{1,6})?)\s?(?P<unit>ms|s)?)(?![\w.:]))?"
    r"(?=[\s,;)]|\Z)"
)
_VALUE = re.compile(_MATE_OR_PAWNS % "?")
_PAIR = re.compile(r"(?<![^\s,;])(wv|ev|d|mt|tl)\s*=\s*([^\s,;]{1,24})")
_DEPTH = re.compile(r"\d{1,3}")
_MILLISECONDS = re.compile(r"\d{1,12}")
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2}(?:\.\d{1,6})?)")
_PROFILE = re.compile(r"\[%evp\s([^\[\]]*)\]")
_RESEMBLES = re.compile(
    r"\s*(?:\([^()]*\)\s*)?[+\-−]?(?:[#Mm][^\s/]{1,6}|\d{1,7}[.,][^\s/]{1,6}|(?<=[+\-−])\d{1,7})\s*/\s*\d"
)
_NAMED = re.compile(r"(?<![^\s,;])(?:wv|ev)=")
_NOT_EVALUATED = 32_767
_MATE = 30_000
_LONGEST_MATE = 1_000


class Searched(Struct, frozen=True):
    """What such a comment says of the move before it."""

    score: Score | None
    """Evaluation of the position before the move, in the view that `view` says; None if there is none."""
    depth: int
    dialect: str
    """The program, for people."""
    view: Literal["white", "mover"] | None
    """Whose view it is; None if that depends on the program's settings, and mostly is the mover's."""
    time: float | None = None
    """Seconds spent on the move."""
    clock: float | None = None
    """Seconds left after the move."""

    @property
    def pawns(self) -> float:
        """The score in pawns, 100 for a mate."""
        score = self.score
        if score is None:
            return 0.0
        return score.cp / 100 if score.cp is not None else (100.0 if (score.mate or 0) > 0 else -100.0)


def read_searched(comment: str) -> Searched | None:
    """Parse the comment; return None if it is not one of these."""
    if match := _SEARCHED.match(comment):
        dialect = ARENA if match["expected"] else CUTECHESS if match["unit"] else BANKSIA
        view: Literal["mover"] | None = "mover" if dialect == CUTECHESS else None
        return Searched(_score(match), int(match["depth"]), dialect, view, _time(match))
    if "wv=" not in comment and "mt=" not in comment:
        return None
    pairs: dict[str, str] = {}
    for key, text in _PAIR.findall(comment):
        pairs.setdefault(key, text)
    value = _VALUE.fullmatch(pairs.get("wv") or pairs.get("ev", ""))
    return Searched(
        _score(value) if value else None,
        int(pairs["d"]) if _DEPTH.fullmatch(pairs.get("d", "")) else 0,
        "TCEC comments",
        "white" if "wv" in pairs else "mover",
        _milliseconds(pairs.get("mt", "")),
        _milliseconds(pairs.get("tl", "")),
    )


def resembles_evaluation(comment: str) -> bool:
    """Return whether a comment that is not one of these looks as if it were one."""
    return bool(_RESEMBLES.match(comment) or _NAMED.search(comment))


def read_profile(comment: str) -> dict[int, Score] | None:
    """Return ChessBase's evaluations by position, White's view; None if the numbers are not understood.

    `[%evp 0,2,20,17,-30]` has the first and the last position, and then an evaluation for each of them.
    """
    match = _PROFILE.search(comment)
    try:
        first, last, *values = map(int, match[1].split(",") if match else ())
    except ValueError:
        return None
    if first < 0 or len(values) > last - first + 1:
        return None
    # A mate that is on the board is no evaluation.
    return {
        k: _profile_score(value)
        for k, value in enumerate(values, first)
        if abs(value) < _NOT_EVALUATED and abs(value) != _MATE
    }


def _profile_score(value: int) -> Score:
    if abs(value) < _MATE - _LONGEST_MATE:
        return Score(cp=value)
    moves = max(1, (abs(_MATE - abs(value)) + 1) // 2)
    return Score(mate=moves if value > 0 else -moves)


def _score(match: re.Match[str]) -> Score:
    negative = (match["sign"] not in ("", "+")) != (match["late"] == "-")
    sign = -1 if negative else 1
    if not match["mate"]:
        return Score(cp=sign * round(float(match["number"].replace(",", ".")) * 100))
    # Mates are counted in plies, but for those with a `#`.
    moves = int(match["mate"]) if match["letter"] == "#" else (int(match["mate"]) + 1) // 2
    return Score(mate=sign * max(1, moves))


def _time(match: re.Match[str]) -> float | None:
    if match["clock"]:
        return _seconds(match["clock"])
    if not match["time"]:
        return None
    seconds = float(match["time"].replace(",", "."))
    return seconds / 1000 if match["unit"] == "ms" else seconds


def _milliseconds(text: str) -> float | None:
    """Return the seconds of a time in milliseconds, or in h:mm:ss as older files have it."""
    return int(text) / 1000 if _MILLISECONDS.fullmatch(text) else _seconds(text)


def _seconds(text: str) -> float | None:
    match = _CLOCK.fullmatch(text)
    return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3]) if match else None
