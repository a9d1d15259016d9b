"""Games that this framework has analysed, as JSON Lines (the writer `jsonl` describes the format).

The evaluations are used without change, so that any report can be made again without a search. The content of the
file is not trusted: moves and best lines are replayed, and only the legal beginning of a best line is kept.
Judgements, accuracies and similar figures are computed again from the evaluations. Phases and opening are those of
the file, if the game can have them.

The first and the last line of a part (`--shard`) are passed over.

A line is *unreadable* if it is not a JSON object of this form, if its moves are not legal, if the number of
positions is not the number of moves plus one, or if it is longer than 64 MiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import BinaryIO, ClassVar, Literal

import chess
import msgspec
from msgspec import Struct

from engine.model import (
    PV_PLIES,
    AnalysedPosition,
    Epd,
    Evaluation,
    Landmarks,
    Line,
    Opening,
    Phases,
    Recording,
    Result,
    Score,
    SourceGame,
    tag_result,
)
from engine.plugin import RawGame, Reader, Unreadable
from engine.positions.openings import name_of
from engine.positions.replay import Replay
from engine_plugins.readers._identity import identity
from engine_plugins.readers._text import printable

LINE_BYTES = 64 << 20
_HEAD = re.compile(rb'"headers":(\{(?:"(?:[^"\\]|\\.)*"[:,]?)*\})')
_TAG = re.compile(rb'"([A-Za-z0-9]+)":"((?:[^"\\]|\\.)*)"')
_UCI = re.compile(rb'"uci":"([a-h1-8qrbn]{4,5})"')
_MAX_CP = 10**7
_MAX_MATE = 10_000
_MAX_NUMBER = 10**15


class _Line(Struct):
    eval: dict[str, int]
    pv: tuple[str, ...] = ()
    depth: int = 0


class _Position(Struct):
    eval: dict[str, int] | None = None
    pv: tuple[str, ...] = ()
    depth: int = 0
    nodes: int = 0
    lines: list[_Line] = []
    searched: _Position | None = None
    recorded: bool = False
    missing: Literal["input", "refused", "quarantined"] | None = None


class _Ply(Struct):
    uci: str
    clock: float | None = None
    time: float | None = None


class _Epd(Struct):
    id: str | None = None
    bm: tuple[str, ...] = ()
    am: tuple[str, ...] = ()
    dm: int | None = None


class _Headers(Struct):
    headers: dict[str, str] = {}
    result: Result = "*"


class _Game(_Headers, kw_only=True):
    fen: str
    positions: list[_Position]
    plies: list[_Ply]
    variant: Literal["standard", "chess960"] = "standard"
    scale: float = 1.0
    reconciled: bool = False
    epd: _Epd | None = None
    problem: str | None = None
    phases: msgspec.Raw = msgspec.Raw()
    opening: msgspec.Raw = msgspec.Raw()
    text: str = ""
    answers: dict[str, tuple[Evaluation | None, ...]] = {}
    answer_scale: float = 1.0
    times: dict[str, tuple[float | None, float | None]] = {}


class _SkippedGame(Struct):
    kind: Literal["damaged", "variant"]
    reason: str
    text: str


class _Skipped(Struct):
    skipped: _SkippedGame


_PART, _END, _SKIPPED = b'{"part":', b'{"end":', b'{"skipped":'
"""How the lines of a part begin that are no games, and those of games that were not analysed."""
_headers = msgspec.json.Decoder(_Headers).decode
_game = msgspec.json.Decoder(_Game).decode
_skipped = msgspec.json.Decoder(_Skipped).decode
_phases = msgspec.json.Decoder(Phases | None).decode
_opening = msgspec.json.Decoder(Opening | None).decode


class JsonlReader(Reader):
    """Games that were analysed before, one per line."""

    plays_moves: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)
    analysed: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b'{"game":', _PART))

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        number = 0
        while data := stream.readline(LINE_BYTES):
            number += 1
            start = number
            while not data.endswith(b"\n") and (rest := stream.readline(LINE_BYTES)):
                data = data[:LINE_BYTES] + b" "  # `parse` sees that it is too long; the rest is skipped
                if rest.endswith(b"\n"):
                    break
            if data.strip() and not data.startswith((_PART, _END)):
                yield RawGame(data, start)

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        try:
            return _headers(raw.data).headers
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return {}

    def identity(self, raw: RawGame) -> bytes | None:
        head = _HEAD.search(raw.data)
        if head is None or b'"epd":{' in raw.data:
            return None
        # Searches end in best lines; the moves are after all of them.
        return identity(dict(_TAG.findall(head[1])), lambda: _UCI.findall(raw.data, raw.data.find(b'"plies":')))

    def result(self, raw: RawGame) -> Result:
        try:
            game = _headers(raw.data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return "*"
        return game.result if game.result != "*" else tag_result(game.headers)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        if len(raw.data) > LINE_BYTES:
            return Unreadable("damaged", f"longer than {LINE_BYTES >> 20} MiB", "")
        try:
            if raw.data.startswith(_SKIPPED):
                skipped = _skipped(raw.data).skipped
                return Unreadable(skipped.kind, printable(skipped.reason), skipped.text)
            return _source(_game(raw.data), merged=raw.facts.get("part") == "merged")
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            reason = f"not an analysed game: {printable(str(error))}"
            if b'"players":' in raw.data:
                reason += "; a file of Lichess is read if its name ends in .ndjson"
        except ValueError as error:
            reason = f"not a game that can be replayed: {printable(str(error))}"
        except Exception as error:  # python-chess raises many errors for boards that are not possible positions
            reason = f"the moves cannot be replayed: {type(error).__name__}"
        return Unreadable("damaged", reason, raw.data[:1000].decode("utf-8", "replace"))


def _source(game: _Game, *, merged: bool) -> SourceGame:
    """Replay a game; one that is `merged` has the answers to follow-up searches.

    Raises ValueError for impossible moves, positions or numbers.
    """
    if len(game.positions) != len(game.plies) + 1:
        raise ValueError(f"{len(game.positions)} positions for {len(game.plies)} moves")
    if not 0 < game.scale <= 10:  # noqa: PLR2004 - the bounds of the setting
        raise ValueError(f"a scale of {game.scale}")
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    replay, landmarks, white = Replay(board), _landmarks(game), board.turn
    named = None if landmarks is None or landmarks.opening is None else landmarks.opening
    positions: list[AnalysedPosition | None] = []
    sans: list[str] = []
    for k, position in enumerate(game.positions):
        if k:
            sans.append(replay.san(game.plies[k - 1].uci))
            replay.play(game.plies[k - 1].uci)
            white = not white
        positions.append(_position(position, replay, white))
        if named is not None and named.ply == k and name_of(replay.board()) != (named.eco, named.name):
            landmarks = None
    return SourceGame(
        headers={printable(name): printable(value) for name, value in game.headers.items()},
        fen=board.fen(),
        variant=game.variant,
        moves=tuple(replay.moves),
        sans=tuple(sans),
        clocks=_seconds([game.times.get(str(k), (ply.clock,))[0] for k, ply in enumerate(game.plies)]),
        times=_seconds([game.times.get(str(k), (None, ply.time))[1] for k, ply in enumerate(game.plies)]),
        recording=Recording(
            tuple(positions),
            game.scale,
            game.reconciled,
            ours=True,
            answers=game.answers if merged else {},
            answer_scale=game.answer_scale,
        ),
        text=game.text,
        problem=None if game.problem is None else printable(game.problem),
        ending=replay.ending(),
        landmarks=landmarks,
        epd=None if (epd := game.epd) is None else Epd(epd.id and printable(epd.id), epd.bm, epd.am, epd.dm),
        untagged_result=None if game.result == "*" else game.result,
    )


def _landmarks(game: _Game) -> Landmarks | None:
    """Return phases and opening as the file has them; None where it has none that the game can have."""
    try:
        phases, opening = _phases(game.phases), _opening(game.opening)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    last = len(game.plies)
    if (phases is None) != (game.epd is not None):
        return None
    if phases is not None:
        begins = [-1, *(ply for ply in (phases.middlegame, phases.endgame) if ply is not None), last]
        if any(begin >= following for begin, following in pairwise(begins)):
            return None
    if opening is not None and (game.variant, game.fen) != ("standard", chess.STARTING_FEN):
        return None
    return None if opening is not None and not 0 <= opening.ply <= last else Landmarks(phases, opening)


def _position(position: _Position, replay: Replay, white: bool) -> AnalysedPosition | None:
    """Return a position whose side to move is White or is not."""
    if position.eval is None:
        return AnalysedPosition(missing=position.missing) if position.missing else None
    searched = position.searched
    return AnalysedPosition(
        evaluation=_evaluation(position, replay, white),
        searched=_evaluation(searched, replay, white)
        if searched is not None and searched.eval is not None
        else None,
        recorded=position.recorded,
    )


def _evaluation(position: _Position, replay: Replay, white: bool) -> Evaluation:
    """Return the evaluation, converted from White's view in the file to the view of the side to move."""
    lines: tuple[Line, ...] = ()
    if position.lines:
        lines = tuple(
            Line(_score(line.eval, white), replay.legal_beginning(line.pv[:PV_PLIES]), _count(line.depth))
            for line in position.lines
        )
    assert position.eval is not None
    return Evaluation(
        _score(position.eval, white),
        replay.legal_beginning(position.pv[:PV_PLIES]) if position.pv else (),
        _count(position.depth),
        _count(position.nodes),
        lines if all(line.pv for line in lines) else (),
    )


def _score(evaluation: Mapping[str, int], white: bool) -> Score:
    """Return the score in the view of the side to move."""
    if len(evaluation) == 1:
        [(kind, value)] = evaluation.items()
        if (kind == "cp" and -_MAX_CP <= value <= _MAX_CP) or (
            kind == "mate" and -_MAX_MATE <= value <= _MAX_MATE and value
        ):
            return _seen_by_mover(kind, value if white else -value)
    raise ValueError(f"an evaluation of {dict(evaluation)}")


@lru_cache(1 << 12)
def _seen_by_mover(kind: str, value: int) -> Score:
    """Return a score. The same few thousand scores occur again and again, so they are cached."""
    return Score(cp=value) if kind == "cp" else Score(mate=value)


def _count(number: int) -> int:
    if not 0 <= number <= _MAX_NUMBER:
        raise ValueError(f"a count of {number}")
    return number


def _seconds(times: Sequence[float | None]) -> tuple[float | None, ...]:
    if any(time is not None and not 0 <= time < _MAX_NUMBER for time in times):
        raise ValueError("a time that is none")
    return tuple(times) if any(time is not None for time in times) else ()
