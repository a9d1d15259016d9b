"""Worst moves as training positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta

from engine.model import AnalysedGame, Column, Evaluation, Metric, Report, ReportTable
from engine.plugin import Aggregator, Needs, Options, Request, Sum, TopK
from engine.scoring import win_percent
from engine_plugins.aggregators._common import GAME, NO_EVALUATIONS, PLAYER, lost, milli, numbered, unmilli


class MistakesOptions(Options, frozen=True):
    """Options of `mistakes`."""

    positions: Annotated[
        int, Meta(ge=0, le=100_000, description="Largest number of positions; the worst moves are kept.")
    ] = 50
    per_game: Annotated[
        int, Meta(ge=1, le=500, description="Largest number of positions from one game; the worst are kept.")
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


class Mistakes(Aggregator):
    """My worst moves as training positions: find what you missed.

    A training position is a position in which the move played lost at least `least` Win%. The worst moves come
    first, at most `per_game` from one game. The task is to find a better move. The best move and all moves within
    `margin` Win% of it are accepted; Lichess's "learn from your mistakes" accepts moves within 3.5. To find these
    moves, each position is searched once more for its `lines` best moves, with the limit of the run. If that
    search fails, only the best move is accepted; if the best move is not known either, the position is left out. A
    mate, fast or slow, counts as Win% 97.5.

    With `--player`, only that player's colours count. The table is for reading; to train, write it to a file:

        engine analyze games.pgn --player NAME -o mistakes.epd             EPD with `bm` and `am`
        engine analyze games.pgn --player NAME -o mistakes.training.pgn    a game each, with its solution
        engine analyze games.pgn --player NAME -o mistakes.training.csv    columns for flash-card programs

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a mistakes --player 'Stockfish 2300'

        Find a better move
        Game  Ply  Played      Player          Best  Also good   Win%  after
          21  103  52... Rxf3  Stockfish 2300  Bf5+             95.4%  53.9%
          21   53  27... Qxa4  Stockfish 2300  Rxc3             85.1%  55.8%
          23   38  20. Qxd7    Stockfish 2300  Be3              85.0%  64.8%
          23   48  25. h3      Stockfish 2300  axb5             88.2%  72.3%
          21   81  41... Bg4   Stockfish 2300  Kh7              52.0%  40.1%
           6   51  26... d4    Stockfish 2300  Be4              77.0%  65.5%
        … 3 more
    """

    Options = MistakesOptions
    options: MistakesOptions
    order = 20

    positions = TopK()
    """Training positions by the thousandths of Win% that the move played lost."""
    unknown = Sum()
    """Number of bad moves for which no better move is known."""
    moves = Sum()
    bad = Sum()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.positions = TopK(self.options.positions)

    @classmethod
    def needs(cls, options: MistakesOptions) -> Needs:
        return Needs(evaluations=True)

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(k, multipv=self.options.lines) for k, _ in self._worst(game)]

    def add(self, game: AnalysedGame) -> None:
        self.moves.add(
            sum(lost(ply) is not None and game.turn(k) in game.view for k, ply in enumerate(game.plies))
        )
        self.bad.add(len(self._bad(game)))
        worst = self._worst(game)
        answers: Sequence[Evaluation | None] = self.answers(game) or [None] * len(worst)
        for (k, loss), answer in zip(worst, answers, strict=True):
            accepted = [uci for uci in self._accepted(game, k, answer) if uci != game.plies[k].uci]
            if not accepted:
                self.unknown.add()
            elif self.positions.admits(loss, game.origin.game, k):
                self._enter(game, k, loss, accepted)

    def _bad(self, game: AnalysedGame) -> list[tuple[int, int]]:
        """Return the ply and the thousandths of Win% lost of each move that is bad enough, in order."""
        losses = ((k, lost(ply)) for k, ply in enumerate(game.plies) if game.turn(k) in game.view)
        return [(k, loss) for k, loss in losses if loss is not None and loss >= milli(self.options.least)]

    def _worst(self, game: AnalysedGame) -> list[tuple[int, int]]:
        worst = sorted(self._bad(game), key=lambda move: (-move[1], move[0]))
        return sorted(worst[: self.options.per_game])

    def _enter(self, game: AnalysedGame, k: int, loss: int, accepted: Sequence[str]) -> None:
        ply, board = game.plies[k], game.board(k)
        assert ply.win_before is not None
        assert ply.win_after is not None
        best, *others = (board.san(board.parse_uci(uci)) for uci in accepted)
        self.positions.add(
            loss,
            game.origin.game,
            k,
            *(game.origin.game, k, numbered(game, k), game.player(game.turn(k)), board.fen(), best),
            *(" ".join(others), milli(ply.win_before), milli(ply.win_after)),
        )

    def _accepted(self, game: AnalysedGame, k: int, answer: Evaluation | None) -> Iterator[str]:
        """Yield the best move, then the moves that are nearly as good, in UCI."""
        if answer is None or not answer.lines:
            known = answer or game.positions[k].evaluation
            if known is not None and known.best is not None:
                yield known.best
            return
        values = [win_percent(line.score, game.scale) for line in answer.lines]
        for value, line in zip(values, answer.lines, strict=True):
            if line.pv and value >= values[0] - self.options.margin:
                yield line.pv[0]

    def report(self) -> Report:
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
        )
        rows = tuple(
            (*cells, unmilli(before), unmilli(after))
            for *cells, before, after in (top.cells for top in self.positions.entries())
        )
        return Report(
            title="Mistakes to learn from",
            metrics={
                "positions": Metric(len(rows), "Training positions"),
                "bad": Metric(self.bad.value, "Moves as bad"),
                "moves": Metric(self.moves.value, "Moves"),
            },
            tables=(ReportTable("positions", "Find a better move", columns, rows),),
            notes=tuple(self._notes()),
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
