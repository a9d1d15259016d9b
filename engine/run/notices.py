"""Notices about the input: games that are cut, skipped or refused in part, and how files were understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Literal

from engine.input.games import DuplicateGame
from engine.model import Note, Notice, Origin, RunCounts, SkippedGame, SourceGame
from engine.model.parts import NotedGames
from engine.search.games import PlannedGame

_UNPLAYED = "not played (a bye, a forfeit, no moves, unterminated): in no figure of a player, and ranked nowhere"
MAX_NOTED = 500
"""Files and topics that are noted; of the others only the topics are said."""


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


def note_of_duplicate(copy: DuplicateGame) -> Note:
    """Return what people should know of a game that is left out because it is a copy."""
    where = "" if copy.first_file == copy.origin.file else f" in {copy.first_file}"
    reason = f"a copy of game {copy.first}{where}, which counts once; --keep-duplicates takes copies too"
    return Note("copies of games", reason, understood=True)


def notes_on(game: SourceGame) -> Iterator[Note]:
    """Yield the notes of the reader on a game, and whether nobody played it."""
    yield from game.notes
    if game.unplayed:
        yield Note("unplayed", _UNPLAYED, understood=True)


class Notes:
    """The notes on all games, of which each file and topic is said once."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], NotedGames] = {}
        self._left_out: set[str] = set()

    def add(self, origin: Origin, notes: Iterable[Note]) -> None:
        """Add the notes on a game."""
        for note in notes:
            self.merge([NotedGames(origin, note, counts=note.counts)])

    def merge(self, others: Iterable[NotedGames]) -> None:
        """Add what was noted on games that come after those so far."""
        for noted in others:
            key = noted.origin.file, noted.note.topic
            known = self._noted.get(key)
            if known is not None:
                known.games += noted.games
                known.counts = tuple(map(sum, zip_longest(known.counts, noted.counts, fillvalue=0)))
            elif len(self._noted) < MAX_NOTED:
                self._noted[key] = noted
            else:
                self._left_out.add(noted.note.topic)

    def noted(self) -> list[NotedGames]:
        """Return what was noted, in the order of the first games."""
        return list(self._noted.values())

    def notices(self) -> Iterator[Notice]:
        """Yield a notice for each file and topic."""
        for noted in self.noted():
            origin, note = noted.origin, noted.note
            games = f" ({noted.games:,} games)" if noted.games > 1 else ""
            kind: Literal["note", "warning"] = "note" if note.understood else "warning"
            line = note.line or origin.line
            reason = note.reason
            for count in noted.counts:
                reason = reason.replace("{}", f"{count:,}", 1)
            yield Notice(kind, origin.file, line, origin.game, reason + games)
        if self._left_out:
            topics = ", ".join(sorted(self._left_out))
            yield Notice("warning", None, None, None, f"the same in other files is not listed: {topics}")
