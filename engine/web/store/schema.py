"""The tables of a store, and what makes another version of it."""

from __future__ import annotations

VERSION = 2
"""Raised with every change of the tables or of what stands in them."""

GAME_COLUMNS = (
    "game INTEGER PRIMARY KEY",
    "file TEXT",
    "line INTEGER",
    "variant TEXT",
    "fen TEXT",  # the first position
    "white TEXT",
    "black TEXT",
    "white_key TEXT",  # as names are compared (`plain_name`)
    "black_key TEXT",
    "white_folded TEXT",  # for parts of names
    "black_folded TEXT",
    "white_elo INTEGER",
    "black_elo INTEGER",
    "result TEXT",
    "white_points REAL",
    "event TEXT",
    "site TEXT",
    "date TEXT",  # 2026.05.31, as far as it is known
    "round TEXT",
    "time_control TEXT",
    "speed TEXT",
    "eco TEXT",
    "opening TEXT",
    "opening_folded TEXT",
    "plies INTEGER",
    "white_accuracy REAL",
    "white_acpl INTEGER",
    "white_inaccuracies INTEGER",
    "white_mistakes INTEGER",
    "white_blunders INTEGER",
    "white_lost INTEGER",  # centipawns, over the moves that count
    "white_counted INTEGER",  # moves that count
    "white_wins INTEGER",  # winning moves that the side had
    "black_accuracy REAL",
    "black_acpl INTEGER",
    "black_inaccuracies INTEGER",
    "black_mistakes INTEGER",
    "black_blunders INTEGER",
    "black_lost INTEGER",
    "black_counted INTEGER",
    "black_wins INTEGER",
    "wins INTEGER",  # winning moves
    "evaluated INTEGER",  # positions with an evaluation
    "scale REAL",
    "epd INTEGER",
    "final_key INTEGER",  # of the last position
    "title TEXT",  # of a chapter or a position that is not called by its players
)
PLY_COLUMNS = (
    "game INTEGER",
    "ply INTEGER",
    "white INTEGER",  # whether White moves
    "key INTEGER",  # of the position before
    "uci TEXT",
    "san TEXT",
    "best TEXT",  # in UCI
    "phase TEXT",
    "cp INTEGER",  # White's, before
    "mate INTEGER",
    "win_before REAL",  # the mover's Win%
    "win_after REAL",
    "win_loss REAL",
    "cp_loss INTEGER",
    "accuracy REAL",
    "judgement TEXT",
    "clock REAL",
    "time REAL",
    "left_seconds REAL",  # before the move
    "left_share REAL",  # in percent of base + 40 increments
)
GAMES = len(GAME_COLUMNS)
PLIES = len(PLY_COLUMNS)

TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    f"CREATE TABLE games ({', '.join(GAME_COLUMNS)})",
    f"CREATE TABLE plies ({', '.join(PLY_COLUMNS)}, PRIMARY KEY (game, ply)) WITHOUT ROWID",
    "CREATE TABLE records (game INTEGER PRIMARY KEY, record BLOB)",
)
INDEXES = (
    "CREATE INDEX games_by_white ON games (white_key)",
    "CREATE INDEX games_by_black ON games (black_key)",
    "CREATE INDEX games_by_date ON games (date)",
    "CREATE INDEX games_by_eco ON games (eco)",
    "CREATE INDEX plies_by_position ON plies (key, game, ply, white, uci, win_after, win_loss)",
    "CREATE INDEX plies_by_judgement ON plies (judgement, game, white) WHERE judgement IS NOT NULL",
)
