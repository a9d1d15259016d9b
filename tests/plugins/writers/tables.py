"""One run written in every format, and what JSON and JSON Lines say that the tables must hold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess

import engine
from engine.settings import Settings
from tests.support import DATA

HOSTILE = """[Event "+1"]
[Site "-"]
[White "=HYPERLINK(1;2)"]
[Black "a;@SUM(1),\\"b\\" | c"]
[Result "0-1"]
[WhiteElo "1500"]
[BlackElo "?"]
[TimeControl "180+2"]

1. f3 { [%eval -0.6] [%clk 0:03:00] } e5 { [%eval -0.5] [%clk 0:02:55] } 2. g4 { [%eval #-1] } Qh4# 0-1

[White ""]
[Black "Stalemate"]
[SetUp "1"]
[FEN "7k/8/6K1/8/8/8/8/5Q2 w - - 0 60"]

1. Qf7 { [%eval 0.0] } 1/2-1/2

[White "Chess960"]
[Black "<script>alert(1)</script>"]
[Variant "Chess960"]
[FEN "nrkbqrbn/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRBN w FBfb - 0 1"]

1. e4 { [%eval 0.3] } e5 2. Nf3?? Nf6 *

[White "Nobody"]

*
"""
TABLES = ("plies", "games", "reports")
NAMES = (
    *(f"out.{table}.{ending}" for table in TABLES for ending in ("csv", "parquet")),
    "out.sqlite",
    "out.jsonl",
    "out.json",
    "out.md",
)


def write_all(folder: Path, *names: str, **settings: Any) -> engine.RunResult:
    """Awkward games, EPD lines and ten real games, whose evaluations are all in the input."""
    hostile = folder / "hostile.pgn"
    hostile.write_text(HOSTILE, encoding="utf-8")
    inputs = [hostile, DATA / "finishes.jsonl", DATA / "match.jsonl.zst"]
    return engine.analyze(
        inputs,
        evaluator="recorded",
        aggregators=["accuracy", "acpl", "judgements", "best-scores", "wins", "time-management", "openings"],
        settings=Settings(
            cache="", follow_up_evaluator="none", max_games=48, **settings),
        output=[folder / name for name in names or NAMES],
    )  # fmt: skip


def expected(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table, from JSON and JSON Lines alone."""
    games = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    report = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    return {
        "plies": [row for game in games for row in _plies(game)],
        "games": [_game(game) for game in games],
        "reports": list(_reports(report["reports"])),
    }


def _boards(game: dict[str, Any]) -> Iterator[chess.Board]:
    board = chess.Board(game["fen"], chess960=game["variant"] == "chess960")
    yield board
    for ply in game["plies"]:
        board.push_uci(ply["uci"])
        yield board


def _eval(position: dict[str, Any], kind: str) -> int | None:
    if position.get("terminal") == "stalemate":
        return 0 if kind == "cp" else None
    value: int | None = position.get("eval", {}).get(kind)
    return value


def _win(position: dict[str, Any], scale: float, sign: int) -> float:
    """Return the Win% of a position for White (`sign` 1) or Black (-1), by the formula."""
    evaluation = position["eval"]
    cp = evaluation["cp"] if "cp" in evaluation else math.copysign(1000, evaluation["mate"])
    cp = sign * max(-1000.0, min(1000.0, cp * (1 if position.get("recorded") or "mate" in evaluation else scale)))
    return round(50 + 50 * (2 / (1 + math.exp(-0.00368208 * cp)) - 1), 3)


def _plies(game: dict[str, Any]) -> Iterator[dict[str, Any]]:
    phases = game["phases"]
    for k, (board, ply) in enumerate(zip(_boards(game), game["plies"], strict=False)):
        before, after = game["positions"][k], game["positions"][k + 1]
        mover = "white" if board.turn else "black"
        win = (ply["win_before"], ply["win_after"])
        if win[0] is None and "eval" in before and after.get("terminal") == "checkmate":
            win = (_win(before, game["scale"], 1 if board.turn else -1), 100.0)
        lost = None if win[0] is None else max(0.0, round(win[0] - win[1], 3))
        sign = 1 if board.turn else -1
        best = before.get("best")
        end, middle = (phases[name] if phases[name] is not None else 10**9 for name in ("endgame", "middlegame"))
        source = before.get("missing") or ("recorded" if before.get("recorded") else "searched")
        yield {
            "game": game["game"],
            "ply": k,
            "move_number": board.fullmove_number,
            "mover": mover,
            "player": game["headers"].get(mover.capitalize()) or None,
            "by_player": True,
            "fen": board.fen(),
            "phase": "endgame" if k >= end else "middlegame" if k >= middle else "opening",
            "cp": _eval(before, "cp"),
            "mate": _eval(before, "mate"),
            "cp_after": _eval(after, "cp"),
            "mate_after": _eval(after, "mate"),
            "best": best,
            "best_san": best and board.san(chess.Move.from_uci(best)),
            "pv": " ".join(before.get("pv", [])) or None,
            "depth": before.get("depth"),
            "nodes": before.get("nodes"),
            "source": source,
            "win_before": win[0],
            "win_after": win[1],
            "win_loss": lost,
            "cp_loss": ply["loss"],
            **{
                f"mover_{kind}{suffix}": None if (value := _eval(position, kind)) is None else sign * value
                for kind in ("cp", "mate")
                for suffix, position in (("", before), ("_after", after))
            },
            **{
                key: ply[key]
                for key in (
                    "san", "uci", "accuracy", "judgement", "clock", "time",
                )
            },
        }  # fmt: skip


def _game(game: dict[str, Any]) -> dict[str, Any]:
    tags, opening, phases, epd = game["headers"], game["opening"] or {}, game["phases"] or {}, game.get("epd", {})
    result = game.get("result", tags.get("Result", "*"))
    *_, board = _boards(game)
    final = game["positions"][-1]
    control = [float(part) for part in tags.get("TimeControl", "").split("+") if part[:1].isdigit()]
    elo = [int(tags[tag]) if tags.get(tag, "").isdigit() else None for tag in ("WhiteElo", "BlackElo")]
    figures = ("accuracy", "acpl", "inaccuracies", "mistakes", "blunders")
    return {
        **{key: game[key] for key in ("game", "file", "line", "variant", "fen", "scale", "reconciled")},
        "white": tags.get("White") or None,
        "black": tags.get("Black") or None,
        "player_color": "both",
        "result": result,
        "white_points": {"1-0": 1.0, "0-1": 0.0, "1/2-1/2": 0.5}.get(result),
        "white_elo": elo[0],
        "black_elo": elo[1],
        **{tag.lower(): tags.get(tag) or None for tag in ("Event", "Site", "Date", "Round", "Termination")},
        "time_control": tags.get("TimeControl") or None,
        "base": control[0] if control else None,
        "increment": control[1] if control else None,
        "eco": opening.get("eco"),
        "opening": opening.get("name"),
        "opening_ply": opening.get("ply"),
        "plies": len(game["plies"]),
        "middlegame": phases.get("middlegame"),
        "endgame": phases.get("endgame"),
        **{f"{color}_{name}": game[color][name] for color in ("white", "black") for name in figures},
        "final_fen": board.fen(),
        "final_cp": _eval(final, "cp"),
        "final_mate": _eval(final, "mate"),
        "final_best": final.get("best"),
        "epd_id": epd.get("id"),
        "epd_bm": " ".join(epd.get("bm", [])) or None,
        "epd_am": " ".join(epd.get("am", [])) or None,
        "problem": game.get("problem"),
        "headers": json.dumps(tags, ensure_ascii=False, separators=(",", ":")),
        "unplayed": not game["plies"] and result != "*" and not epd,
    }


def _reports(reports: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, report in reports.items():
        for number, finding in enumerate(report["findings"]):
            place = name, "finding", finding.get("table"), number
            yield _figure(*place, "text", "Finding", "text", finding["text"])
            if finding["certainty"] is not None:
                yield _figure(*place, "certainty", "Certainty", "text", finding["certainty"])
        for key, metric in report["metrics"].items():
            said = metric["label"], metric["kind"], metric["value"]
            yield _figure(name, "metric", None, None, key, *said, unit=metric.get("unit"))
        for chart in report["charts"]:
            yield from _points(name, chart)
        for table in report["tables"]:
            for number, row in enumerate(table["rows"]):
                for c in table["columns"]:
                    at = table["key"], number, c["key"], c["label"], c["kind"]
                    yield _figure(name, "cell", *at, row[c["key"]], unit=c.get("unit"))
        for number, note in enumerate(report["notes"]):
            yield _figure(name, "note", None, number, None, None, None, note)


def _points(name: str, chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    x, y = chart["x"], chart["y"]
    axes = {"series": {"label": "Series", "kind": "text"}, "x": x, "y": y, "low": y, "high": y}
    axes["n"] = {"label": "Of", "kind": "int"}
    points = [{"series": s["label"], **point} for s in chart["series"] for point in s["points"]]
    for number, point in enumerate(points):
        for key, axis in axes.items():
            if point[key] is not None:
                at = chart["key"], number, key, axis["label"], axis["kind"]
                yield _figure(name, "point", *at, point[key], unit=axis.get("unit"))


def _figure(*values: Any, unit: str | None = None) -> dict[str, Any]:
    *place, value = values
    keys = ("report", "part", "table_key", "row_number", "key", "label", "kind")
    is_text = isinstance(value, str)
    return {
        **dict(zip(keys, place, strict=True)),
        "number": None if is_text else value,
        "text": (value or None) if is_text else None,
        "unit": unit,
    }
