"""What a person sees: the screen while a run goes on, and the summary at its end.

Progress goes to standard error, reports to standard output. A terminal gets a live board that is redrawn 4 to 8
times a second, a pipe or a CI log a plain line every few seconds, another program events as JSON.

| file          | what                                                              |
| ------------- | ----------------------------------------------------------------- |
| `screen.py`   | chooses between them, and draws the board in place                |
| `board.py`    | the board: a snapshot as a picture of the run                     |
| `trend.py`    | positions per second over the last minute, as little bars         |
| `plain.py`    | the line for a log                                                |
| `events.py`   | the events for other programs, and their format                   |
| `closing.py`  | the last lines: what was done, skipped, written                   |
| `overview.py` | the summary of many games: the leaks, the players                 |
| `page.py`     | the summary of one game                                           |
| `graph.py`    | White's Win% through a game                                       |
| `reports.py`  | reports in full                                                   |
| `charts.py`   | charts in characters                                              |
| `rows.py`     | which rows of reports `--show` means                              |
| `moves.py`    | the moves behind a row                                            |
| `columns.py`  | tables that fit a width                                           |
| `consoles.py` | where things are printed                                          |
"""

from __future__ import annotations

from engine.cli.live.board import render_board
from engine.cli.live.closing import closing_lines
from engine.cli.live.consoles import output_console, print_all
from engine.cli.live.moves import moves_behind, row_names
from engine.cli.live.overview import hints, overview
from engine.cli.live.plain import plain_line
from engine.cli.live.reports import summary
from engine.cli.live.rows import Query, ShownRow
from engine.cli.live.screen import Screen, Style
from engine.cli.live.trend import Trend
from engine.text.format import board_score, cell, clean, duration, location, short

__all__ = [
    "Query",
    "Screen",
    "ShownRow",
    "Style",
    "Trend",
    "board_score",
    "cell",
    "clean",
    "closing_lines",
    "duration",
    "hints",
    "location",
    "moves_behind",
    "output_console",
    "overview",
    "plain_line",
    "print_all",
    "render_board",
    "row_names",
    "short",
    "summary",
]
