"""The rows of a game in a store. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import chess
import msgspec

from engine.model import AnalysedGame, Color
from engine.model.names import plain_name
from engine.output.tables import text
from engine.output.white import scores
from engine.positions.fen import fens_of
from engine.scoring import is_winning
from engine.text import json
from engine.web.pages.names import names_of
from engine.web.store.keys import key_of

_LEVEL = 2
"""Level of compression: half the bytes of a record are gone after the first levels."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnalysedGame).decode


class GameRows(NamedTuple):
    """Everything that a store has of a game."""

    game: tuple[Any, ...]
    plies: Sequence[Sequence[Any]]
    record: bytes


def rows_of(game: AnalysedGame, winning_cp: int) -> GameRows:
    """Return the rows of a game.

    * **game** - the analysed game; whose side it is seen from makes no difference.
    * **winning_cp** - the score from which on a position counts as a winning move, in centipawns.
    """
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    keys = [key_of(fen) for fen in fens_of(board, [ply.uci for ply in game.plies])]
    return GameRows(_game_row(game, keys[-1], winning_cp), list(_ply_rows(game, keys)), pack(game))


def pack(game: AnalysedGame) -> bytes:
    """Return a game as a store keeps it: MessagePack of its fields, compressed."""
    try:
        data = _encode(game)
    except UnicodeEncodeError:  # a file name that is not UTF-8
        data = _encode(msgspec.json.decode(json.encode(game), type=AnalysedGame))
    return zlib.compress(data, _LEVEL)


def unpack(record: bytes) -> AnalysedGame:
    """Return the game of a record. Raises ValueError for what is none."""
    try:
        return _decode(zlib.decompress(record))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(f"a damaged record: {error}") from None


def _game_row(game: AnalysedGame, final_key: int, winning_cp: int) -> tuple[Any, ...]:
    headers, opening = game.headers, game.opening
    found = [position.found for position in game.positions]
    wins = [one is not None and is_winning(one.score, winning_cp) for one in found]
    white_first = game.turn(0) == "white"
    return (
        game.origin.game,
        text(game.origin.file),
        game.origin.line,
        game.variant,
        game.fen,
        *(text(game.player(color)) for color in ("white", "black")),
        *(plain_name(game.player(color)) for color in ("white", "black")),
        *(text(game.player(color).strip().casefold()) for color in ("white", "black")),
        game.rating("white"),
        game.rating("black"),
        game.result,
        game.points("white"),
        text(headers.get("Event")),
        text(headers.get("Site")),
        text(game.date),
        text(headers.get("Round")),
        text(headers.get("TimeControl", "").strip()),
        game.speed,
        *((opening.eco, opening.name, opening.name.casefold()) if opening else (None, None, None)),
        len(game.plies),
        *_side(game, "white"),
        sum(wins[0::2]) if white_first else sum(wins[1::2]),
        *_side(game, "black"),
        sum(wins[1::2]) if white_first else sum(wins[0::2]),
        sum(wins),
        sum(one is not None for one in found),
        game.scale,
        game.epd is not None,
        final_key,
        _title(game),
    )


def _title(game: AnalysedGame) -> str | None:
    """Return what a game is called where that is not its players."""
    name, *others = names_of(game)
    return None if others else text(name)


def _side(game: AnalysedGame, color: Color) -> tuple[Any, ...]:
    side = game.side(color)
    losses = [loss for k in game.turns(color) if (loss := game.plies[k].loss) is not None]
    return (
        side.accuracy,
        side.acpl,
        side.inaccuracies,
        side.mistakes,
        side.blunders,
        sum(losses),
        len(losses),
    )


def _ply_rows(game: AnalysedGame, keys: list[int]) -> Iterator[tuple[Any, ...]]:
    number, white_first = game.origin.game, game.turn(0) == "white"
    left = _Clocks(game)
    for k, (ply, score) in enumerate(zip(game.plies, scores(game), strict=False)):
        evaluation = game.positions[k].evaluation
        before, after = ply.win_before, ply.win_after
        yield (
            number,
            k,
            white_first == (k % 2 == 0),
            keys[k],
            ply.uci,
            ply.san,
            None if evaluation is None else evaluation.best,
            game.phase(k),
            *((None, None) if score is None else (score.cp, score.mate)),
            before,
            after,
            None if before is None or after is None else round(max(0.0, before - after), 3),
            ply.loss,
            ply.accuracy,
            ply.judgement,
            ply.clock,
            ply.time,
            *left.before(k),
        )


class _Clocks:
    """What the clocks of a game showed before each move, as the reports have it."""

    def __init__(self, game: AnalysedGame) -> None:
        self._game = game
        timing = game.timing() if any(ply.clock is not None for ply in game.plies) else None
        sides = (None, None) if timing is None else (timing.white, timing.black)
        self._controls = sides if game.turn(0) == "white" else sides[::-1]

    def before(self, k: int) -> tuple[float | None, float | None]:
        """Return the seconds, and the percent of base time + 40 increments; None where they are not known."""
        control, clock = self._controls[k % 2], self._game.plies[k].clock
        if control is None or control.whole <= 0 or clock is None:
            return None, None
        if control.kind == "move":
            before: float | None = control.base
        elif k >= 2:  # noqa: PLR2004 - each side's first move has none before it
            before = self._game.plies[k - 2].clock
        else:  # a game that begins with a later clock does not say what it was before
            before = control.base if clock >= control.base / 2 else None
        return (None, None) if before is None else (before, min(100.0, 100 * before / control.whole))
