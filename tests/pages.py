"""The example at the end of each aggregator's page: a real table, made from the games in `tests/data`.

`python -m tests.pages` writes the examples into the docstrings; `tests/plugins/aggregators/test_pages.py` fails
when one is out of date. tests/README.md describes the games.
"""

from __future__ import annotations

import inspect
import io
import shlex
import sys
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct, structs
from rich.console import Console

import engine
from engine.cli.live import summary
from engine.contracts.aggregator import Aggregator
from engine.loading.registry import Registry
from engine.model import RunResult
from engine.settings import Settings

ROOT = Path(__file__).parents[1]
MATCH = "tests/data/match.jsonl.zst"
MARK = "Example:"
WIDTH = 96


class Example(Struct, frozen=True):
    """Recipe for the example of one page."""

    tables: tuple[str, ...]
    """Keys of the tables to show."""
    rows: int = 6
    """Number of rows of each table."""
    player: str | None = None
    options: Mapping[str, str] = {}
    notes: int = 0
    """Number of notes to show."""
    games: str = MATCH
    """Path of the games, relative to the repository."""


EXAMPLES: Mapping[str, Example] = {
    "accuracy": Example(("players",)),
    "acpl": Example(("players", "losses"), rows=8),
    "baseline": Example(("bands",)),
    "best-scores": Example(("best",)),
    "classification": Example(("classes",), rows=11, player="Stockfish 1700"),
    "conversion": Example(("outcomes", "games"), player="Stockfish 1700"),
    "endgames": Example(("classes",), player="Stockfish 1700"),
    "epd-solved": Example(("unsolved",), games="tests/data/finishes.jsonl"),
    "explain": Example(("reasons", "players"), rows=8),
    "highlights": Example(("games", "moments"), rows=4),
    "judgements": Example(("players", "worst"), rows=4),
    "leaderboard": Example(("players",)),
    "leaks": Example(("leaks", "clock"), player="Stockfish 1700"),
    "missed-mates": Example(("players", "missed"), rows=4),
    "mistakes": Example(("positions",), player="Stockfish 2300"),
    "openings": Example(("openings", "tree"), player="Stockfish 2300"),
    "peers": Example((), player="Stockfish 1700", notes=1),
    "phases": Example(("ours", "theirs"), player="Stockfish 1700"),
    "puzzles": Example(("refused",), notes=1),
    "repertoire": Example(
        ("left", "ours"), player="Stockfish 2000", options={"lines": "tests/data/repertoire.pgn"}
    ),
    "time-management": Example(("clock", "longest"), player="Stockfish 1700"),
    "trends": Example(("periods",), player="Stockfish 1700"),
    "wins": Example(("players", "games"), rows=4),
}


def page(name: str) -> str:
    """Return the example of an aggregator's page: the command, and the chosen tables of its output."""
    example = EXAMPLES[name]
    command = ["engine", "analyze", example.games, "-a", name]
    command += ["--player", example.player] if example.player else []
    for key, value in example.options.items():
        command += ["--set", f"{name}.{key}={value}"]
    report = _result(name).reports[name]
    by_key = {table.key: table for table in report.tables}
    shown_tables = tuple(by_key[key] for key in example.tables)
    shown = structs.replace(
        report, metrics={}, findings=(), charts=(), notes=report.notes[: example.notes], tables=shown_tables
    )
    text = io.StringIO()
    console = Console(file=text, width=WIDTH, force_terminal=False, color_system=None)
    result = structs.replace(_result(name), reports={name: shown})
    for part in summary(result, width=WIDTH, rows=example.rows):
        console.print(part)
    lines = [line.rstrip() for line in text.getvalue().rstrip().splitlines()[1:]]
    prompt = f"$ {shlex.join(command)}".replace(" --set", " \\\n    --set")
    body = "\n".join([prompt, "", *lines])
    return f"{MARK}\n\n{textwrap.indent(body, '    ')}"


def _result(name: str) -> RunResult:
    return _run(EXAMPLES[name].games, EXAMPLES[name].player)


@cache
def _run(games: str, player: str | None) -> RunResult:
    """Run all aggregators whose examples have these games and this player."""
    names = [name for name, example in EXAMPLES.items() if (example.games, example.player) == (games, player)]
    settings = Settings(
        players=(player,) if player else (),
        aggregator_options={name: _in_place(EXAMPLES[name].options) for name in names},
        follow_up_evaluator="none",
    )
    return engine.analyze(ROOT / games, aggregators=names, settings=settings)


def _in_place(options: Mapping[str, str]) -> dict[str, str]:
    """Make paths in options absolute, so that this can be run from any folder."""
    return {key: str(ROOT / value) if "/" in value else value for key, value in options.items()}


def write(cls: type[Aggregator], text: str) -> None:
    """Put the example at the end of the docstring of `cls`."""
    path = Path(inspect.getfile(cls))
    source = path.read_text(encoding="utf-8")
    start = source.index(f"class {cls.__name__}(")
    opening = source.index('"""', start)
    closing = source.index('"""', opening + 3)
    old = source[opening:closing]
    kept = old.partition(f"\n\n    {MARK}\n")[0].rstrip()
    shown = textwrap.indent(text.replace("\\", r"\\"), "    ")
    new = f"{kept}\n\n{shown}\n    "
    path.write_text(source[:opening] + new + source[closing:], encoding="utf-8")


def main() -> None:
    registry = Registry()
    for name in sys.argv[1:] or EXAMPLES:
        write(registry.load("engine.aggregators", name), page(name))


if __name__ == "__main__":
    main()
