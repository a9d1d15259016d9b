"""The positions of the trainer, from the reports `mistakes` and `puzzles`: each once, with its legal moves.

The page has no rules of chess: a card brings the legal moves of each position in which the solver is to move. It
is a JSON object, as short as possible; a missing key means that the value is not known or not needed:

| key | meaning |
| --- | --- |
| `e` | the position: the first four fields of its FEN, which name the card wherever it comes from |
| `n` | number of the first move |
| `k` | `"m"` from `mistakes`, `"p"` from `puzzles` |
| `s` | the solver's moves: `[[legal moves, right moves, reply], ...]`, the first right one is the solution's |
| `sol` | the solution in SAN, a word for each half-move |
| `al` | other right first moves in SAN |
| `was`, `wu`, `by` | what was played in the game, with its number, and in UCI; by whom |
| `b`, `a`, `c` | the solver's Win% before and after what was played, and what it cost |
| `w` | why, in words: the report's reason, or else its *why* |
| `th`, `ph`, `op` | themes, phase, opening |
| `r` | estimated difficulty, a rating |
| `g`, `h` | number of the game, address of its page |

Legal moves are written as a word for each piece: a letter for its square and for each square that it can go to
(`A` is a1, `B` b1, `_` h8). A pawn that can reach the last rank can become any piece.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import chess
from msgspec import Struct

from engine.model import Report
from engine.positions.fen import board_of
from engine.web.pages.tables import Link

LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
"""A letter for each square, a1 first."""
SOURCES = {"puzzles": "puzzles", "mistakes": "positions"}
"""The reports that have positions, with the keys of their tables; of a position in both, the first counts."""
_LONGEST = 60
"""Largest number of half-moves of a solution."""


class Deck(Struct, frozen=True):
    """The cards of a run, and what is to be said of them."""

    cards: list[dict[str, Any]]
    """In the order of the reports, puzzles first."""
    words: str
    """How many there are, from where, and what was left out."""
    nothing: tuple[str, ...] = ()
    """Sentences on why there are none; empty where there are some."""


class _Task(NamedTuple):
    """A row of a report, as it is wherever it comes from."""

    board: chess.Board
    line: list[chess.Move]
    right: list[chess.Move]
    """Right first moves, that of the line first."""
    card: dict[str, Any]


def deck(reports: Mapping[str, Report], analysed: int, link: Link | None = None) -> Deck:
    """Return the positions of the reports of a run, each once.

    * **reports** - the reports by name.
    * **analysed** - the number of analysed games.
    * **link** - *(optional)* returns the address of a ply of a game.
    """
    tasks: dict[str, _Task] = {}
    twice = illegal = 0
    for name, key in SOURCES.items():
        table = reports[name].table(key) if name in reports else None
        for row in table.records() if table is not None else ():
            task = _task(name, row, link)
            if task is None:
                illegal += 1
                continue
            position = task.card["e"]
            twice += position in tasks
            tasks[position] = _merged(tasks[position], task) if position in tasks else task
    cards = [_finished(task) for task in tasks.values()]
    return Deck(cards, _words(cards, twice, illegal), () if cards else tuple(_nothing(reports, analysed, illegal)))


def _task(name: str, row: Mapping[str, Any], link: Link | None) -> _Task | None:
    """Return what a row asks; None if it has no position, or a move in it is not legal."""
    board = _board(_text(row, "position"))
    if board is None:
        return None
    try:
        if name == "puzzles":
            line = [chess.Move.from_uci(uci) for uci in _text(row, "line").split()[:_LONGEST]]
            right = line[:1]
        else:
            right = [board.parse_san(san) for san in (_text(row, "best"), *_text(row, "also").split())]
            line = right[:1]
    except ValueError:
        return None
    line = _legal(board, line)
    if not line or not all(right):
        return None
    return _Task(board, line, [line[0], *right[1:]], _facts(name, row, board, link))


def _board(fen: str) -> chess.Board | None:
    """Return a position with both kings; None for what is none."""
    try:
        board = board_of(fen)
    except ValueError:
        return None
    return board if board.king(chess.WHITE) is not None and board.king(chess.BLACK) is not None else None


def _legal(board: chess.Board, line: Sequence[chess.Move]) -> list[chess.Move]:
    """Return a line up to the solver's last move, as the board writes its moves; empty if a move is not legal."""
    board, played = board.copy(stack=False), []
    for move in line:
        try:
            played.append(board.parse_uci(move.uci()))
        except ValueError:
            return []
        if not played[-1]:  # a null move
            return []
        board.push(played[-1])
    return played[: len(played) - 1 + len(played) % 2]


def _facts(name: str, row: Mapping[str, Any], board: chess.Board, link: Link | None) -> dict[str, Any]:
    played = _text(row, "move" if name == "puzzles" else "played")
    before, after = _number(row, "win_before"), _number(row, "win_after")
    cost = _number(row, "cost")
    if cost is None and before is not None and after is not None:
        cost = round(before - after, 1)
    why, themes = _text(row, "why"), _text(row, "themes")
    game, ply = _whole(row, "game"), _whole(row, "ply")
    return {
        "e": board.epd(),
        "n": board.fullmove_number,
        "k": name[0],
        "was": played,
        "wu": _played(board, played),
        "by": _text(row, "player"),
        "b": before,
        "a": after,
        "c": cost,
        "w": _text(row, "reason") or _sentence(why),
        "th": list(dict.fromkeys(map(_theme, themes.split()))) if themes else [_kind(why)] if why else [],
        "ph": _text(row, "phase"),
        "op": _text(row, "opening"),
        "r": _whole(row, "rating"),
        "g": game,
        "h": link(game, ply) if link is not None and game is not None else None,
    }


