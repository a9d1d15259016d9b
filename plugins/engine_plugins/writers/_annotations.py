"""Annotations beside the moves of an analysed game, and how earlier ones are recognised and replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import chess
from msgspec import Meta

from engine import scoring
from engine.analysis.reasons import PATTERN, explanations
from engine.model import PV_PLIES, AnalysedGame, Judgement, Score
from engine.output.white import scores
from engine.plugin import Options
from engine.positions.fen import is_initial
from engine.positions.replay import sans_of
from engine_plugins.writers import _layout
from engine_plugins.writers._movetext import Comment, Notes, Replay, Variation
from engine_plugins.writers._variations import numbered

NAGS: Mapping[Judgement, str] = {"inaccuracy": "$6", "mistake": "$2", "blunder": "$4"}

_MOVE_NAGS = frozenset(f"${number}" for number in range(1, 7))
"""NAGs for `!` to `?!`, of which a move has at most one."""
_EVAL = re.compile(r"\[%eval\s[^\[\]]*\] ?")
_FIGURE = r"(?:#?[+-]?[\d.]+|Mate in -?\d+)"
_VERDICT = re.compile(
    rf"\({_FIGURE} → {_FIGURE}\) (?:(Inaccuracy|Mistake|Blunder)|"
    r"Checkmate is now unavoidable|Lost forced checkmate sequence|Not the best checkmate sequence)\."
    r"(?: [^\s.]+ was best\.)? ?"
)
_BEST = re.compile(r"Best: [^\s.]+\. ?")


_ORDER: tuple[Judgement, ...] = ("inaccuracy", "mistake", "blunder")


class PgnOptions(Options, frozen=True):
    """Options of `pgn`. An annotation that is turned off is not replaced in the input either."""

    judged: Annotated[
        Literal["inaccuracy", "mistake", "blunder", "none"],
        Meta(description="Mildest judgement for which a move gets a mark, a comment and the best line."),
    ] = "inaccuracy"
    nags: Annotated[bool, Meta(description="Write marks: `$6` (?!), `$2` (?), `$4` (??).")] = True
    comments: Annotated[bool, Meta(description="Write comments: `(0.36 → -0.36) Inaccuracy. Nf3 was best.`")] = (
        True
    )
    line: Annotated[
        int, Meta(ge=0, le=PV_PLIES, description="Plies of the best line, written as a variation; 0: none.")
    ] = PV_PLIES
    evals: Annotated[bool, Meta(description="Write `[%eval]` after each move.")] = True
    depth: Annotated[bool, Meta(description="Write the depth too: `[%eval 0.31,18]`.")] = False
    why: Annotated[
        bool, Meta(description="Write why a judged move was bad: `Hangs the knight on f6: 24. Bxf6 wins it.`")
    ] = False


class Annotator:
    """Writes the evaluations of one game beside its moves.

    Existing `[%eval]` commands and verdicts like `(0.36 → -0.36) Inaccuracy. Ngf3 was best.`, of this program or
    of Lichess, are replaced, and so are explanations where they are asked for: a second run changes nothing.
    Nothing else is removed.
    """

    def __init__(self, game: AnalysedGame, replay: Replay, options: PgnOptions) -> None:
        self._game = game
        self._options = options
        self._replay = replay
        self._scores = scores(game)
        self._why = {found.ply: found.sentence for found in explanations(game)} if options.why else {}

    def ply(self, ply: int, notes: Notes) -> None:
        """Add the annotations of move `ply` to its notes."""
        options = self._options
        judgement = self._judgement(ply)
        place = len(notes.nags)
        if options.comments:
            for verdict in _remove(notes, _VERDICT):
                if options.nags:
                    place = _remove_nag(notes, verdict, place)
        if options.why:
            _remove(notes, PATTERN)
        if options.nags and judgement is not None and not _MOVE_NAGS.intersection(notes.nags):
            notes.nags.insert(place, NAGS[judgement])
        if not self._game.text:
            _add_clock(notes, self._game.plies[ply].clock)
        index = self._evaluate(ply + 1, notes)
        if judgement is not None:
            self._judge(ply, judgement, notes, index)

    def start(self, notes: Notes) -> None:
        """Add evaluation and best move to a game without moves."""
        evaluation = self._game.positions[0].evaluation
        if evaluation is None:
            return
        index = self._evaluate(0, notes)
        if self._options.comments:
            _remove(notes, _BEST)
            if evaluation.best is not None:
                best = _san(self._replay.at(0), evaluation.best)
                notes.items.insert(min(index, len(notes.items)), Comment(f"Best: {best}."))

    def _judgement(self, ply: int) -> Judgement | None:
        """Return the judgement of a move if it is severe enough to be written; else None."""
        judgement = self._game.plies[ply].judgement
        mildest = self._options.judged
        if judgement is None or mildest == "none" or _ORDER.index(judgement) < _ORDER.index(mildest):
            return None
        return judgement

    def _evaluate(self, position: int, notes: Notes) -> int:
        """Write `[%eval]` of a position, replacing an old one; return the index of the next item."""
        if not self._options.evals:
            return 0
        if self._game.positions[position].missing is None:
            _remove(notes, _EVAL)
        evaluation = self._game.positions[position].evaluation
        depth = evaluation.depth if evaluation is not None and self._options.depth else 0
        return _add_eval(notes, self._scores[position], depth)

    def _judge(self, ply: int, judgement: Judgement, notes: Notes, index: int) -> None:
        evaluation = self._game.positions[ply].evaluation
        after = self._scores[ply + 1]
        if after is None:
            return
        line: list[tuple[str, str]] = []
        if evaluation is not None and evaluation.best not in (None, self._game.plies[ply].uci):
            line = _line(self._replay.at(ply), evaluation.pv[: max(1, self._options.line)])
        best = line[0][1] if line else None
        said = []
        if self._options.comments:
            said.append(f"({_figure(self._before(ply))} → {_figure(after)}) {judgement.capitalize()}.")
            said += [f"{best} was best."] if best else []
        if ply in self._why:
            said.append(self._why[ply])
        if said:
            notes.items.insert(index, Comment(" ".join(said)))
        exists = any(isinstance(item, Variation) and item.first == best for item in notes.items)
        if best and self._options.line and not exists:
            notes.items.append(Variation(best, [_layout.OPEN, *(atom for atom, _ in line), _layout.CLOSE]))

    def _before(self, ply: int) -> Score:
        """Return White's score before the move; the initial position counts as +0.15, see `engine.scoring`."""
        score = self._scores[ply]
        initial = ply == 0 and is_initial(self._game.fen)
        return scoring.START if initial or score is None else score


