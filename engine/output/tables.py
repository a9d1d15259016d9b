"""The rows of a game in the tables that CSV, Parquet and SQLite share.

In all formats an empty text is null and floats have 3 decimals. `cp` and `mate` are from White's point of view,
all other figures of a move from the mover's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import chess

from engine.model import AnalysedGame, Color, Ply, Score
from engine.output.schemas import GAMES, PLIES, REPORTS, SCHEMAS, Row, TableColumn, TableSchema, Value
from engine.output.white import scores
from engine.positions.fen import fens_of
from engine.positions.replay import Replay
from engine.scoring import win_percent
from engine.text.json import encode

__all__ = [
    "GAMES",
    "PLIES",
    "REPORTS",
    "SCHEMAS",
    "Row",
    "TableColumn",
    "TableSchema",
    "Value",
    "by_column",
    "decimals",
    "game_row",
    "ply_rows",
    "text",
]


# -- plies --------------------------------------------------------------------------------------------------


def ply_rows(game: AnalysedGame) -> Sequence[Row]:
    """Return a row of `PLIES` for each move.

    The rows of the last game are kept, because several outputs of a run request the same game one after another.
    """
    return _of(game).rows


class _Game:
    """A game, and what several tables have of it."""

    def __init__(self, game: AnalysedGame) -> None:
        self.game = game
        self.white = scores(game)
        """White's scores in the positions 0 to N."""

    @cached_property
    def fens(self) -> list[str]:
        """The FENs of the positions 0 to N."""
        game = self.game
        return list(fens_of(_start(game), [ply.uci for ply in game.plies]))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the moves."""
        return tuple(_ply_rows(self))


def _of(game: AnalysedGame) -> _Game:
    global _last_game  # noqa: PLW0603 - a cache of one game
    last = _last_game
    if last is None or last.game is not game:
        _last_game = last = _Game(game)
    return last


_last_game: _Game | None = None


def _start(game: AnalysedGame) -> chess.Board:
    return chess.Board(game.fen, chess960=game.variant == "chess960")


def _ply_rows(known: _Game) -> Iterator[Row]:
    game, number = known.game, known.game.origin.game
    white = [_score(score) for score in known.white]
    black = [_score(None if score is None else -score) for score in known.white]
    sans = _best_sans(game)
    movers = [
        (mover, _header(game, mover.capitalize()), mover in game.view, white if mover == "white" else black)
        for mover in (game.turn(0), game.turn(1))
    ]
    first = int(game.fen.rsplit(" ", 1)[1]) * 2 + (game.turn(0) == "black")
    for k, ply in enumerate(game.plies):
        mover, player, by_player, own = movers[k & 1]
        position = game.positions[k]
        evaluation = position.evaluation
        yield (
            number,
            k,
            (first + k) // 2,
            mover,
            player,
            by_player,
            known.fens[k],
            ply.san,
            ply.uci,
            game.phase(k),
            *white[k],
            *white[k + 1],
            *(
                (None, None, None, None, None, position.missing)
                if evaluation is None
                else (
                    evaluation.best,
                    sans[k],
                    text(" ".join(evaluation.pv)),
                    evaluation.depth,
                    evaluation.nodes,
                    "recorded" if position.recorded else "searched",
                )
            ),
            *_win(game, k, ply),
            ply.loss,
            ply.accuracy,
            ply.judgement,
            decimals(ply.clock),
            decimals(ply.time),
            *own[k],
            *own[k + 1],
        )


def _best_sans(game: AnalysedGame) -> list[str | None]:
    """Return the best move in SAN in the position before each move; None where it is not known."""
    best = [None if position.evaluation is None else position.evaluation.best for position in game.positions]
    sans = [ply.san if ply.uci == uci else None for ply, uci in zip(game.plies, best, strict=False)]
    if all(uci is None or san is not None for uci, san in zip(best, sans, strict=False)):
        return sans
    replay = Replay(_start(game))
    for k, (ply, uci, san) in enumerate(zip(game.plies, best, sans, strict=False)):
        if uci is not None and san is None:
            sans[k] = replay.san(uci)
        replay.play(ply.uci)  # the moves of a game are legal
    return sans


def _win(game: AnalysedGame, k: int, ply: Ply) -> tuple[float | None, float | None, float | None]:
    """Return the mover's Win% before and after a move, and the loss.

    The mating move, which has no accuracy, has them too: it leads from a mate to a won game.
    """
    before, after = ply.win_before, ply.win_after
    if before is not None and after is not None:
        return before, after, round(before - after, 3) if before > after else 0.0
    position = game.positions[k]
    if position.evaluation is not None and game.positions[k + 1].terminal == "checkmate":
        before = win_percent(position.evaluation.score, 1.0 if position.recorded else game.scale)
        return round(before, 3), _CHECKMATE, 0.0
    return None, None, None


_CHECKMATE = 100.0
"""Win% of whoever has given checkmate."""


def _score(score: Score | None) -> tuple[int | None, int | None]:
    return (None, None) if score is None else (score.cp, score.mate)


# -- games --------------------------------------------------------------------------------------------------


def game_row(game: AnalysedGame) -> Row:
    """Return the row of `GAMES`."""
    return (
        game.origin.game,
        text(game.origin.file),
        game.origin.line,
        game.variant,
        _header(game, "White"),
        _header(game, "Black"),
        game.view[0] if len(game.view) == 1 else "both",
        game.result,
        game.points("white"),
        game.rating("white"),
        game.rating("black"),
        *(_header(game, tag) for tag in ("Event", "Site", "Date", "Round", "TimeControl")),
        *_time_control(game),
        _header(game, "Termination"),
        *_opening(game),
        game.fen,
        len(game.plies),
        *((game.phases.middlegame, game.phases.endgame) if game.phases else (None, None)),
        *_side(game, "white"),
        *_side(game, "black"),
        *_final(game),
        game.scale,
        game.reconciled,
        *_epd(game),
        text(game.problem),
        text(encode(dict(game.headers)).decode()),
        game.unplayed,
    )


def _time_control(game: AnalysedGame) -> Row:
    control = game.time_control
    return (None, None) if control is None else (decimals(control.base), decimals(control.increment))


def _opening(game: AnalysedGame) -> Row:
    opening = game.opening
    return (None, None, None) if opening is None else (opening.eco, opening.name, opening.ply)


def _epd(game: AnalysedGame) -> Row:
    epd = game.epd
    return (None, None, None) if epd is None else (text(epd.id), text(" ".join(epd.bm)), text(" ".join(epd.am)))


def _side(game: AnalysedGame, color: Color) -> Row:
    side = game.side(color)
    return decimals(side.accuracy), side.acpl, side.inaccuracies, side.mistakes, side.blunders


def _final(game: AnalysedGame) -> Row:
    """Return FEN, centipawns, mate and best move of the last position."""
    known, evaluation = _of(game), game.positions[-1].evaluation
    return known.fens[-1], *_score(known.white[-1]), None if evaluation is None else evaluation.best


def _header(game: AnalysedGame, name: str) -> str | None:
    return text(game.headers.get(name))


# -- values -------------------------------------------------------------------------------------------------


def text(value: str | None) -> str | None:
    """Return a text that all formats accept: an empty one is null, lone surrogates become `?`, NUL is U+FFFD."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd") if value else None


def decimals(value: float | None) -> float | None:
    """Return the value rounded to 3 decimals."""
    return None if value is None else round(float(value), 3)


def by_column(rows: Sequence[Row], schema: TableSchema) -> Mapping[str, list[Value]]:
    """Return the values of each column by its name."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema.columns)
    return {column.name: list(values) for column, values in zip(schema.columns, columns, strict=True)}
