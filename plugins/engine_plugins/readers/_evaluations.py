"""Evaluations that programs write into the comments of the main line.

| comment                                    | position | view                                               |
| ------------------------------------------ | -------- | -------------------------------------------------- |
| `[%eval 0.17,22]`, `[%eval #-3]`, `-M3`    | after    | White's; mates in moves                            |
| `[%evp 0,2,20,17,-30]`                     | 0 to 2   | ChessBase, White's; centipawns, 29997: M3 in plies |
| `wv=0.25, d=30, mt=30699, tl=5369301`      | before   | TCEC, White's; times in milliseconds               |
| `+0.71/22 1.2s`, `-M4/12 0.1s, n=400`      | before   | cutechess and fastchess, the mover's               |
| `(e7e5) +0.31/15 5`, `0.31/15 1.5`         | before   | Arena, Banksia, XBoard, mostly the mover's         |

The unit is pawns, and a mate `M3` is counted in plies before the move, where the best move is the one that was
played. Some programs write `[%eval]` in centipawns, and some of these from the mover's point of view. A game is
read as centipawns if its evaluations are whole numbers without a decimal point and one of them is 15 or more;
where all are smaller, the beginning of the file decides. The view of `[%eval]` in centipawns and of the last line
of the table is the one in which neighbours agree about who is better: at the beginning of the file if it is clear
there, else in the game. Everything but plain `[%eval]` in pawns is said once for each file, and so is how many
evaluations could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from engine.model import AnalysedPosition, Evaluation, Note, Recording, Score
from engine.positions.movetext import NULL_MOVE
from engine_plugins.readers._engine_comments import (
    ARENA,
    BANKSIA,
    CUTECHESS,
    Searched,
    read_profile,
    read_searched,
    resembles_evaluation,
)
from engine_plugins.readers._text import quoted

_EVAL = re.compile(
    r"(?P<sign>[+\-−]?)\s*"
    r"(?:(?P<letter>[#M]|mate(?:\s+in)?\s*)\s*(?P<late>[+\-−]?)(?P<mate>\d{1,3})"
    r"|(?P<number>\d{1,7}(?:\.\d{0,4})?|\.\d{1,4}))"
    r"(?:\s*[,;/\s]\s*(?:d(?:epth)?[\s=]*)?(?P<depth>\d{1,3})(?:\s*[,;/\s].*)?)?",
    re.IGNORECASE,
)
_SAMPLED = re.compile(rb"\[%eval\s+([+-]?\d{1,6}(?:\.\d{0,4})?)(?=[\s,;/\]])")
_SAMPLE = 3_000
"""Evaluations at the beginning of a file that its unit and view are settled by."""
_SURELY_CENTIPAWNS = 15
_HIGHEST = 10**7
"""Largest evaluation in centipawns; some programs write mates as numbers."""
_CLEAR_PAIRS = 8
"""Pairs of neighbours from which on a view is clear, if most of them agree."""
_WINNING = 1.0
"""Evaluation in pawns that two programs which contradict each other seldom both have."""
_CACHE_SIZE = 1 << 14
"""Number of evaluations that are cached, since games repeat the same ones."""
UNIT, VIEW = "unit", "view"
"""Keys of what is known of a file's `[%eval]`: `cp` or `pawns`, `white` or `mover`."""
SEARCHED_VIEW = "searched view"
"""The same for comments such as `0.31/15 1.5`."""


class EvalCommand(Struct, frozen=True):
    """An `[%eval]` before its unit and point of view are known."""

    mate: int | None
    number: str
    """The number as it is written, empty for a mate."""
    depth: int
    plain: bool
    """Whether a mate has the letter that Lichess writes."""


