"""Rebuild the table of openings: `python -m engine.positions.openings_build FOLDER [TABLE]`.

FOLDER is a copy of https://github.com/lichess-org/chess-openings (CC0): its `*.tsv` files have the columns `eco`,
`name` and `pgn`. The same files give the same table to the byte.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import chess

from engine.errors import InputError
from engine.positions import openings

__all__ = ["rebuild_table"]

_HEADER = """\
# Chess openings by position. Built by `python -m engine.positions.openings_build`; do not edit.
# From the list of https://github.com/lichess-org/chess-openings, which is in the public domain (CC0 1.0).
# A line a position: key (positions.openings.key), ECO code, name. Only a key: on the way to a named position.
# After `pawns`: squares of the pawns of both sides in one or more of these positions, as a bitboard.
"""


def rebuild_table(folder: Path) -> str:
    """Return the text of the table for the openings in a folder.

    * **folder** - the folder with the `*.tsv` files.

    Raises `InputError` for a folder without such files, for a line that is not an opening, and for a position with
    two names.
    """
    sources = sorted(folder.glob("*.tsv"))
    if not sources:
        raise InputError(f"no *.tsv in {folder}")
    named: dict[str, tuple[str, str]] = {}
    unnamed: set[str] = set()
    """Keys of the positions on the way to a named one."""
    pawns: set[int] = set()
    for source in sources:
        for number, eco, name, pgn in _rows(source):
            location = f"{source.name}, line {number}"
            try:
                *passed, end = _keys(pgn, pawns)
            except ValueError as error:
                raise InputError(f"{location}: {error}") from error
            if named.setdefault(end, (eco, name)) != (eco, name):
                raise InputError(f"{location}: {eco} {name} is also {' '.join(named[end])}")
            unnamed.update(passed)
    lines = [f"{key}\t{eco}\t{name}" for key, (eco, name) in sorted(named.items(), key=_by_name)]
    lines += sorted(unnamed - named.keys())
    lines += [f"{openings.PAWNS}\t{squares:016x}" for squares in sorted(pawns)]
    return _HEADER + "".join(f"{line}\n" for line in lines)


def _rows(source: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line number, ECO code, name and moves of each opening in a file."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in rows:
            eco, name, pgn = (row.get(column) for column in ("eco", "name", "pgn"))
            if not eco or not name or not pgn:
                raise InputError(f"{source.name}, line {rows.line_num}: no eco, name and pgn")
            yield rows.line_num, eco, name, pgn


def _keys(pgn: str, pawns: set[int]) -> list[str]:
    """Return the keys of the positions 0 to N of a line, and add the squares of their pawns to `pawns`.

    Raises ValueError for a move that is not legal.
    """
    board = chess.Board()
    keys = [openings.key(board)]
    pawns.add(board.pawns)
    for san in re.sub(r"\d+\.+", " ", pgn).split():
        board.push_san(san)
        keys.append(openings.key(board))
        pawns.add(board.pawns)
    return keys


def _by_name(item: tuple[str, tuple[str, str]]) -> tuple[str, str, str]:
    key, (eco, name) = item
    return eco, name, key


def main() -> None:
    """Write the table: to the file that is named, else over the package's own. Exit with 2 on an InputError."""
    parser = argparse.ArgumentParser(prog="python -m engine.positions.openings_build")
    parser.add_argument("folder", type=Path, help="a copy of lichess-org/chess-openings")
    parser.add_argument("table", type=Path, nargs="?", default=openings.TABLE, help="what to write")
    arguments = parser.parse_args()
    try:
        table = rebuild_table(arguments.folder)
    except InputError as error:
        parser.error(str(error))
    arguments.table.write_text(table, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
