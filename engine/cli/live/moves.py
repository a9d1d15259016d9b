"""The moves behind a row of a report, each with its board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import chess
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from engine.cli.live.page import MARKS
from engine.cli.live.readings import above_moves
from engine.cli.live.rows import ShownRow
from engine.model import AnalysedGame, Ply, Reference
from engine.positions.fen import fen_of
from engine.positions.movetext import NULL_MOVE
from engine.text.format import clean, count, figure

NARROW = 80
"""Columns of a terminal below which no boards are drawn."""
_ANALYSIS = "https://lichess.org/analysis/"


def moves_behind(row: ShownRow, games: Mapping[int, AnalysedGame], width: int) -> Iterator[RenderableType]:
    """Yield a row of a report, and the moves and games that it rests on.

    * **row** - the row.
    * **games** - the games of its references, by number; one that is missing is only named.
    * **width** - columns of the terminal.
    """
    yield Text(row.title, style="bold")
    if row.figures:
        yield Text(row.figures)
    if row.reading:
        yield Text(above_moves(row.reading), style="dim")
    for reference in row.references:
        yield Text()
        game = games.get(reference.game)
        if game is None:
            yield Text(f"game {reference.game}, which the input no longer has", style="dim")
        elif reference.ply is None:
            yield Text.assemble((f"game {reference.game}", "bold"), f"  {_about(game)}")
        else:
            yield from _move(game, min(reference.ply, len(game.plies)), reference, width)
    yield Text()


def row_names(rows: list[ShownRow]) -> Iterator[RenderableType]:
    """Yield what can be shown, a line for each row."""
    named = Counter(row.name for row in rows)
    for row in rows:
        is_named = named[row.name] == 1 and not row.row.startswith("#")
        what = "game" if all(reference.ply is None for reference in row.references) else "move"
        name = row.name if is_named else f"{row.report}:{row.key}=#{row.number}"
        line = Text(clean(name)).append(f"  {count(len(row.references), what)}", style="dim")
        about = "" if is_named else ", ".join(part for part in (row.title, row.figures) if part)
        yield line.append(f"  {about}", style="dim") if about else line


def _move(game: AnalysedGame, k: int, reference: Reference, width: int) -> Iterator[RenderableType]:
    board = game.board(k)
    ply = game.plies[k] if k < len(game.plies) else None
    played = (
        f"{game.number(k)} {ply.san}{MARKS.get(ply.judgement, '') if ply.judgement else ''}" if ply else "the end"
    )
    title = Text.assemble((f"game {reference.game}, {clean(played)}", "bold"), f"  {_about(game)}")
    addresses = [Text(f"FEN {fen_of(board)}", no_wrap=True, overflow="ignore")]
    if game.variant == "standard":
        address = f"{_ANALYSIS}{board.fen().replace(' ', '_')}"
        addresses.append(Text(address, style="dim", no_wrap=True, overflow="ignore"))
    if width < NARROW:
        yield title
        yield from _facts(game, k, ply, board)
        yield from addresses
        return
    move = chess.Move.from_uci(ply.uci) if ply and ply.uci != NULL_MOVE else None
    grid = Table.grid(padding=(0, 2))
    text = Table.grid()
    for line in _facts(game, k, ply, board):
        text.add_row(line)
    grid.add_row(_Board(board, move), text)
    yield title
    yield grid
    yield from addresses


def _facts(game: AnalysedGame, k: int, ply: Ply | None, board: chess.Board) -> Iterator[Text]:
    """Yield what is known of a move: Win%, the best move, the clock."""
    if ply is not None and ply.win_before is not None and ply.win_after is not None:
        mover = clean(game.player(game.turn(k)))
        yield Text(f"{mover}'s Win% {ply.win_before:.0f} before, {ply.win_after:.0f} after")
    evaluation = game.positions[k].evaluation
    if evaluation is not None and evaluation.best is not None and not (ply and ply.uci == evaluation.best):
        yield Text(f"best {_san(board, evaluation.best)}")
    if ply is not None and ply.clock is not None:
        yield Text(f"{figure(ply.clock, 'duration')} left on the clock after it")


def _san(board: chess.Board, uci: str) -> str:
    try:
        return board.san(board.parse_uci(uci))
    except ValueError:
        return uci


def _about(game: AnalysedGame) -> str:
    """Return who played, when, and where the game stands."""
    parts = [f"{game.player('white')} – {game.player('black')}", game.result if game.result != "*" else ""]
    parts += [game.date, f"{game.origin.file}:{game.origin.line}"]
    return clean(", ".join(part for part in parts if part))


class _Board:
    """A board in the view of the side to move; the squares from which and to which the move goes are marked."""

    def __init__(self, board: chess.Board, move: chess.Move | None) -> None:
        self._board = board
        self._marked = {move.from_square, move.to_square} if move is not None else set()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        dim, marked = console.get_style("dim"), console.get_style("bold reverse")
        files = range(8) if self._board.turn else range(7, -1, -1)
        for rank in reversed(files):
            yield Segment(f"{rank + 1} ", dim)
            for file in files:
                square = chess.square(file, rank)
                piece = self._board.piece_at(square)
                sign = "." if options.ascii_only else "·"
                if piece is not None:
                    sign = piece.symbol() if options.ascii_only else piece.unicode_symbol()
                is_marked = square in self._marked
                yield Segment(sign, marked if is_marked else dim if piece is None else None)
                yield Segment(" ")
            yield Segment.line()
        yield Segment("  " + " ".join("abcdefgh"[file] for file in files), dim)
        yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(18, 18)
