"""Lists and figures of the games and moves that a filter selects."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import chess

from engine.errors import ConfigError
from engine.positions.replay import Replay
from engine.web.store.query import Query, listed
from engine.web.store.results import Facts, GameRow, MoveRow, Summary

MOST_ROWS = 1_000
"""Rows of a list at most."""
GAME_ORDERS = {
    "number": "game",
    "date": "date, game",
    "white": "white_folded, game",
    "black": "black_folded, game",
    "result": "result, game",
    "opening": "opening_folded, game",
    "plies": "plies, game",
    "rating": "max(coalesce(white_elo, 0), coalesce(black_elo, 0)), game",
    "accuracy": "{accuracy}, game",
    "blunders": "{blunders}, game",
}
MOVE_ORDERS = {"number": "p.game, p.ply", "loss": "p.win_loss DESC, p.game, p.ply"}
_CHOICES = {
    "player": ("SELECT white AS value FROM games UNION ALL SELECT black FROM games", "prefix"),
    "opponent": ("SELECT white AS value FROM games UNION ALL SELECT black FROM games", "part"),
    "opening": ("SELECT opening AS value FROM games", "part"),
    "eco": ("SELECT eco AS value FROM games", "prefix"),
    "event": ("SELECT event AS value FROM games", "part"),
    "time_control": ("SELECT time_control AS value FROM games", "prefix"),
    "speed": ("SELECT speed AS value FROM games", "prefix"),
}


def summary(db: sqlite3.Connection, query: Query) -> Summary:
    """Return the figures of the games that a query selects."""
    chosen, values = query.chosen()
    # One row for each side that a game is seen from; points are White's where that is both.
    sides = [
        f"SELECT game, {column}_accuracy AS accuracy, {column}_lost AS lost, {column}_counted AS counted, "
        f"{column}_inaccuracies AS inaccuracies, {column}_mistakes AS mistakes, {column}_blunders AS blunders, "
        f"{column}_wins AS wins, {column}_counted + (view = 'both') * {other}_counted > 0 AS counts "
        f"FROM chosen WHERE view IN ('{column}', 'both')"
        for column, other in (("white", "black"), ("black", "white"))
    ]
    games = db.execute(
        f"{chosen}, scored AS (SELECT evaluated, date, "
        "CASE WHEN view = 'black' THEN 1 - white_points ELSE white_points END AS points FROM chosen) "
        "SELECT count(*), total(points = 1), total(points = 0.5), total(points = 0), total(points), "
        "count(points), total(evaluated > 0), total(evaluated), min(date), max(date) FROM scored",
        values,
    ).fetchone()
    own = db.execute(
        f"{chosen} SELECT avg(accuracy), total(lost), total(counted), total(inaccuracies), total(mistakes), "
        f"total(blunders), total(wins), total(counts) FROM ({' UNION ALL '.join(sides)})",
        values,
    ).fetchone()
    count, won, drawn, lost, points, finished, evaluated, positions, since, until = games
    accuracy, centipawns, moves, inaccuracies, mistakes, blunders, wins, counting = own
    return Summary(
        games=count,
        won=int(won),
        drawn=int(drawn),
        lost=int(lost),
        points=points,
        score=100 * points / finished if finished else None,
        evaluated=int(evaluated),
        accuracy=accuracy,
        acpl=centipawns / moves if moves else None,
        moves=int(moves),
        sides=int(counting),
        inaccuracies=int(inaccuracies),
        mistakes=int(mistakes),
        blunders=int(blunders),
        wins=int(wins),
        positions=int(positions),
        since=since or "",
        until=until or "",
    )


_GAME_COLUMNS = (
    "game, white, black, white_elo, black_elo, result, date, event, time_control, speed, eco, opening, plies, "
    "white_accuracy, black_accuracy, white_acpl, black_acpl, white_blunders, black_blunders, white_mistakes, "
    "black_mistakes, white_inaccuracies, black_inaccuracies, wins"
)
_TEXTS = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 25, 27})
"""Places of the texts, which are empty where nothing is known."""


def games(db: sqlite3.Connection, query: Query, *, order: str, start: int, limit: int) -> list[GameRow]:
    """Return games that a query selects. Raises ConfigError for an unknown order."""
    name, descending = order.removeprefix("-"), order.startswith("-")
    if name not in GAME_ORDERS:
        raise ConfigError(f"order: one of {', '.join(GAME_ORDERS)} expected, not {name[:40]!r}")
    view, view_values = query.view()
    condition = query.games()
    by = GAME_ORDERS[name].format(accuracy=_own("accuracy"), blunders=_own("blunders"))
    if descending:
        by = ", ".join(f"{part} DESC" for part in by.rsplit(", game", 1)[:1] if part) + ", game"
        by = "game DESC" if name == "number" else by
    sql = (
        f"SELECT {_GAME_COLUMNS}, {view} AS view, file, line, title FROM games WHERE {condition.sql} "
        f"ORDER BY {by} LIMIT ? OFFSET ?"
    )
    rows = db.execute(sql, [*view_values, *condition.values, *_page(start, limit)])
    return [_game(row) for row in rows]


def _game(row: Sequence[Any]) -> GameRow:
    values: list[Any] = [value or "" if k in _TEXTS else value for k, value in enumerate(row)]
    return GameRow(*values)


def facts(db: sqlite3.Connection, numbers: Sequence[int]) -> Facts:
    """Return what reports say of games, by their numbers, beside what aggregators count."""
    values = [listed(numbers)]
    where = "FROM games WHERE game IN (SELECT value FROM json_each(?))"
    [unevaluated] = db.execute(f"SELECT count(*) {where} AND evaluated = 0", values).fetchone()
    scales = db.execute(f"SELECT DISTINCT scale {where} AND evaluated > 0", values).fetchall()
    both = f"SELECT white AS name {where} AND NOT epd UNION ALL SELECT black {where} AND NOT epd"
    players = db.execute(f"SELECT name, count(*) FROM ({both}) GROUP BY name", values * 2).fetchall()
    return Facts(unevaluated, tuple(sorted(scale for (scale,) in scales)), dict(players))


def _own(figure: str) -> str:
    """Return an expression for a figure of the side that a game is seen from; of both their mean."""
    both = f"(coalesce(white_{figure}, black_{figure}) + coalesce(black_{figure}, white_{figure})) / 2.0"
    return f"CASE view WHEN 'white' THEN white_{figure} WHEN 'black' THEN black_{figure} ELSE {both} END"


def _page(start: int, limit: int) -> tuple[int, int]:
    return max(0, min(limit, MOST_ROWS)), max(0, start)


def count_moves(db: sqlite3.Connection, query: Query) -> int:
    """Return how many moves a query asks for."""
    sql, values = _moves("count(*)", query)
    return int(db.execute(sql, values).fetchone()[0])


def moves(db: sqlite3.Connection, query: Query, *, order: str, start: int, limit: int) -> list[MoveRow]:
    """Return moves that a query asks for. Raises ConfigError for an unknown order."""
    if order not in MOVE_ORDERS:
        raise ConfigError(f"order: one of {', '.join(MOVE_ORDERS)} expected, not {order[:40]!r}")
    sql, values = _moves(
        "p.game, p.ply, p.white, p.san, p.uci, p.best, p.phase, p.cp, p.mate, p.win_before, p.win_after, "
        "p.win_loss, p.cp_loss, p.accuracy, p.judgement, p.left_seconds, p.time, games.white, games.black, "
        "games.date, games.result, games.variant, games.fen",
        query,
    )
    rows = db.execute(f"{sql} ORDER BY {MOVE_ORDERS[order]} LIMIT ? OFFSET ?", [*values, *_page(start, limit)])
    return [_move(db, row) for row in rows.fetchall()]


def _moves(columns: str, query: Query) -> tuple[str, list[Any]]:
    condition, move = query.games(), query.moves()
    sql = f"SELECT {columns} FROM plies p JOIN games ON games.game = p.game WHERE {move.sql} AND {condition.sql}"
    return sql, [*move.values, *condition.values]


def _move(db: sqlite3.Connection, row: Sequence[Any]) -> MoveRow:
    game, ply, white, san, uci, best, *figures = row
    phase, cp, mate, before, after, loss, cp_loss, accuracy, judgement, left, time = figures[:11]
    name, other, date, result, variant, start = figures[11:]
    played = [
        uci for (uci,) in db.execute("SELECT uci FROM plies WHERE game = ? AND ply < ? ORDER BY ply", (game, ply))
    ]
    replay = replayed(start, variant, tuple(played))
    number = int(start.split()[5]) + (ply + (" b " in start)) // 2
    return MoveRow(
        game=game,
        ply=ply,
        number=f"{number}." if white else f"{number}...",
        mover="white" if white else "black",
        san=san,
        uci=uci,
        best=replay.san(best) if best and best != uci else "",
        fen=position(start, variant, played).fen(),
        phase=phase or "",
        cp=cp,
        mate=mate,
        win_before=before,
        win_after=after,
        win_loss=loss,
        cp_loss=cp_loss,
        accuracy=accuracy,
        judgement=judgement or "",
        left=left,
        time=time,
        white=name or "?",
        black=other or "?",
        date=date or "",
        result=result,
        variant=variant,
    )


def position(start: str, variant: str, moves: Sequence[str]) -> chess.Board:
    """Return the position after moves, with the numbers that its FEN has."""
    board = chess.Board(start, chess960=variant == "chess960")
    for uci in moves:
        board.push(chess.Move.from_uci(uci))
    return board


@lru_cache(256)
def replayed(start: str, variant: str, moves: tuple[str, ...]) -> Replay:
    """Return the position after moves. It is not to be changed."""
    replay = Replay(chess.Board(start, chess960=variant == "chess960"))
    for uci in moves:
        replay.play(uci)
    return replay


def choices(db: sqlite3.Connection, field: str, prefix: str, limit: int) -> list[str]:
    """Return values of a field, the most frequent first. Raises ConfigError for an unknown field."""
    if field not in _CHOICES:
        raise ConfigError(f"choices: one of {', '.join(_CHOICES)} expected, not {field[:40]!r}")
    values, kind = _CHOICES[field]
    rows = db.execute(
        f"SELECT value, count(*) AS n FROM ({values}) WHERE value IS NOT NULL AND value NOT IN ('', '?') "
        "GROUP BY value ORDER BY n DESC, value"
    )
    folded = prefix.strip().casefold()
    found: list[str] = []
    for value, _ in rows:
        if len(found) >= limit:
            break
        if value.casefold().startswith(folded) or (kind == "part" and folded in value.casefold()):
            found.append(value)
    return found
