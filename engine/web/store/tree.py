"""What was played in a position, and how it went."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

import chess

from engine.positions.fen import board_of, fen_of
from engine.positions.openings import name_of
from engine.web.store.keys import key_of
from engine.web.store.query import Query
from engine.web.store.results import Tree, TreeMove

_MOVES = """
WITH chosen AS ({chosen}),
played AS (
  SELECT p.game, p.uci, min(p.ply) AS ply, p.white, p.win_after, p.win_loss
  FROM plies p WHERE p.key = ? GROUP BY p.game, p.uci
)
SELECT uci, count(*), total(result = '1-0'), total(result = '1/2-1/2'), total(result = '0-1'),
  avg(points), avg(promised), avg(win_after), avg(win_loss), avg(white_accuracy), avg(black_accuracy),
  count(points - promised), total(points - promised), total((points - promised) * (points - promised)), max(date)
FROM (
  SELECT *, 100 * CASE own WHEN 1 THEN white_points ELSE 1 - white_points END AS points,
    CASE WHEN own = mover THEN win_after ELSE 100 - win_after END AS promised
  FROM (
  SELECT played.uci, chosen.date, chosen.result, chosen.white_points, chosen.white_accuracy, chosen.black_accuracy,
    played.win_after, played.win_loss, played.white AS mover,
    CASE chosen.view WHEN 'white' THEN 1 WHEN 'black' THEN 0 ELSE played.white END AS own
  FROM played JOIN chosen USING (game)
  )
)
GROUP BY uci ORDER BY count(*) DESC, uci
"""
_GAMES = "SELECT count(DISTINCT p.game) FROM plies p JOIN games USING (game) WHERE p.key = ? AND {condition}"
_ENDED = "SELECT count(*) FROM games WHERE final_key = ? AND {condition}"


_STARTS = """
SELECT fen, count(*) FROM games WHERE plies > 0 AND fen != ? AND {condition}
GROUP BY fen ORDER BY count(*) DESC, fen LIMIT ?
"""


def starts(db: sqlite3.Connection, query: Query, limit: int) -> list[tuple[str, int]]:
    """Return positions with which games begin that do not begin with the usual one, and how many games do.

    * **query** - which games.
    * **limit** - how many positions to return, the most frequent first.
    """
    condition = query.games()
    sql = _STARTS.format(condition=condition.sql)
    return db.execute(sql, [chess.STARTING_FEN, *condition.values, limit]).fetchall()


def tree(db: sqlite3.Connection, query: Query, fen: str) -> Tree:
    """Return what was played in a position, over the games that a query selects.

    * **fen** - the position, as `plain_fen` returns it.
    """
    board, key = board_of(fen), key_of(fen)
    view, view_values = query.view()
    condition = query.games()
    chosen = (
        "SELECT game, result, date, white_points, white_accuracy, black_accuracy, "
        f"{view} AS view FROM games WHERE {condition.sql}"
    )
    rows = db.execute(_MOVES.format(chosen=chosen), [*view_values, *condition.values, key]).fetchall()
    [games] = db.execute(_GAMES.format(condition=condition.sql), [key, *condition.values]).fetchone()
    [ended] = db.execute(_ENDED.format(condition=condition.sql), [key, *condition.values]).fetchone()
    moves = [_move(board, row, games) for row in rows]
    return Tree(
        fen=fen,
        games=games,
        ended=ended,
        turn="white" if board.turn else "black",
        view="player" if query.has_view else "mover",
        opening=named(board),
        moves=tuple(move for move in moves if move is not None),
    )


def _move(board: chess.Board, row: tuple[Any, ...], games: int) -> TreeMove | None:
    uci, count, white, drawn, black, score, expected, win, loss, white_accuracy, black_accuracy, *rest = row
    compared, surplus, squares, last = rest
    after = board.copy(stack=False)
    try:
        move = after.parse_uci(uci)
    except ValueError:  # castling of Chess960 in a position that needs it, and a null move
        return None
    san = board.san(move)
    after.push(move)
    return TreeMove(
        uci=uci,
        san=san,
        fen=fen_of(after),
        games=count,
        share=100 * count / games,
        white_won=int(white),
        drawn=int(drawn),
        black_won=int(black),
        score=score,
        expected=expected,
        win_after=win,
        win_loss=loss,
        white_accuracy=white_accuracy,
        black_accuracy=black_accuracy,
        opening=named(after),
        compared=compared,
        surplus=surplus / compared if compared else None,
        error=_standard_error(compared, surplus, squares),
        last=last or "",
    )


def _standard_error(count: int, total: float, squares: float) -> float | None:
    """Return the standard error of a mean; None for fewer than two values."""
    if count < 2:  # noqa: PLR2004 - one value says nothing of how far values are apart
        return None
    return math.sqrt(max(0.0, squares - total * total / count) / (count - 1) / count)


def named(board: chess.Board) -> str:
    """Return code and name of a position; empty where it has none."""
    found = name_of(board)
    return " ".join(found) if found else ""
