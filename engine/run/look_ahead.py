"""The names in the input, read before a run that is about players: `--player`, and `{player}` in an output's name.

Which names are one player is known only after the last game, and whose games a run takes before the first. So the
tags of all games are read first, where the input can be read twice and is not too large.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from engine.contracts.group_states import Counts
from engine.input.sources import Source
from engine.model.names import family_key, plain_name
from engine.plugin import Reader
from engine.run.players import Joined, Wanted, either, join
from engine.text.format import count

MOST_BYTES = 128 << 20
"""Decompressed bytes that are read ahead at most: a second or two."""


class Known(Struct, frozen=True):
    """What is known of the players before the run."""

    players: tuple[str, ...]
    """The names of `--player`, and the others in the input that are the same players'."""
    joined: Joined | None = None
    """Which names in the input are one player; None where it was not read."""
    notes: tuple[str, ...] = ()
    """What people should know of it."""

    @property
    def names(self) -> Joined:
        """Which names are one player, as far as that is known."""
        return self.joined or Joined()


def look_ahead(
    sources: Sequence[Source],
    readers: Mapping[str, Reader],
    players: tuple[str, ...],
    wanted: Wanted,
    *,
    files: bool,
) -> Known:
    """Find the other names of the players that a run is about.

    * **players** - the names of `--player`.
    * **wanted** - what was said about names.
    * **files** - whether each player gets files.
    """
    has_family = any(family_key(plain_name(name)) for name in players)
    if not (has_family or (files and not players)):
        return Known(players)
    names = _names(sources, readers)
    if names is None:
        return Known(players)
    joined = join(names.each(), wanted)
    found: dict[str, None] = {}
    plain = {plain_name(name) for name in players}
    shown = {joined.names.get(name, name) for name, _ in names.each() if plain_name(name) in plain}
    for name in players:
        found[name] = None
    for spelling, name in joined.names.items():
        if name in shown:
            found |= {name: None, spelling: None}
    apart = {short: others for short, others in joined.apart.items() if shown.intersection(others)}
    notes = []
    for short, others in apart.items():
        if plain_name(short) not in plain:
            ours = next(name for name in others if name in shown)
            games = f"`{short}` ({count(names[short], 'game')})"
            notes.append(f"{games} may be {either(others)}, and is left out; --same '{ours}={short}' takes it")
    return Known(tuple(found), joined, tuple(notes))


def _names(sources: Sequence[Source], readers: Mapping[str, Reader]) -> Counts | None:
    """Return the games of each player in the input; None where it is not read ahead."""
    again = [source.again() for source in sources]
    first = [source for source in again if source is not None]
    if len(first) < len(sources):
        return None
    names = Counts()
    try:
        for number, headers in enumerate(_headers(first, readers)):
            if number % 1_000 == 0:
                names.spill()
                if sum(source.bytes_split for source in first) > MOST_BYTES:
                    return None
            for side in ("White", "Black"):
                if name := headers.get(side, ""):
                    names.add(name)
    except OSError:
        return None  # the run reports it
    finally:
        for source in first:
            source.close()
    return names


def _headers(sources: Sequence[Source], readers: Mapping[str, Reader]) -> Iterator[Mapping[str, str]]:
    for source in sources:
        if source.refused is not None:
            continue
        for item in source.games(readers):
            if not isinstance(item, tuple):
                continue
            _, reader, raw = item
            with contextlib.suppress(Exception):  # a reader is a plugin; the run reports what its game is
                yield reader.headers(raw)
