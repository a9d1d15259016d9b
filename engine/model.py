"""The values that users of the library see: frozen, typed, documented field by field.

Points of view: a `Score` inside an `Evaluation` is the side to move's; everything the writers print is White's.
A ply is 0-based: position k is the one before ply k, so a game of N plies has the positions 0 to N.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import chess
from msgspec import Struct, field

from engine.text import html

Color = Literal["white", "black"]
Judgement = Literal["inaccuracy", "mistake", "blunder"]
Phase = Literal["opening", "middlegame", "endgame"]

_TIME_CONTROL = re.compile(r"(?:\d+/)?(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?(?:$|:)")

PV_PLIES = 12
"""Principal variations are kept to this many plies, as Lichess does."""


class Score(Struct, frozen=True, array_like=True):
    """Centipawns or mate, exactly one of them. `-score` is the other side's view.

    >>> from engine import Score
    >>> print(Score(cp=31), -Score(cp=31), Score(mate=3))
    +0.31 -0.31 #3
    """

    cp: int | None = None
    """Centipawns; positive is good for the side whose view it is."""
    mate: int | None = None
    """Moves (not plies) to mate, negative when being mated; never 0."""

    def __neg__(self) -> Score:
        return Score(
            cp=None if self.cp is None else -self.cp,
            mate=None if self.mate is None else -self.mate,
        )

    def __str__(self) -> str:
        """As in `[%eval]`: `+0.31`, `#-3`."""
        return f"#{self.mate}" if self.mate is not None else f"{(self.cp or 0) / 100:+.2f}"


class Limit(Struct, frozen=True, omit_defaults=True):
    """When a search ends. Node and depth limits are reproducible, a time limit is not.

    >>> from engine import Limit
    >>> print(Limit(nodes=100_000, multipv=2))
    100000 nodes, multipv 2
    """

    nodes: int | None = None
    """Nodes to search in one position."""
    depth: int | None = None
    """Plies of nominal depth."""
    time: int | None = None
    """Milliseconds."""
    multipv: int = 1
    """How many of the best moves get a line of their own. Changes the scores, so it is part of the limit."""

    def __str__(self) -> str:
        parts = [f"{self.nodes} nodes"] if self.nodes else []
        parts += [f"depth {self.depth}"] if self.depth else []
        parts += [f"{self.time} ms"] if self.time else []
        parts += [f"multipv {self.multipv}"] if self.multipv > 1 else []
        return ", ".join(parts)


class Position(Struct, frozen=True, array_like=True):
    """What an evaluator is asked about: a root position and the moves played from it."""

    fen: str
    """Root; Shredder-FEN when `chess960`."""
    moves: tuple[str, ...] = ()
    """UCI moves from the root; castling is king takes rook when `chess960`, else e1g1."""
    chess960: bool = False
    """Whether castling is that of Chess960."""

    def board(self) -> chess.Board:
        """Replay it. Raises ValueError for a broken FEN or an illegal move."""
        board = chess.Board(self.fen, chess960=self.chess960)
        for move in self.moves:
            board.push_uci(move)
        return board


class Line(Struct, frozen=True, array_like=True):
    """One of the best moves with its score and continuation."""

    score: Score
    """From the side to move's view."""
    pv: tuple[str, ...]
    """UCI moves, the first is the move itself; at most `PV_PLIES`."""
    depth: int
    """Nominal depth that was completed for this line."""


class Evaluation(Struct, frozen=True, array_like=True):
    """What an evaluator says of one position.

    >>> import engine
    >>> found = engine.evaluate("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1", nodes=1_000)
    >>> print(found.score, found.best)
    #1 d1d8
    """

    score: Score
    """From the side to move's view."""
    pv: tuple[str, ...]
    """Best line in UCI moves, legal from the position; the first is the best move. At most `PV_PLIES`.
    Empty when only the score is known (a recorded evaluation)."""
    depth: int
    """Nominal depth that was completed for the best line; 0 when it is not known."""
    nodes: int
    """Nodes searched for this position; 0 when it is not known."""
    lines: tuple[Line, ...] = ()
    """With MultiPV above 1: the best moves in order, the first is the best line again. Else empty."""

    @property
    def best(self) -> str | None:
        """The best move in UCI notation; None when it is not known."""
        return self.pv[0] if self.pv else None


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


Kind = Literal["text", "int", "float", "percent", "score", "move", "player", "position", "duration", "opening"]
"""What a table cell holds, so that each writer can show it its own way: `score` is an int on the scoreboard's
scale (mate in n is 32000 - n), `percent` a float 0-100, `move` SAN, `position` a FEN, `duration` seconds,
`opening` an ECO code with or without a name."""

Cell = str | int | float | None


class Metric(Struct, frozen=True):
    """One figure of a report."""

    value: Cell
    """The figure; None when there is no data."""
    label: str
    """For people."""
    kind: Kind = "int"
    """How to show it."""


class Column(Struct, frozen=True):
    """What the cells of one column are."""

    key: str
    """Stable name, used in JSON."""
    label: str
    """For people."""
    kind: Kind = "text"
    """How to show its cells."""


class ReportTable(Struct, frozen=True):
    """Rows under typed columns."""

    key: str
    """Stable name, used in JSON."""
    title: str
    """For people."""
    columns: tuple[Column, ...]
    """What each cell of a row is."""
    rows: tuple[tuple[Cell, ...], ...]
    """One tuple a row, one cell a column."""

    def records(self) -> Iterator[dict[str, Cell]]:
        """The rows, each by the keys of its columns."""
        keys = [column.key for column in self.columns]
        return (dict(zip(keys, row, strict=True)) for row in self.rows)


