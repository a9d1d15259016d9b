"""JSON Lines: one analysed game a line.

| key                | what it is                                                                             |
| ------------------ | -------------------------------------------------------------------------------------- |
| `game`             | ordinal over all inputs, from 1, skipped games included                                |
| `file`, `line`     | where the game begins                                                                  |
| `variant`          | `standard` or `chess960`                                                               |
| `headers`          | the tag pairs as in the file                                                           |
| `fen`              | the start                                                                              |
| `positions`        | N + 1 for N plies; `positions[k]` is before `plies[k]`                                 |
| `plies`            | the moves: `san`, `uci`, `judgement`, `accuracy`, `loss` and `clock` (seconds) or null |
| `white`, `black`   | `accuracy`, `acpl`, `inaccuracies`, `mistakes`, `blunders`                             |
| `epd`              | only for an EPD line: its `id`, `bm`, `am` (UCI)                                       |
| `problem`          | only for a damaged game: why it ends where it ends                                     |

A position has `eval` (`{"cp": …}` or `{"mate": …}`), `best`, `pv`, `depth`, `nodes`, and with MultiPV above 1
`lines`, each with `eval`, `pv` and `depth`; or only `terminal` (`checkmate`, `stalemate`), or only `missing`
(`input`, `refused`, `quarantined`). All scores are White's, `loss` is the mover's. Floats have 3 decimals.
Skipped games have no line.
"""

from __future__ import annotations

from typing import Any, ClassVar

from engine.model import AnalysedGame, AnalysedPosition, Epd, Ply, Score, Side
from engine.plugin import Writer
from engine_plugins.writers._encode import encode
from engine_plugins.writers._white import views


class JsonlWriter(Writer):
    """One analysed game a line, as JSON."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)

    def game(self, game: AnalysedGame) -> None:
        self.stream.write(encode(_game(game)) + b"\n")


def _game(game: AnalysedGame) -> dict[str, Any]:
    record = {
        "game": game.origin.game,
        "file": game.origin.file,
        "line": game.origin.line,
        "variant": game.variant,
        "headers": dict(game.headers),
        "fen": game.fen,
        "positions": [_position(position, negate) for position, negate in views(game)],
        "plies": [_ply(ply) for ply in game.plies],
        "white": _side(game.white),
        "black": _side(game.black),
    }
    if game.epd is not None:
        record["epd"] = _epd(game.epd)
    if game.problem is not None:
        record["problem"] = game.problem
    return record


def _position(position: AnalysedPosition, negate: bool) -> dict[str, Any]:
    evaluation = position.evaluation
    if evaluation is None:
        return {"terminal": position.terminal} if position.terminal else {"missing": position.missing}
    record = {
        "eval": _score(evaluation.score, negate),
        "best": evaluation.best,
        "pv": evaluation.pv,
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


def _ply(ply: Ply) -> dict[str, Any]:
    return {
        "san": ply.san,
        "uci": ply.uci,
        "judgement": ply.judgement,
        "accuracy": _decimals(ply.accuracy),
        "loss": ply.loss,
        "clock": _decimals(ply.clock),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "accuracy": _decimals(side.accuracy),
        "acpl": side.acpl,
        "inaccuracies": side.inaccuracies,
        "mistakes": side.mistakes,
        "blunders": side.blunders,
    }


def _epd(epd: Epd) -> dict[str, Any]:
    operations = {"id": epd.id, "bm": epd.bm, "am": epd.am}
    return {name: value for name, value in operations.items() if value}


def _decimals(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
