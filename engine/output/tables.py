"""The tables that CSV, Parquet and SQLite share: columns with their meaning, and the rows of a game.

README.md in this folder lists them; a test keeps the list complete. In all formats an empty text is null and
floats have 3 decimals. `cp` and `mate` are from White's point of view, all other figures of a move from the
mover's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import chess
from msgspec import Struct

from engine.model import AnalysedGame, AnalysedPosition, Color, Ply, Score
from engine.output.white import scores
from engine.positions.fen import fen_of
from engine.scoring import win_percent
from engine.text.json import encode

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


# -- plies --------------------------------------------------------------------------------------------------


def ply_rows(game: AnalysedGame) -> Sequence[Row]:
    """Return a row of `PLIES` for each move.

    The rows of the last game are kept, because several outputs of a run request the same game one after another.
    """
    global _last_game  # noqa: PLW0603 - a cache of one game
    last = _last_game
    if last is None or last[0] is not game:
        _last_game = last = game, tuple(_ply_rows(game))
    return last[1]


_last_game: tuple[AnalysedGame, tuple[Row, ...]] | None = None


def _ply_rows(game: AnalysedGame) -> Iterator[Row]:
    white = scores(game)
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    for k, ply in enumerate(game.plies):
        mover: Color = "white" if board.turn else "black"
        yield (
            game.origin.game,
            k,
            board.fullmove_number,
            mover,
            _header(game, mover.capitalize()),
            mover in game.view,
            fen_of(board),
            ply.san,
            ply.uci,
            game.phase(k),
            *_score(white[k]),
            *_score(white[k + 1]),
            *_search(board, game.positions[k], ply),
            *_win(game, k, ply),
            ply.loss,
            decimals(ply.accuracy),
            ply.judgement,
            decimals(ply.clock),
            decimals(ply.time),
            *_score(_movers(white[k], mover)),
            *_score(_movers(white[k + 1], mover)),
        )
        board.push(chess.Move.from_uci(ply.uci))  # the moves of a game are legal


def _search(board: chess.Board, position: AnalysedPosition, ply: Ply) -> Row:
    """Return the columns from `best` to `source`."""
    evaluation = position.evaluation
    if evaluation is None:
        return None, None, None, None, None, position.missing
    best = evaluation.best
    return (
        best,
        ply.san if best == ply.uci else _san(board, best),
        text(" ".join(evaluation.pv)),
        evaluation.depth,
        evaluation.nodes,
        "recorded" if position.recorded else "searched",
    )


def _san(board: chess.Board, uci: str | None) -> str | None:
    return None if uci is None else board.san(board.parse_uci(uci))


def _win(game: AnalysedGame, k: int, ply: Ply) -> tuple[float | None, float | None, float | None]:
    """Return the mover's Win% before and after a move, and the loss.

    The mating move, which has no accuracy, has them too: it leads from a mate to a won game.
    """
    before, after = ply.win_before, ply.win_after
    position = game.positions[k]
    if before is None and position.evaluation is not None and game.positions[k + 1].terminal == "checkmate":
        before = win_percent(position.evaluation.score, 1.0 if position.recorded else game.scale)
        after = _CHECKMATE
    if before is None or after is None:
        return None, None, None
    return decimals(before), decimals(after), decimals(max(0.0, before - after))


_CHECKMATE = 100.0
"""Win% of whoever has given checkmate."""


def _movers(score: Score | None, mover: Color) -> Score | None:
    """Return White's score as the mover's."""
    return score if score is None or mover == "white" else -score


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
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    for ply in game.plies:
        board.push(chess.Move.from_uci(ply.uci))
    evaluation = game.positions[-1].evaluation
    return fen_of(board), *_score(scores(game)[-1]), None if evaluation is None else evaluation.best


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