class Evaluations:
    """The evaluations in a game's comments, collected by the number of plies before each comment."""

    def __init__(self) -> None:
        self.commands: dict[int, EvalCommand] = {}
        self._searched: dict[int, Searched] = {}
        """Evaluations by position."""
        self._profile: dict[int, Score] = {}
        """Evaluations of ChessBase by position, White's view."""
        self._unread: list[str] = []

    def command(self, value: str, plies: int) -> None:
        """Take the value of an `[%eval]` that comes after so many plies; the first of a position counts."""
        if command := eval_command(value):
            self.commands.setdefault(plies, command)
        elif value.strip():
            self._unread.append(f"[%eval {value}]")

    def profile(self, comment: str) -> None:
        """Take the `[%evp]` of a comment."""
        scores = read_profile(comment)
        if scores is None:
            self._unread.append(comment)
        elif not self._profile:
            self._profile = scores

    def comment(self, comment: str, plies: int) -> Searched | None:
        """Take what an engine match program says after so many plies, and return it; None if it is none."""
        searched = read_searched(comment)
        if searched is not None and searched.score is not None:
            self._searched.setdefault(plies - 1, searched)
        elif resembles_evaluation(comment):
            self._unread.append(comment)
        return searched

    def recording(
        self, moves: Sequence[str], *, white_first: bool, facts: Mapping[str, str]
    ) -> tuple[Recording | None, tuple[Note, ...]]:
        """Return the evaluations that belong to these moves (UCI), None if there are none, and how they were read.

        * **white_first** - whether White makes the first of the moves.
        * **facts** - what `survey` has found at the beginning of the file.
        """
        if not (self.commands or self._searched or self._profile or self._unread):
            return None, ()
        notes: list[Note] = []
        positions: dict[int, AnalysedPosition] = {}
        for k, score in self._profile.items():
            if k <= len(moves):
                positions[k] = _recorded(score if white_first == (k % 2 == 0) else -score, (), 0)
        if positions:
            notes.append(_said("ChessBase [%evp]", "White's view", "centipawns"))
        notes += self._add_searched(positions, moves, white_first=white_first, facts=facts)
        notes += self._add_commands(positions, white_first=white_first, facts=facts)
        if self._unread:
            read = len(self.commands) + len(self._searched) + len(self._profile)
            notes.append(_unread_note(self._unread, read))
        recorded = tuple(map(positions.get, range(len(moves) + 1)))
        return (Recording(recorded) if any(recorded) else None), tuple(notes)

    def _add_searched(
        self,
        positions: dict[int, AnalysedPosition],
        moves: Sequence[str],
        *,
        white_first: bool,
        facts: Mapping[str, str],
    ) -> Iterator[Note]:
        """Add the evaluations of engine match programs, each of the position before a move, which is its best."""
        numbers = {k: one.pawns for k, one in sorted(self._searched.items()) if one.view is None}
        usual = facts.get(SEARCHED_VIEW) or _clear_view(numbers, _WINNING) or "mover"
        for k, one in self._searched.items():
            if k >= len(moves):
                continue
            view = one.view or usual
            white_to_move = white_first == (k % 2 == 0)
            assert one.score is not None
            score = -one.score if view == "white" and not white_to_move else one.score
            positions[k] = _recorded(score, () if moves[k] == NULL_MOVE else (moves[k],), one.depth)
        dialects = {one.dialect: one for one in self._searched.values()}
        if ARENA in dialects or CUTECHESS in dialects:  # they leave out what they do not know
            dialects.pop(BANKSIA, None)
        for dialect, one in dialects.items():
            view = one.view or usual
            yield _said(dialect, _VIEWS[view], "pawns")

    def _add_commands(
        self, positions: dict[int, AnalysedPosition], *, white_first: bool, facts: Mapping[str, str]
    ) -> Iterator[Note]:
        """Add the evaluations of `[%eval]`, each of the position after a move."""
        unit, view = self._conventions(facts)
        plain = unit == _PAWNS and view == "white"
        for k, command in self.commands.items():
            plain = plain and command.plain
            if command.mate == 0:  # checkmate is on the board, so there is nothing to evaluate
                continue
            # The comment comes after the move, so in position k the opponent is to move.
            white_to_move = white_first == (k % 2 == 0)
            # The mover's view is that of the player who made the move.
            positions[k] = _position(command, unit, view == "mover" or not white_to_move)
        if self.commands and not plain:
            mates = (unit, view) == (_PAWNS, "white")
            yield _said(
                "[%eval] with mates as M1" if mates else "[%eval]",
                _VIEWS[view],
                "pawns" if unit == _PAWNS else "centipawns",
            )

    def _conventions(self, facts: Mapping[str, str]) -> tuple[int, str]:
        """Return the unit of `[%eval]` in centipawns, and whose view the numbers have."""
        if any("." in command.number for command in self.commands.values()):
            return _PAWNS, "white" if facts.get(UNIT) == "cp" else facts.get(VIEW, "white")
        numbers = {k: int(command.number) for k, command in sorted(self.commands.items()) if command.number}
        small = max(map(abs, numbers.values()), default=0) < _SURELY_CENTIPAWNS
        if small and facts.get(UNIT) != "cp":
            return _PAWNS, facts.get(VIEW, "white")
        same, opposite = _pairs(numbers, 0)
        return 1, facts.get(VIEW) or ("mover" if opposite > same else "white")


