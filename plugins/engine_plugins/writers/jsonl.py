"""JSON Lines: one analysed game per line.

| key                | meaning                                                                                |
| ------------------ | -------------------------------------------------------------------------------------- |
| `game`             | number over all inputs, from 1; skipped games are counted too                          |
| `file`, `line`     | file and line where the game begins                                                    |
| `variant`          | `standard` or `chess960`                                                               |
| `headers`          | the tag pairs as in the file                                                           |
| `fen`              | the initial position                                                                   |
| `positions`        | N + 1 positions for N plies; `positions[k]` is before `plies[k]`                       |
| `plies`            | the moves: see below                                                                   |
| `phases`           | `middlegame` and `endgame`: the positions where they begin, or null; null for EPD      |
| `opening`          | `eco`, `name` and `ply` of the last named position, or null                            |
| `white`, `black`   | `accuracy`, `acpl`, `inaccuracies`, `mistakes`, `blunders`; null: nothing to judge       |
| `scale`            | factor for centipawns before Win%, accuracy and judgements                             |
| `reconciled`       | whether evaluations that contradicted each other were made to agree                    |
| `epd`              | only for an EPD line: its `id`, `bm`, `am` (UCI), `dm` (moves)                         |
| `problem`          | only for a damaged game: why it ends early                                             |
| `result`           | only where the tag `Result` says none: the result at the end of the moves              |

A position has `eval` (`{"cp": …}` or `{"mate": …}`), `best`, `pv`, `depth`, `nodes`, and with a MultiPV above 1
also `lines`, each with `eval`, `pv` and `depth`. A position without an evaluation has only `terminal`
(`checkmate`, `stalemate`) or only `missing` (`input`, `refused`, `quarantined`). If reconciliation has changed an
evaluation, `searched` has the original one in the same form. `recorded` marks an evaluation from the input; its
centipawns are not scaled. If only the score is known, `best` is null and `pv` is empty.

A ply has `san` and `uci`, which are `--` and `0000` for a null move. It also has these, which may be null:
`judgement`, `accuracy`, `loss` (centipawns), `clock` and `time` (seconds left after the move and spent on it),
`win_before` and `win_after` (Win%). They are from the mover's point of view, but all scores are White's. Floats
have 3 decimals. Skipped games have no line.

A file of one shard (`--shard 3/16`) is a *part*, which `engine merge` puts together with the others. It begins
with a line `{"part": …}` that says what the run is and ends with a line `{"end": …}` that says what it counted.
Unreadable games have lines `{"skipped": …}`. Games have `text`, the original text, `answers`, the evaluations of
follow-up searches by aggregator, and `times`, seconds with more than 3 decimals, where there are any.

With `--set jsonl.why=true` a judged move for which that can be proved also has `why`: an object with the fields of
`engine.model.Explanation` but `ply`, those that are empty left out. `sentence` is the explanation for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, BinaryIO, ClassVar

from msgspec import Meta, structs, to_builtins

from engine.analysis.reasons import explanations
from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Epd,
    Evaluation,
    Opening,
    Phases,
    Ply,
    RunResult,
    Score,
    Side,
    SkippedGame,
)
from engine.output.white import views
from engine.plugin import Options, RunInfo, Writer
from engine.text.json import encode


class JsonlOptions(Options, frozen=True):
    """Options of `jsonl`."""

    why: Annotated[
        bool,
        Meta(description="Write why a judged move was bad, where that can be proved, under the key `why`."),
    ] = False


class JsonlWriter(Writer):
    """Analysed games as JSON, one per line."""

    Options: ClassVar[type[Options]] = JsonlOptions
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        if info.part is not None:
            stream.write(encode({"part": info.part}) + b"\n")

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        why = isinstance(info.options, JsonlOptions) and info.options.why
        if info.part is not None:
            return b"".join([encode(_game(game, why=why) | _more(game)) + b"\n" for game in games])
        return b"".join([encode(_game(game, why=why)) + b"\n" for game in games])

    def skipped(self, game: SkippedGame) -> None:
        if self.info.part is not None:
            origin = structs.asdict(game.origin)
            record = {**origin, "kind": game.kind, "reason": game.reason, "text": game.text}
            self.stream.write(encode({"skipped": record}) + b"\n")

    def finish(self, result: RunResult) -> None:
        if self.info.part is not None and result.state is not None:
            self.stream.write(encode({"end": result.state.end}) + b"\n")


def _more(game: AnalysedGame) -> dict[str, Any]:
    """Return what a part has of a game beside what the whole has, for reports that are made of it later."""
    more: dict[str, Any] = {}
    if game.text:
        more["text"] = game.text
    if game.answers:
        more |= {"answers": game.answers, "answer_scale": game.answer_scale}
    exact = {str(k): (ply.clock, ply.time) for k, ply in enumerate(game.plies) if _ply(ply) is not ply}
    return more | {"times": exact} if exact else more


def _game(game: AnalysedGame, *, why: bool) -> dict[str, Any]:
    record = {
        "game": game.origin.game,
        "file": game.origin.file,
        "line": game.origin.line,
        "variant": game.variant,
        "headers": dict(game.headers),
        "fen": game.fen,
        "positions": [_position(position, negate) for position, negate in views(game)],
        "plies": _explained_plies(game) if why else [_ply(ply) for ply in game.plies],
        "phases": _phases(game.phases),
        "opening": _opening(game.opening),
        "white": _side(game.white),
        "black": _side(game.black),
        "scale": game.scale,
        "reconciled": game.reconciled,
    }
    if game.epd is not None:
        record["epd"] = _epd(game.epd)
    if game.problem is not None:
        record["problem"] = game.problem
    if game.untagged_result is not None:
        record["result"] = game.untagged_result
    return record


def _position(position: AnalysedPosition, negate: bool) -> dict[str, Any]:
    if position.evaluation is None:
        return {"terminal": position.terminal} if position.terminal else {"missing": position.missing}
    record = _evaluation(position.evaluation, negate)
    if position.searched is not None:
        record["searched"] = _evaluation(position.searched, negate)
    if position.recorded:
        record["recorded"] = True
    return record


def _evaluation(evaluation: Evaluation, negate: bool) -> dict[str, Any]:
    pv = evaluation.pv
    record: dict[str, Any] = {
        "eval": _score(evaluation.score, negate),
        "best": pv[0] if pv else None,
        "pv": pv,
        "depth": evaluation.depth,
        "nodes": evaluation.nodes,
    }
    if evaluation.lines:
        record["lines"] = [
            {"eval": _score(line.score, negate), "pv": line.pv, "depth": line.depth} for line in evaluation.lines
        ]
    return record


def _score(score: Score, negate: bool) -> dict[str, int | None]:
    if score.mate is not None:
        return {"mate": -score.mate if negate else score.mate}
    cp = score.cp or 0
    return {"cp": -cp if negate else cp}


def _ply(ply: Ply) -> Ply:
    """Return the ply with seconds of 3 decimals. Its fields are the keys, in their order."""
    clock, time = _decimals(ply.clock), _decimals(ply.time)
    if clock == ply.clock and time == ply.time:
        return ply
    return structs.replace(ply, clock=clock, time=time)


def _explained_plies(game: AnalysedGame) -> list[Ply | dict[str, Any]]:
    plies: list[Ply | dict[str, Any]] = [_ply(ply) for ply in game.plies]
    for found in explanations(game):
        why = to_builtins(found)
        del why["ply"]
        plies[found.ply] = structs.asdict(_ply(game.plies[found.ply])) | {"why": why}
    return plies


def _phases(phases: Phases | None) -> dict[str, int | None] | None:
    return None if phases is None else {"middlegame": phases.middlegame, "endgame": phases.endgame}


def _opening(opening: Opening | None) -> dict[str, str | int] | None:
    return None if opening is None else {"eco": opening.eco, "name": opening.name, "ply": opening.ply}


def _side(side: Side) -> dict[str, Any]:
    return {
        "accuracy": _decimals(side.accuracy),
        "acpl": side.acpl,
        "inaccuracies": side.inaccuracies,
        "mistakes": side.mistakes,
        "blunders": side.blunders,
    }


def _epd(epd: Epd) -> dict[str, Any]:
    operations = {"id": epd.id, "bm": epd.bm, "am": epd.am, "dm": epd.dm}
    return {name: value for name, value in operations.items() if value}


def _decimals(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
