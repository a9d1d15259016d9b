"""What readers return, checked before it is believed: they may be anybody's plugin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import chess
import msgspec
from msgspec import structs

from engine.model import Evaluation, Recording, SourceGame
from engine.plugin import LeftOut, RawGame, Unreadable
from engine.positions.variations import legal_evaluation


def checked_raw(raw: Any, reader: str) -> RawGame:
    """Return what `Reader.split` yielded. Raises TypeError in words for what is no `RawGame`."""
    if not isinstance(raw, RawGame) or type(raw.data) is not bytes or not isinstance(raw.line, int):
        what = "a RawGame that is malformed" if isinstance(raw, RawGame) else type(raw).__name__
        raise TypeError(f"split() of reader {reader} yielded {what} in place of a RawGame of bytes and a line")
    return raw


def checked_left_out(games: LeftOut, reader: str) -> LeftOut:
    """Return what `Reader.split_counted` yielded. Raises TypeError in words for what is malformed."""
    if not games.tags or not all(isinstance(one, int) for one in (games.line, games.size)):
        raise TypeError(f"split_counted() of reader {reader} yielded a LeftOut that is malformed")
    return games


def checked_game(parsed: Any) -> SourceGame | Unreadable:
    """Return what `Reader.parse` returned, its moves played through.

    The FEN, moves and SAN are those of python-chess afterwards. Raises ValueError or TypeError, in words, for what
    is no game.
    """
    if not isinstance(parsed, SourceGame | Unreadable):
        raise TypeError(f"parse() returned {type(parsed).__name__} in place of a SourceGame or an Unreadable")
    if isinstance(parsed, SourceGame):
        parsed = structs.replace(parsed, headers=dict(parsed.headers))
    try:
        game = msgspec.convert(msgspec.to_builtins(parsed), type(parsed))
    except (msgspec.ValidationError, TypeError) as error:
        raise ValueError(f"parse() returned a malformed {type(parsed).__name__}: {error}") from None
    return _played(game) if isinstance(game, SourceGame) else game


def _played(game: SourceGame) -> SourceGame:
    try:
        board = chess.Board(game.fen, chess960=game.variant == "chess960")
    except ValueError as error:
        raise ValueError(f"parse() returned a broken FEN: {error}") from None
    fen = board.fen()
    recorded = game.recording.positions if game.recording is not None else None
    _check_number("evaluated positions", recorded, len(game.moves) + 1)
    for name, values in (("SAN moves", game.sans), ("clocks", game.clocks), ("times", game.times)):
        _check_number(name, values or None, len(game.moves))
    if any(seconds is not None and not 0 <= seconds < math.inf for seconds in (*game.clocks, *game.times)):
        raise ValueError("parse() returned a clock or a time that is no number of seconds")
    moves: list[str] = []
    sans: list[str] = []
    evaluated = [_evaluated(recorded[0], board)] if recorded else []
    for ply, uci in enumerate(game.moves):
        try:
            move = board.parse_uci(uci)
        except ValueError:
            raise ValueError(f"parse() returned an illegal move, {uci!r} after {ply} plies") from None
        moves.append(board.uci(move))
        sans.append(board.san_and_push(move))
        if game.sans and game.sans[ply].rstrip("+#") != sans[-1].rstrip("+#"):
            raise ValueError(f"parse() returned the SAN {game.sans[ply]!r} for {uci}, which is {sans[-1]}")
        if recorded:
            evaluated.append(_evaluated(recorded[ply + 1], board))
    recording: Recording | None = game.recording
    if recording is not None:
        recording = structs.replace(recording, positions=tuple(evaluated))
    return structs.replace(
        game,
        fen=fen,
        moves=tuple(moves),
        sans=tuple(sans),
        recording=recording,
        ending=None,  # what only a reader that plays the moves may say is found out again
        landmarks=None,
    )


def _check_number(name: str, values: Sequence[Any] | None, number: int) -> None:
    if values is not None and len(values) != number:
        raise ValueError(f"parse() returned {len(values)} {name} where there are {number}")


def _evaluated(position: Any, board: chess.Board) -> Any:
    """Return an evaluated position with its variations played through."""
    if position is None:
        return None

    def played(evaluation: Evaluation | None) -> Evaluation | None:
        if evaluation is None:
            return None
        try:
            return legal_evaluation(board, evaluation)
        except ValueError as error:
            raise ValueError(f"parse() returned a variation that is not legal: {error}") from None

    return structs.replace(position, evaluation=played(position.evaluation), searched=played(position.searched))
