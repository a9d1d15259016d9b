"""Games: as a reader hands them over, and analysed.

A ply is 0-based: position k is the one before ply k, so a game of N plies has the positions 0 to N.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import chess
from msgspec import Struct

from engine.model.evaluation import Evaluation

Color = Literal["white", "black"]
Judgement = Literal["inaccuracy", "mistake", "blunder"]
Phase = Literal["opening", "middlegame", "endgame"]

_TIME_CONTROL = re.compile(r"(?:\d+/)?(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?(?:$|:)")


class AnalysedPosition(Struct, frozen=True):
    """One position of an analysed game; exactly one of the first three fields is set."""

    evaluation: Evaluation | None = None
    """What the evaluator said, after reconciliation."""
    terminal: Literal["checkmate", "stalemate"] | None = None
    """No legal move: nothing to search."""
    missing: Literal["input", "refused", "quarantined"] | None = None
    """Why there is no evaluation: not in the input, not a position that can be searched, or its search failed."""
    searched: Evaluation | None = None
    """Where reconciliation changed `evaluation`: what it was before."""
    recorded: bool = False
    """Whether the evaluation stood in the input as somebody else's, so that its centipawns are not scaled."""

    @property
    def found(self) -> Evaluation | None:
        """The evaluation before reconciliation, which is what the scoreboard counts."""
        return self.searched or self.evaluation


class Recording(Struct, frozen=True):
    """Evaluations that stand in the input beside a game."""

    positions: tuple[AnalysedPosition | None, ...]
    """N + 1; None where there is none."""
    scale: float = 1.0
    """What the centipawns of those that are not `recorded` are multiplied by before Win% formulas."""
    reconciled: bool = False
    """Whether they have been reconciled."""
    ours: bool = False
    """Whether they are an analysed game that this framework wrote."""


class Ply(Struct, frozen=True):
    """One move of an analysed game, judged from its mover's view."""

    san: str
    """As people write it, with `+` and `#`."""
    uci: str
    """Castling is e1g1, in Chess960 e1h1."""
    judgement: Judgement | None
    """Lichess's rules; None for a good move and beside a missing evaluation."""
    accuracy: float | None
    """Lichess accuracy in percent, 3 decimals; None for the mating move and beside a missing evaluation."""
    loss: int | None
    """Centipawns the mover lost, 0 or more, evaluations clamped to ±1000; None where `accuracy` is."""
    clock: float | None = None
    """Seconds left after the move, from `[%clk]`."""
    time: float | None = None
    """Seconds spent on the move: from `[%emt]`, else previous clock + increment - clock, 0 or more. Unknown for a
    side's first move unless `[%emt]` says it."""
    win_before: float | None = None
    """The mover's Win% (0-100, 3 decimals) before the move, +15 centipawns in the initial position; None where
    `accuracy` is."""
    win_after: float | None = None
    """The mover's Win% after the move; None where `accuracy` is."""


class Side(Struct, frozen=True):
    """One player's figures in one game."""

    accuracy: float | None
    """Lichess game accuracy in percent, 3 decimals; None unless both sides have a move that counts."""
    acpl: int | None
    """Average centipawn loss, rounded half up; None without a move that counts."""
    inaccuracies: int
    """Moves judged so."""
    mistakes: int
    """Moves judged so."""
    blunders: int
    """Moves judged so."""


class Epd(Struct, frozen=True, omit_defaults=True):
    """Operations of an EPD line that the framework understands."""

    id: str | None = None
    """Name of the position."""
    bm: tuple[str, ...] = ()
    """Best moves, UCI."""
    am: tuple[str, ...] = ()
    """Moves to avoid, UCI."""


class Phases(Struct, frozen=True):
    """Where the phases of a game begin, by Lichess's rules. A phase lasts until the next one, or the end."""

    middlegame: int | None = None
    """The position, 0-based; None when there is no middlegame: none was reached, or its first position is
    already an endgame."""
    endgame: int | None = None
    """The position, 0-based; None when no endgame was reached."""


