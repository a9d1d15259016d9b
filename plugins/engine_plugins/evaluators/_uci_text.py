"""The commands and answers of UCI as text: pure functions over lines.

The protocol is the UCI specification (R. Huber, S. Meyer-Kahlen, 2006). The evaluators that talk to a program over
a pipe, and the one that runs it in this process, use these functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import chess

from engine.errors import EvaluatorError, EvaluatorProtocolError, PositionRefused
from engine.model import PV_PLIES, Evaluation, Limit, Line, Position, Score
from engine.positions.variations import legal_beginning

MAX_CP = 100_000
"""Largest plausible score in centipawns; a larger one is a fault of the program."""
MAX_MATE = 1000
"""Largest plausible number of moves to mate."""
MAX_DEPTH = 10_000
"""Largest plausible depth in plies."""
MAX_NODES = 10**15
"""Largest plausible number of nodes of a search: years of it."""
_MAX_DIGITS = 18
"""Digits of the longest number; 64 bits hold no more, and Python does not read more than 4,300."""
_NO_SCORE = re.compile(r" score (?:mate [-+]?0\b|wdl )")
"""A mate in no moves where there are moves, and win, draw and loss without a score."""
_WITHOUT_SCORE = "a program that plays from a book, or at once, gives none: --uci NAME=VALUE may switch that off"


def printable(text: str, length: int = 160) -> str:
    """Return the text on one line without control characters, cut to `length`, for an error message."""
    kept = "".join(char if char.isprintable() else " " for char in text)
    kept = " ".join(kept.split())
    return kept if len(kept) <= length else kept[: length - 1] + "…"


# -- what is sent -------------------------------------------------------------------------------------------


def position_command(position: Position) -> str:
    """Return the `position` command. Raises `PositionRefused` for text that is not one command."""
    command = f"position fen {position.fen}"
    if position.moves:
        command += " moves " + " ".join(position.moves)
    if not (command.isascii() and command.isprintable()):
        raise PositionRefused(f"not the text of a position: {printable(command)}")
    return command


def go_command(limit: Limit) -> str:
    """Return the `go` command; the search ends at the first limit. Raises `EvaluatorError` without a limit."""
    parts = [f" nodes {limit.nodes}"] if limit.nodes else []
    parts += [f" depth {limit.depth}"] if limit.depth else []
    parts += [f" movetime {limit.time}"] if limit.time else []
    if not parts:
        raise EvaluatorError("a search needs a limit: nodes, depth or time")
    return "go" + "".join(parts)


def setoption_command(name: str, value: str) -> str:
    """Return the `setoption` command; an empty value presses a button."""
    return f"setoption name {name} value {value}" if value else f"setoption name {name}"


# -- what comes back from a search --------------------------------------------------------------------------


Scores = Literal["last", "exact"]
"""Score of a search that ends within a depth: that of the `last` line, a bound or not, or the last `exact`."""


def read_search(lines: Iterable[str], position: Position, limit: Limit, scores: Scores = "exact") -> Evaluation:
    """Return the evaluation that the lines of one search contain, from the view of the side to move.

    Only the last line of each principal variation is parsed; a line whose score is a bound counts only if there is
    no exact one, and one that announces a mate in 0 moves, or gives only win, draw and loss, only if there is no
    other. Variations are kept as far as they are legal, one for each first move.

    * **lines** - the lines after `go`, up to and including `bestmove`.
    * **position** - the position that was searched.
    * **limit** - the limit of the search, for its number of lines.
    * **scores** - *(optional)* `last`: a search for one line takes the score of its last line, also if that is a
      bound, unless the last exact one was a mate. Depth and variation stay those of the last exact line.

    Raises `EvaluatorProtocolError` for no score, an implausible score, or no legal best move.
    """
    infos, best = _until_best(lines)
    exact: dict[int, str] = {}
    bound: dict[int, str] = {}
    poor: dict[int, str] = {}
    nodes_line = ""
    ranks = set(range(1, limit.multipv + 1))
    for info in reversed(infos):
        nodes_line = nodes_line or (info if " nodes " in info else "")
        if " score " in info:
            scored = bound if " lowerbound" in info or " upperbound" in info else exact
            scored = poor if _NO_SCORE.search(info) else scored
            scored.setdefault(_multipv(info), info)
        if nodes_line and exact.keys() >= ranks:
            break  # earlier lines are superseded

    board = position.board()
    move = _best_move(board, best)
    last = poor | bound | exact
    variations = [_line(board, last[rank]) for rank in sorted(last) if 1 <= rank <= limit.multipv]
    if not variations or 1 not in last:
        raise EvaluatorProtocolError(f"no score before {printable(best)!r}; {_WITHOUT_SCORE}")
    if limit.multipv > 1:
        variations = _with_different_moves(board, variations, infos, limit.multipv)
    ordered = _best_first(variations, move)
    first = ordered[0]
    score = first.score
    if scores == "last" and limit.multipv == 1 and first.score.mate is None:
        score = _bound_after(infos) or score
    return Evaluation(
        score=score,
        pv=first.pv,
        depth=first.depth,
        nodes=_number(nodes_line, "nodes", MAX_NODES),
        lines=tuple(ordered) if limit.multipv > 1 else (),
    )


def _bound_after(infos: list[str]) -> Score | None:
    """Return the bound with which a search ended; None if it ended with an exact score.

    A mate counts where the bound proves it, and an implausible bound counts no more than none.
    """
    for info in reversed(infos):
        if " score " not in info or _multipv(info) != 1 or _NO_SCORE.search(info):
            continue
        at_least, at_most = " lowerbound" in info, " upperbound" in info
        if not at_least and not at_most:
            return None
        try:
            score = _score(info.split(" string ", 1)[0].split())
        except EvaluatorProtocolError:
            return None
        proven = score.mate is None or (score.mate > 0) == at_least
        return score if proven else None
    return None


def _until_best(lines: Iterable[str]) -> tuple[list[str], str]:
    """Return the `info` lines that are not free text, and the first `bestmove` line."""
    infos: list[str] = []
    for line in lines:
        if line.startswith("bestmove"):
            return infos, line
        if line.startswith("info ") and not line.startswith("info string"):
            infos.append(line)
    raise EvaluatorProtocolError("the search ended without a best move")


def _with_different_moves(board: chess.Board, last: list[Line], infos: list[str], count: int) -> list[Line]:
    """Return variations that begin with different moves, in the program's order.

    A search that ends within a depth has told only its first variations again, and these may begin with a move
    whose older variation had another rank. That one is left out, and the next older variation takes its place.
    """
    if len({line.pv[:1] for line in last}) == len(last):
        return last
    kept: dict[tuple[str, ...], tuple[int, int, Line]] = {}
    for info in reversed(infos):
        if " score " not in info or " lowerbound" in info or " upperbound" in info or _NO_SCORE.search(info):
            continue
        line = _line(board, info)
        if line.pv and line.pv[:1] not in kept and len(kept) < count:
            kept[line.pv[:1]] = -line.depth, _multipv(info), line
    return [line for *_, line in sorted(kept.values(), key=lambda found: found[:2])] or last[:1]


def _best_first(variations: list[Line], move: str) -> list[Line]:
    """Return the variations, that of the best move first.

    If no variation begins with the best move, the first one is cut down to this move.
    """
    for k, line in enumerate(variations):
        if line.pv[:1] == (move,):
            ordered = [line, *variations[:k], *variations[k + 1 :]]
            break
    else:
        ordered = [Line(variations[0].score, (move,), variations[0].depth), *variations[1:]]
    return [line for line in ordered if line.pv]


def _best_move(board: chess.Board, line: str) -> str:
    words = line.split()
    text = words[1] if len(words) > 1 else ""
    try:
        move = board.parse_uci(text.lower())
    except ValueError:
        move = chess.Move.null()
    if not move:
        raise EvaluatorProtocolError(f"illegal best move {printable(text, 20)!r} in {board.fen()}")
    return board.uci(move)


def _multipv(line: str) -> int:
    at = line.find(" multipv ")
    return 1 if at < 0 else _number(line[at:], "multipv", 10**_MAX_DIGITS)


def _number(line: str, word: str, most: int) -> int:
    """Return the non-negative integer after `word`; 0 if there is none.

    Raises `EvaluatorProtocolError` for one above `most`.
    """
    words = line.split(" string ", 1)[0].split()
    text = words[words.index(word) + 1] if word in words[:-1] else ""
    try:
        number = most + 1 if text.isdecimal() and len(text) > _MAX_DIGITS else max(0, int(text))
    except ValueError:
        return 0
    if number > most:
        raise EvaluatorProtocolError(f"implausible {word} {printable(text, 40)}")
    return number


def _line(board: chess.Board, text: str) -> Line:
    """Parse one `info` line with a score."""
    text = text.split(" string ", 1)[0]
    words = text.split()
    return Line(_score(words), _legal_prefix(board, words), _number(text, "depth", MAX_DEPTH))


def _score(words: list[str]) -> Score:
    try:
        at = words.index("score")
        at += words[at + 1] in ("lowerbound", "upperbound")
        kind, value = words[at + 1], int(words[at + 2])
    except (ValueError, IndexError):
        kind, value = "", 0
    if kind == "cp" and abs(value) <= MAX_CP:
        return Score(cp=value)
    if kind == "mate" and 0 < abs(value) <= MAX_MATE:
        return Score(mate=value)
    hint = (
        "; it gives win, draw and loss alone: set an option such as ScoreType with --uci" if kind == "wdl" else ""
    )
    raise EvaluatorProtocolError(f"implausible score in {printable(' '.join(words), 100)!r}{hint}")


def _legal_prefix(board: chess.Board, words: list[str]) -> tuple[str, ...]:
    """Return the legal beginning of the variation, at most `PV_PLIES` moves, in python-chess's notation."""
    if "pv" not in words:
        return ()
    at = words.index("pv") + 1
    return legal_beginning(board.copy(stack=False), map(str.lower, words[at : at + PV_PLIES]))
