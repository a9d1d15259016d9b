"""Puzzles from the aggregator `puzzles`, as CSV, PGN, EPD or flash cards for Anki.

`-o mine.puzzles.csv` has the columns of Lichess's puzzle database, so that programs that read it read yours: `FEN`
is the position before the opponent's flaw, with which `Moves` begin. `Rating` is an estimate and `RatingDeviation`
its mean error; `Popularity` and `NbPlays` are 0, since nobody has played them yet. `-o mine.puzzles.pgn` writes a
game for each puzzle, from the position to solve, with the solution as its moves; `-o mine.puzzles.epd` a line with
the best move (`bm`) and the solution (`pv`). `-o mine.apkg` is a deck for Anki, with the board on one side and the
solution on the other; a deck that is made again later updates the cards that you have. All of them add the
aggregator `puzzles` to the run. Its options, such as `--set puzzles.margin=0.5`, decide what is a puzzle.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import importlib.util
import io
import itertools
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import chess
import chess.pgn
import chess.svg
from msgspec import Struct

from engine.errors import ConfigError
from engine.model import RunResult
from engine.plugin import Writer
from engine.positions.fen import board_of
from engine.positions.themes import difficulty_model
from engine_plugins.writers._csv import csv_lines

_COLUMNS = (
    "PuzzleId",
    "FEN",
    "Moves",
    "Rating",
    "RatingDeviation",
    "Popularity",
    "NbPlays",
    "Themes",
    "GameUrl",
    "OpeningTags",
)
_DECK, _MODEL = 1_583_904_177, 1_209_377_421
"""Numbers by which Anki knows the deck and the form of its cards again."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Date of the files in an `.apkg`, so that the same puzzles are the same bytes."""


class _Puzzle(Struct, frozen=True):
    """A row of the table `puzzles`."""

    game: int
    ply: int
    move: str | None
    player: str
    position: str
    line: str
    solution: str
    themes: str
    opening: str | None
    before: str
    flaw: str
    site: str
    rating: int

    @property
    def id(self) -> str:
        """Eight letters and digits that follow from the position and the solution."""
        digest = hashlib.blake2b(f"{_diagram(self.position)} {self.line}".encode(), digest_size=5).digest()
        return base64.b32encode(digest).decode().lower()

    def board(self) -> chess.Board:
        """Return the position to solve; as one of Chess960 only where castling needs that."""
        return board_of(self.position)

    def moves(self) -> list[chess.Move]:
        """Return the solution, the solver's move first."""
        return list(map(self.board().push_uci, self.line.split()))

    @property
    def side(self) -> str:
        return "White" if self.board().turn else "Black"

    @property
    def source(self) -> str:
        return f"game {self.game}, {self.player} to move"

    @property
    def url(self) -> str:
        """The game on its site, at the puzzle; empty where the site is no address."""
        if not self.site.startswith(("https://", "http://")):
            return ""
        color = "" if self.board().turn else "/black"
        return f"{self.site}{color}#{self.ply}"

    @property
    def opening_tags(self) -> str:
        """The opening and its variation, each as one word."""
        _, _, name = (self.opening or "").partition(" ")
        family = name.partition(":")[0]
        return " ".join(dict.fromkeys(_tag(each) for each in (family, name) if each))


def _diagram(fen: str) -> str:
    return " ".join(fen.split()[:4])


def _tag(name: str) -> str:
    kept = "".join(letter for letter in name if letter.isalnum() or letter in " -")
    return "_".join(kept.split())


def _puzzles(result: RunResult) -> Iterator[_Puzzle]:
    report = result.reports.get("puzzles")
    table = report.table("puzzles") if report is not None else None
    for row in table.records() if table is not None else ():
        cells: dict[str, Any] = {key: cell for key, cell in row.items() if key in _Puzzle.__struct_fields__}
        yield _Puzzle(**cells)


class PuzzlesCsv(Writer):
    """Puzzles as CSV with the columns of Lichess's puzzle database, from the aggregator `puzzles`."""

    suffixes: ClassVar[tuple[str, ...]] = (".puzzles.csv",)
    reports: ClassVar[tuple[str, ...]] = ("puzzles",)

    def finish(self, result: RunResult) -> None:
        rows = (
            (
                puzzle.id,
                puzzle.before,
                f"{puzzle.flaw} {puzzle.line}",
                puzzle.rating,
                round(difficulty_model().error),
                *(0, 0),
                puzzle.themes,
                puzzle.url,
                puzzle.opening_tags,
            )
            for puzzle in _puzzles(result)
        )
        self.stream.write(csv_lines([_COLUMNS, *rows]))


