"""The library: what the command line itself uses.

No prints, no signal handlers, no logging set-up; `engine.toml` and profiles are the command line's business.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import chess
from msgspec import structs

from engine import choice, planner
from engine.errors import ConfigError, PositionRefused
from engine.model import Evaluation, EvaluatorInfo, Limit, Position, RunResult
from engine.progress import Snapshot
from engine.registry import Registry
from engine.run import Run
from engine.settings import Settings, check_limit
from engine.strategies import Named

__all__ = ["analyze", "evaluate"]

EVALUATE_NODES = 1_000_000

PathLike = str | os.PathLike[str]


def analyze(
    source: PathLike | Sequence[PathLike],
    /,
    *,
    aggregators: Sequence[Named] | str | None = None,
    nodes: int | None = None,
    depth: int | None = None,
    time: int | None = None,
    multipv: int = 1,
    evaluator: str | None = None,
    workers: int | None = None,
    output: PathLike | Sequence[PathLike] = (),
    force: bool = False,
    settings: Settings | None = None,
    output_format: str | None = None,
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
    stop_after: float | None = None,
) -> RunResult:
    """Analyse every game of `source` and return the reports.

    `source`: paths of PGN or EPD files (also compressed) and folders. `aggregators`: names, classes or instances;
    None for the default ones. `nodes`, `depth`, `time` (milliseconds) limit the search of each position; 100,000
    nodes when none is given. `evaluator`: a name, or the path of a UCI program. `output`: files to write, the
    suffix chooses the writer, `{player}` in a name means one for each player; an existing one is an error unless
    `force`. `settings` sets everything else, the
    other arguments win over it. `progress` is called 4 to 8 times a second, in this thread. `stop`, once set,
    ends the run in good order, and so does `stop_after` seconds of work.

    Raises InputError, ConfigError, PluginError, EvaluatorError and OutputError (`engine.errors`); what concerns
    one game or position is in the result instead.
    """
    settings = settings or Settings()
    limit = check_limit(nodes=nodes, depth=depth, time=time, multipv=multipv)
    if limit == Limit():
        limit = settings.limit
    elif limit == Limit(multipv=multipv):
        limit = structs.replace(settings.limit, multipv=multipv)
    given = {"evaluator": evaluator, "workers": workers}
    changed = {name: value for name, value in given.items() if value is not None}
    settings = structs.replace(settings, limit=limit, **changed)
    if settings.workers is not None and settings.workers < 1:
        raise ConfigError(f"workers: {settings.workers} is less than 1")
    run = Run(
        _paths(source),
        settings,
        aggregators=[aggregators] if isinstance(aggregators, str) else aggregators,
        outputs=_paths(output),
        output_format=output_format,
        force=force,
        progress=progress,
        stop=stop,
        stop_after=stop_after,
    )
    return run.execute()


def evaluate(
    fen: str = "startpos",
    /,
    *,
    moves: Sequence[str] | str = (),
    nodes: int | None = None,
    depth: int | None = None,
    time: int | None = None,
    multipv: int = 1,
    evaluator: str = "stockfish",
    evaluator_options: Mapping[str, Any] | None = None,
    on_evaluator: Callable[[EvaluatorInfo], None] | None = None,
) -> Evaluation:
    """Evaluate one position, in this process: `fen` (or "startpos") after `moves`, UCI or SAN.

    The score is the side to move's. 1,000,000 nodes when no limit is given. `on_evaluator` is told who answers.

    Raises ConfigError for a broken FEN or an illegal move, PositionRefused for a position without a legal move
    or one that cannot be searched, EvaluatorError, PluginError.
    """
    position = read_position(fen, moves.split() if isinstance(moves, str) else moves)
    limit = check_limit(nodes=nodes, depth=depth, time=time, multipv=multipv)
    if limit == Limit(multipv=multipv):
        limit = structs.replace(limit, nodes=EVALUATE_NODES)
    made = choice.make(choice.resolve(Registry(), evaluator, evaluator_options or {}))
    try:
        info = made.start()
        if on_evaluator is not None:
            on_evaluator(info)
        made.clear()
        return made.search(position, limit)
    finally:
        made.close()


def read_position(fen: str, moves: Sequence[str] = ()) -> Position:
    """Check a position and the moves from it. Raises ConfigError, PositionRefused."""
    try:
        board = chess.Board() if fen == "startpos" else chess.Board(fen, chess960=_needs_chess960(fen))
    except ValueError as error:
        raise ConfigError(f"not a FEN: {error}") from None
    root = board.fen(shredder=board.chess960)
    played: list[str] = []
    for text in moves:
        try:
            move = _read_move(board, text)
        except ValueError:
            raise ConfigError(f"{text!r} is not a legal move after {' '.join(played) or 'the start'}") from None
        played.append(board.uci(move))
        board.push(move)
    reason = planner.refusal(board)
    if reason is not None:
        raise PositionRefused(f"this position cannot be searched: {reason}")
    if not any(board.legal_moves):
        raise PositionRefused(f"nothing to search: {'checkmate' if board.is_check() else 'stalemate'}")
    return Position(root, tuple(played), board.chess960)


def _read_move(board: chess.Board, text: str) -> chess.Move:
    try:
        return board.parse_uci(text)
    except ValueError:
        return board.parse_san(text)


def _needs_chess960(fen: str) -> bool:
    """Castling rights that only Chess960 can express."""
    return bool(chess.Board(fen).status() & chess.STATUS_BAD_CASTLING_RIGHTS) and not (
        chess.Board(fen, chess960=True).status() & chess.STATUS_BAD_CASTLING_RIGHTS
    )


def _paths(given: PathLike | Sequence[PathLike]) -> list[str]:
    many = [given] if isinstance(given, str | os.PathLike) else given
    return [os.fspath(one) for one in many]
