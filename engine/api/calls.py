"""`analyze` and `evaluate`: one call, nothing kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import chess
from msgspec import structs

from engine.api.arguments import (
    PathLike,
    Source,
    Wanted,
    announced,
    check_settings,
    merge_settings,
    override_settings,
    path_names,
    start_run,
)
from engine.api.keywords import spelled_out
from engine.api.position import read_position
from engine.contracts.messages import PluginSpec
from engine.errors import AnalysisError, EvaluatorError
from engine.input import inputs
from engine.input.inputs import LiteralPath
from engine.loading import answers, evaluators
from engine.loading.registry import Registry
from engine.model import Evaluation, EvaluatorInfo, Limit, Position, RunResult
from engine.run.plugin_options import AggregatorChoice
from engine.run.progress import Snapshot
from engine.settings import EvaluatorChoice, Settings, check_limit
from engine.settings.checked import check_value

EVALUATE_NODES = 1_000_000
"""The nodes that `evaluate` searches when no limit is given."""


@spelled_out()
def analyze(  # noqa: PLR0913 - public keyword arguments
    source: Source,
    /,
    *,
    aggregators: Sequence[AggregatorChoice] | str | None = None,
    nodes: int | None = None,
    depth: int | None = None,
    time: int | None = None,
    multipv: int = 1,
    adaptive: bool | None = None,
    evaluator: EvaluatorChoice | None = None,
    workers: int | None = None,
    output: PathLike | Sequence[PathLike] = (),
    output_format: str | None = None,
    force: bool = False,
    games: bool | None = None,
    settings: Settings | None = None,
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
    stop_after: float | None = None,
    budget: str | float | None = None,
    shard: str | None = None,
) -> RunResult:
    """Analyse every game of `source` and return the reports.

    * **source** - the path of a PGN, EPD or JSON Lines file (also compressed) or folder, a file object, PGN text,
      a FEN, `bytes` (content, never a path), a `chess.pgn.Game` or `chess.Board`, or an iterable of these.
    * **aggregators** - *(optional)* names, classes or instances of aggregators; the default ones.
    * **nodes** - *(optional)* nodes to search each position; 100,000 when no limit is given.
    * **depth** - *(optional)* plies of depth to search each position.
    * **time** - *(optional)* milliseconds to search each position; not reproducible.
    * **multipv** - *(optional)* how many best moves of each position get a line of their own; 1.
    * **adaptive** - *(optional)* whether games are searched with a quarter of the nodes, most of them where a
      judgement is in doubt; when left out, from 40,000 nodes on. With `False` each position gets all of them.
    * **evaluator** - *(optional)* a name, the path of a UCI program, a class or an instance; `stockfish`.
    * **workers** - *(optional)* how many positions are searched at once; as many as this process may use cores.
    * **output** - *(optional)* the path of a file to write, or several; the ending chooses the writer.
    * **output_format** - *(optional)* the name of the writer for the output `"-"`, which is standard output.
    * **force** - *(optional)* whether outputs that exist are overwritten; otherwise they are an error.
    * **games** - *(optional)* whether `RunResult.games` has all games, however many; when left out, up to 1,000.
    * **settings** - *(optional)* everything else; the other arguments win over it.
    * **progress** - *(optional)* called 4 to 8 times a second, in this thread.
    * **stop** - *(optional)* ends the run in good order once it is set; the result then says `interrupted`.
    * **stop_after** - *(optional)* seconds of work after which the run ends in the same way.
    * **budget** - *(optional)* how long it may take, in place of `nodes`, `depth` and `time`: `"30m"`, `"1h30m"`,
      `"night"`, or seconds. The nodes are chosen for it and logged as a warning; `RunResult.limit` has them.
    * **shard** - *(optional)* the share of the games to take, `"3/16"`; `merge` puts the outputs together.

    Raises the errors of `engine.errors` that end a run; problems with one game or position are in the result.

    >>> import engine
    >>> list(engine.analyze("1. e4 e5 2. Nf3 *", nodes=1_000, aggregators=["accuracy"]).reports)
    ['accuracy']
    """
    limits = Wanted(nodes=nodes, depth=depth, time=time, multipv=multipv, adaptive=adaptive, budget=budget)
    files = Wanted(output=output, output_format=output_format, force=force, shard=shard)
    wanted: Wanted = {**limits, **files, "aggregators": aggregators, "stop_after": stop_after}
    own = merge_settings(wanted, override_settings(settings, evaluator, workers))
    run = start_run(inputs.list_inputs(source), own, wanted, progress=progress, stop=stop, games=games)
    return announced(run).execute()


@spelled_out()
def merge(  # noqa: PLR0913 - public keyword arguments
    parts: PathLike | Sequence[PathLike],
    /,
    *,
    aggregators: Sequence[AggregatorChoice] | str | None = None,
    workers: int | None = None,
    output: PathLike | Sequence[PathLike] = (),
    output_format: str | None = None,
    force: bool = False,
    games: bool | None = None,
    allow_missing: bool = False,
    settings: Settings | None = None,
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
) -> RunResult:
    """Put together what the shards of a run have written, and return the result of the whole run.

    * **parts** - the paths of all parts, in any order: JSON Lines (`.jsonl`, also compressed), which have the
      games, or states (`.state.json`), which have what reports are made of.
    * **aggregators** - *(optional)* names, classes or instances of aggregators; those of the shards.
    * **workers** - *(optional)* how many processes are used; as many as this process may use cores.
    * **output** - *(optional)* the path of a file to write, or several; of states only files of reports.
    * **output_format** - *(optional)* the name of the writer for the output `"-"`, which is standard output.
    * **force** - *(optional)* whether outputs that exist are overwritten; otherwise they are an error.
    * **games** - *(optional)* whether `RunResult.games` has all games, however many; when left out, up to 1,000.
    * **allow_missing** - *(optional)* whether what is there is merged though shards are missing.
    * **settings** - *(optional)* options of aggregators and writers, and plugins; the shards have the others.
    * **progress** - *(optional)* called 4 to 8 times a second, in this thread.
    * **stop** - *(optional)* ends the run in good order once it is set; the result then says `interrupted`.

    Raises `InputError` for files that are no parts of one run or not all of them, and the errors of `analyze`.

    >>> import engine
    >>> for shard in ("1/2", "2/2"):
    ...     part = f"part{shard[0]}.jsonl"
    ...     result = engine.analyze("games.pgn", nodes=1_000, shard=shard, output=part)
    >>> engine.merge(["part1.jsonl", "part2.jsonl"]).counts.analysed
    2
    """
    check_value("allow_missing", allow_missing, bool)
    own = structs.replace(override_settings(settings, None, workers), players=(), evaluator="recorded")
    wanted = Wanted(aggregators=aggregators, output=output, output_format=output_format, force=force)
    run = start_run(
        [LiteralPath(name) for name in path_names(parts, "parts")],
        check_settings(own),
        wanted,
        progress=progress,
        stop=stop,
        games=games,
        parts="some" if allow_missing else "all",
    )
    return run.execute()


@spelled_out()
def evaluate(  # noqa: PLR0913 - public keyword arguments
    fen: str | chess.Board = "startpos",
    /,
    *,
    moves: Sequence[str | chess.Move] | str = (),
    nodes: int | None = None,
    depth: int | None = None,
    time: int | None = None,
    multipv: int = 1,
    evaluator: EvaluatorChoice = "stockfish",
    evaluator_options: Mapping[str, Any] | None = None,
    on_evaluator: Callable[[EvaluatorInfo], None] | None = None,
) -> Evaluation:
    """Search one position in this process and return its evaluation, in the view of the side to move.

    * **fen** - *(optional)* the position as FEN or `chess.Board`, with the moves on its stack; `"startpos"`.
    * **moves** - *(optional)* moves played from there, in UCI, SAN or as `chess.Move`: a sequence, or a text with
      blanks between them.
    * **nodes** - *(optional)* nodes to search; 1,000,000 when no limit is given.
    * **depth** - *(optional)* plies of depth to search.
    * **time** - *(optional)* milliseconds to search; not reproducible.
    * **multipv** - *(optional)* how many best moves get a line of their own; 1.
    * **evaluator** - *(optional)* the name of an evaluator, the path of a UCI program, or a class or instance of
      `engine.plugin.Evaluator`; `stockfish`.
    * **evaluator_options** - *(optional)* options of the evaluator by name, such as `hash` in megabytes.
    * **on_evaluator** - *(optional)* called with the evaluator's name and version once it has started.

    Raises `ConfigError` for a broken FEN or an illegal move, `PositionRefused` for a position without a legal move
    or one that cannot be searched, `EvaluatorError` and `PluginError`.

    >>> import engine
    >>> engine.evaluate("startpos", moves="f3 e5 g4", nodes=1_000).score
    Score(cp=None, mate=1)
    """
    position, limit = prepare_evaluation(fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv)
    settings = Settings(evaluator=evaluator, evaluator_options=evaluator_options or {})  # type: ignore[arg-type]
    registry = Registry(settings.all_plugins)
    values = evaluators.with_trial(settings.evaluator_options, limit)
    spec = evaluators.resolve(registry, settings.evaluator_name, values)
    return search_once(spec, position, limit, on_evaluator)


def prepare_evaluation(  # noqa: PLR0913 - public keyword arguments
    fen: str | chess.Board,
    moves: Sequence[str | chess.Move] | str,
    *,
    nodes: int | None,
    depth: int | None,
    time: int | None,
    multipv: int,
) -> tuple[Position, Limit]:
    """Check the arguments of `evaluate`; return position and limit. Raises ConfigError, PositionRefused."""
    position = read_position(fen, moves)
    limit = check_limit(nodes=nodes, depth=depth, time=time, multipv=multipv)
    if limit == Limit(multipv=multipv):
        limit = structs.replace(limit, nodes=EVALUATE_NODES)
    return position, limit


def search_once(
    spec: PluginSpec, position: Position, limit: Limit, on_evaluator: Callable[[EvaluatorInfo], None] | None = None
) -> Evaluation:
    """Start an evaluator in this process, search one position, end it. Raises EvaluatorError, PositionRefused."""
    evaluator = evaluators.make(spec)
    try:
        info = answers.start(evaluator, spec.name)
        if on_evaluator is not None:
            on_evaluator(info)
        try:
            evaluator.clear()
            return answers.AnswerCheck(evaluator).check(evaluator.search(position, limit), position)
        except AnalysisError:
            raise
        except Exception as error:
            raise EvaluatorError(f"evaluator {spec.name}: {type(error).__name__}: {error}") from error
    finally:
        evaluator.close()
