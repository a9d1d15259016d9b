"""What people should know of a PGN game's result."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model import Note, parse_result
from engine_plugins.readers._moves import MainLine
from engine_plugins.readers._text import quoted


def notes_on(headers: Mapping[str, str], line: MainLine) -> tuple[Note, ...]:
    """Return the notes on how moves and result were read; none for an ordinary game."""
    tag = headers.get("Result", "*")
    if tag == line.result and line.note is None:
        return ()
    notes = [] if line.note is None else [line.note]
    result = parse_result(tag)
    if result is None and line.result == "*":
        reason = f"the tag Result is {quoted(tag)}, which is no result: the game has none"
        notes.append(Note("result not understood", reason))
    elif line.problem is None and "*" not in (result, line.result) and result not in (None, line.result):
        reason = f"the tag Result says {result} and the end of the moves {line.result}: the tag counts"
        notes.append(Note("result", f"{reason}; correct the one that is wrong"))
    return tuple(notes)
