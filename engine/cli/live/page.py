"""The summary of one game: a page that fits a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import chess
from rich.console import RenderableType
from rich.text import Text

from engine import scoring
from engine.cli.live.columns import TableColumn, fit_table
from engine.cli.live.graph import Graph
from engine.model import AnalysedGame, Cell, Color, Judgement, title_of
from engine.positions.movetext import NULL_MOVE
from engine.text.format import cell, clean, count, fit

WIDEST = 100
"""Columns of the page at most: a wider one reads no better."""
UNEVALUATED = "No position has an evaluation."
COLORS: Final[tuple[Color, Color]] = ("white", "black")
KINDS: Final[tuple[tuple[Judgement, str, str, str], ...]] = (
    ("blunder", "??", "blunders", "red"),
    ("mistake", "?", "mistakes", "magenta"),
    ("inaccuracy", "?!", "inaccuracies", "yellow"),
)
"""Judgements, each with its mark, its plural and its colour."""
NARROW = 90
"""Columns of a terminal below which headings are short."""
PLAYED = "Winning moves played"
SHORT: Final = {"Inaccuracies": "?!", "Mistakes": "?", "Blunders": "??", PLAYED: "Wins played"}
MARKS: Final = {kind: mark for kind, mark, _, _ in KINDS}


def game_page(
    game: AnalysedGame, width: int, winning: Mapping[str, Cell] | None = None
) -> Iterator[RenderableType]:
    """Yield who played, how well, and where it went wrong.

    * **game** - the game.
    * **width** - columns of the terminal.
    * **winning** - *(optional)* how many of the winning moves that were there each player played: `31 of 40`.
    """
    width = min(width, WIDEST)
    yield from _head(game, width)
    yield Text()
    yield from _players(game, width, winning or {})
    wins = white_wins(game)
    if all(win is None for win in wins):
        yield Text()
        yield Text(UNEVALUATED, style="dim italic")
        return
    yield Text()
    yield Graph(wins, [ply.judgement for ply in game.plies], game.turn(0), int(game.fen.rsplit(" ", 1)[1]), width)
    sans = _sans(game)
    turn = _turning_point(game, wins, sans)
    if turn is not None:
        yield Text()
        yield turn
    yield from _judgements(game, sans, width)


def heading(label: str, width: int) -> str:
    """Return a heading over figures, as long as `width` columns of a terminal allow."""
    return SHORT.get(label, label) if width < NARROW else label


def white_wins(game: AnalysedGame) -> list[float | None]:
    """Return White's Win%, 0 to 100, in the positions 0 to N; None where it is not known.

    Checkmate on the board is 100 or 0, stalemate 50.
    """
    wins: list[float | None] = []
    for k, position in enumerate(game.positions):
        white = game.turn(k) == "white"
        win: float | None = None
        if position.evaluation is not None:
            scale = 1.0 if position.recorded else game.scale
            win = scoring.win_percent(position.evaluation.score, scale)
        elif position.terminal is not None:
            win = 0.0 if position.terminal == "checkmate" else 50.0
        wins.append(win if win is None or white else 100 - win)
    return wins


def _head(game: AnalysedGame, width: int) -> Iterator[Text]:
    room = max(8, (width - 10) // 2)
    players = [fit(clean(game.player(color)), room) for color in COLORS]
    title = clean(title_of(game.headers))
    nobody = "A game" if title == "? – ?" else fit(title, width - 10)
    names = " – ".join(players) if players != ["?", "?"] else nobody
    yield Text.assemble((names, "bold"), f"   {game.result}" if game.result != "*" else "")
    headers = game.headers
    about = [headers.get(name, "") for name in ("Event", "Site", "Date")]
    about = [text for text in about if text.strip("?. ") and "://" not in text]
    if game.opening is not None:
        about.append(f"{game.opening.eco} {game.opening.name}")
    about.append(count((len(game.plies) + 1) // 2, "move"))
    yield Text(clean(", ".join(about)), style="dim")


def _players(game: AnalysedGame, width: int, winning: Mapping[str, Cell]) -> Iterator[RenderableType]:
    sides = [game.side(color) for color in COLORS]
    columns = [
        TableColumn("", [f"{clean(game.player(color))} ({color.title()})" for color in COLORS]),
        TableColumn("Accuracy", [cell(side.accuracy, "percent") for side in sides], figures=True, style="bold"),
        TableColumn("ACPL", [cell(side.acpl, "int") for side in sides], figures=True),
        TableColumn(
            heading("Inaccuracies", width), [cell(side.inaccuracies, "int") for side in sides], figures=True
        ),
        TableColumn(heading("Mistakes", width), [cell(side.mistakes, "int") for side in sides], figures=True),
        TableColumn(heading("Blunders", width), [cell(side.blunders, "int") for side in sides], figures=True),
    ]
    names = [game.player(color) for color in COLORS]
    if winning and names[0] != names[1]:
        won = [cell(winning.get(name), "text") for name in names]
        columns.append(TableColumn(heading(PLAYED, width), won, figures=True))
    yield from fit_table(columns, width, heading_style="dim")


def _turning_point(game: AnalysedGame, wins: Sequence[float | None], sans: Sequence[str]) -> Text | None:
    """Return the turning point in words, in the view of the side that gained; None without one."""
    unjudged = {k for k, ply in enumerate(game.plies) if ply.uci == NULL_MOVE}
    turning_point = scoring.turning_point(wins, unjudged)
    if turning_point is None:
        return None
    ply, gain = turning_point
    before = wins[ply]
    after = wins[ply + 1]
    assert before is not None
    assert after is not None
    winner: Color = "white" if after > before else "black"
    if winner == "black":
        before, after = 100 - before, 100 - after
    mark = MARKS.get(game.plies[ply].judgement or "inaccuracy", "") if game.plies[ply].judgement else ""
    return Text.assemble(
        ("Turning point: ", "bold"),
        (f"{game.number(ply)} {game.plies[ply].san}{mark}", "bold"),
        f" took {winner.title()}'s Win% from {before:.0f} to {after:.0f}, and it was never below "
        f"{before + gain:.0f} again.",
        f" {sans[ply]} was best." if sans[ply] and sans[ply] != game.plies[ply].san else "",
    )


def _judgements(game: AnalysedGame, best: Sequence[str], width: int) -> Iterator[RenderableType]:
    """Yield each side's blunders, mistakes and inaccuracies, each with the move that was best."""
    for color in COLORS:
        lines: list[Text] = []
        for kind, mark, plural, style in KINDS:
            plies = [k for k, ply in enumerate(game.plies) if ply.judgement == kind and game.turn(k) == color]
            if plies:
                head = Text(f"  {mark:<3}{count(len(plies), kind, plural)}: ", style)
                lines += _wrapped(head, [_move(game, k, best[k]) for k in plies], width)
        if lines:
            yield Text()
            yield Text(fit(clean(game.player(color)), width), style="bold")
            yield from lines


def _move(game: AnalysedGame, ply: int, best: str) -> str:
    """Return a move as `14... Qe5 (best Nf6)`."""
    move = f"{game.number(ply)} {game.plies[ply].san}"
    return f"{move} (best {best})" if best else move


def _wrapped(head: Text, items: Sequence[str], width: int) -> list[Text]:
    """Return items after a heading, in lines that break between items only."""
    indent = head.cell_len
    line = head
    lines = [line]
    for k, item in enumerate(items):
        word = item if k == len(items) - 1 else f"{item}, "
        if line.cell_len > indent and line.cell_len + len(word.rstrip()) > width:
            line.rstrip()
            line = Text(" " * indent)
            lines.append(line)
        line.append(word, "default")
    return lines


def _sans(game: AnalysedGame) -> list[str]:
    """Return the best moves in SAN by ply; empty where a best move is not known."""
    sans: list[str] = []
    for board, position in zip(game.boards(), game.positions, strict=True):
        best = position.evaluation.best if position.evaluation is not None else None
        sans.append(_san(board, best) if best else "")
    return sans


def _san(board: chess.Board, uci: str) -> str:
    try:
        return board.san(board.parse_uci(uci))
    except ValueError:
        return uci
