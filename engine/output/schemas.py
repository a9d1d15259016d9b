"""The columns of the tables that CSV, Parquet and SQLite share, with their meaning.

README.md in plugins/engine_plugins/writers lists them; a test keeps the list complete.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Value = str | int | float | bool | None
Row = tuple[Value, ...]
ColumnType = Literal["text", "int", "float", "bool"]


class TableColumn(Struct, frozen=True):
    """One column, the same in all formats."""

    name: str
    """Stable name for programs."""
    type: ColumnType
    """Type of the values that are not null."""
    meaning: str
    """Explanation for people: unit, point of view, and when the value is null."""


class TableSchema(Struct, frozen=True):
    """One table, the same in all formats."""

    name: str
    version: int
    """Increased when a column is removed or changes its meaning, but not for a new column."""
    columns: tuple[TableColumn, ...]

    @property
    def label(self) -> str:
        """Name with version, `engine.plies/2`, like `engine.run/1` in the JSON output."""
        return f"engine.{self.name}/{self.version}"


PLIES = TableSchema(
    "plies",
    2,
    (
        TableColumn("game", "int", "ordinal of the game over all inputs, from 1, skipped games included"),
        TableColumn("ply", "int", "moves played before it, from 0"),
        TableColumn("move_number", "int", "as written in the game score; both sides' moves have the same"),
        TableColumn("mover", "text", "`white` or `black`"),
        TableColumn("player", "text", "name of the mover as in the file"),
        TableColumn("by_player", "bool", "whether the mover is one of `--player`; true for both sides without it"),
        TableColumn("fen", "text", "position before the move"),
        TableColumn("san", "text", "the move as people write it"),
        TableColumn("uci", "text", "the move in UCI notation; castling is e1g1, in Chess960 e1h1"),
        TableColumn("phase", "text", "`opening`, `middlegame` or `endgame`, by Lichess's rules"),
        TableColumn("cp", "int", "White's evaluation before the move in centipawns; null for a mate or none"),
        TableColumn("mate", "int", "White's moves to mate before the move, negative when Black mates"),
        TableColumn("cp_after", "int", "as `cp`, after the move; 0 for stalemate"),
        TableColumn("mate_after", "int", "as `mate`, after the move; null for checkmate"),
        TableColumn("best", "text", "best move in UCI notation; null when it is not known"),
        TableColumn("best_san", "text", "the same as people write it"),
        TableColumn("pv", "text", "best line in UCI moves with spaces between, at most 12 plies"),
        TableColumn("depth", "int", "plies of nominal depth of the search before the move; 0 when unknown"),
        TableColumn("nodes", "int", "nodes of that search; 0 when unknown"),
        TableColumn(
            "source",
            "text",
            "where the evaluation before the move is from: `searched`, `recorded` (it stood in the input), or why "
            "there is none: `input`, `refused`, `quarantined`",
        ),
        TableColumn(
            "win_before", "float", "the mover's Win% before the move, 0 to 100; before a mate 97.545 or 2.455"
        ),
        TableColumn("win_after", "float", "the mover's Win% after the move; 100 after checkmate"),
        TableColumn("win_loss", "float", "Win% that the mover lost, 0 or more"),
        TableColumn("cp_loss", "int", "centipawns that the mover lost, 0 or more, evaluations clamped to ±1000"),
        TableColumn("accuracy", "float", "Lichess accuracy of the move in percent; null for the mating move"),
        TableColumn("judgement", "text", "`inaccuracy`, `mistake`, `blunder`, or null"),
        TableColumn("clock", "float", "seconds left after the move"),
        TableColumn("time", "float", "seconds spent on the move"),
        TableColumn(
            "mover_cp", "int", "the mover's evaluation before the move in centipawns; null for a mate or none"
        ),
        TableColumn(
            "mover_mate", "int", "the mover's moves to mate before the move, negative when the mover is mated"
        ),
        TableColumn("mover_cp_after", "int", "as `mover_cp`, after the move; 0 for stalemate"),
        TableColumn("mover_mate_after", "int", "as `mover_mate`, after the move; null for checkmate"),
    ),
)

_SIDE: tuple[tuple[str, ColumnType, str], ...] = (
    ("accuracy", "float", "game accuracy in percent, by Lichess's definition"),
    ("acpl", "int", "average centipawn loss"),
    ("inaccuracies", "int", "moves judged so; null where none could be judged"),
    ("mistakes", "int", "moves judged so; null where none could be judged"),
    ("blunders", "int", "moves judged so; null where none could be judged"),
)

GAMES = TableSchema(
    "games",
    2,
    (
        TableColumn("game", "int", "ordinal over all inputs, from 1, skipped games included"),
        TableColumn("file", "text", "where it stands, as the user named it; `-` is standard input"),
        TableColumn("line", "int", "its first line in that (decompressed) file"),
        TableColumn("variant", "text", "`standard` or `chess960`"),
        TableColumn("white", "text", "name as in the file"),
        TableColumn("black", "text", "name as in the file"),
        TableColumn(
            "player_color", "text", "whose side `--player` is: `white`, `black`, or `both`, also without it"
        ),
        TableColumn("result", "text", "`1-0`, `0-1`, `1/2-1/2` or `*`"),
        TableColumn("white_points", "float", "1, 0.5 or 0; null for an unfinished game"),
        TableColumn("white_elo", "int", "rating as in the file"),
        TableColumn("black_elo", "int", "rating as in the file"),
        TableColumn("event", "text", "the tag of this name"),
        TableColumn("site", "text", "the tag of this name"),
        TableColumn("date", "text", "the tag of this name, `2026.10.31`, perhaps with question marks"),
        TableColumn("round", "text", "the tag of this name"),
        TableColumn("time_control", "text", "the tag `TimeControl`"),
        TableColumn("base", "float", "seconds on each clock at the start, by that tag and the clocks"),
        TableColumn("increment", "float", "seconds added for each move, from that tag"),
        TableColumn("termination", "text", "the tag of this name"),
        TableColumn("eco", "text", "opening code by the positions of the game, not by its tag"),
        TableColumn("opening", "text", "name that Lichess gives the opening"),
        TableColumn("opening_ply", "int", "plies until the last named position"),
        TableColumn("fen", "text", "the start"),
        TableColumn("plies", "int", "moves of both sides"),
        TableColumn("middlegame", "int", "ply with which the middlegame begins; null when there is none"),
        TableColumn("endgame", "int", "ply with which the endgame begins; null when there is none"),
        *(TableColumn(f"white_{name}", type_, f"White's {meaning}") for name, type_, meaning in _SIDE),
        *(TableColumn(f"black_{name}", type_, f"Black's {meaning}") for name, type_, meaning in _SIDE),
        TableColumn("final_fen", "text", "last position; of an EPD line its only one"),
        TableColumn("final_cp", "int", "White's evaluation of it in centipawns; 0 for stalemate"),
        TableColumn("final_mate", "int", "White's moves to mate in it; null for checkmate"),
        TableColumn("final_best", "text", "best move in it, UCI notation"),
        TableColumn("scale", "float", "what centipawns were multiplied by before Win%, accuracy and judgements"),
        TableColumn("reconciled", "bool", "whether evaluations that contradicted each other were made to agree"),
        TableColumn("epd_id", "text", "name of an EPD line"),
        TableColumn("epd_bm", "text", "its best moves in UCI notation with spaces between"),
        TableColumn("epd_am", "text", "its moves to avoid"),
        TableColumn("problem", "text", "why a damaged game ends where it ends"),
        TableColumn("headers", "text", "all tag pairs as a JSON object, in file order"),
        TableColumn("unplayed", "bool", "whether nobody played it (a bye, a forfeit, a result without moves)"),
    ),
)

REPORTS = TableSchema(
    "reports",
    1,
    (
        TableColumn("report", "text", "name of the aggregator"),
        TableColumn("part", "text", "`finding`, `metric`, `point` of a chart, `cell` of a table, or `note`"),
        TableColumn(
            "table_key",
            "text",
            "name of the table or chart, of a finding the table that says more; null for metrics and notes",
        ),
        TableColumn("row_number", "int", "row of the table, point, finding or note, from 0; null for metrics"),
        TableColumn(
            "key",
            "text",
            "name of the metric or of the column; of a point `series`, `x`, `y`, `low` and `high` (95% interval) "
            "or `n`, of a finding `text` or `certainty`; null for notes",
        ),
        TableColumn("label", "text", "the same for people"),
        TableColumn(
            "kind",
            "text",
            "what the value is: `int`, `float`, `percent`, `score` (centipawns, mate in n is 32000 - n), "
            "`duration` (seconds), `text`, `move`, `player`, `position`, `opening`; null for notes",
        ),
        TableColumn("number", "float", "the value when it is a number"),
        TableColumn("text", "text", "the value when it is a text; of a finding or a note its sentence"),
        TableColumn("unit", "text", "unit of the value, for people; null where `label` and `kind` say it"),
    ),
)

SCHEMAS = (PLIES, GAMES, REPORTS)
