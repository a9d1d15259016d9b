"""UCI as text: what is sent and what comes back, as pure functions over lines.

The words are those of the UCI specification (R. Huber, S. Meyer-Kahlen, 2006). Whatever talks to a UCI program,
over a pipe or inside this process, reads and writes with these functions.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

import chess
from msgspec import Struct

from engine.errors import EvaluatorError, EvaluatorProtocolError, PositionRefused
from engine.model import PV_PLIES, Evaluation, Limit, Line, Position, Score

MAX_CP = 100_000
"""A larger score in centipawns is a fault of the program: no scale in use comes near it."""
MAX_MATE = 1000
"""The same for moves to mate."""

_REFUSED = {
    "debug log file": "it would write a file wherever the value says",
    "multipv": "it is part of the limit: --multipv",
    "uci_chess960": "it follows from the position",
}


def printable(text: str, length: int = 160) -> str:
    """`text` on one line without control characters, cut to `length`: fit for an error message."""
    kept = "".join(char if char.isprintable() else " " for char in text)
    kept = " ".join(kept.split())
    return kept if len(kept) <= length else kept[: length - 1] + "…"


# -- what is sent -------------------------------------------------------------------------------------------


def position_command(position: Position) -> str:
    """The `position` command. Raises PositionRefused for text that would not stay one command."""
    command = f"position fen {position.fen}"
    if position.moves:
        command += " moves " + " ".join(position.moves)
    if not (command.isascii() and command.isprintable()):
        raise PositionRefused(f"not the text of a position: {printable(command)}")
    return command


def go_command(limit: Limit) -> str:
    """The `go` command; the search ends at the first limit it meets. Raises EvaluatorError for no limit at all."""
    parts = [f" nodes {limit.nodes}"] if limit.nodes else []
    parts += [f" depth {limit.depth}"] if limit.depth else []
    parts += [f" movetime {limit.time}"] if limit.time else []
    if not parts:
        raise EvaluatorError("a search needs a limit: nodes, depth or time")
    return "go" + "".join(parts)


def setoption_command(name: str, value: str) -> str:
    """The `setoption` command; an empty value presses a button."""
    return f"setoption name {name} value {value}" if value else f"setoption name {name}"


# -- what comes back from a search --------------------------------------------------------------------------


def read_search(lines: Iterable[str], position: Position, limit: Limit) -> Evaluation:
    """Read one search: the lines after `go`, up to and with `bestmove`.

    Only the last line of each principal variation is parsed; a line whose score is a bound counts only where
    there is no exact one. Variations are kept as far as they are legal. Raises EvaluatorProtocolError when the
    program gave no score, an implausible one, or no legal best move.
    """
    said, best = _until_best(lines)
    exact: dict[int, str] = {}
    bound: dict[int, str] = {}
    counted = ""
    wanted = set(range(1, limit.multipv + 1))
    for line in reversed(said):
        counted = counted or (line if " nodes " in line else "")
        if " score " in line:
            kept = bound if " lowerbound" in line or " upperbound" in line else exact
            kept.setdefault(_multipv(line), line)
        if counted and exact.keys() >= wanted:
            break  # what was said before counts no more

    board = position.board()
    move = _best_move(board, best)
    last = bound | exact
    found = [_line(board, last[rank]) for rank in sorted(last) if 1 <= rank <= limit.multipv]
    if not found or 1 not in last:
        raise EvaluatorProtocolError(f"no score before {printable(best)!r}")
    ordered = _best_first(found, move)
    first = ordered[0]
    return Evaluation(
        score=first.score,
        pv=first.pv,
        depth=first.depth,
        nodes=_number(counted, "nodes"),
        lines=tuple(ordered) if limit.multipv > 1 else (),
    )


def _until_best(lines: Iterable[str]) -> tuple[list[str], str]:
    """The `info` lines that are no free text, and the first `bestmove` line."""
    said: list[str] = []
    for line in lines:
        if line.startswith("bestmove"):
            return said, line
        if line.startswith("info ") and not line.startswith("info string"):
            said.append(line)
    raise EvaluatorProtocolError("the search ended without a best move")


def _best_first(found: list[Line], move: str) -> list[Line]:
    """The line of the best move in front: usually as it is; else with the first score and a variation of one."""
    for k, line in enumerate(found):
        if line.pv[:1] == (move,):
            ordered = [line, *found[:k], *found[k + 1 :]]
            break
    else:
        ordered = [Line(found[0].score, (move,), found[0].depth), *found[1:]]
    return [line for line in ordered if line.pv]


def _best_move(board: chess.Board, line: str) -> str:
    words = line.split()
    text = words[1] if len(words) > 1 else ""
    try:
        move = board.parse_uci(text)
    except ValueError:
        move = chess.Move.null()
    if not move:
        raise EvaluatorProtocolError(f"illegal best move {printable(text, 20)!r} in {board.fen()}")
    return board.uci(move)


def _multipv(line: str) -> int:
    at = line.find(" multipv ")
    return 1 if at < 0 else _number(line[at:], "multipv")


def _number(line: str, word: str) -> int:
    """The non-negative integer after `word`; 0 where there is none."""
    words = line.split(" string ", 1)[0].split()
    try:
        return max(0, int(words[words.index(word) + 1]))
    except (ValueError, IndexError):
        return 0


def _line(board: chess.Board, text: str) -> Line:
    """One `info` line with a score."""
    text = text.split(" string ", 1)[0]
    words = text.split()
    return Line(_score(words), _legal_prefix(board, words), _number(text, "depth"))


def _score(words: list[str]) -> Score:
    try:
        at = words.index("score")
        kind, value = words[at + 1], int(words[at + 2])
    except (ValueError, IndexError):
        kind, value = "", 0
    if kind == "cp" and abs(value) <= MAX_CP:
        return Score(cp=value)
    if kind == "mate" and 0 < abs(value) <= MAX_MATE:
        return Score(mate=value)
    raise EvaluatorProtocolError(f"implausible score in {printable(' '.join(words), 100)!r}")


def _legal_prefix(board: chess.Board, words: list[str]) -> tuple[str, ...]:
    """The variation as far as it is legal, at most `PV_PLIES`, in the board's own notation."""
    if "pv" not in words:
        return ()
    at = words.index("pv") + 1
    board = board.copy(stack=False)
    kept: list[str] = []
    for text in words[at : at + PV_PLIES]:
        try:
            move = board.parse_uci(text)
        except ValueError:
            break
        if not move:
            break
        kept.append(board.uci(move))
        board.push(move)
    return tuple(kept)


