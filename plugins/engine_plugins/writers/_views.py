"""The views of the SQLite output, which answer common questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.model import Column, Kind, Report, ReportTable
from engine.output.tables import text

_WHOLE: tuple[Kind, ...] = ("int", "score")
_MOST_COLUMNS = 1_000
"""Largest number of columns of a view; SQLite allows 2,000."""

VIEWS: Mapping[str, tuple[str, str]] = {
    "moves": (
        "every move with its game: `move` as `17. Rd8#`, `opponent`, `won_points`, opening and time control",
        """
        SELECT plies.*,
               move_number || iif(mover = 'white', '. ', '... ') || san AS move,
               iif(mover = 'white', games.black, games.white) AS opponent,
               iif(mover = 'white', white_points, 1 - white_points) AS won_points,
               games.date, games.eco, games.opening, games.time_control
          FROM plies JOIN games USING (game)
        """,
    ),
    "judged": (
        "the inaccuracies, mistakes and blunders, with the best move and what each cost",
        """
        SELECT game, ply, player, opponent, move, judgement, best_san, win_before, win_after, win_loss, cp_loss,
               phase, clock, by_player, fen
          FROM moves WHERE judgement IS NOT NULL
        """,
    ),
    "sides": (
        "two rows a game that was played, one for each player: `color`, `player`, `opponent`, `points`, figures",
        """
        SELECT game, 'white' AS color, player_color IN ('white', 'both') AS by_player, white AS player,
               black AS opponent,
               white_elo AS elo, black_elo AS opponent_elo, white_points AS points, eco, opening, plies,
               white_accuracy AS accuracy, white_acpl AS acpl, white_inaccuracies AS inaccuracies,
               white_mistakes AS mistakes, white_blunders AS blunders
          FROM games WHERE epd_id IS NULL AND NOT unplayed AND (plies > 0 OR result <> '*')
        UNION ALL
        SELECT game, 'black', player_color IN ('black', 'both'), black, white, black_elo, white_elo,
               1 - white_points, eco, opening, plies, black_accuracy, black_acpl, black_inaccuracies,
               black_mistakes, black_blunders
          FROM games WHERE epd_id IS NULL AND NOT unplayed AND (plies > 0 OR result <> '*')
        """,
    ),
    "players": (
        "a row for each player: games, points, score in percent, accuracy, centipawn loss, judgements",
        """
        SELECT sides.player, count(*) AS games, sum(points) AS points, round(100 * avg(points), 1) AS score,
               round(avg(accuracy), 1) AS accuracy, round(moves.cp_loss, 1) AS acpl,
               sum(inaccuracies) AS inaccuracies, sum(mistakes) AS mistakes, sum(blunders) AS blunders
          FROM sides
          LEFT JOIN (SELECT player, avg(cp_loss) AS cp_loss FROM plies JOIN games USING (game)
                      WHERE NOT unplayed GROUP BY player) AS moves
                 ON moves.player IS sides.player
         GROUP BY sides.player ORDER BY count(*) DESC, sides.player
        """,
    ),
    "openings": (
        "a row for each opening: games, White's score in percent, mean accuracy of both",
        """
        SELECT eco, opening, count(*) AS games, round(100 * avg(white_points), 1) AS white_score,
               round(avg(white_accuracy), 1) AS white_accuracy, round(avg(black_accuracy), 1) AS black_accuracy
          FROM games WHERE opening IS NOT NULL GROUP BY eco, opening ORDER BY count(*) DESC, eco, opening
        """,
    ),
    "phases": (
        "a row for each player and phase: moves, mean Win% lost and centipawns lost a move, judgements",
        """
        SELECT player, phase, count(*) AS moves, round(avg(win_loss), 2) AS win_loss,
               round(avg(cp_loss), 1) AS cp_loss,
               sum(iif(cp_loss IS NULL, NULL, judgement IS 'inaccuracy')) AS inaccuracies,
               sum(iif(cp_loss IS NULL, NULL, judgement IS 'mistake')) AS mistakes,
               sum(iif(cp_loss IS NULL, NULL, judgement IS 'blunder')) AS blunders
          FROM plies JOIN games USING (game) WHERE NOT unplayed GROUP BY player, phase
         ORDER BY player, CASE phase WHEN 'opening' THEN 1 WHEN 'middlegame' THEN 2 ELSE 3 END
        """,
    ),
    "clocks": (
        "a row for each player and time left after the move: moves, mean seconds spent and Win% lost, blunders",
        """
        SELECT player,
               CASE WHEN clock < 10 THEN '1. under 10 s' WHEN clock < 30 THEN '2. 10 to 30 s'
                    WHEN clock < 60 THEN '3. 30 to 60 s' WHEN clock < 300 THEN '4. 1 to 5 min'
                    ELSE '5. 5 min and more' END AS time_left,
               count(*) AS moves, round(avg(time), 1) AS time, round(avg(win_loss), 2) AS win_loss,
               sum(iif(cp_loss IS NULL, NULL, judgement IS 'blunder')) AS blunders
          FROM plies JOIN games USING (game) WHERE clock IS NOT NULL AND NOT unplayed
         GROUP BY player, time_left ORDER BY player, time_left
        """,
    ),
}
"""Meaning and query of each view by its name."""


def views() -> Iterator[str]:
    """Yield the statements that create the fixed views."""
    for name, (meaning, query) in VIEWS.items():
        yield f"CREATE VIEW {name} AS -- {meaning}{query}"


def report_views(reports: Mapping[str, Report]) -> Iterator[str]:
    """Yield the statements that create a view for each table of the reports: `report_accuracy_players`."""
    for name, report in reports.items():
        for table in report.tables:
            if 0 < len(table.columns) <= _MOST_COLUMNS and table.key:
                yield _pivot(name, table)


def _pivot(report: str, table: ReportTable) -> str:
    """Return the statement that turns the cells of one report table into rows and columns."""
    name = f"report_{report}_{table.key}".replace("-", "_")
    columns = ", ".join(f"max({_value(column)}) AS {_name(column.key)}" for column in table.columns)
    # Names and texts that come from plugins are quoted.
    return f"""CREATE VIEW IF NOT EXISTS {_name(name)} AS SELECT {columns} FROM reports
        WHERE part = 'cell' AND report = {_text(report)} AND table_key = {_text(table.key)}
        GROUP BY row_number ORDER BY row_number"""  # noqa: S608


def _value(column: Column) -> str:
    """Return the SQL expression for the cell of this column in a row of `reports`."""
    whole = "iif(number = CAST(number AS INTEGER), CAST(number AS INTEGER), number)"
    number = whole if column.kind in _WHOLE else "number"
    return f"CASE key WHEN {_text(column.key)} THEN coalesce(text, {number}) END"


def _text(value: str) -> str:
    return "'" + (text(value) or "").replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + (text(value) or "").replace('"', '""') + '"'
