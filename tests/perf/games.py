"""The games to analyse: games of our own, random ones, and the big real data where it is present."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import chess.pgn
import msgspec

from engine.system.compression import InputStream
from tests.perf.report import Unavailable

DATA = Path(__file__).parents[1] / "data"
CLASSICS = DATA / "classics.pgn"
PLAYERS = 50
"""Number of players in random games, so that data kept by player does not look like growth."""


def big(*parts: str) -> Path | None:
    """Return a file of the big real data (`ENGINE_TEST_DATA`, or beside the repository); None if it is missing."""
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("ENGINE_TEST_DATA", default), *parts)
    return path if path.exists() else None


def match() -> list[dict[str, Any]]:
    """Return the match: 24 games of Stockfish against itself, 2,312 positions, decoded from our JSON Lines."""
    with (DATA / "match.jsonl.zst").open("rb") as file:
        lines = InputStream(file, ".zst").readall().splitlines()
    return [msgspec.json.decode(line) for line in lines]


def write_match(path: Path, games: int | None = None, *, evals: bool = False, times: int = 1) -> Path:
    """Write the match as PGN and return the file.

    * **games** - *(optional)* number of games from the beginning; all when None.
    * **evals** - whether moves get `[%eval]` comments.
    * **times** - how often the games are repeated."""
    texts = [_as_pgn(game, evals=evals) for game in match()[:games]]
    path.write_text("\n".join(texts * times), encoding="utf-8")
    return path


def _as_pgn(game: dict[str, Any], *, evals: bool) -> str:
    tags = "".join(f'[{name} "{value}"]\n' for name, value in game["headers"].items())
    words = []
    for k, ply in enumerate(game["plies"]):
        words.append(f"{k // 2 + 1}. {ply['san']}" if k % 2 == 0 else f"{k // 2 + 1}... {ply['san']}")
        score = game["positions"][k + 1].get("eval")
        if evals and score:
            words.append(f"{{ [%eval {_as_eval(score)}] }}")
    return f"{tags}\n{' '.join(words)} {game['headers'].get('Result', '*')}\n"


def _as_eval(score: dict[str, int]) -> str:
    return f"#{score['mate']}" if "mate" in score else f"{score['cp'] / 100:.2f}"


def must_exist(path: Path) -> None:
    """Raise `Unavailable` if there is no such file."""
    if not path.is_file():
        raise Unavailable(f"{path}: no such file")


def cut(source: Path, target: Path, games: int | None) -> Path:
    """Copy the first games of a PGN file and return the copy. Raises `Unavailable` when there are none."""
    must_exist(source)
    copied = 0
    with source.open(encoding="utf-8", errors="replace") as file, target.open("w", encoding="utf-8") as out:
        while (games is None or copied < games) and (game := chess.pgn.read_game(file)) is not None:
            print(game, file=out, end="\n\n")
            copied += 1
    if not copied:
        raise Unavailable(f"{source}: no game in it")
    return target


def choose(path: str | None, folder: Path, games: int | None, *, quick: bool = False) -> Path:
    """Write the games of a benchmark that searches and return their file.

    * **path** - *(optional)* the user's file; the match when None.
    * **quick** - whether two short games are enough."""
    target = folder / "games.pgn"
    if quick:
        return cut(Path(path) if path else CLASSICS, target, 2)
    if path is None:
        return write_match(target, games)
    return cut(Path(path), target, games)


def write_recorded(target: Path, path: str | None, *, quick: bool = False) -> int:
    """Write games with evaluations, such that copies of the file can follow one another; return how many they are.

    * **target** - the file to write.
    * **path** - PGN with `[%eval]` comments; None for games of Lichess, or our own where the big data is missing.
    * **quick** - whether a few are enough.
    """
    source = Path(path) if path else big("lichess-analysed", "games_eval_clk.pgn")
    if source is None:
        write_match(target, evals=True)
    elif quick:
        cut(source, target, 50)
    else:
        must_exist(source)
        target.write_bytes(source.read_bytes())
    target.write_bytes(target.read_bytes().rstrip() + b"\n\n\n")
    return count(target)[0]


def write_sharing(source: Path, target: Path, opening: int = 12, more: int = 40) -> Path:
    """Write other games with the same openings: the first plies of each game, then random legal moves."""
    rng = random.Random(1)
    with source.open(encoding="utf-8") as file, target.open("w", encoding="utf-8") as out:
        while (game := chess.pgn.read_game(file)) is not None:
            board, sans = game.board(), list[str]()
            sans.extend(board.san_and_push(move) for move in list(game.mainline_moves())[:opening])
            sans += random_moves(board, more, rng)
            out.write(_movetext("Shares an opening", 0, sans))
    return target


def random_games(path: Path, games: int, plies: int, *, seed: int = 1, tails: int = 1) -> Path:
    """Write random legal games and return their file.

    * **tails** - number of games that share all but their last six plies, which makes them faster to generate."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        written = 0
        while written < games:
            stem = chess.Board()
            shared = random_moves(stem, plies if tails == 1 else plies - 6, rng)
            for _ in range(min(tails, games - written)):
                sans = shared if tails == 1 else [*shared, *random_moves(stem.copy(stack=False), 6, rng)]
                file.write(_movetext("Random", written, sans))
                written += 1
    return path


def random_moves(board: chess.Board, plies: int, rng: random.Random) -> list[str]:
    """Play random moves on the board and return their SAN; fewer when the game ends."""
    sans: list[str] = []
    while len(sans) < plies and (moves := list(board.legal_moves)):
        sans.append(board.san_and_push(rng.choice(moves)))
    return sans


def _movetext(event: str, number: int, sans: list[str]) -> str:
    moves = " ".join(f"{k // 2 + 1}. {san}" if k % 2 == 0 else san for k, san in enumerate(sans))
    players = f'[White "W{number % PLAYERS}"]\n[Black "B{number % PLAYERS}"]\n'
    return f'[Event "{event}"]\n{players}\n{moves} *\n\n'


def boards(path: Path) -> Iterator[tuple[list[chess.Move], chess.Board]]:
    """Yield the moves and the starting position of each game."""
    file = io.StringIO(path.read_text(encoding="utf-8", errors="replace"))
    while (game := chess.pgn.read_game(file)) is not None:
        yield list(game.mainline_moves()), game.board()


def count(path: Path) -> tuple[int, int]:
    """Return the number of games and of positions (N + 1 for N moves)."""
    sizes = [len(moves) + 1 for moves, _ in boards(path)]
    return len(sizes), sum(sizes)
