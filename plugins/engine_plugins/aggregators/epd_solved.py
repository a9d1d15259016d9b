"""The share of an EPD test suite that the evaluator solves."""

from __future__ import annotations

from typing import Annotated, Any

import chess
from msgspec import Meta, structs

from engine.model import AnalysedGame, Column, Epd, Evaluation, Finding, Metric, Report
from engine.plugin import Aggregator, Options, Sum, Table
from engine.text.format import count
from engine_plugins.aggregators._common import GAME, left_out, share


class EpdSolvedOptions(Options, frozen=True):
    """Options of `epd-solved`."""

    unsolved: Annotated[int, Meta(ge=0, le=100_000, description="Rows of the table of unsolved positions.")] = 100


class EpdSolved(Aggregator):
    """Share of an EPD test suite that the evaluator solves.

    A line is solved if the evaluator's best move is one of the moves of `bm` and none of the moves of `am`. A line
    that has only `dm` is solved if the evaluator sees a mate in at most that many moves. A line whose position has
    no evaluation is not solved. Games, and lines with none of the three, are not tests and are only counted.

    Example:

        $ engine analyze tests/data/finishes.jsonl -a epd-solved

        Unsolved
        Game  Position               Wanted  Found
           9  Meitner 1872, move 18  Bb7+    Re8
          10  Meitner 1872, move 16  Bb7+    Be6
          14  Réti 1910, move 9      Qd8+    Re1
          16  Lasker 1912, move 16   Be2+    Kf1
          20  Short 1991, move 32    Kg3     Qf4
        Wanted are the moves of the suite, found is the evaluator's best move; in the order of the
        suite.
    """

    Options = EpdSolvedOptions
    options: EpdSolvedOptions
    order = 5

    tests = Sum()
    solved = Sum()
    missing = Sum()
    no_test = Sum()
    unsolved = Table()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.unsolved = Table(self.options.unsolved)

    def add(self, game: AnalysedGame) -> None:
        epd = game.epd
        if epd is None or not (epd.bm or epd.am or epd.dm):
            self.no_test.add()
            return
        self.tests.add()
        evaluation = game.positions[0].evaluation
        if evaluation is None:
            self.missing.add()
        elif _solves(epd, evaluation):
            self.solved.add()
            return
        board = game.board(0)
        best = _san(board, evaluation.best) if evaluation is not None and evaluation.best else None
        solutions = [_san(board, move) for move in epd.bm] + [f"not {_san(board, move)}" for move in epd.am]
        if not solutions:
            solutions = [f"mate in {epd.dm}"]
        number = game.origin.game
        self.unsolved.add(number, number, epd.id or "?", ", ".join(solutions), best, game.fen)

    def report(self) -> Report:
        notes = list(left_out("unsolved positions", self.unsolved.left_out, "epd-solved.unsolved"))
        if self.missing.value:
            notes.append(f"Not solved for want of an evaluation: {self.missing.value:,}.")
        if self.no_test.value:
            notes.append(f"Left out, not an EPD line with bm or am: {self.no_test.value:,}.")
        if not self.tests.value:
            notes.append("No data: no EPD line with bm or am.")
        columns = (
            GAME,
            Column("id", "Position"),
            Column("wanted", "Wanted"),
            Column("found", "Found", "move"),
            Column("position", "FEN", "position"),
        )
        reading = (
            "Wanted are the moves of the suite, found is the evaluator's best move; in the order of the suite."
        )
        solved, tests = self.solved.value, self.tests.value
        text = f"{solved:,} of {count(tests, 'position')} solved ({100 * solved / max(1, tests):.1f}%)."
        findings = (Finding(text, table="unsolved"),) if tests else ()
        return Report(
            title="EPD positions solved",
            metrics={
                "solved": Metric(self.solved.value, "Solved"),
                "tests": Metric(self.tests.value, "Positions"),
                "share": Metric(share(self.solved.value, self.tests.value), "Share solved", "percent"),
            },
            tables=(structs.replace(self.unsolved.render("unsolved", "Unsolved", columns), reading=reading),),
            notes=tuple(notes),
            findings=findings,
        )


def _solves(epd: Epd, evaluation: Evaluation) -> bool:
    if not (epd.bm or epd.am):
        mate = evaluation.score.mate
        return mate is not None and epd.dm is not None and 0 < mate <= epd.dm
    move = evaluation.best
    return bool(move) and move not in epd.am and (not epd.bm or move in epd.bm)


def _san(board: chess.Board, uci: str) -> str:
    """Return the move in SAN; a move that is wrong in the suite stays unchanged."""
    try:
        return board.san(board.parse_uci(uci))
    except ValueError:
        return uci