def _text(row: Mapping[str, Any], key: str) -> str:
    cell = row.get(key)
    return cell if isinstance(cell, str) else ""


def _number(row: Mapping[str, Any], key: str) -> float | None:
    cell = row.get(key)
    return round(cell, 1) if isinstance(cell, int | float) else None


def _whole(row: Mapping[str, Any], key: str) -> int | None:
    cell = row.get(key)
    return cell if isinstance(cell, int) else None


def _played(board: chess.Board, numbered: str) -> str | None:
    """Return in UCI what was played, which may say nothing that can be read."""
    try:
        return board.parse_san(numbered.rsplit(maxsplit=1)[-1]).uci() if numbered else None
    except ValueError:
        return None


def _sentence(words: str) -> str:
    """Return a sentence as it is, and a few words such as `wrong capture, only move` as one."""
    return words if not words or words[-1] in ".!?" else f"In the game: {words}."


def _theme(tag: str) -> str:
    """Return a tag such as `backRankMate` or `mateIn2` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])", " ", tag).lower()


def _kind(why: str) -> str:
    """Return the kind of an error from `missed mate in 2, only move`."""
    return re.sub(r"(?<=missed mate) in \d+", "", why.partition(",")[0])


def _merged(one: _Task, other: _Task) -> _Task:
    """Return a position that occurs twice: the first task, with what only the other knows."""
    right = [*one.right, *(move for move in other.right if move not in one.right)]
    known = {key: value for key, value in one.card.items() if value not in (None, "", [])}
    themes = list(dict.fromkeys((*one.card["th"], *other.card["th"])))
    cost = max((card["c"] for card in (one.card, other.card) if card["c"] is not None), default=None)
    card = {**other.card, **known, "th": themes, "c": cost}
    if one.card["was"] != other.card["was"]:
        card |= {"b": one.card["b"], "a": one.card["a"]}
    return _Task(one.board, one.line, right, card)


def _finished(task: _Task) -> dict[str, Any]:
    """Return the card with its moves, and without what is not known."""
    board = task.board
    steps = list(_steps(board.copy(stack=False), task.line, task.right))
    also = [board.san(chess.Move.from_uci(uci)) for uci in steps[0][1].split()[1:]]
    sans, played = [], board.copy(stack=False)
    for move in task.line:
        sans.append(played.san(move))
        played.push(move)
    card = {**task.card, "s": steps, "sol": " ".join(sans), "al": ", ".join(also)}
    return {key: value for key, value in card.items() if value not in (None, "", [])}


def _steps(board: chess.Board, line: Sequence[chess.Move], first: Sequence[chess.Move]) -> Iterator[list[str]]:
    """Yield for each move of the solver the legal moves, the right ones and the reply.

    Whatever mates is right. The last move of a line may be one of several.
    """
    for k in range(0, len(line), 2):
        moves = list(board.legal_moves)
        mates = [move for move in moves if _mates(board, move)]
        right = dict.fromkeys((line[k], *(first if k == 0 else ()), *mates))
        reply = line[k + 1].uci() if k + 1 < len(line) else ""
        yield [packed(moves), " ".join(move.uci() for move in right), reply]
        for move in line[k : k + 2]:
            board.push(move)


def _mates(board: chess.Board, move: chess.Move) -> bool:
    if not board.gives_check(move):
        return False
    board.push(move)
    mates = board.is_checkmate()
    board.pop()
    return mates


def packed(moves: Iterable[chess.Move]) -> str:
    """Return legal moves as the page has them: a word for each piece, a letter for each square."""
    targets: dict[int, dict[int, None]] = {}
    for move in moves:
        targets.setdefault(move.from_square, {})[move.to_square] = None
    return " ".join(
        LETTERS[square] + "".join(LETTERS[target] for target in sorted(targets[square]))
        for square in sorted(targets)
    )


def _counted(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _words(cards: Sequence[Mapping[str, Any]], twice: int, illegal: int) -> str:
    puzzles = sum(card["k"] == "p" for card in cards)
    parts = []
    if len(cards) > puzzles:
        parts.append(_counted(len(cards) - puzzles, "mistake", "mistakes"))
    if puzzles:
        parts.append(_counted(puzzles, "puzzle", "puzzles"))
    words = f"{' and '.join(parts)} of these games." if parts else ""
    if twice:
        words += (
            f" {_counted(twice, 'row is', 'rows are')} of a position that another row has, and no card of its own."
        )
    if illegal:
        words += f" {_counted(illegal, 'row', 'rows')} left out: a move or the position is not legal."
    return words.strip()


def _nothing(reports: Mapping[str, Report], analysed: int, illegal: int) -> Iterator[str]:
    """Yield why there is nothing to train."""
    if not analysed:
        yield "There is nothing to train: no game was analysed."
        return
    games = _counted(analysed, "analysed game has", "analysed games have")
    yield f"There is nothing to train: the {games} no position in which a better move was missed and is known."
    if illegal:
        return
    for name in SOURCES:
        yield from reports[name].notes if name in reports else ()