def _remove_nag(notes: Notes, verdict: str, place: int) -> int:
    """Remove the NAG that came with a verdict, unless there is another mark: then somebody wrote both.

    Return where it stood, or `place` if there was none.
    """
    marks = _MOVE_NAGS.intersection(notes.nags)
    verdict_nags = {nag for judgement, nag in NAGS.items() if verdict in ("", judgement.capitalize())}
    if len(marks) == 1 and marks <= verdict_nags:
        place = notes.nags.index(next(iter(marks)))
        notes.nags = [nag for nag in notes.nags if nag not in marks]
    return place


def _add_clock(notes: Notes, clock: float | None) -> None:
    """Write the time left in seconds as `[%clk 0:03:12]`, with tenths if there are any."""
    if clock is None:
        return
    tenths = round(clock * 10)
    minutes, rest = divmod(tenths, 600)
    seconds = f"{rest // 10:02}" + (f".{rest % 10}" if rest % 10 else "")
    notes.items.insert(0, Comment(f"[%clk {minutes // 60}:{minutes % 60:02}:{seconds}]"))


def _add_eval(notes: Notes, score: Score | None, depth: int) -> int:
    """Write `[%eval]` first, into the comment with the clock if there is one; return the index after it."""
    if score is None:
        return 0
    command = f"[%eval {_figure(score)},{depth}]" if depth else f"[%eval {_figure(score)}]"
    first = notes.items[0] if notes.items else None
    if isinstance(first, Comment) and first.text.startswith("[%"):
        first.text = f"{command} {first.text}"
    else:
        notes.items.insert(0, Comment(command))
    return 1


def _remove(notes: Notes, pattern: re.Pattern[str]) -> list[str]:
    """Remove `pattern` from the comments, and comments that become empty; return the matches of its group."""
    removed: list[str] = []
    kept: list[Comment | Variation] = []
    for item in notes.items:
        if isinstance(item, Comment) and pattern.search(item.text):
            removed += pattern.findall(item.text)
            item.text = pattern.sub("", item.text).strip(" ")
            if not item.text:
                continue
        kept.append(item)
    notes.items = kept
    return removed


def _figure(score: Score) -> str:
    return f"#{score.mate}" if score.mate is not None else f"{(score.cp or 0) / 100:.2f}"


def _san(board: chess.Board, uci: str) -> str:
    """Return the move in SAN; a move that is not legal, which no evaluator should return, stays unchanged."""
    try:
        return board.san(board.parse_uci(uci))
    except ValueError:
        return uci


def _line(board: chess.Board, pv: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the legal beginning of a line: each move with its number, and its SAN."""
    moves: list[tuple[str, str]] = []
    number, white = board.fullmove_number, board.turn
    for san in sans_of(board, pv[:PV_PLIES]):
        moves.append((numbered(number, san, white=white, black=not moves), san))
        number, white = number + (not white), not white
    return moves


def atoms(notes: Notes) -> list[str]:
    """Return the notes as atoms for `_layout.wrap`."""
    atoms = list(notes.nags)
    for item in notes.items:
        atoms += _layout.comment(item.text) if isinstance(item, Comment) else item.atoms
    return atoms
