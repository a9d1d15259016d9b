"""What is analysed: games of our own, random ones, and the big real data where it is."""

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
"""Of random games: what is kept by player must not look like growth."""


def big(*parts: str) -> Path | None:
    """A file of the big real data, if it is here (`ENGINE_TEST_DATA`, or beside the repository)."""
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("ENGINE_TEST_DATA", default), *parts)
    return path if path.exists() else None


def match() -> list[dict[str, Any]]:
    """24 games of Stockfish against itself, 2,312 positions, as our JSON Lines have them."""
    with (DATA / "match.jsonl.zst").open("rb") as file:
        lines = InputStream(file, ".zst").readall().splitlines()
    return [msgspec.json.decode(line) for line in lines]


def write_match(path: Path, games: int | None = None, *, evals: bool = False, times: int = 1) -> Path:
    """As PGN, the first `games` of them, with `[%eval]` when `evals`; the whole `times` over."""
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
    """Raises Unavailable."""
    if not path.is_file():
        raise Unavailable(f"{path}: no such file")


def cut(source: Path, target: Path, games: int | None) -> Path:
    """The first games of a PGN file."""
    must_exist(source)
    found = 0
    with source.open(encoding="utf-8", errors="replace") as file, target.open("w", encoding="utf-8") as out:
        while (games is None or found < games) and (game := chess.pgn.read_game(file)) is not None:
            print(game, file=out, end="\n\n")
            found += 1
    if not found:
        raise Unavailable(f"{source}: no game in it")
    return target


def chosen(given: str | None, folder: Path, games: int | None, *, quick: bool = False) -> Path:
    """The games of a benchmark that searches: the user's file, else the match; `quick`: two short ones."""
    target = folder / "games.pgn"
    if quick:
        return cut(Path(given) if given else CLASSICS, target, 2)
    if given is None:
        return write_match(target, games)
    return cut(Path(given), target, games)


def sharing(source: Path, target: Path, opening: int = 12, more: int = 40) -> Path:
    """Other games with the same openings: the first plies of each game, then random legal moves."""
    rng = random.Random(1)
    with source.open(encoding="utf-8") as file, target.open("w", encoding="utf-8") as out:
        while (game := chess.pgn.read_game(file)) is not None:
            board, sans = game.board(), list[str]()
            sans.extend(board.san_and_push(move) for move in list(game.mainline_moves())[:opening])
            sans += random_moves(board, more, rng)
            out.write(_movetext("Shares an opening", 0, sans))
    return target


def random_games(path: Path, games: int, plies: int, *, seed: int = 1, tails: int = 1) -> Path:
    """Random legal games. `tails` games have all but their last six plies in common, which is quicker to make."""
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
    """Play them on the board; SAN. Fewer where a game ends."""
    sans: list[str] = []
    while len(sans) < plies and (moves := list(board.legal_moves)):
        sans.append(board.san_and_push(rng.choice(moves)))
    return sans


def _movetext(event: str, number: int, sans: list[str]) -> str:
    moves = " ".join(f"{k // 2 + 1}. {san}" if k % 2 == 0 else san for k, san in enumerate(sans))
    players = f'[White "W{number % PLAYERS}"]\n[Black "B{number % PLAYERS}"]\n'
    return f'[Event "{event}"]\n{players}\n{moves} *\n\n'


def boards(path: Path) -> Iterator[tuple[list[chess.Move], chess.Board]]:
    """The moves and the start of each game."""
    file = io.StringIO(path.read_text(encoding="utf-8", errors="replace"))
    while (game := chess.pgn.read_game(file)) is not None:
        yield list(game.mainline_moves()), game.board()


def count(path: Path) -> tuple[int, int]:
    """Games and positions (N + 1 for N moves)."""
    sizes = [len(moves) + 1 for moves, _ in boards(path)]
    return len(sizes), sum(sizes)