class Report(Struct, frozen=True):
    """What an aggregator has to say; writers, the screen and notebooks render it.

    >>> import engine
    >>> report = engine.analyze("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000).reports["wins"]
    >>> report.title, report.metrics["wins"].value
    ('Winning moves', 1)
    """

    title: str
    """For people."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Single figures by stable name, in display order."""
    tables: tuple[ReportTable, ...] = ()
    """In display order; one without rows means that there was no data for it."""
    notes: tuple[str, ...] = ()
    """Sentences a reader must know: definitions, what was left out and why."""

    def table(self, key: str) -> ReportTable | None:
        """The table of that key."""
        return next((table for table in self.tables if table.key == key), None)

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        parts = [html.heading(self.title)]
        parts.append(html.figures((m.label, m.value, m.kind) for m in self.metrics.values()))
        for table in self.tables:
            columns = [(column.label, column.kind) for column in table.columns]
            parts.append(html.table(table.title, columns, table.rows))
        return "".join([*parts, *(html.paragraph(note) for note in self.notes)])


class EvaluatorInfo(Struct, frozen=True):
    """Who answered."""

    name: str
    """As it calls itself."""
    version: str
    """As it says it, or as the name has it; may be empty."""
    fingerprint: str
    """Hex digest of all that can change a result: name, version, file or net hash, options."""
    why: str = ""
    """How it was chosen, for people. Not part of any output."""
    variants: tuple[str, ...] = ("standard", "chess960")
    """What it can play."""
    scale: float = 1.0
    """What its centipawns are multiplied by before Win%, accuracy and judgements, unless the settings say it."""


class Best(Struct, frozen=True):
    """An entry of the best-scores board."""

    score: int
    """The mover's view, centipawns, mate in n as 32000 - n."""
    game: int
    """Ordinal of the game."""
    ply: int
    """The position, 0-based."""
    move: str
    """Best move, UCI; empty when it is not known."""


class Failure(Struct, frozen=True):
    """Something of ours that failed while the rest went on: exit code 1."""

    file: str | None
    """None when no file is concerned."""
    line: int | None
    """First line of the game."""
    game: int | None
    """Ordinal of the game."""
    ply: int | None
    """The position, 0-based; None for a failure of a whole game."""
    reason: str
    """For people."""


class Notice(Struct, frozen=True):
    """Something about the input that people should know: a damaged or skipped game, an odd header."""

    kind: Literal["damaged", "variant", "cut", "refused", "warning"]
    """`damaged`: left out. `cut`: the beginning was analysed. `refused`: a position that cannot be searched."""
    file: str | None
    """None when no file is concerned."""
    line: int | None
    """The line that it is about."""
    game: int | None
    """Ordinal of the game."""
    reason: str
    """For people."""


class RunCounts(Struct):
    """What a run did, for the summary; not part of any output file."""

    read: int = 0
    """Games seen, skipped and filtered ones included."""
    analysed: int = 0
    """Games in the output."""
    filtered: int = 0
    """Games that a filter or sample left out."""
    damaged: int = 0
    """Unreadable games, left out."""
    cut: int = 0
    """Damaged games of which the beginning was analysed."""
    variant: int = 0
    """Games of variants that the evaluator does not play."""
    positions: int = 0
    """Evaluated positions in the analysed games."""
    searched: int = 0
    """Positions searched in this run."""
    cached: int = 0
    """Positions that the cache knew."""
    refused: int = 0
    """Positions that cannot be searched."""
    quarantined: int = 0
    """Positions whose search kept failing."""
    recorded: int = 0
    """Positions whose evaluation stood in the input."""
    unevaluated: int = 0
    """Analysed games without a single evaluation, left out by the aggregators that need them."""
    follow_ups: int = 0
    """Positions that aggregators had searched on top."""
    nodes: int = 0
    """Nodes searched in this run."""
    notices: int = 0
    """Notices in all, of which the result has the first 1,000."""
    seconds: float = 0.0
    """From the start of the work to its end."""


class RunResult(Struct, frozen=True):
    """What a run returns.

    >>> import engine
    >>> result = engine.analyze("games.pgn", nodes=1_000)
    >>> result.ok, result.counts.analysed, result.counts.positions, list(result.reports)
    (True, 2, 6, ['wins', 'best-scores', 'accuracy', 'acpl', 'judgements'])
    """

    reports: Mapping[str, Report]
    """By aggregator name, in the order asked for."""
    wins: int
    """The shared counter at the end: winning moves found."""
    best: tuple[Best, ...]
    """The shared best-scores board at the end, best first."""
    evaluator: EvaluatorInfo
    """Who answered."""
    limit: Limit
    """When each search ended."""
    counts: RunCounts
    """What was done."""
    failures: tuple[Failure, ...]
    """What of ours failed."""
    notices: tuple[Notice, ...]
    """The first 1,000; `counts` has the totals."""
    outputs: tuple[str, ...]
    """Files written, as they are named now."""
    interrupted: bool = False
    """Whether it was ended before the end of its input."""
    adaptive: bool = False
    """Whether `limit` was spent only where a first pass with a share of it left something in doubt."""
    game: AnalysedGame | None = None
    """The analysed game, when it is the only one."""

    @property
    def ok(self) -> bool:
        """True when nothing of ours failed and the run came to its end."""
        return not self.failures and not self.interrupted

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        c = self.counts
        how = ", interrupted" if self.interrupted else ""
        who = f"{self.evaluator.name}, {self.limit}" if str(self.limit) else self.evaluator.name
        words = f"{c.analysed:,} games, {c.positions:,} positions{how}; {self.wins:,} winning moves; {who}"
        failed = [html.paragraph(f"Failed: {failure.reason}") for failure in self.failures]
        reports = [report._repr_html_() for report in self.reports.values()]
        return "".join([html.paragraph(words), *failed, *reports])
