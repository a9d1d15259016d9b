"""Usual ways to analyse games with python-chess and the same evaluator; `peers` compares us with them.

    python -m tests.perf.ways WAY GAMES.pgn OUT.json CORES depth=14|nodes=100000 PROGRAM [ARGUMENT ...]

| way | what |
| --- | --- |
| `loop` | one evaluator with `Threads` = cores, position after position, as in most scripts |
| `warm` | a `multiprocessing.Pool`, a task for each game, one thread each; an empty hash at the start of a game |
| `fresh` | the same, with an empty hash for every position |
| `chunks` | the same pool; tasks of 6 positions, backwards, after a search of the next position of the game;
             as in fishnet a search has 6/7 of the nodes, so that the sum is the same |

OUT has for each position 0 to N of each game `[centipawns, mate]` from White's point of view, or null where there
is no legal move, and the sum of the nodes searched. All ways have the same hash in total, 16 MB for each core.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import util
from pathlib import Path
from typing import Any

import chess
import chess.engine

from tests.perf import games

HASH = 16
CHUNK = 6

Task = tuple[int, str, list[tuple[int, list[str]]], bool, int]
"""Number of the game, FEN of its start, plies with the moves to them in the order of the search, whether each gets
an empty hash, and how many at the beginning only warm the hash."""
Result = tuple[int, dict[int, Any], int]
"""Number of the game, scores by ply, nodes."""

_state: dict[str, Any] = {}
"""State of a process of the pool: its evaluator and the limit."""


def main(words: Sequence[str]) -> None:
    way, source, out, cores, limit_text, *program = words
    key, _, value = limit_text.partition("=")
    amount = int(value)
    if way == "chunks" and key == "nodes":
        amount = amount * CHUNK // (CHUNK + 1)
    limit = chess.engine.Limit(**{key: amount})
    played = list(games.boards(Path(source)))
    results: Iterable[Result]
    if way == "loop":
        results = _loop(played, program, int(cores), limit)
    else:
        results = _pool(list(TASKS[way](played)), program, int(cores), limit)
    scores: list[list[Any]] = [[None] * (len(moves) + 1) for moves, _ in played]
    nodes = 0
    for game, by_ply, searched in results:
        nodes += searched
        for ply, score in by_ply.items():
            scores[game][ply] = score
    Path(out).write_text(json.dumps({"scores": scores, "nodes": nodes}), encoding="utf-8")


def _loop(
    played: list[tuple[list[chess.Move], chess.Board]], program: list[str], cores: int, limit: chess.engine.Limit
) -> Iterator[Result]:
    with chess.engine.SimpleEngine.popen_uci(program, timeout=60) as evaluator:
        _configure(evaluator, cores, HASH * cores)
        for number, (moves, board) in enumerate(played):
            scores, nodes = {}, 0
            for ply in range(len(moves) + 1):
                if any(board.legal_moves):
                    info = evaluator.analyse(board, limit)
                    scores[ply] = _white(info["score"])
                    nodes += info.get("nodes", 0)
                if ply < len(moves):
                    board.push(moves[ply])
            yield number, scores, nodes


def _game_tasks(played: list[tuple[list[chess.Move], chess.Board]], *, fresh: bool) -> Iterator[Task]:
    for number, (moves, board) in enumerate(played):
        words = [move.uci() for move in moves]
        yield number, board.fen(), [(ply, words[:ply]) for ply in range(len(words) + 1)], fresh, 0


def _chunk_tasks(played: list[tuple[list[chess.Move], chess.Board]]) -> Iterator[Task]:
    for number, (moves, board) in enumerate(played):
        words = [move.uci() for move in moves]
        backwards = [(ply, words[:ply]) for ply in range(len(words), -1, -1)]
        for start in range(0, len(backwards), CHUNK):
            warm = backwards[start - 1 : start] if start else []
            yield number, board.fen(), warm + backwards[start : start + CHUNK], False, len(warm)


TASKS: dict[str, Callable[[list[tuple[list[chess.Move], chess.Board]]], Iterator[Task]]] = {
    "warm": lambda played: _game_tasks(played, fresh=False),
    "fresh": lambda played: _game_tasks(played, fresh=True),
    "chunks": _chunk_tasks,
}


def _pool(tasks: list[Task], program: list[str], cores: int, limit: chess.engine.Limit) -> list[Result]:
    with multiprocessing.get_context("spawn").Pool(cores, _open, (program, limit)) as pool:
        results = list(pool.imap_unordered(_search, tasks))
        pool.close()
        pool.join()
    return results


def _open(program: list[str], limit: chess.engine.Limit) -> None:
    evaluator = chess.engine.SimpleEngine.popen_uci(program, timeout=60)
    _configure(evaluator, 1, HASH)
    util.Finalize(None, evaluator.close, exitpriority=10)
    _state.update(evaluator=evaluator, limit=limit)


def _configure(evaluator: chess.engine.SimpleEngine, threads: int, megabytes: int) -> None:
    """Set threads and hash where the program has these options; threads are cut to what it allows."""
    offered = evaluator.options
    max_threads = (offered["Threads"].max or 1) if "Threads" in offered else 1
    values = {"Threads": min(threads, max_threads), "Hash": megabytes}
    evaluator.configure({name: value for name, value in values.items() if name in offered})


def _search(task: Task) -> Result:
    number, fen, positions, fresh, warming = task
    evaluator, limit = _state["evaluator"], _state["limit"]
    scores: dict[int, Any] = {}
    nodes = 0
    whole_game = object()
    for k, (ply, moves) in enumerate(positions):
        board = chess.Board(fen)
        for move in moves:
            board.push_uci(move)
        if any(board.legal_moves):
            # Another `game` than the last one makes python-chess send `ucinewgame`.
            info = evaluator.analyse(board, limit, game=object() if fresh else whole_game)
            nodes += info.get("nodes", 0)
            if k >= warming:
                scores[ply] = _white(info["score"])
    return number, scores, nodes


def _white(score: chess.engine.PovScore) -> tuple[int | None, int | None]:
    return score.white().score(), score.white().mate()


if __name__ == "__main__":
    main(sys.argv[1:])
