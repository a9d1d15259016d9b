"""Games: as a reader returns them, and analysed.

Plies are counted from 0: position k is the one before ply k, so a game of N plies has the positions 0 to N.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import chess
from msgspec import Struct

from engine.model.dates import date_of
from engine.model.evaluation import Evaluation
from engine.model.landmarks import Epd, Landmarks, Opening, Phases
from engine.model.remark import Remark
from engine.model.results import Result, is_unplayed, tag_result
from engine.model.time_control import Speed, TimeControl
from engine.model.time_settling import Settled, settle

Color = Literal["white", "black"]
Judgement = Literal["inaccuracy", "mistake", "blunder"]
Phase = Literal["opening", "middlegame", "endgame"]

_RATING = re.compile(r"\s*0*([1-9]\d{0,3})\s*[?P]?\s*", re.ASCII)


class AnalysedPosition(Struct, frozen=True):
    """One position of an analysed game; exactly one of `evaluation`, `terminal` and `missing` is set."""

    evaluation: Evaluation | None = None
    """Evaluation of the position, after reconciliation."""
    terminal: Literal["checkmate", "stalemate"] | None = None
    """Reason why there is no legal move, and so nothing to search."""
    missing: Literal["input", "refused", "quarantined"] | None = None
    """Reason why there is no evaluation: the input has none (`input`), the position cannot be searched
    (`refused`), or its search kept failing (`quarantined`)."""
    searched: Evaluation | None = None
    """Evaluation before reconciliation; None where reconciliation changed nothing."""
    recorded: bool = False
    """Whether the evaluation was in the input and comes from another program, so that its centipawns are not
    scaled."""

    @property
    def found(self) -> Evaluation | None:
        """Evaluation before reconciliation, which the scoreboard counts; None when there is no evaluation."""
        return self.searched or self.evaluation


class Recording(Struct, frozen=True):
    """Evaluations that the input contains together with a game."""

    positions: tuple[AnalysedPosition | None, ...]
    """Positions 0 to N; None for a position without an evaluation in the input."""
    scale: float = 1.0
    """Factor by which the centipawns of positions that are not `recorded` are multiplied before Win% formulas."""
    reconciled: bool = False
    """Whether the evaluations have been reconciled."""
    ours: bool = False
    """Whether this framework wrote them, as an analysed game."""
    answers: Mapping[str, tuple[Evaluation | None, ...]] = {}
    """Answers to the follow-up searches of aggregators in that analysis, by name, where they are taken too."""
    answer_scale: float = 1.0
    """Factor for the centipawns of these answers."""


class Ply(Struct, frozen=True):
    """One move of an analysed game, judged in its mover's view."""

    san: str
    """The move in SAN, with `+` and `#`; a null move is `--`."""
    uci: str
    """The move in UCI notation; castling is e1g1, in Chess960 e1h1, a null move 0000."""
    judgement: Judgement | None
    """Judgement by Lichess's rules; None for a good move and where `accuracy` is None."""
    accuracy: float | None
    """Lichess accuracy of the move in percent, 3 decimals; None for the mating move, a null move, and beside a
    missing evaluation."""
    loss: int | None
    """Centipawns that the mover lost, 0 or more, with evaluations clamped to ±1000; None where `accuracy` is
    None."""
    clock: float | None = None
    """Seconds left on the mover's clock after the move, from `[%clk]`; None when not known."""
    time: float | None = None
    """Seconds spent on the move: from `[%emt]`, else previous clock + increment - clock, with the time that a new
    period adds. None when not known, as for a side's first move without `[%emt]`, and where a clock rises by more
    than the time control explains."""
    win_before: float | None = None
    """The mover's Win% (0-100, 3 decimals) before the move, computed from +15 centipawns in the initial position;
    None where `accuracy` is None."""
    win_after: float | None = None
    """The mover's Win% (0-100, 3 decimals) after the move; None where `accuracy` is None."""


class Side(Struct, frozen=True):
    """One player's figures in one game."""

    accuracy: float | None
    """Lichess accuracy of the game in percent, 3 decimals; None unless both sides have a move that counts."""
    acpl: int | None
    """Average centipawn loss of the moves that count, rounded half up; None without such a move."""
    inaccuracies: int | None
    """Number of moves judged an inaccuracy; None, and not 0, where none of the side's moves could be judged."""
    mistakes: int | None
    """Number of moves judged a mistake; None as `inaccuracies`."""
    blunders: int | None
    """Number of moves judged a blunder; None as `inaccuracies`."""


class Note(Struct, frozen=True):
    """How a reader understood something in a game, or that it did not; said once for each file and topic."""

    topic: str
    """What it is about: of all notes of a file on a topic the first one is said, with the number of games."""
    reason: str
    """Explanation for people."""
    line: int | None = None
    """Line of the file, 1-based; None for the first line of the game."""
    understood: bool = False
    """Whether nothing is lost: people should know, but need not act."""
    counts: tuple[int, ...] = ()
    """Numbers that are added up over the games of the file and stand in the reason in place of each `{}`."""


