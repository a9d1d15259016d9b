"""Bad moves as training positions, the most instructive first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from engine.model import AnalysedGame, Column, Evaluation, Finding, Metric, Reference, Report, ReportTable
from engine.plugin import Aggregator, Counts, Moments, Needs, Options, Request, Sum, TopK, keyed
from engine.scoring import win_percent
from engine.text.format import count
from engine_plugins.aggregators._clock_left import Clocks
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    lost,
    mean,
    milli,
    numbered,
    opening_of,
    share,
    together,
    unmilli,
)
from engine_plugins.aggregators._lessons import (
    FULL,
    KINDS,
    Error,
    accepted_moves,
    difficulty,
    error_at,
    just_moved,
    reason,
    value,
    words,
)
from engine_plugins.aggregators._references import table_of, to_moves

FIRST_PLIES = 20
"""Plies within which the same error in several games counts as repeated."""
_POOL = 4
"""Positions that are kept for each one shown, since recurrence is only known at the end."""
_REPEATED, _COMMON, _RECURRING = 200, 125, 110
"""Weights in percent of an error that was made again after the same moves, and of a kind that recurs."""
_RECURS = 3
"""Games in which a kind of error must occur to recur."""


class MistakesOptions(Options, frozen=True):
    """Options of `mistakes`."""

    positions: Annotated[
        int, Meta(ge=0, le=100_000, description="Largest number of positions; the most instructive are kept.")
    ] = 50
    per_game: Annotated[
        int,
        Meta(
            ge=1, le=500, description="Largest number of positions from one game; the most instructive are kept."
        ),
    ] = 3
    least: Annotated[
        float, Meta(ge=0.5, le=100, description="Smallest Win% that the move played must have lost.")
    ] = 10.0
    margin: Annotated[
        float, Meta(ge=0, le=50, description="Moves within this many Win% of the best move are accepted too.")
    ] = 3.5
    lines: Annotated[
        int, Meta(ge=1, le=50, description="Number of best moves that the follow-up search compares.")
    ] = 5
    haste: Annotated[
        int, Meta(ge=0, le=3600, description="Seconds on the clock under which a move is made in haste.")
    ] = 10


class Mistakes(Aggregator):
    """Bad moves as training positions, the most instructive first: find what you missed.

    A training position is a position in which the move played lost at least `least` Win%. The most instructive
    come first, at most `per_game` from one game. The task is to find a better move. The best move and all moves
    within `margin` Win% of it are accepted; Lichess's "learn from your mistakes" accepts moves within 3.5. To find
    these moves, each position is searched once more for its `lines` best moves, with the limit of the run. If that
    search fails, only the best move is accepted; if the best move is not known either, the position is left out. A
    mate, fast or slow, counts as Win% 97.5.

    How much a position teaches is a definition of this project: the Win% that the move lost, of which a quarter
    counts beyond 30, times

    - **clock**: 25% if the move was made in haste, with under 10 seconds (`haste`) or under 5% of the clock left:
      that shows the clock, and not what the player knows;
    - **standing**: 70% if the Win% before the move was above 80 or below 20, 40% above 90 or below 10, since less
      depends on a move when the game is decided;
    - **difficulty**: 20% if the better move mates at once, 40% if it takes the piece that has just moved or if
      there are only one or two legal moves, 50% if it takes a piece that is not defended or is worth more than the
      one that takes it, 80% for other captures and for checks, 100% for quiet moves; and 90% if two moves were
      good, 70% if more;
    - **recurrence**: 200% if the same move was played after the same moves in another game, within the first 20
      plies (such positions are listed once); 125% if errors of its kind in its phase occur in at least 3 games and
      in 10% of those with a bad move; 110% if in at least 3 games.

    *Why* names the kind of error and what recurs, and *Reason* says what the move cost, where that can be proved
    (`engine.explain`); a terminal shows it from 150 columns on. Ties go to the earlier game. The kinds are *missed
    mate*, *allowed mate*, *moved into capture* (the best answer takes the piece that moved), *did not take* (the
    best move takes the piece that had just moved), *wrong capture*, and else what the better move was.

    With `--player`, only that player's colours count. The table is for reading; to train, write it to a file:

        engine analyze games.pgn --player NAME -o mistakes.epd             EPD with `bm` and `am`
        engine analyze games.pgn --player NAME -o mistakes.training.pgn    a game each, with its solution
        engine analyze games.pgn --player NAME -o mistakes.training.csv    columns for flash-card programs

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a mistakes --player 'Stockfish 2300'

        Find a better move
        Game  Ply  Played      Player          Best  Also good   Win%  after  Why             Phase
          23   38  20. Qxd7    Stockfish 2300  Be3              85.0%  64.8%  wrong capture   middlegame
          21   81  41... Bg4   Stockfish 2300  Kh7              52.0%  40.1%  missed quiet…   endgame
           6   51  26... d4    Stockfish 2300  Be4              77.0%  65.5%  missed quiet…   middlegame
          18   17  9... Qb6    Stockfish 2300  Nd5              44.1%  33.2%  missed quiet…   middlegame
          21  103  52... Rxf3  Stockfish 2300  Bf5+             95.4%  53.9%  wrong capture   endgame
          21   53  27... Qxa4  Stockfish 2300  Rxc3             85.1%  55.8%  wrong capture   middlegame
        … 3 more
        The most instructive first: what the move lost, less where it was made in haste, the better move
        was easy to see or the game was decided, and more where the error recurs.
    """

    Options = MistakesOptions
    options: MistakesOptions
    order = 20

    positions = TopK()
    """Training positions by what they teach, recurrence left out: more of them than are shown."""
    unknown = Sum()
    """Number of bad moves for which no better move is known."""
    moves = Sum()
    games = Sum()
    """Number of games with a bad move."""
    kinds = keyed(Moments())
    """Thousandths of Win% lost by bad moves, by kind and phase."""
    kind_games = Counts()
    """Number of games with bad moves of a kind in a phase."""
    examples = keyed(TopK(5))
    """The bad moves of a kind in a phase that teach most."""
    repeats = keyed(TopK(5))
    """Games with the same bad move after the same first moves, by these moves in UCI."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.positions = TopK(_POOL * self.options.positions)

    @classmethod
    def needs(cls, options: MistakesOptions) -> Needs:
        return Needs(evaluations=True)

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(error.ply, multipv=self.options.lines) for error in self._best(self._errors(game))]

    def add(self, game: AnalysedGame) -> None:
        plies = game.plies
        self.moves.add(sum(plies[k].win_before is not None for color in game.view for k in game.turns(color)))
        errors = self._errors(game)
        if not errors:
            return
        self.games.add()
        self._count(game, errors)
        best = self._best(errors)
        answers: Sequence[Evaluation | None] = self.answers(game) or [None] * len(best)
        for error, answer in zip(best, answers, strict=True):
            good = [uci for uci in self._accepted(game, error.ply, answer) if uci != game.plies[error.ply].uci]
            if not good:
                self.unknown.add()
            elif self.positions.admits(value(error), game.origin.game, error.ply):
                self._enter(game, error, good, accepted_moves(answer, good))

    def _errors(self, game: AnalysedGame) -> list[Error]:
        """Return the moves that are bad enough, in order."""
        least, haste = milli(self.options.least), self.options.haste
        losses = [(k, lost(game.plies[k])) for color in game.view for k in game.turns(color)]
        bad = sorted((k, loss) for k, loss in losses if loss is not None and loss >= least)
        if not bad:
            return []
        clocks = Clocks(game)
        return [error_at(game, k, loss, clocks.before(k), haste) for k, loss in bad]

    def _best(self, errors: list[Error]) -> list[Error]:
        """Return the errors of a game that teach most, in order."""
        best = sorted(errors, key=lambda error: (-value(error), error.ply))
        return sorted(best[: self.options.per_game])

    def _count(self, game: AnalysedGame, errors: list[Error]) -> None:
        number = game.origin.game
        keys = [_pattern(game, error) for error in errors]
        for error, key in zip(errors, keys, strict=True):
            self.kinds[key].add(error.loss)
            self.examples[key].add(value(error), number, error.ply)
            if error.ply < FIRST_PLIES:
                self.repeats[_line(game, error.ply)].add(-number, number, error.ply)
        for key in set(keys):
            self.kind_games.add(key)

    def _enter(self, game: AnalysedGame, error: Error, accepted: Sequence[str], number: int) -> None:
        k = error.ply
        ply, board, before = game.plies[k], game.board(k), game.positions[k].evaluation
        moves = [board.parse_uci(uci) for uci in accepted]
        known = before.best if before is not None else None
        mate = before.score.mate if before is not None else None
        easy = mate == 1 or (known is not None and just_moved(game, k, known))
        weight = difficulty(board, moves[0], number, easy=easy)
        if not self.positions.admits(value(error, weight), game.origin.game, k):
            return
        best, *others = map(board.san, moves)
        line = _line(game, k) if k < FIRST_PLIES else None
        assert ply.win_before is not None
        assert ply.win_after is not None
        self.positions.add(
            value(error, weight),
            game.origin.game,
            k,
            *(words(error, board, moves[0], mate), _pattern(game, error), line, opening_of(game), reason(game, k)),
            *(numbered(game, k), game.player(game.turn(k)), board.fen(), best),
            *(" ".join(others), milli(ply.win_before), milli(ply.win_after), int(number == 1)),
        )

    def _accepted(self, game: AnalysedGame, k: int, answer: Evaluation | None) -> Iterator[str]:
        """Yield the best move, then the moves that are nearly as good, in UCI."""
        if answer is None or not answer.lines:
            known = answer or game.positions[k].evaluation
            if known is not None and known.best is not None:
                yield known.best
            return
        values = [win_percent(line.score, game.answer_scale) for line in answer.lines]
        for win, line in zip(values, answer.lines, strict=True):
            if line.pv and win >= values[0] - self.options.margin:
                yield line.pv[0]

    def report(self) -> Report:
        bad = together(self.kinds.values())
        ranked = self._ranked()
        return Report(
            title="Mistakes to learn from",
            metrics={
                "positions": Metric(len(ranked), "Training positions"),
                "bad": Metric(bad.n, "Moves as bad"),
                "moves": Metric(self.moves.value, "Moves"),
            },
            tables=(_position_table(ranked), self._kinds(bad.n)),
            notes=tuple(self._notes()),
            findings=tuple(self._findings(bad.n)),
        )

    def _ranked(self) -> list[_Shown]:
        """Return the training positions in order, each error of several games once."""
        shown, seen = [], set()
        for entry in self.positions.entries():
            _, pattern, line, *_ = entry.cells
            again = self.repeats.get(str(line)) if line is not None else TopK(0)
            shown.append(
                _Shown(entry, again, self.kind_games[str(pattern)], self._recurrence(str(pattern), again))
            )
        ranked = []
        for one in sorted(shown, key=lambda one: (-one.value, one.entry.game, one.entry.ply)):
            line = one.entry.cells[2]
            if line is None or line not in seen:
                ranked.append(one)
                seen.add(line)
        return ranked[: self.options.positions]

    def _recurrence(self, pattern: str, again: TopK) -> int:
        """Return the weight of an error that recurs, in percent."""
        games = self.kind_games[pattern]
        if again.total > 1:
            return _REPEATED
        if pattern.startswith("other") or games < _RECURS:
            return FULL
        return _COMMON if 10 * games >= self.games.value else _RECURRING

    def _kinds(self, bad: int) -> ReportTable:
        columns = (
            Column("kind", "Kind of error"),
            Column("phase", "Phase"),
            Column("moves", "Moves", "int"),
            Column("share", "Share", "percent"),
            Column("games", "Games", "int"),
            Column("lost", "Lost, mean", "float", "Win% a move"),
        )
        rows = []
        for key, losses in sorted(self.kinds.items(), key=lambda item: (-item[1].n, item[0])):
            cells = losses.n, share(losses.n, bad), self.kind_games[key], mean(losses.sum, losses.n, 1000)
            rows.append(((*key.split("|"), *cells), to_moves(self.examples.get(key))))
        kinds = "; ".join(f"{kind}: {meaning}" for kind, meaning in KINDS.items())
        reading = f"{kinds[0].upper()}{kinds[1:]}. A row leads to the moves that teach most."
        return table_of("kinds", "Kinds of errors", columns, rows, reading)

    def _findings(self, bad: int) -> Iterator[Finding]:
        if not bad:
            return
        games = "one game" if self.games.value == 1 else f"{self.games.value:,} games"
        yield Finding(
            f"{bad:,} of {count(self.moves.value, 'move')} lost {self.options.least:g} Win% or more, in {games}.",
            table="kinds",
        )
        named = [(key, losses.n) for key, losses in self.kinds.items() if not key.startswith("other")]
        if named:
            key, number = min(named, key=lambda item: (-item[1], item[0]))
            kind, phase = key.split("|")
            yield Finding(
                f"The most frequent kind: {kind} in the {phase}, {number:,} of them ({100 * number / bad:.0f}%): "
                f"{KINDS[kind]}.",
                references=to_moves(self.examples.get(key)),
                table="kinds",
            )

    def _notes(self) -> Iterator[str]:
        if not self.moves.value:
            yield NO_EVALUATIONS
            return
        yield (
            f"Moves that lost {self.options.least:g} Win% or more, at most {self.options.per_game} a game; "
            f"moves within {self.options.margin:g} Win% of the best are accepted."
        )
        if self.unknown.value:
            yield f"Left out, no better move is known: {self.unknown.value:,}."