class Opening(Struct, frozen=True):
    """The last named opening position that a game went through."""

    eco: str
    """Code of the Encyclopaedia of Chess Openings, `A00` to `E99`."""
    name: str
    """As Lichess names it, `Sicilian Defense: Najdorf Variation`."""
    ply: int
    """The position, 0-based: the named position stands after so many plies."""


class Landmarks(Struct, frozen=True):
    """What the positions of a game say without an evaluation."""

    phases: Phases | None = None
    """None for an EPD line."""
    opening: Opening | None = None
    """None when there is no named one."""


class TimeControl(Struct, frozen=True):
    """How much time each side has, from the `TimeControl` tag."""

    base: float
    """Seconds at the start."""
    increment: float
    """Seconds added for each move."""

    @property
    def estimate(self) -> float:
        """Seconds for a game of 40 moves, by which Lichess tells bullet from blitz."""
        return self.base + 40 * self.increment


def time_control(headers: Mapping[str, str]) -> TimeControl | None:
    """From the tag `TimeControl`: `300+3`, `600`, `40/5400+30:...` (its first period); None for anything else."""
    found = _TIME_CONTROL.match(headers.get("TimeControl", "").strip())
    return TimeControl(float(found[1]), float(found[2] or 0)) if found else None


class SourceGame(Struct, frozen=True):
    """A game as a reader hands it over: legal moves only, nothing evaluated yet."""

    headers: Mapping[str, str]
    """Tag pairs in file order; values as in the file, without control characters."""
    fen: str
    """`Board.fen()` of the start."""
    variant: Literal["standard", "chess960"] = "standard"
    """What decides how castling is read and written."""
    moves: tuple[str, ...] = ()
    """UCI, each legal; castling as in `Ply.uci`."""
    sans: tuple[str, ...] = ()
    """The same moves in SAN."""
    clocks: tuple[float | None, ...] = ()
    """Seconds left after each move, or empty when the game has no clocks."""
    times: tuple[float | None, ...] = ()
    """Seconds spent on each move as the game says it (`[%emt]`), or empty."""
    recording: Recording | None = None
    """Evaluations that stand in the input."""
    text: str = ""
    """The game as it stands in the file, decoded."""
    problem: str | None = None
    """What was wrong with it, for people; the moves up to there are kept."""
    problem_line: int | None = None
    """The line of the file that `problem` is about."""
    epd: Epd | None = None
    """Set when the game is an EPD line."""
    ending: Literal["checkmate", "stalemate", "open"] | None = None
    """Whether there is a legal move after the last one. A reader that has played the moves may say it, and
    `landmarks`; with both, a game that is not searched is not played through again."""
    landmarks: Landmarks | None = None
    """Phases and opening."""


class Origin(Struct, frozen=True):
    """Where a game came from."""

    game: int
    """Ordinal over all inputs, 1-based, skipped games included."""
    file: str
    """As the user gave it, inside a folder joined to its name; `-` for standard input."""
    line: int
    """First line of the game in the (decompressed) file, 1-based."""


class SkippedGame(Struct, frozen=True):
    """A game that is not analysed."""

    origin: Origin
    """Where it stands."""
    kind: Literal["damaged", "variant"]
    """`damaged`: unreadable. `variant`: the evaluator does not play it."""
    reason: str
    """For people."""
    text: str
    """The game as it stands in the file."""