class SourceGame(Struct, frozen=True):
    """A game as a reader returns it: legal moves only, nothing evaluated yet."""

    headers: Mapping[str, str]
    """Tags in file order; the values are those of the file, without control characters."""
    fen: str
    """FEN of the first position, as `Board.fen()` writes it."""
    variant: Literal["standard", "chess960"] = "standard"
    """Variant, which decides how castling is read and written."""
    moves: tuple[str, ...] = ()
    """Moves in UCI notation, each legal or a null move (`0000`), which is never an answer to a check; castling as
    in `Ply.uci`."""
    sans: tuple[str, ...] = ()
    """The same moves in SAN; a null move is `--`."""
    clocks: tuple[float | None, ...] = ()
    """Seconds left on the mover's clock after each move; empty when the game has no clocks."""
    times: tuple[float | None, ...] = ()
    """Seconds spent on each move, from `[%emt]`; empty when the game has no such comments."""
    recording: Recording | None = None
    """Evaluations in the input; None when there are none."""
    text: str = ""
    """Text of the game in the file, decoded."""
    problem: str | None = None
    """Description of the damage, for people; the moves up to it are kept. None for a sound game."""
    problem_line: int | None = None
    """Line of the file that `problem` is about, 1-based; None when not known."""
    notes: tuple[Note, ...] = ()
    """What people should know of how the game was read."""
    epd: Epd | None = None
    """Operations of the EPD line; None when the game is not an EPD line."""
    ending: Literal["checkmate", "stalemate", "open"] | None = None
    """State of the last position: no legal move (`checkmate`, `stalemate`), or a legal move (`open`); None when
    the reader does not tell. A reader that plays the moves may set it and `landmarks`: when both are set, a game
    that is not searched is not played through again."""
    landmarks: Landmarks | None = None
    """Phases and opening; None when the reader does not tell."""
    untagged_result: Result | None = None
    """Result that the end of the moves says where the tag `Result` says none; otherwise None."""

    @property
    def unplayed(self) -> bool:
        """Whether nobody played the game: a bye, a forfeit, or a game without moves."""
        return is_unplayed(self, len(self.moves))


class Origin(Struct, frozen=True):
    """Place of a game in the inputs."""

    game: int
    """Number of the game over all inputs, 1-based, with skipped games counted."""
    file: str
    """Path of the file as the user gave it, inside a folder joined to the folder's name; `-` for standard
    input."""
    line: int
    """First line of the game in the (decompressed) file, 1-based."""


class SkippedGame(Struct, frozen=True):
    """A game that is not analysed."""

    origin: Origin
    """Number of the game, its file and line."""
    kind: Literal["damaged", "variant"]
    """Kind of the reason. `damaged`: the game is unreadable. `variant`: the evaluator does not play its
    variant."""
    reason: str
    """Explanation for people."""
    text: str
    """Text of the game in the file."""


