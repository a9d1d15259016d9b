"""`analyze` and `evaluate`: one call, nothing kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from engine.api.position import read_position
from engine.api.wanted import PathLike, Source, Wanted, settings_of, work
from engine.contracts.messages import PluginSpec
from engine.input import inputs
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Evaluation, EvaluatorInfo, Limit, Position, RunResult
from engine.run.aggregators import Named
from engine.run.progress import Snapshot
from engine.settings import Settings, check_limit

EVALUATE_NODES = 1_000_000


def analyze(
    source: Source,
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
    output_format: str | None = None,
    force: bool = False,
    settings: Settings | None = None,
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
    stop_after: float | None = None,
) -> RunResult:
    """Analyse every game of `source` and return the reports.

    `source`: paths of PGN, EPD or our JSON Lines files (also compressed) and folders, file objects, PGN text,
    FENs, `bytes` (the content of a file, never a path), `chess.pgn.Game`, or an iterable of these.
    `aggregators`: names, classes or instances; None for the default ones. `nodes`, `depth`, `time` (milliseconds)
    limit the search of each position; 100,000 nodes when none is given. `evaluator`: a name, or the path of a UCI
    program. `workers`: how many searches at once; None for all cores. `output`: files to write, the suffix chooses
    the writer; an existing one is an error unless `force`. `settings` sets everything else, the other arguments
    win over it. `progress` is called 4 to 8 times a second, in this thread. `stop`, once set, ends the run in good
    order, and so does `stop_after` seconds of work.

    Raises InputError, ConfigError, PluginError, EvaluatorError and OutputError (`engine.errors`); what concerns
    one game or position is in the result instead.

    >>> import engine
    >>> result = engine.analyze("1. e4 e5 2. Nf3 *", nodes=1_000, aggregators=["accuracy"])
    >>> result.counts.analysed, list(result.reports)
    (1, ['accuracy'])
    """
    wanted = Wanted(
        aggregators=aggregators,
        nodes=nodes,
        depth=depth,
        time=time,
        multipv=multipv,
        output=output,
        output_format=output_format,
        force=force,
        settings=settings,
        stop_after=stop_after,
    )
    changed = {
        name: value for name, value in (("evaluator", evaluator), ("workers", workers)) if value is not None
    }
    wanted["settings"] = structs.replace(settings or Settings(), **changed)
    run = work(inputs.list_inputs(source), settings_of(wanted, Settings()), wanted, progress=progress, stop=stop)
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

    >>> import engine
    >>> engine.evaluate("startpos", moves="f3 e5 g4", nodes=1_000).score
    Score(cp=None, mate=1)
    """
    position, limit = asked(fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv)
    return search_here(
        evaluators.resolve(Registry(), evaluator, evaluator_options or {}), position, limit, on_evaluator
    )


def asked(
    fen: str, moves: Sequence[str] | str, *, nodes: int | None, depth: int | None, time: int | None, multipv: int
) -> tuple[Position, Limit]:
    """The position and the limit of an `evaluate`. Raises ConfigError, PositionRefused."""
    position = read_position(fen, moves.split() if isinstance(moves, str) else moves)
    limit = check_limit(nodes=nodes, depth=depth, time=time, multipv=multipv)
    if limit == Limit(multipv=multipv):
        limit = structs.replace(limit, nodes=EVALUATE_NODES)
    return position, limit


def search_here(
    spec: PluginSpec, position: Position, limit: Limit, on_evaluator: Callable[[EvaluatorInfo], None] | None = None
) -> Evaluation:
    """Start an evaluator in this process, search one position, end it. Raises EvaluatorError, PositionRefused."""
    made = evaluators.make(spec)
    try:
        info = made.start()
        if on_evaluator is not None:
            on_evaluator(info)
        made.clear()
        return made.search(position, limit)
    finally:
        made.close()
