"""The most exciting games, the hardest games and the largest swings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Finding, Metric, Reference, Report, ReportTable
from engine.plugin import Aggregator, Counts, Moments, Needs, Options, Sum, TopK
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    label,
    left_out,
    lost,
    mean,
    milli,
    numbered,
    share,
    unmilli,
)

# Thousandths of White's Win%.
_WHOLE = 100_000
_AHEAD, _BEHIND = 60_000, 40_000
_LEAD_CHANGE = _AHEAD - _BEHIND

_SIDES: tuple[Color, Color] = ("white", "black")


class HighlightsOptions(Options, frozen=True):
    """Options of `highlights`."""

    games: Annotated[
        int, Meta(ge=0, le=10_000, description="Rows of the tables of the most exciting and the hardest games.")
    ] = 10
    moments: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of the largest swings.")] = 10
    floor: Annotated[
        int, Meta(ge=0, le=50, description="Win% by which one move must change the evaluation to be a swing.")
    ] = 5
    least_moves: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Moves of each side that a game needs to be the hardest or the calmest one.",
        ),
    ] = 10


class Highlights(Aggregator):
    """Which games and moments were the most exciting, and which games were the hardest?

    A swing is a move that changes White's Win% by at least 5 points (`floor`), up or down. Win% is Lichess's
    (scalachess `eval.scala`), and 5 points is the smallest loss that Lichess judges (lila `Advice.scala`). Smaller
    changes mostly mean that the evaluator has changed its mind.

    White leads at a Win% of 60 or more, Black at 40 or less. In between, the last leader keeps the lead, so an
    evaluation that wavers around 50 changes nothing. The first lead of a game is not a lead change.

    The excitement of a game is the sum of its swings in Win%, plus 20 for each lead change, which is the distance
    from 40 to 60. It is a sum and not a mean: a long fight is more exciting than a short one, and quiet moves do
    not reduce it. Win% ranges from 2.5 to 97.5 (1000 centipawns or mate), so one turn from a won game to a lost
    one gives about 115.

    The hardness of a game is the mean loss of Win% per move of the player who lost less, so a game is hard only if
    both sides went wrong. It says how hard the game was for those who played it; weaker players find most games
    harder. A game needs 10 moves of each side (`least_moves`) to be the hardest game. The same is true of the
    calmest game, which is the game with the least excitement. Ties go to the earlier game.

    The moves of both sides count, also with `--player`, which only chooses the games. A move without an evaluation
    before and after it, such as the mating move, is left out, and the lead does not change there.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a highlights

        Most exciting games
        Game  Players                          Result  Excitement  Swings  Changes  Largest  At
          16  Stockfish 1700 – Stockfish 1400  1-0         411.58      22        4    56.30  33... Qb3
          21  Stockfish 2000 – Stockfish 2300  0-1         240.00      15        0    41.45  52... Rxf3
           2  Stockfish 1400 – Stockfish 2000  0-1         207.83      20        1    37.83  21. Nb6
           1  Stockfish 1400 – Stockfish 1700  0-1         194.78      15        0    32.27  19. Bg1
        … 6 more
        Units: Excitement, Largest: Win%.
        Excitement is the Win% of all moves that change it by 5 or more, added up, and 20 for each
        change of the lead (60 Win% or more). --show highlights:games=ROW prints the largest swing.
        Largest swings
        Game  Move        Player          White's Win%  after  Swing (Win%)  Result
          17  19... O-O   Stockfish 2000         29.7%  90.9%         61.23  1-0
          16  33... Qb3   Stockfish 1400         32.4%  88.7%         56.30  1-0
          19  10... bxc4  Stockfish 1400         45.8%  94.7%         48.88  1-0
           8  24... Ne1   Stockfish 1700         12.9%  54.3%         41.48  1/2-1/2
        … 6 more
        Moves that changed the Win% most, with White's Win% before and after them.
    """

    Options = HighlightsOptions
    options: HighlightsOptions
    order = 120

    @classmethod
    def needs(cls, options: HighlightsOptions) -> Needs:
        return Needs(evaluations=True)

    excitement = Moments()
    """Excitement of the games in thousandths of Win%."""
    swings = Sum()
    leads = Counts()
    """Number of lead changes, and of games with at least one."""
    games = TopK()
    """Games by excitement."""
    hardest = TopK()
    """Games by the mean loss of the side that lost less."""
    calmest = TopK(1)
    """The game with the least excitement."""
    moments = TopK()
    """Moves by the size of the swing."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = TopK(self.options.games)
        self.hardest = TopK(self.options.games)
        self.moments = TopK(self.options.moments)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None or not game.view:
            return
        changes = list(_changes(game))
        if not changes:
            return
        swings = [change for change in changes if change.size >= 1000 * self.options.floor]
        leads = _lead_changes(changes)
        excitement = sum(swing.size for swing in swings) + _LEAD_CHANGE * leads
        self.excitement.add(excitement)
        self.swings.add(len(swings))
        self.leads.add("changes", leads)
        self.leads.add("games", leads > 0)
        for swing in swings:
            self._enter_moment(game, swing)
        self._enter_game(game, excitement, leads, swings)
        self._enter_hardness(game, excitement)

    def _enter_moment(self, game: AnalysedGame, swing: _Change) -> None:
        number, k = game.origin.game, swing.ply
        if self.moments.admits(swing.size, number, k):
            mover, move = game.player(game.turn(k)), numbered(game, k)
            self.moments.add(swing.size, number, k, number, move, mover, swing.before, swing.after, game.result)

    def _enter_game(self, game: AnalysedGame, excitement: int, leads: int, swings: list[_Change]) -> None:
        number = game.origin.game
        if not swings or not self.games.admits(excitement, number, 0):
            return
        largest = max(swings, key=lambda swing: (swing.size, -swing.ply))
        move = numbered(game, largest.ply)
        self.games.add(
            *(excitement, number, 0, number, label(game), game.result, len(swings), leads, largest.size, move),
            largest.ply,
        )

    def _enter_hardness(self, game: AnalysedGame, excitement: int) -> None:
        """Record the game for the hardest and the calmest games, if enough of its moves count."""
        number = game.origin.game
        losses: dict[Color, list[int]] = {"white": [], "black": []}
        for k, ply in enumerate(game.plies):
            loss = lost(ply)
            if loss is not None:
                losses[game.turn(k)].append(loss)
        if min(map(len, losses.values())) < self.options.least_moves:
            return
        self.calmest.add(-excitement, number, 0, number, label(game))
        white, black = (_rounded(losses[color]) for color in _SIDES)
        moves = sum(map(len, losses.values()))
        hard = min(white, black)
        if not self.hardest.admits(hard, number, 0):
            return
        worst = max((loss, -k) for k, ply in enumerate(game.plies) if (loss := lost(ply)) is not None)
        self.hardest.add(hard, number, 0, number, label(game), game.result, moves, white, black, -worst[1])

    def report(self) -> Report:
        games = self.excitement.n
        calmest = next(iter(self.calmest.entries()), None)
        first = next(iter(self.games.entries()), None)
        metrics = {
            "games": Metric(games, "Games"),
            "excitement": Metric(mean(self.excitement.sum, games, 1000), "Mean excitement", "float", "Win%"),
            "most_exciting": Metric(_named(first and first.cells), "Most exciting", "text"),
            "calmest": Metric(_named(calmest and calmest.cells), "Calmest", "text"),
            "calmest_excitement": Metric(
                calmest and -calmest.score / 1000, "Excitement of the calmest", "float", "Win%"
            ),
            "swings": Metric(self.swings.value, "Swings"),
            "lead_changes": Metric(self.leads["changes"], "Lead changes"),
            "changing_games": Metric(share(self.leads["games"], games), "Games with a lead change", "percent"),
        }
        return Report(
            title="Highlights",
            metrics=metrics,
            tables=(self._games(), self._moments(), self._hardest()),
            notes=tuple(self._notes(games)),
            findings=tuple(self._findings()),
        )

    def _findings(self) -> Iterator[Finding]:
        for entry in self.games.entries()[:1]:
            number, players, result, _, leads, _, move, ply = entry.cells
            changes = "no change of the lead" if not leads else f"{leads} changes of the lead"
            changes = "one change of the lead" if leads == 1 else changes
            text = f"Most exciting: game {number}, {players} ({result}), with {changes}; largest swing {move}."
            yield Finding(text, references=(_at(entry.game, ply),), table="games")
        for entry in self.moments.entries()[:1]:
            number, move, player, before, after, _ = entry.cells
            text = (
                f"Largest swing: {move} by {player} in game {number} took White's Win% from "
                f"{unmilli(before):.1f} to {unmilli(after):.1f}."
            )
            yield Finding(text, references=(Reference(entry.game, entry.ply),), table="moments")

    def _notes(self, games: int) -> Iterator[str]:
        yield "Both sides' moves count, also with --player."
        yield from left_out("swings", self.swings.value - len(self.moments.entries()), "highlights.moments")
        if not games:
            yield NO_EVALUATIONS

    def _games(self) -> ReportTable:
        columns = (
            GAME,
            Column("players", "Players"),
            Column("result", "Result"),
            Column("excitement", "Excitement", "float", "Win%"),
            Column("swings", "Swings", "int"),
            Column("lead_changes", "Changes", "int"),
            Column("largest", "Largest", "float", "Win%"),
            Column("move", "At", "move"),
        )
        rows = tuple(
            (number, players, result, entry.score / 1000, swings, leads, unmilli(largest), move)
            for entry in self.games.entries()
            for number, players, result, swings, leads, largest, move, _ in (entry.cells,)
        )
        references = tuple((_at(entry.game, entry.cells[-1]),) for entry in self.games.entries())
        reading = (
            f"Excitement is the Win% of all moves that change it by {self.options.floor} or more, added up, and "
            "20 for each change of the lead (60 Win% or more). A row leads to the largest swing."
        )
        return ReportTable("games", "Most exciting games", columns, rows, references, reading)

    def _moments(self) -> ReportTable:
        columns = (
            GAME,
            Column("move", "Move", "move"),
            PLAYER,
            Column("before", "White's Win%", "percent"),
            Column("after", "after", "percent"),
            Column("swing", "Swing", "float", "Win%"),
            Column("result", "Result"),
        )
        rows = tuple(
            (number, move, player, unmilli(before), unmilli(after), entry.score / 1000, result)
            for entry in self.moments.entries()
            for number, move, player, before, after, result in (entry.cells,)
        )
        references = tuple((Reference(entry.game, entry.ply),) for entry in self.moments.entries())
        reading = "Moves that changed the Win% most, with White's Win% before and after them."
        return ReportTable("moments", "Largest swings", columns, rows, references, reading)

    def _hardest(self) -> ReportTable:
        columns = (
            GAME,
            Column("players", "Players"),
            Column("result", "Result"),
            Column("moves", "Plies", "int"),
            Column("white_loss", "White lost", "float", "Win% a move"),
            Column("black_loss", "Black lost", "float", "Win% a move"),
        )
        rows = tuple(
            (number, players, result, moves, unmilli(white), unmilli(black))
            for entry in self.hardest.entries()
            for number, players, result, moves, white, black, _ in (entry.cells,)
        )
        references = tuple((_at(entry.game, entry.cells[-1]),) for entry in self.hardest.entries())
        reading = (
            "By the mean Win% lost per move of the player who lost less; only games with "
            f"{self.options.least_moves} moves or more of each side. A row leads to the costliest move."
        )
        return ReportTable("hardest", "Hardest games", columns, rows, references, reading)