class AnalysedGame(Struct, frozen=True):
    """A game with an evaluation before and after each ply. Aggregators receive games in this form only.

    >>> import engine
    >>> with engine.Analyzer(workers=1) as analyzer:
    ...     [game] = analyzer.submit("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000)
    >>> game.plies[3].san, game.positions[3].evaluation.score, game.positions[4].terminal
    ('Qh4#', Score(cp=None, mate=1), 'checkmate')
    """

    origin: Origin
    """Number of the game, its file and line."""
    variant: Literal["standard", "chess960"]
    """Variant, which decides how castling is read and written."""
    headers: Mapping[str, str]
    """Tags in file order."""
    fen: str
    """FEN of the first position, as `Board.fen()` writes it."""
    positions: tuple[AnalysedPosition, ...]
    """Positions 0 to N for N plies: `positions[k]` is the one before `plies[k]`."""
    plies: tuple[Ply, ...]
    """Moves of the game, each with its judgement."""
    white: Side
    """White's figures."""
    black: Side
    """Black's figures."""
    epd: Epd | None = None
    """Operations of the EPD line when the game is one (one position, no ply); otherwise None."""
    view: tuple[Color, ...] = ("white", "black")
    """Colours in whose view the game is reported: those of `--player` in this game; both when no player is
    named."""
    text: str = ""
    """Text of the game in the file."""
    problem: str | None = None
    """Description of the damage, for people, when only the beginning of the game could be analysed; otherwise
    None."""
    phases: Phases | None = None
    """Beginnings of middlegame and endgame; None for an EPD line."""
    opening: Opening | None = None
    """Last named opening position; None when there is none, and for a game from another initial position."""
    scale: float = 1.0
    """Factor by which the centipawns of searched positions are multiplied before Win% formulas."""
    reconciled: bool = False
    """Whether the evaluations of the positions were made consistent with each other."""
    answers: Mapping[str, tuple[Evaluation | None, ...]] = {}
    """Results of the follow-up searches by the name of the aggregator that requested them (`Aggregator.requests`),
    in its order; None for a search that failed."""
    answer_scale: float = 1.0
    """Factor by which the centipawns of `answers` are multiplied before Win% formulas."""
    untagged_result: Result | None = None
    """Result that the end of the moves says where the tag `Result` says none; otherwise None."""
    remarks: tuple[Remark, ...] = ()
    """What aggregators say of single moves (`Aggregator.remarks`), in the order of plies; writers show it."""

    @property
    def result(self) -> Result:
        """Result of the game: that of the tag `Result`, or else the one at the end of the moves; `*` for none."""
        return self.untagged_result or tag_result(self.headers)

    @property
    def unplayed(self) -> bool:
        """Whether nobody played the game: a bye, a forfeit, or a game without moves."""
        return is_unplayed(self, len(self.plies))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each move: the columns of the table of moves (`-o FILE.csv`) by name.

        >>> import engine
        >>> [game] = engine.analyze("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000).games
        >>> game.rows()[3]["san"], game.rows()[3]["mover_mate"], game.rows()[3]["win_after"]
        ('Qh4#', 1, 100.0)
        """
        from engine.api import export

        return export.rows(self)

    def to_pgn(self) -> str:
        """Return the game as annotated PGN, as `-o FILE.pgn` writes it, but for the tag `Annotator`.

        Comments and variations of the input are kept. Raises `PluginError` when the writer cannot be loaded.
        """
        from engine.api import export

        return export.to_pgn(self)

    def points(self, color: Color) -> float | None:
        """Return the points of the player, 1, 0.5 or 0; None for an unfinished game.

        * **color** - the player's colour.
        """
        white = {"1-0": 1.0, "0-1": 0.0, "1/2-1/2": 0.5}.get(self.result)
        return white if white is None or color == "white" else 1 - white

    def rating(self, color: Color) -> int | None:
        """Return the player's Elo from the tags; None when it is missing or not a number from 1 to 9999.

        A mark behind a provisional rating (`1500?`, `1500P`) is left out.

        * **color** - the player's colour.
        """
        found = _RATING.fullmatch(self.headers.get("WhiteElo" if color == "white" else "BlackElo", ""))
        return int(found[1]) if found else None

    @property
    def date(self) -> str:
        """Date as far as it is known: `2026.11.02`, `2026.11`, `2026`, or empty. It is that of the tag `UTCDate`,
        and that of `Date` where it says more."""
        return date_of(self.headers)

    @property
    def time_control(self) -> TimeControl | None:
        """Time control from the tags, as the clocks support it (`90+30` in minutes); None when it is not known."""
        return self.timing().game

    @property
    def speed(self) -> Speed | None:
        """Speed by Lichess's rule, base + 40 × increment; None when the time control is not known."""
        control = self.time_control
        if control is not None:
            return control.speed if control.estimate > 0 else None
        # Lichess has no other time control than correspondence without a clock.
        clockless = self.headers.get("TimeControl", "").strip() == "-" and all(
            ply.clock is None and ply.time is None for ply in self.plies
        )
        return "correspondence" if clockless else None

    def timing(self) -> Settled:
        """Return the time control of the game and of each side, with berserk and time odds."""
        return settle(self.headers, [ply.clock for ply in self.plies], self.fen)

    def phase(self, ply: int) -> Phase:
        """Return the phase of a position, and so of the move played in it.

        * **ply** - the position, 0-based.
        """
        if self.phases is None:
            return "opening"
        if self.phases.endgame is not None and ply >= self.phases.endgame:
            return "endgame"
        return "middlegame" if self.phases.middlegame is not None and ply >= self.phases.middlegame else "opening"

    def turn(self, ply: int) -> Color:
        """Return the colour that moves in a position.

        * **ply** - the position, 0-based.
        """
        return "white" if (" w " in self.fen) == (ply % 2 == 0) else "black"

    def turns(self, color: Color) -> range:
        """Return the plies, 0-based, that are moves of a colour.

        * **color** - the colour.
        """
        return range(self.turn(0) != color, len(self.plies), 2)

    def number(self, ply: int) -> str:
        """Return the number of the move played in a position, as it is written before a move: `14.`, `14...`.

        * **ply** - the position, 0-based.
        """
        fields = self.fen.split()
        moves = ply + (fields[1] == "b")
        return f"{int(fields[5]) + moves // 2}{'...' if moves % 2 else '.'}"

    def side(self, color: Color) -> Side:
        """Return the figures of one player.

        * **color** - the player's colour.
        """
        return self.white if color == "white" else self.black

    def player(self, color: Color) -> str:
        """Return the player's name, `?` when the tag is missing.

        * **color** - the player's colour.
        """
        return self.headers.get("White" if color == "white" else "Black") or "?"

    def boards(self) -> Iterator[chess.Board]:
        """Yield the positions 0 to N in order, on one board that changes: copy it to keep a position."""
        board = chess.Board(self.fen, chess960=self.variant == "chess960")
        yield board
        for ply in self.plies:
            board.push(chess.Move.from_uci(ply.uci))
            yield board

    def board(self, ply: int) -> chess.Board:
        """Return a position as a new board.

        * **ply** - the position, 0-based.

        Raises `IndexError` when the game has no such position.
        """
        for k, board in enumerate(self.boards()):
            if k == ply:
                return board
        raise IndexError(f"ply {ply} of a game with {len(self.plies)}")
