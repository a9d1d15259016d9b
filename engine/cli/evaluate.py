"""`engine evaluate [FEN | startpos [moves ...]]`."""

from __future__ import annotations

from typing import Any

import chess
import click
import msgspec
from rich.table import Table
from rich.text import Text

from engine import api
from engine.cli import live, values
from engine.cli.signals import Interruption
from engine.errors import ConfigError
from engine.model import Evaluation, EvaluatorInfo, Line, Position, Score
from engine.settings import build_settings
from engine.text.logs import shown_logs

FEN_FIELDS = 6
"""Fields of a FEN, at most."""


@click.command("evaluate", short_help="Evaluate one position.", context_settings={"ignore_unknown_options": True})
@click.argument("position", nargs=-1, metavar="[FEN | startpos [moves MOVE...]]")
@values.limit_options
@values.evaluator_options
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@values.verbose_option
@click.pass_context
def command(ctx: click.Context, /, position: tuple[str, ...], **flags: Any) -> None:
    """Evaluate one position: 1M nodes unless a limit is given.

    The position is a FEN, quoted or not, or "startpos", then optionally "moves" and moves in UCI or SAN.
    """
    fen, moves = split_position(position)
    settings = build_settings({"evaluator_options": values.evaluator_options_in(flags)})
    limit = values.limit(flags)
    evaluator_infos: list[EvaluatorInfo] = []
    with shown_logs(values.log_level(flags)):
        evaluation = ctx.ensure_object(Interruption).await_result(
            lambda: api.evaluate(
                fen,
                moves=moves,
                nodes=limit.get("nodes"),
                depth=limit.get("depth"),
                time=limit.get("time"),
                multipv=limit.get("multipv", 1),
                evaluator=flags["evaluator"] or settings.evaluator,
                evaluator_options=settings.evaluator_options,
                on_evaluator=evaluator_infos.append,
            )
        )
    [info] = evaluator_infos
    searched = api.read_position(fen, moves)
    if flags["format_"] == "json":
        click.echo(_json(searched, evaluation, info))
    else:
        live.print_all(live.output_console(), [_table(searched, evaluation), _footer(info, evaluation)])


def split_position(words: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return the FEN and the moves of a command line. Raises ConfigError."""
    flat = " ".join(words).split()
    if not flat:
        return "startpos", []
    head, moves = (flat[: flat.index("moves")], flat[flat.index("moves") + 1 :]) if "moves" in flat else (flat, [])
    unknown = next((word for word in flat if word.startswith("--")), None)
    if unknown is not None:
        raise ConfigError(f"no such option: {unknown} (engine evaluate --help)")
    if head[0] == "startpos":
        if head[1:]:
            raise ConfigError(f"did you mean: startpos moves {' '.join(head[1:])}")
        return "startpos", moves
    if head[:1] == ["fen"]:
        head = head[1:]
    if not 1 < len(head) <= FEN_FIELDS:
        raise ConfigError(f"not a FEN: {' '.join(flat)!r} (for example: startpos moves e2e4 c7c5)")
    return " ".join(head), moves


def _lines(evaluation: Evaluation) -> tuple[Line, ...]:
    return evaluation.lines or (Line(evaluation.score, evaluation.pv, evaluation.depth),)


def _white_score(board: chess.Board, score: Score) -> Score:
    """Return a score of the side to move in White's view."""
    return score if board.turn else -score


def _json(position: Position, evaluation: Evaluation, info: EvaluatorInfo) -> str:
    """Return an evaluation as a JSON object; its scores are in White's view."""
    board = position.board()

    def as_values(line: Line | Evaluation) -> dict[str, Any]:
        score = _white_score(board, line.score)
        value = {"mate": score.mate} if score.mate is not None else {"cp": score.cp}
        return {"eval": value, "best": line.pv[0] if line.pv else None, "pv": list(line.pv), "depth": line.depth}

    answer: dict[str, Any] = {
        "fen": board.fen(),
        **as_values(evaluation),
        "nodes": evaluation.nodes,
        "evaluator": {"name": info.name, "version": info.version, "fingerprint": info.fingerprint},
    }
    if evaluation.lines:
        answer["lines"] = [as_values(line) for line in evaluation.lines]
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


def _table(position: Position, evaluation: Evaluation) -> Table:
    board = position.board()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("eval", "depth", "best line"):
        table.add_column(name)
    for line in _lines(evaluation):
        san = board.variation_san([chess.Move.from_uci(move) for move in line.pv])
        table.add_row(Text(str(_white_score(board, line.score)), style="bold"), str(line.depth), san)
    return table


def _footer(info: EvaluatorInfo, evaluation: Evaluation) -> Text:
    why = f" ({info.why})" if info.why else ""
    return Text(f"White's view; {live.clean(info.name)}{why}, {evaluation.nodes:,} nodes", style="dim")