class PuzzlesPgn(Writer):
    """Puzzles as PGN, a game for each from the position to solve, from the aggregator `puzzles`."""

    suffixes: ClassVar[tuple[str, ...]] = (".puzzles.pgn",)
    reports: ClassVar[tuple[str, ...]] = ("puzzles",)

    def finish(self, result: RunResult) -> None:
        for number, puzzle in enumerate(_puzzles(result), start=1):
            self.stream.write(f"{_game(number, puzzle)}\n\n".encode())


def _game(number: int, puzzle: _Puzzle) -> chess.pgn.Game:
    board = puzzle.board()
    game = chess.pgn.Game()
    game.headers.clear()
    game.headers.update(
        {
            "Event": f"{puzzle.side} to move",
            "Site": puzzle.url or puzzle.source,
            "Date": "????.??.??",
            "Round": str(number),
            "White": puzzle.player if board.turn else "?",
            "Black": "?" if board.turn else puzzle.player,
            "Result": "*",
        }
    )
    game.setup(board)
    game.headers["Themes"] = puzzle.themes
    node: chess.pgn.GameNode = game
    for move in puzzle.moves():
        node = node.add_variation(move)
    return game


class PuzzlesEpd(Writer):
    """Puzzles as EPD with `bm` and `pv`, from the aggregator `puzzles`."""

    suffixes: ClassVar[tuple[str, ...]] = (".puzzles.epd",)
    reports: ClassVar[tuple[str, ...]] = ("puzzles",)

    def finish(self, result: RunResult) -> None:
        for puzzle in _puzzles(result):
            moves = puzzle.moves()
            line = puzzle.board().epd(
                bm=[moves[0]], pv=moves, c0=puzzle.themes, id=f"{puzzle.id}, {puzzle.source}"
            )
            self.stream.write(f"{line}\n".encode())


class PuzzlesAnki(Writer):
    """Puzzles as a deck of flash cards for Anki, from the aggregator `puzzles`."""

    suffixes: ClassVar[tuple[str, ...]] = (".apkg",)
    reports: ClassVar[tuple[str, ...]] = ("puzzles",)
    binary = True

    @classmethod
    def check(cls) -> None:
        if importlib.util.find_spec("genanki") is None:
            raise ConfigError(
                "an Anki deck needs the package genanki: pip install 'grandmaster-analysis[anki]', or write"
                " .puzzles.csv"
            )

    def finish(self, result: RunResult) -> None:
        import genanki

        form = genanki.Model(
            _MODEL,
            "Chess puzzle",
            fields=[{"name": name} for name in ("Id", "Board", "Task", "Solution", "About")],
            templates=[
                {
                    "name": "Solve",
                    "qfmt": "{{Board}}<p>{{Task}}</p>",
                    "afmt": "{{FrontSide}}<hr id=answer><p><b>{{Solution}}</b></p><p>{{About}}</p>",
                }
            ],
            css=".card { font-family: sans-serif; text-align: center; } svg { max-width: 100%; height: auto; }",
        )
        deck = genanki.Deck(_DECK, "Puzzles from my games")
        for puzzle in _puzzles(result):
            fields = [puzzle.id, _diagram_of(puzzle), f"{puzzle.side} to move", puzzle.solution, _about(puzzle)]
            safe = [*fields[:2], *(html.escape(text) for text in fields[2:])]
            note = genanki.Note(model=form, fields=safe, guid=puzzle.id, tags=puzzle.themes.split())
            deck.add_note(note)
        self.stream.write(_packed(genanki.Package(deck)))


def _diagram_of(puzzle: _Puzzle) -> str:
    board = puzzle.board()
    flaw = chess.Move.from_uci(puzzle.flaw) if puzzle.flaw else None
    return str(chess.svg.board(board, orientation=board.turn, lastmove=flaw, size=360))


def _about(puzzle: _Puzzle) -> str:
    played = f"; played was {puzzle.move}" if puzzle.move else ""
    return f"{puzzle.source}{played}. {puzzle.themes}"


def _packed(package: Any) -> bytes:
    """Return a package of genanki as a file; genanki's own way leaves a temporary one behind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "collection"
        with contextlib.closing(sqlite3.connect(path)) as collection:
            package.write_to_db(collection.cursor(), 1.0, itertools.count(1000))
            collection.commit()
        content = path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in (("collection.anki2", content), ("media", b"{}")):
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
