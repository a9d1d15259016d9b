"""Annotating real games loses nothing: python-chess reads the same moves, tags, comments, NAGs and variations."""

from __future__ import annotations

import io
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator

import chess.pgn
import pytest

from engine_plugins.readers.pgn import PgnReader
from engine_plugins.writers.pgn import PgnWriter
from tests.plugins.writers.rendering import read, render
from tests.support import DATA, shared_data

FILES = [
    ("lichess-analysed", "games_eval_clk.pgn"),
    ("facts", "lichess_official_game_q7ZvsdUF.pgn"),
    ("engine", "redqueen_270_eval.pgn"),
    ("torture-pgn", "chesslib", "rav_alternative.pgn"),
    ("torture-pgn", "pgn-parser", "lichess_mliebelt_2024-01-03.pgn"),
    ("torture-pgn", "chess-library", "variations.pgn"),
]
HUMAN = {"twic-01-232games.pgn": 232, "lichess_db_438.pgn": 438, "js_lichess_bullet_clk_1000.pgn": 1000}
"""Games in the files of the folder `human`."""
EVERY = "ENGINE_TEST_EVERY_GAME" in os.environ
PARTS = [(name, first) for name, games in HUMAN.items() for first in range(0, games, 100)][:: 1 if EVERY else 8]
"""An eighth of them, unless the environment wants every one: that takes a minute of processor time."""
AT_MOST = 25
"""Games of another file: reading them with python-chess is what takes the time."""
OURS = re.compile(r"\[%eval [^\]]*\]|\(\S+ → \S+\) (?:Inaccuracy|Mistake|Blunder)\.(?: \S+ was best\.)?")
MARKS = frozenset(range(1, 7))

Path = tuple[str, ...]


def games(text: str) -> list[chess.pgn.Game]:
    stream = io.StringIO(text)
    return list(iter(lambda: chess.pgn.read_game(stream), None))


def notes(game: chess.pgn.Game) -> Iterator[tuple[Path, Counter[str], frozenset[int]]]:
    """Every node by the moves that lead to it: the words of its comments, and its NAGs."""
    todo: list[tuple[Path, chess.pgn.GameNode]] = [((), game)]
    while todo:
        path, node = todo.pop()
        text = " ".join(f"{getattr(node, 'starting_comment', '')} {node.comment}".split())
        yield path, Counter(OURS.sub(" ", text).split()), frozenset(node.nags)
        todo += [((*path, child.move.uci()), child) for child in node.variations]


def check(before: chess.pgn.Game, after: chess.pgn.Game) -> None:
    assert after.errors == []
    assert [move.uci() for move in after.mainline_moves()] == [move.uci() for move in before.mainline_moves()]
    for name, value in before.headers.items():
        if name != "Annotator":
            assert after.headers[name] == value
    assert after.headers["Annotator"].startswith(before.headers.get("Annotator", ""))
    annotated = "Annotator" in before.headers
    found = {path: (words, nags) for path, words, nags in notes(after)}
    for path, words, nags in notes(before):
        assert path in found
        assert found[path][0] == words
        assert nags - MARKS <= found[path][1]
        if nags & MARKS and not annotated:  # else the mark gives way with the verdict that it belongs to
            assert found[path][1] == nags


def check_file(data: bytes, first: int = 0, number: int = AT_MOST) -> None:
    raws = itertools.islice(PgnReader().split(io.BytesIO(data)), first, first + number)
    data = b"\n\n".join(raw.data for raw in raws)
    text = data.decode()
    written = render(PgnWriter, read(io.BytesIO(data)))
    before, after = games(text), games(written)
    assert len(before) == len(after)
    for original, other in zip(before, after, strict=True):
        check(original, other)
    assert render(PgnWriter, read(io.BytesIO(written.encode()))) == written


@pytest.mark.parity
@pytest.mark.parametrize("parts", FILES, ids=[parts[-1] for parts in FILES])
def test_real_games(parts: tuple[str, ...]) -> None:
    check_file(shared_data(*parts).read_bytes())


@pytest.mark.parity
@pytest.mark.parametrize(("name", "first"), PARTS)
def test_every_game_that_people_played(name: str, first: int) -> None:
    check_file(shared_data("human", name).read_bytes(), first, 100)


@pytest.mark.parity
def test_those_are_all_of_them() -> None:
    folder = shared_data("human")
    files = {path.name: io.BytesIO(path.read_bytes()) for path in folder.glob("*.pgn")}
    assert {name: len(list(PgnReader().split(file))) for name, file in files.items()} == HUMAN


def test_the_classics() -> None:
    check_file((DATA / "classics.pgn").read_bytes())