class AnalysedGame(Struct, frozen=True):
    """A game with an evaluation before and after each ply. The only thing an aggregator sees.

    >>> import engine
    >>> with engine.Analyzer(workers=1) as analyzer:
    ...     [game] = analyzer.submit("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000)
    >>> game.plies[3].san, game.positions[3].evaluation.score, game.positions[4].terminal
    ('Qh4#', Score(cp=None, mate=1), 'checkmate')
    """

    origin: Origin
    """Where it came from, and its number."""
    variant: Literal["standard", "chess960"]
    """What decides how castling is read and written."""
    headers: Mapping[str, str]
    """Tag pairs in file order."""
    fen: str
    """`Board.fen()` of the start."""
    positions: tuple[AnalysedPosition, ...]
    """N + 1 for N plies: `positions[k]` is before `plies[k]`."""
    plies: tuple[Ply, ...]
    """The moves, each judged."""
    white: Side
    """White's figures."""
    black: Side
    """Black's figures."""
    epd: Epd | None = None
    """Set when the game is an EPD line: one position, no ply."""
    view: tuple[Color, ...] = ("white", "black")
    """Whose games these are: the colours of `--player` in this game, else both."""
    text: str = ""
    """The game as it stood in the file."""
    problem: str | None = None
    """What was wrong with the input game, when only its beginning could be analysed."""
    phases: Phases | None = None
    """Where middlegame and endgame begin; None for an EPD line."""
    opening: Opening | None = None
    """The last named opening position; None when there is none, and for games from another start."""
    scale: float = 1.0
    """What the centipawns of searched positions are multiplied by before Win% formulas."""
    reconciled: bool = False
    """Whether the evaluations of its positions were made consistent with each other."""
    answers: Mapping[str, tuple[Evaluation | None, ...]] = {}
    """By aggregator: what its follow-up searches (`Aggregator.requests`) found, in its order; None for one that
    could not be searched."""

    @property
    def result(self) -> Literal["1-0", "0-1", "1/2-1/2", "*"]:
        """The `Result` tag; `*` when it says anything else."""
        found = self.headers.get("Result", "*").strip().replace("½", "1/2")
        return found if found in ("1-0", "0-1", "1/2-1/2") else "*"  # type: ignore[return-value]

    def points(self, color: Color) -> float | None:
        """1, 0.5 or 0 for the player; None for an unfinished game."""
        white = {"1-0": 1.0, "0-1": 0.0, "1/2-1/2": 0.5}.get(self.result)
        return white if white is None or color == "white" else 1 - white

    def rating(self, color: Color) -> int | None:
        """The player's Elo from the tags; None when it is no number."""
        text = self.headers.get("WhiteElo" if color == "white" else "BlackElo", "").strip()
        return int(text) if text.isascii() and text.isdigit() and int(text) in range(1, 10_000) else None

    @property
    def time_control(self) -> TimeControl | None:
        """From the tag `TimeControl`; see `time_control`."""
        return time_control(self.headers)

    def phase(self, ply: int) -> Phase:
        """The phase that position `ply` belongs to, and so the move played in it."""
        if self.phases is None:
            return "opening"
        if self.phases.endgame is not None and ply >= self.phases.endgame:
            return "endgame"
        return "middlegame" if self.phases.middlegame is not None and ply >= self.phases.middlegame else "opening"

    def turn(self, ply: int) -> Color:
        """Who moves in position `ply`."""
        return "white" if (" w " in self.fen) == (ply % 2 == 0) else "black"

    def turns(self, color: Color) -> range:
        """The plies that are this colour's moves."""
        return range(self.turn(0) != color, len(self.plies), 2)

    def number(self, ply: int) -> str:
        """The number of the move played in position `ply` as people write it: `14.`, `14...`."""
        fields = self.fen.split()
        moves = ply + (fields[1] == "b")
        return f"{int(fields[5]) + moves // 2}{'...' if moves % 2 else '.'}"

    def side(self, color: Color) -> Side:
        return self.white if color == "white" else self.black

    def player(self, color: Color) -> str:
        """The player's name, `?` when the header is missing."""
        return self.headers.get("White" if color == "white" else "Black") or "?"

    def boards(self) -> Iterator[chess.Board]:
        """The positions 0 to N in order. One board that changes under you: copy it to keep it."""
        board = chess.Board(self.fen, chess960=self.variant == "chess960")
        yield board
        for ply in self.plies:
            board.push(chess.Move.from_uci(ply.uci))
            yield board

    def board(self, ply: int) -> chess.Board:
        """Position `ply` as a board of its own."""
        for k, board in enumerate(self.boards()):
            if k == ply:
                return board
        raise IndexError(f"ply {ply} of a game with {len(self.plies)}")
