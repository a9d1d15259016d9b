"""Pictures of the terminal, made from a recorded run.

`python -m tests.pictures` redraws those of README.md: `tests/data/screen.svg` and `tests/data/page.svg`.
`python -m tests.pictures FOLDER` draws the screen at 60, 100 and 200 columns, light, dark and without colours, and
the summaries, for inspection. `python -m tests.pictures --record` records a new run (embedded Stockfish).
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import structs
from rich.console import Console, RenderableType
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme

import engine
from engine.cli import live
from engine.model import RunResult
from engine.run.progress import Snapshot
from engine.settings import Settings
from tests.support import DATA

RUN = DATA / "run.jsonl"
SNAPSHOTS = 24
NODES = 40_000
THEMES = {"dark": MONOKAI, "light": DEFAULT_TERMINAL_THEME}
WIDTHS = (60, 100, 200)
SHOWN = 15
"""Number of the snapshot that README.md shows."""
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""The fonts that rich's SVG loads from elsewhere; they are removed, so that a picture loads nothing."""
DAMAGED = """[Event "Club evening"]
[White "Anna"]
[Black "Bert"]

1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ke3 *
"""


def snapshots() -> list[Snapshot]:
    """Read the recorded run: the classics and a damaged game, two workers, from its first second to its last."""
    return [msgspec.json.decode(line, type=Snapshot) for line in RUN.read_bytes().splitlines()]


def record() -> None:
    """Analyse the games again and save the snapshots that a screen gets."""
    seen: list[Snapshot] = []
    with tempfile.TemporaryDirectory() as folder:
        club = Path(folder, "club.pgn")
        club.write_text(DAMAGED)
        engine.analyze(
            [club, DATA / "classics.pgn"],
            nodes=NODES,
            evaluator="embedded",
            settings=Settings(workers=2, cache=str(Path(folder, "cache.sqlite"))),
            progress=seen.append,
        )
    kept = [seen[k * (len(seen) - 1) // (SNAPSHOTS - 1)] for k in range(SNAPSHOTS)]
    with RUN.open("wb") as file:
        for snapshot in kept:
            notices = tuple(structs.replace(n, file=Path(n.file or "").name) for n in snapshot.notices)
            file.write(msgspec.json.encode(structs.replace(snapshot, notices=notices)) + b"\n")


def frames(width: int, height: int = 24) -> Iterator[RenderableType]:
    """Yield the board at each snapshot, with the trend up to it."""
    trend = live.Trend()
    for snapshot in snapshots():
        trend.add(snapshot)
        yield live.render_board(snapshot, width, height, trend.rates())


def page() -> RunResult:
    """Analyse the first game of the match."""
    return engine.analyze(DATA / "match.jsonl.zst", settings=Settings(max_games=1))


def player() -> RunResult:
    """Analyse the games of one player."""
    return engine.analyze(DATA / "match.jsonl.zst", settings=Settings(players=("Stockfish 1700",)))


def svg(parts: Iterator[RenderableType], width: int, title: str, theme: TerminalTheme | None) -> str:
    """Draw what a terminal of `width` columns shows, as SVG; without colours when `theme` is None."""
    console = Console(
        record=True,
        width=width,
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        no_color=theme is None,
        highlight=False,
    )
    for part in parts:
        console.print(part)
    drawn = console.export_svg(title=title, theme=theme or THEMES["dark"], unique_id="terminal")
    lines = FONTS.sub("", drawn).replace("Fira Code", "DejaVu Sans Mono").splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


COMMAND = "engine analyze club.pgn classics.pgn"
READMES: dict[str, Callable[[], str]] = {
    "screen.svg": lambda: svg(iter([list(frames(100))[SHOWN]]), 100, COMMAND, THEMES["dark"]),
    "page.svg": lambda: svg(live.overview(page(), width=100), 100, "engine analyze game.pgn", THEMES["dark"]),
}


def look(folder: Path) -> None:
    """Draw the screen and the summaries in all widths and themes, for inspection."""
    game_result, player_result = page(), player()
    for width in WIDTHS:
        for name, theme in (*THEMES.items(), ("colourless", None)):
            for number in (2, SHOWN, SNAPSHOTS - 1):
                board = iter([list(frames(width))[number]])
                (folder / f"screen-{width}-{name}-{number}.svg").write_text(svg(board, width, COMMAND, theme))
            for summary, result in (("page", game_result), ("player", player_result)):
                drawn = svg(live.overview(result, width=width), width, "engine analyze", theme)
                (folder / f"{summary}-{width}-{name}.svg").write_text(drawn)


def main(arguments: list[str]) -> None:
    if arguments == ["--record"]:
        record()
    elif arguments:
        look(Path(arguments[0]))
    else:
        for name, draw in READMES.items():
            (DATA / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
