"""The speed of a game that is not parsed yet, for `--filter`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.model import Speed, settle
from engine.model.time_settling import BLACK_TAGS, WHITE_TAGS

_FIRST_CLOCKS = re.compile(rb'\[%clk\s+(\d{1,4}):(\d{1,2}):(\d{1,2})|"clock":\s*(\d{1,9})')
_TAGS = ("TimeControl", *WHITE_TAGS, *BLACK_TAGS)
_START = " w - - 0 1"


def speed_of(tags: Mapping[str, str], raw: bytes) -> Speed | None:
    """Return the speed of a game by its tags and its first clocks; None where the time control is not known.

    * **tags** - the tags by lower-case name.
    * **raw** - the game as it is in the file.
    """
    clocks: list[float] = []
    for match in _FIRST_CLOCKS.finditer(raw):
        hours, minutes, seconds, plain = (int(part or 0) for part in match.groups())
        clocks.append(float(hours * 3600 + minutes * 60 + seconds + plain))
        if len(clocks) == 2:  # noqa: PLR2004 - one of each side
            break
    headers = {tag: tags[tag.lower()] for tag in _TAGS if tag.lower() in tags}
    control = settle(headers, clocks, _START).game
    if control is not None:
        return control.speed if control.estimate > 0 else None
    # Lichess has no other time control than correspondence without a clock.
    return "correspondence" if headers.get("TimeControl", "").strip() == "-" and not clocks else None