class _Shown(NamedTuple):
    """A training position with how often its error recurs."""

    entry: Any
    """Entry of `Mistakes.positions`."""
    again: TopK
    """Games with the same error after the same moves."""
    games: int
    """Number of games with errors of its kind in its phase."""
    recurrence: int

    @property
    def value(self) -> int:
        score: int = self.entry.score
        return score * self.recurrence // FULL

    @property
    def why(self) -> str:
        kind, pattern = str(self.entry.cells[0]), str(self.entry.cells[1])
        parts = [kind]
        if self.entry.cells[-1]:
            parts.append("only move")
        if self.again.total > 1:
            parts.append(f"same in {self.again.total:,} games")
        elif not pattern.startswith("other") and self.games >= _RECURS:
            parts.append(f"like it in {self.games:,} games")
        return ", ".join(parts)

    @property
    def references(self) -> tuple[Reference, ...]:
        own = Reference(self.entry.game, self.entry.ply)
        return own, *(other for other in to_moves(self.again) if other != own)


def _position_table(shown: list[_Shown]) -> ReportTable:
    columns = (
        GAME,
        Column("ply", "Ply", "int"),
        Column("played", "Played", "move"),
        PLAYER,
        Column("position", "Position", "position"),
        Column("best", "Best", "move"),
        Column("also", "Also good"),
        Column("win_before", "Win%", "percent"),
        Column("win_after", "after", "percent"),
        Column("why", "Why"),
        Column("phase", "Phase"),
        Column("opening", "Opening", "opening"),
        Column("reason", "Reason", "sentence"),
    )
    rows = []
    for one in shown:
        _, pattern, _, opening, reason, *cells, before, after, _ = one.entry.cells
        phase = str(pattern).split("|")[1]
        facts = *cells, unmilli(before), unmilli(after), one.why, phase, opening, reason
        row = one.entry.game, one.entry.ply, *facts
        rows.append((row, one.references[:5]))
    reading = (
        "The most instructive first: what the move lost, less where it was made in haste, the better move was "
        "easy to see or the game was decided, and more where the error recurs."
    )
    return table_of("positions", "Find a better move", columns, rows, reading)


def _pattern(game: AnalysedGame, error: Error) -> str:
    return f"{error.kind}|{game.phase(error.ply)}"


def _line(game: AnalysedGame, k: int) -> str:
    """Return the moves up to and including ply `k`, after the initial position."""
    return " ".join((game.fen, *(ply.uci for ply in game.plies[: k + 1])))
