"""The parts of a run as inputs: JSON Lines that `--shard` has written, and states (`.state.json`).

A part is a JSON Lines file with two lines more: what the run was, before the first game, and what it counted,
after the last. Between them the games have their numbers in the whole input, by which the parts of a run are
merged. Nothing in the files is trusted: they are decoded as JSON of known types, and nothing else is done with
them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from engine.errors import InputError
from engine.input.games import UnparsedGame
from engine.input.shards import Shard, parse_shard
from engine.input.sources import Source
from engine.model import Origin
from engine.model.parts import SCHEMA, PartEnd, PartHead, RunState
from engine.plugin import RawGame, Reader

STATE_NAME = ".state.json"
"""What the names of states end in, before the ending of a compression."""
MERGED = {"part": "merged"}
"""`RawGame.facts` of a game that is merged, whose answers to follow-up searches are those of the run."""
_HEAD, _END = b'{"part":', b'{"end":'
_SKIPPED = b'{"skipped":'
_STATE = b'{"state":'
_LINE_BYTES = 64 << 20
_STATE_BYTES = 1 << 30
_PEEKED = 64


class _Headed(Struct):
    part: PartHead


class _Ended(Struct):
    end: PartEnd


class _Stated(Struct):
    state: RunState


class _Placed(Struct):
    game: int
    file: str
    line: int


class _Skipped(Struct):
    skipped: _Placed


_decode_head = msgspec.json.Decoder(_Headed).decode
_decode_end = msgspec.json.Decoder(_Ended).decode
_decode_state = msgspec.json.Decoder(_Stated).decode
_decode_placed = msgspec.json.Decoder(_Placed).decode
_decode_skipped = msgspec.json.Decoder(_Skipped).decode


class Part:
    """One file with games."""

    def __init__(self, source: Source) -> None:
        """Read what the part is. Raises InputError."""
        self.source = source
        self.end: PartEnd | None = None
        """What it counted; None before its last line is read."""
        self._lines = source.open()
        line = self._lines.readline(_LINE_BYTES)
        self.head = _decoded(_decode_head, line, source.name, 1).part
        self.shard = _shard_of(self.head, source.name)

    def games(self, reader: str) -> Iterator[UnparsedGame]:
        """Yield its games with their numbers in the whole input, and read its end. Raises InputError.

        * **reader** - name of the reader that parses them.
        """
        name, last, number = self.source.name, 0, 1
        while line := self._lines.readline(_LINE_BYTES):
            number += 1
            if line.startswith(_END):
                self.end = _decoded(_decode_end, line, name, number).end
                continue
            if not line.strip():
                continue
            placed: _Placed = (
                _decoded(_decode_skipped, line, name, number).skipped
                if line.startswith(_SKIPPED)
                else _decoded(_decode_placed, line, name, number)
            )
            if self.end is not None or placed.game <= last or placed.game not in self.shard:
                raise InputError(
                    f"{name}, line {number}: game {placed.game} is not to be here; make the part again"
                )
            last = placed.game
            self.source.bytes_split += len(line)
            yield UnparsedGame(
                Origin(placed.game, placed.file, placed.line), RawGame(line, number, facts=MERGED), reader
            )
        if self.end is None:
            damage = f" ({self.source.damage})" if self.source.damage else ""
            raise InputError(f"{name}: the end of the part is missing{damage}; copy it again, or make it again")


class Parts:
    """The parts of one run that are there: files with games, or states."""

    def __init__(self, parts: Sequence[Part] = (), states: Sequence[tuple[str, RunState]] = ()) -> None:
        """Take in either of them; the states with the names of their files."""
        self.parts = sorted(parts, key=lambda part: part.shard)
        self.states = sorted(states, key=lambda state: parse_shard(state[1].head.shard))
        self.missing: list[Shard] = []
        """Shards that are not there."""

    @property
    def heads(self) -> list[tuple[str, PartHead]]:
        """What each of them is, with the name of its file."""
        return [(part.source.name, part.head) for part in self.parts] + [
            (name, state.head) for name, state in self.states
        ]

    @property
    def head(self) -> PartHead:
        """What the whole is."""
        return self.heads[0][1]

    @property
    def ends(self) -> list[tuple[str, PartEnd]]:
        """What each of them counted, with the name of its file; of files with games once they are read."""
        return [(part.source.name, part.end) for part in self.parts if part.end is not None] + [
            (name, state.end) for name, state in self.states
        ]

    def games(self) -> Iterator[UnparsedGame]:
        """Yield the games of all parts in the order of their numbers. Raises InputError.

        A file has the name in all of them that it has in the first.
        """
        try:
            yield from heapq.merge(*map(self._of, self.parts), key=lambda game: game.origin.game)
        finally:
            for part in self.parts:
                part.source.close()
        self.check_inputs()

    def _of(self, part: Part) -> Iterator[UnparsedGame]:
        names = file_names(part.head, self.head)
        for game in part.games(part.source.reader):
            if game.origin.file in names:
                origin = game.origin
                yield UnparsedGame(Origin(origin.game, names[origin.file], origin.line), game.raw, game.reader)
            else:
                yield game

    def check_inputs(self) -> None:
        """Check that all parts are of one input. Raises InputError."""
        ends = self.ends
        first_name, first = ends[0]
        for name, end in ends[1:]:
            if (end.games, end.checksum) != (first.games, first.checksum):
                how = "other games" if end.games == first.games else f"{first.games:,} and {end.games:,} games"
                raise InputError(
                    f"{first_name} and {name} are of different inputs ({how}); make all shards of the same files"
                )


def file_names(head: PartHead, first: PartHead) -> Mapping[str, str]:
    """Return the names that the inputs of a part have in the first part, where they are others."""
    if len(head.inputs) != len(first.inputs):
        return {}
    return {own: name for own, name in zip(head.inputs, first.inputs, strict=True) if own != name}


def is_part(source: Source) -> bool:
    """Return whether a source is a part of a run, with games or without. Opens it if its name may be one."""
    return source.refused is None and _kind(source) is not None


def read_parts(sources: Sequence[Source], readers: Mapping[str, Reader]) -> Parts | None:
    """Return the parts that the sources are; None if one of them is none.

    Raises InputError for parts that are damaged or cannot be read.
    """
    if not sources or not all(_may_be_part(source, readers) and is_part(source) for source in sources):
        return None
    parts, states = [], []
    for source in sources:
        if _kind(source) == _STATE:
            states.append((source.name, _read_state(source)))
        else:
            parts.append(Part(source))
    if parts and states:
        raise InputError(
            f"{parts[0].source.name} has games and {states[0][0]} has not; merge the one kind or the other"
        )
    return Parts(parts, states)


def no_part(sources: Sequence[Source], readers: Mapping[str, Reader]) -> str:
    """Return, in words, which of the sources is no part of a run."""
    wrong = [source for source in sources if not (_may_be_part(source, readers) and is_part(source))]
    names = ", ".join(source.name for source in wrong[:3]) + (" …" if len(wrong) > 3 else "")  # noqa: PLR2004
    return (
        f"{names}: no file with a part of a run; `engine analyze games.pgn --shard 1/4 -o part1.jsonl` makes "
        "one, and `engine analyze` reads every other kind of file"
    )


def _may_be_part(source: Source, readers: Mapping[str, Reader]) -> bool:
    if not source.size:
        return False  # a stream might keep the call waiting; parts are files
    return STATE_NAME in source.name.lower() or readers[source.reader].analysed


def _kind(source: Source) -> bytes | None:
    try:
        head = source.open().peek(_PEEKED).lstrip(b"\xef\xbb\xbf")
    except OSError:
        return None  # reading the games reports it
    return next((begin for begin in (_HEAD, _STATE) if head.startswith(begin)), None)


def _read_state(source: Source) -> RunState:
    try:
        data = source.open().read(_STATE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{source.name}: cannot be read: {error.strerror}") from None
    finally:
        source.close()
    if len(data) > _STATE_BYTES:
        raise InputError(f"{source.name}: longer than {_STATE_BYTES >> 30} GiB")
    state: RunState = _decoded(_decode_state, data, source.name, None).state
    _shard_of(state.head, source.name)
    return state


def _shard_of(head: PartHead, name: str) -> Shard:
    if head.schema != SCHEMA:
        raise InputError(f"{name}: {head.schema[:40]!r} is of another version than this one, {SCHEMA}")
    try:
        return parse_shard(head.shard)
    except Exception:
        raise InputError(f"{name}: {head.shard[:40]!r} is no shard such as 3/16") from None


def _decoded(decode: Any, data: bytes, name: str, line: int | None) -> Any:
    """Return what JSON of a part says. Raises InputError, in words."""
    try:
        return decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError) as error:
        where = f", line {line}" if line is not None else ""
        raise InputError(f"{name}{where}: not what a shard has written: {error}") from None
