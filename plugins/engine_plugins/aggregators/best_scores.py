"""The highest scores that the evaluator gave to a side to move."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, structs

from engine.model import AnalysedGame, Column, Metric, Report
from engine.plugin import Aggregator, Needs, Options, TopK
from engine.scoring import board_value
from engine_plugins.aggregators._common import GAME, label


class BestScoresOptions(Options, frozen=True):
    """Options of `best-scores`."""

    size: Annotated[int, Meta(ge=1, le=10_000, description="Entries of the board.")] = 10


class BestScores(Aggregator):
    """The best scores found, at most one a game.

    A score is seen from the side to move: centipawns, or 32000 - n for a mate in n moves. Ties go to the earlier
    game, then the earlier ply. The table agrees with the scoreboard that the screen shows during the run, but is
    computed from the final results. It includes both sides of every game, also with `--player`. Each entry shows
    the best move, which need not be the move played.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a best-scores

        Best scores
        Score  Game  Ply  Best move  Players
           #1     1   93  Ra1#       Stockfish 1400 – Stockfish 1700
           #1     2   95  Rd1#       Stockfish 1400 – Stockfish 2000
           #1     3   73  Rc1#       Stockfish 1400 – Stockfish 2300
           #1     4  130  h8=Q#      Stockfish 1700 – Stockfish 1400
           #1     5   61  Qxh2#      Stockfish 1700 – Stockfish 2000
           #1     6  111  h1=R#      Stockfish 1700 – Stockfish 2300
        … 4 more
        A score is seen from the side to move, in pawns or as #n for mate in n; at most one entry a
        game.
    """

    Options = BestScoresOptions
    options: BestScoresOptions
    order = 800

    @classmethod
    def needs(cls, options: BestScoresOptions) -> Needs:
        return Needs(unplayed=True)

    best = TopK()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.best = TopK(self.options.size)

    def add(self, game: AnalysedGame) -> None:
        values = [(board_value(found.score), -k) for k, p in enumerate(game.positions) if (found := p.found)]
        if not values:
            return
        score, negative = max(values)
        number, ply = game.origin.game, -negative
        evaluation = game.positions[ply].found
        if evaluation is None or not self.best.admits(score, number, ply):
            return
        board = game.board(ply)
        move = board.san(board.parse_uci(evaluation.best)) if evaluation.best else None
        self.best.add(score, number, ply, score, number, ply, move, label(game), board.fen())

    def report(self) -> Report:
        entries = self.best.entries()
        columns = (
            Column("score", "Score", "score"),
            GAME,
            Column("ply", "Ply", "int"),
            Column("move", "Best move", "move"),
            Column("players", "Players"),
            Column("position", "Position", "position"),
        )
        notes = []
        reading = (
            "A score is seen from the side to move, in pawns or as #n for mate in n; at most one entry a game."
        )
        if not entries:
            notes.append("No data: no position has an evaluation.")
        return Report(
            title="Best scores",
            metrics={"best": Metric(entries[0].score if entries else None, "Best score", "score")},
            tables=(structs.replace(self.best.render("best", "Best scores", columns), reading=reading),),
            notes=tuple(notes),
        )
