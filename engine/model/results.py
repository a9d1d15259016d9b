"""Results of games in all their spellings, and which games were not played."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from engine.model.game import AnalysedGame, SourceGame

Result = Literal["1-0", "0-1", "1/2-1/2", "*"]

RESULTS: Final[tuple[Result, ...]] = ("1-0", "0-1", "1/2-1/2", "*")
"""The results as PGN writes them."""

_LONGEST = 60
"""Characters of the longest text that may be a result."""
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−⁃", "-") | dict.fromkeys("⁄∕", "/"))
_ADDED = re.compile(
    r"\(?(?:w\.?o\.?|w/o|ff?|f\.f\.?|forfeit(?:ed)?|default|kl|bye|contumaz|"
    r"adj(?:\.|udicated)?|time|resigns?|resigned|mate|checkmate|agreed)\)?$"
)
"""What is written after a result: `1-0 ff`."""
_SIDE: Final = r"(1/2|1|0?[.,]50?|0|½|\+|-|=|x)"
_PAIR = re.compile(rf"{_SIDE}(?:--|[-:/]){_SIDE}")
_POINTS = {"1": 1.0, "0": 0.0, "+": 1.0, "-": 0.0, "=": 0.5}
_BY_POINTS: dict[tuple[float, float], Result] = {(1.0, 0.0): "1-0", (0.0, 1.0): "0-1", (0.5, 0.5): "1/2-1/2"}
_WORDS: dict[str, Result] = {
    **dict.fromkeys(("+--", "+-", "whitewins", "whitewon"), "1-0"),
    **dict.fromkeys(("--+", "-+", "blackwins", "blackwon"), "0-1"),
    **dict.fromkeys(("1/2", "0.5", "0,5", "=", "draw", "drawn", "remis", "==", "=-="), "1/2-1/2"),
    **dict.fromkeys(("", "*", "?", "??", "???", "-", "--", "...", "unknown", "unfinished", "ongoing", "n/a"), "*"),
}
_NOT_PLAYED = re.compile(
    r"unterminated|un-?played|not\s+played|(?!.*\btime)(?:.*\b)?forfeit|walk-?over|no[- ]?show|bye", re.IGNORECASE
)
"""Values of `Termination`; `Time forfeit` is the end of a game."""
_BYE = re.compile(
    r"\W*(?:(?:full|half|zero|requested)[\W_]*(?:point)?[\W_]*)?(?:bye|spielfrei|freilos|exempt)\W*", re.IGNORECASE
)


def parse_result(text: str) -> Result | None:
    """Return the result that a text means; `*` if it says that there is none, None if it is not understood.

    Besides the four of PGN these are read: `1–0` and `1:0`, `½-½`, `1/2` and `0.5-0.5`, `+/-` and `+:-` for a
    forfeit, and a word after the result (`1-0 ff`). `0-0`, lost by both, is a result for neither: `*`.

    * **text** - a value of the tag `Result`, or the end of the moves.
    """
    if text in RESULTS:
        return text
    if len(text) > _LONGEST:
        return None
    bare = unicodedata.normalize("NFKC", text).translate(_DASHES).casefold().strip(" \t\"'").rstrip(".;")
    added = _ADDED.search(bare)
    if added and added.start():
        bare = bare[: added.start()]
    bare = re.sub(r"\s", "", bare)
    if bare in _WORDS:
        return _WORDS[bare]
    pair = _PAIR.fullmatch(bare)
    if pair is None:
        return None
    white, black = (_POINTS.get(side, 0.5) for side in pair.groups())
    if white == black == 0:
        return "*"
    return _BY_POINTS.get((white, black))


def tag_result(headers: Mapping[str, str]) -> Result:
    """Return the result that the tag `Result` says; `*` if there is none or if it is not understood.

    * **headers** - the tags of the game.
    """
    tag = headers.get("Result", "*")
    return tag if tag in RESULTS else parse_result(tag) or "*"


def with_result(headers: Mapping[str, str], result: Result) -> Mapping[str, str]:
    """Return the tags, of which `Result` says the result as PGN writes it; unchanged for a game without a result.

    * **headers** - the tags of the game.
    * **result** - the result of the game.
    """
    if result == "*" or headers.get("Result") == result:
        return headers
    return {**headers, "Result": result}


def is_unplayed(game: SourceGame | AnalysedGame, plies: int) -> bool:
    """Return whether nobody played a game, so that it says nothing of anybody's strength.

    These are games with a player called BYE; with a `Termination` such as `unterminated` or `forfeit`; and those
    that have a result without a move. An EPD line and a game whose first move cannot be read are none of them.

    * **game** - the game.
    * **plies** - the number of its moves.
    """
    if game.epd is not None or (game.problem is not None and not plies):
        return False
    result = game.untagged_result or tag_result(game.headers)
    if not plies and result != "*":
        return True
    if _NOT_PLAYED.match(game.headers.get("Termination", "").strip()):
        return True
    return any(_BYE.fullmatch(game.headers.get(color, "")) for color in ("White", "Black"))