class _Change(NamedTuple):
    """White's Win% before and after one move, in thousandths."""

    ply: int
    before: int
    after: int

    @property
    def size(self) -> int:
        return abs(self.after - self.before)


def _changes(game: AnalysedGame) -> Iterator[_Change]:
    """Yield the change of Win% by each move that has an evaluation before and after it."""
    for k, ply in enumerate(game.plies):
        if ply.win_before is None or ply.win_after is None:
            continue
        before, after = milli(ply.win_before), milli(ply.win_after)
        if game.turn(k) == "white":
            yield _Change(k, before, after)
        else:
            yield _Change(k, _WHOLE - before, _WHOLE - after)


def _lead_changes(changes: list[_Change]) -> int:
    leader: Color | None = None
    lead_changes = 0
    for win in (win for change in changes for win in (change.before, change.after)):
        ahead: Color | None = "white" if win >= _AHEAD else "black" if win <= _BEHIND else leader
        lead_changes += leader not in (None, ahead)
        leader = ahead
    return lead_changes


def _at(game: int, ply: Cell) -> Reference:
    return Reference(game, ply if isinstance(ply, int) else None)


def _rounded(losses: list[int]) -> int:
    """Return the mean of the losses, rounded half up."""
    return (2 * sum(losses) + len(losses)) // (2 * len(losses))


def _named(cells: tuple[Cell, ...] | None) -> str | None:
    """Return the number and the players of a game from the cells of its row."""
    return f"{cells[0]}: {cells[1]}" if cells else None
