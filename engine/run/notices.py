"""Notices about the games of the input: those that are cut, skipped or refused in part."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import Notice, RunCounts, SkippedGame
from engine.search.games import PlannedGame


def notices_of(planned: PlannedGame, counts: RunCounts) -> Iterator[Notice]:
    """Yield what people should know of a game that is analysed all the same, and count it."""
    origin, game = planned.origin, planned.game
    if game.problem is not None:
        # An EPD line has nothing to cut: a wrong `bm` leaves the position as it is.
        cut = game.epd is None
        counts.cut += cut
        line = game.problem_line or origin.line
        yield Notice("cut" if cut else "warning", origin.file, line, origin.game, game.problem)
    counts.refused += len(planned.refused)
    for ply, reason in planned.refused[:1]:
        more = f" (and {len(planned.refused) - 1} more)" if len(planned.refused) > 1 else ""
        text = f"position {ply} is not one that can be searched: {reason}{more}"
        yield Notice("refused", origin.file, origin.line, origin.game, text)


def notice_of_skipped(skipped: SkippedGame, counts: RunCounts) -> Notice:
    """Return what people should know of a game that is not analysed, and count it."""
    if skipped.kind == "variant":
        counts.variant += 1
    else:
        counts.damaged += 1
    origin = skipped.origin
    return Notice(skipped.kind, origin.file, origin.line, origin.game, skipped.reason)
