"""Leaks of a repertoire: positions of the opening in which a player loses again and again."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from operator import itemgetter
from typing import Any

import chess

from engine.positions.fen import fen_of
from engine.scoring import JUDGED_DROPS
from engine.web.store.answers import position, replayed
from engine.web.store.query import Query
from engine.web.store.results import Leak
from engine.web.store.tree import named

OPENING_PLIES = 20
"""Plies of a game that count as its opening here."""
LEAST_GAMES = 2
LEAST_LOSS = JUDGED_DROPS[-1]
"""Win% that a leak costs each time, on average: what Lichess calls an inaccuracy.

Two searches of a position differ by 1 to 3 Win%. What they are wrong by is much the same in all games that have
it, so that no number of games makes up for it.
"""
_NUMBERS = 20
"""Games of a leak that are named."""
_POSITIONS = """, own AS (
  SELECT p.key, p.game, p.ply, p.win_loss,
    CASE p.white WHEN 1 THEN chosen.white_points ELSE 1 - chosen.white_points END AS points
  FROM chosen JOIN plies p ON p.game = chosen.game AND p.ply < ?
  WHERE p.win_loss IS NOT NULL
    AND (chosen.view = 'both' OR p.white = (chosen.view = 'white'))
)
SELECT key, count(DISTINCT game) AS n, avg(win_loss) AS loss, total(win_loss) AS cost, 100 * avg(points), min(ply)
FROM own GROUP BY key HAVING n >= ? AND loss >= ? ORDER BY cost DESC, key LIMIT ?
"""
_MOVES = """
SELECT p.key, p.game, p.ply, p.white, p.uci, p.san, p.best, p.win_loss, chosen.fen, chosen.variant
FROM plies p JOIN chosen ON chosen.game = p.game
WHERE p.key IN ({keys}) AND p.ply < ? AND p.win_loss IS NOT NULL
  AND (chosen.view = 'both' OR p.white = (chosen.view = 'white'))
ORDER BY p.key, p.game, p.ply
"""


def leaks(db: sqlite3.Connection, query: Query, limit: int) -> list[Leak]:
    """Return the most expensive positions, over the games that a query selects."""
    chosen, values = query.chosen()
    positions = db.execute(
        chosen + _POSITIONS, [*values, OPENING_PLIES, LEAST_GAMES, LEAST_LOSS, limit]
    ).fetchall()
    keys = [row[0] for row in positions]
    sql = chosen + _MOVES.format(keys=", ".join("?" * len(keys)))
    rows = db.execute(sql, [*values, *keys, OPENING_PLIES]).fetchall()
    played = {key: [row[1:] for row in moves] for key, moves in groupby(rows, key=itemgetter(0))}
    return [_leak(db, row, played[row[0]]) for row in positions]


def _leak(db: sqlite3.Connection, row: tuple[Any, ...], played: list[tuple[Any, ...]]) -> Leak:
    _, games, loss, cost, score, ply = row
    costs: dict[str, float] = {}
    for move in played:
        costs[move[3]] = costs.get(move[3], 0.0) + move[6]
    worst = max(sorted(costs), key=costs.__getitem__)
    of_worst = [move for move in played if move[3] == worst]
    game, at, white, uci, san, best, _, start, variant = max(of_worst, key=lambda move: move[6])
    earlier = db.execute(
        "SELECT uci, san FROM plies WHERE game = ? AND ply < ? ORDER BY ply", (game, at)
    ).fetchall()
    replay = replayed(start, variant, tuple(move for move, _ in earlier))
    return Leak(
        fen=fen_of(position(start, variant, [move for move, _ in earlier])),
        ply=ply,
        line=_line(start, [move for _, move in earlier]),
        opening=_opening(start, variant, [move for move, _ in earlier]),
        games=games,
        loss=loss,
        cost=cost,
        score=score,
        move=san,
        times=len(of_worst),
        move_loss=costs[worst] / len(of_worst),
        better=replay.san(best) if best and best != uci else "",
        mover="white" if white else "black",
        example=(game, at),
        numbers=tuple(dict.fromkeys(move[0] for move in played))[:_NUMBERS],
    )


def _line(start: str, sans: list[str]) -> str:
    """Return moves with their numbers: `1. e4 c5 2. Nf3`."""
    fields = start.split()
    number, black = int(fields[5]), fields[1] == "b"
    words = []
    for k, san in enumerate(sans):
        at = k + black
        if at % 2 == 0:
            words.append(f"{number + at // 2}.")
        elif k == 0:
            words.append(f"{number}...")
        words.append(san)
    return " ".join(words)


def _opening(start: str, variant: str, moves: list[str]) -> str:
    """Return the last name that a position on the way to this one has."""
    if variant != "standard" or start != chess.STARTING_FEN:
        return ""
    board, found = chess.Board(), ""
    for uci in moves:
        board.push(chess.Move.from_uci(uci))
        found = named(board) or found
    return found