# -- options ------------------------------------------------------------------------------------------------


class UciOption(Struct, frozen=True):
    """One `option` line of the handshake."""

    name: str
    type: str
    """`check`, `spin`, `combo`, `button` or `string`."""
    default: str = ""
    min: int | None = None
    max: int | None = None
    choices: tuple[str, ...] = ()
    """The values of a `combo`."""


def parse_option(line: str) -> UciOption | None:
    """Read an `option name … type …` line; None for anything else, or a line that makes no sense."""
    words = line.split()
    if words[:2] != ["option", "name"] or "type" not in words[3:]:
        return None
    at = words.index("type", 3)
    name, kind = " ".join(words[2:at]), "".join(words[at + 1 : at + 2])
    fields = _fields(words[at + 2 :], free_text=kind == "string")
    try:
        bounds = [int(fields[key][0]) if key in fields else None for key in ("min", "max")]
    except ValueError:
        bounds = [None, None]
    default = "".join(fields.get("default", []))
    return UciOption(name, kind, default, bounds[0], bounds[1], tuple(fields.get("var", [])))


def _fields(words: list[str], *, free_text: bool) -> dict[str, list[str]]:
    """Values by keyword; several words are one value, a repeated keyword is several values."""
    if free_text:
        return {"default": [" ".join(words[1:])]} if words[:1] == ["default"] else {}
    fields: dict[str, list[str]] = {}
    key = ""
    for word in words:
        if word in ("default", "min", "max", "var"):
            key = word
            fields.setdefault(key, []).append("")
        elif key:
            fields[key][-1] = f"{fields[key][-1]} {word}".strip()
    return fields


def check_options(wanted: Mapping[str, str], offered: Iterable[UciOption]) -> dict[str, str]:
    """Check what the user wants to set against what the program offers.

    Programs ignore an unknown name or a number out of range without a word, so it is said here. Returns the
    options in the program's own spelling. Raises EvaluatorError.
    """
    by_name = {option.name.lower(): option for option in offered}
    checked: dict[str, str] = {}
    for name, value in wanted.items():
        if not (name.isprintable() and value.isprintable()):
            raise EvaluatorError(f"UCI option {printable(name, 60)!r}: control characters are not allowed")
        if reason := _REFUSED.get(name.strip().lower()):
            raise EvaluatorError(f"UCI option {name!r} cannot be set: {reason}")
        option = by_name.get(name.strip().lower())
        if option is None:
            raise EvaluatorError(f"the program has no UCI option {name!r}{_nearest(name, by_name)}")
        checked[option.name] = _checked_value(option, value.strip())
    return checked


def _nearest(name: str, by_name: Mapping[str, UciOption]) -> str:
    near = difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {by_name[near[0]].name!r}?"
    return f"; it has: {printable(', '.join(option.name for option in by_name.values()), 400)}"


def _checked_value(option: UciOption, value: str) -> str:
    wrong = ""
    if option.type == "check":
        value = value.lower()
        wrong = "" if value in ("true", "false") else "true or false"
    elif option.type == "combo":
        same = {choice.lower(): choice for choice in option.choices}
        wrong = "" if value.lower() in same else "one of " + ", ".join(option.choices)
        value = same.get(value.lower(), value)
    elif option.type == "spin" and not _in_range(option, value):
        wrong = f"a whole number from {option.min} to {option.max}"
    elif option.type == "button" and value.lower() not in ("", "true"):
        wrong = "no value: it is a button"
    if wrong:
        raise EvaluatorError(
            f"UCI option {option.name!r} = {printable(value, 60)!r}: expected {printable(wrong, 300)}"
        )
    return "" if option.type == "button" else value


def _in_range(option: UciOption, value: str) -> bool:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        return False
    number = int(value)
    return (option.min is None or number >= option.min) and (option.max is None or number <= option.max)
