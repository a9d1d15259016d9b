"""What is sent of real games, and where they end and change: as python-chess has it, played move by move."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import chess
import pytest

from engine.model import Landmarks, Origin, Position, SourceGame
from engine.positions.landmarks import Surveyor
from engine.positions.refusal import refusal
from engine.search.games import PlannedGame
from engine.search.planner import Positions, plan
from engine.settings import Search
from engine.system.compression import InputStream
from engine_plugins.readers.jsonl import JsonlReader
from engine_plugins.readers.pgn import PgnReader
from tests.support import shared_data

DATA = Path(__file__).parents[2] / "data"
UNUSUAL = """
[Event "null moves, and a right to take en passant that one of them ends"]

1. e4 Nf6 2. e5 d5 3. -- -- 4. Nf3 Bf5 *

[Event "a pawn that may not be taken, because it is pinned"]
[FEN "8/8/8/8/R4p1k/8/4P3/4K3 w - - 7 9"]

1. e4 Kg3 2. Ra3+ *

[Event "rights to castle that end with captures and promotions"]
[FEN "r3k2r/1P6/8/8/8/8/6p1/R3K2R w KQkq - 4 30"]

1. bxa8=N gxh1=Q+ 2. Kd2 O-O 3. Kd3 Qxa1 *

[Event "moves of rooks and kings that have no right any more"]
[FEN "r3k2r/8/8/8/8/8/8/R3K2R w Kq - 0 1"]

1. Ra2 Rh7 2. Ra1 Rh8 3. Rh2 Ra7 4. Rh1 Ra8 5. Ke2 Ke7 6. Ke1 Ke8 *

[Event "a first position in which a pawn may be taken en passant"]
[FEN "4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1"]

1. Kd2 Kd7 *

[Event "a first position that no program may get"]
[FEN "4k3/4R3/8/8/8/8/8/4K2P w - - 0 1"]

1. Rxe8 *
"""


def read(path: Path) -> Iterator[SourceGame]:
    """Yield the games of a file that can be read."""
    with path.open("rb") as file:
        name = path.name.removesuffix(".zst")
        reader = (JsonlReader if name.endswith(".jsonl") else PgnReader)()
        stream = io.BytesIO(InputStream(file, path.suffix).readall())
        for raw in reader.split(stream):
            game = reader.parse(raw)
            if isinstance(game, SourceGame):
                yield game


def played(game: SourceGame) -> tuple[list[Position], list[tuple[int, str]], str, Landmarks]:
    """Play a game with python-chess; return what is sent, what is refused, the ending and the landmarks."""
    chess960 = game.variant == "chess960"
    board = chess.Board(game.fen, chess960=chess960)
    surveyor = Surveyor()
    positions: list[Position] = []
    refused: list[tuple[int, str]] = []
    root, since = board.fen(shredder=chess960), list[str]()
    sound = refusal(board) is None
    for ply, uci in enumerate((*game.moves, "")):
        surveyor.see(board)
        positions.append(Position(root, tuple(since), chess960))
        if (reason := refusal(board)) is not None:
            refused.append((ply, reason))
        if uci:
            move = chess.Move.from_uci(uci)
            irreversible = not sound or not move or board.is_irreversible(move)
            board.push(move)
            root, since = (board.fen(shredder=chess960), []) if irreversible else (root, [*since, uci])
    ended = board.outcome(claim_draw=False)
    ending = "open" if any(board.legal_moves) or ended is None else ended.termination.name.lower()
    return positions, refused, ending, surveyor.landmarks(phases=game.epd is None)


def check(game: SourceGame) -> None:
    """Compare a plan with what python-chess makes of the game."""
    positions, refused, ending, landmarks = played(game)
    bare = SourceGame(game.headers, game.fen, game.variant, game.moves, game.sans, epd=game.epd)
    for known in (game, bare):  # the reader says how it ends and changes, or the planner finds out
        planned = plan(Origin(1, "x", 1), known, Search(), itertools.count(1), use_recorded=False)
        assert planned.refused == tuple(refused)
        assert planned.landmarks == landmarks
        if known is bare or game.recording is None:
            assert_plan(planned, positions, {ply for ply, _ in refused}, ending)
    last = len(game.moves)
    sent = None if ending != "open" or any(ply == last for ply, _ in refused) else positions[-1]
    assert Positions(bare).after(last, ()) == sent


def assert_plan(planned: PlannedGame, positions: list[Position], refused: set[int], ending: str) -> None:
    sent = {ply: at for unit in planned.units for ply, at in zip(unit.plies, unit.positions, strict=True)}
    last = len(positions) - 1
    unsearched = refused if ending == "open" else {*refused, last}
    assert sent == {ply: position for ply, position in enumerate(positions) if ply not in unsearched}
    at_the_end = planned.positions[-1]
    assert (at_the_end.terminal if at_the_end else None) == (
        None if ending == "open" or last in refused else ending
    )


@pytest.mark.parametrize("name", ["classics.pgn", "repertoire.pgn", "match.jsonl.zst"])
def test_what_is_sent_of_real_games_is_what_python_chess_makes_of_them(name: str) -> None:
    games = list(itertools.islice(read(DATA / name), 12))
    assert games
    for game in games:
        check(game)


def test_what_is_sent_of_unusual_games_is_what_python_chess_makes_of_them(tmp_path: Path) -> None:
    (tmp_path / "unusual.pgn").write_text(UNUSUAL)
    games = list(read(tmp_path / "unusual.pgn"))
    assert [len(game.moves) for game in games] == [8, 3, 6, 12, 2, 1]
    for game in games:
        check(game)


@pytest.mark.soak
def test_what_is_sent_of_all_games_is_what_python_chess_makes_of_them() -> None:
    games = 0
    for path in sorted(shared_data().rglob("*.pgn")):
        for game in read(path):
            check(game)
            games += 1
    assert games > 3_000