_PAWNS = 100
_VIEWS = {"white": "White's view", "mover": "the mover's view"}


def survey(head: bytes) -> dict[str, str]:
    """Return the unit and the view of the evaluations at the beginning of a file, as far as they are unusual.

    * **head** - the beginning of the file.
    """
    facts: dict[str, str] = {}
    texts = [match[1] for _, match in zip(range(_SAMPLE), _SAMPLED.finditer(head), strict=False)]
    numbers = dict(enumerate(map(float, texts)))
    whole = sum(b"." not in text for text in texts)
    if texts and whole * 2 > len(texts) and max(map(abs, numbers.values())) >= _SURELY_CENTIPAWNS:
        facts = {UNIT: "cp"}
        if view := _clear_view(numbers, _WINNING * _PAWNS):
            facts[VIEW] = view
    elif _clear_view(numbers, _WINNING) == "mover":
        facts = {VIEW: "mover"}
    searched = dict(enumerate(_searched_numbers(head)))
    if view := _clear_view(searched, _WINNING):
        facts[SEARCHED_VIEW] = view
    return facts


def _searched_numbers(head: bytes) -> Iterator[float]:
    if b"/" not in head:
        return
    for _, comment in zip(range(_SAMPLE), re.finditer(rb"\{([^{}]{4,400})\}", head), strict=False):
        searched = read_searched(comment[1].decode("ascii", "replace"))
        if searched is not None and searched.view is None and searched.score is not None:
            yield searched.pawns


def _clear_view(numbers: Mapping[int, float], least: float) -> str | None:
    """Return the view in which neighbours agree about who is better; None if that is not clear.

    Only numbers of at least `least` count.
    """
    same, opposite = _pairs(numbers, least)
    if same + opposite < _CLEAR_PAIRS or max(same, opposite) < 3 * min(same, opposite):
        return None
    return "white" if same > opposite else "mover"


def _pairs(numbers: Mapping[int, float], least: float) -> tuple[int, int]:
    """Return how many neighbours of at least `least` have the same sign, and how many have opposite ones."""
    signs = [(a > 0) == (b > 0) for a, b in pairwise(numbers.values()) if a * b and min(abs(a), abs(b)) >= least]
    return sum(signs), len(signs) - sum(signs)


@lru_cache(_CACHE_SIZE)
def eval_command(text: str) -> EvalCommand | None:
    """Parse the value of an `[%eval]`; return None if it is not one."""
    match = _EVAL.fullmatch(text.strip())
    if match is None:
        return None
    negative = (match["sign"] not in ("", "+")) != ((match["late"] or "+") != "+")
    depth = int(match["depth"] or 0)
    if match["mate"]:
        mate = int(match["mate"])
        return EvalCommand(-mate if negative else mate, "", depth, plain=match["letter"] == "#")
    return EvalCommand(None, ("-" if negative else "") + match["number"], depth, plain=True)


@lru_cache(_CACHE_SIZE)
def _position(command: EvalCommand, unit: int, negated: bool) -> AnalysedPosition:
    """Return the position with this evaluation; `unit` is the unit of its number in centipawns."""
    if command.mate is not None:
        score = Score(mate=command.mate)
    else:
        score = Score(cp=max(-_HIGHEST, min(_HIGHEST, round(float(command.number) * unit))))
    return _recorded(-score if negated else score, (), command.depth)


def _recorded(score: Score, pv: tuple[str, ...], depth: int) -> AnalysedPosition:
    return AnalysedPosition(evaluation=Evaluation(score, pv, depth, 0), recorded=True)


def _said(dialect: str, view: str, unit: str) -> Note:
    return Note(f"evaluations: {dialect}", f"evaluations: {dialect}, {view}, {unit}", understood=True)


def _unread_note(unread: Sequence[str], read: int) -> Note:
    reason = (
        f"{{}} of {{}} evaluations could not be read, the first is {quoted(unread[0])}; the moves beside them are "
        f"not judged; `-e recorded,stockfish` searches their positions"
    )
    return Note("evaluations that cannot be read", reason, counts=(len(unread), len(unread) + read))
