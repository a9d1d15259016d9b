"""The famous games that other tests use are complete and correct."""

from __future__ import annotations

import chess
import chess.pgn
import pytest

from tests.support import DATA

CLASSICS = [
    # White, plies, ends in mate
    ("Légal, Sire de", 13, True),
    ("Anderssen, Adolf", 45, True),
    ("Anderssen, Adolf", 47, True),
    ("Morphy, Paul", 33, True),
    ("Hamppe, Carl", 36, False),
    ("Rotlewi, Georg", 50, False),
    ("Réti, Richard", 21, True),
    ("Lasker, Edward", 35, True),
    ("Byrne, Donald", 82, True),
    ("Short, Nigel D", 67, False),
    ("Deep Blue", 37, False),
    ("Kasparov, Garry", 87, False),
]
TAGS = ["Event", "Site", "Date", "Round", "White", "Black", "Result", "ECO"]


def games() -> list[chess.pgn.Game]:
    with (DATA / "classics.pgn").open(encoding="utf-8") as file:
        return list(iter(lambda: chess.pgn.read_game(file), None))


def test_all_are_there() -> None:
    assert [game.headers["White"] for game in games()] == [white for white, _, _ in CLASSICS]


@pytest.mark.parametrize("index", range(len(CLASSICS)), ids=[white for white, _, _ in CLASSICS])
def test_a_classic(index: int) -> None:
    game = games()[index]
    _, plies, mate = CLASSICS[index]
    board = game.end().board()
    assert game.errors == []
    assert list(game.headers) == TAGS
    assert board.ply() == plies
    assert board.is_checkmate() == mate
    if mate:
        assert game.headers["Result"] == ("0-1" if board.turn == chess.WHITE else "1-0")
    else:
        assert any(board.legal_moves)


def test_the_moves_are_written_in_san() -> None:
    text = (DATA / "classics.pgn").read_text(encoding="utf-8")
    for game, part in zip(games(), text.split("\n\n")[1::2], strict=True):
        written = [token for token in part.split() if not token[0].isdigit()]
        assert written == [node.san() for node in game.mainline()]
