"""Puzzles from the games: what the opponent's flaw allowed, and whether it was found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import chess

from engine.model import AnalysedGame, Cell, Column, Finding, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Needs, Request, Sum, TopK, keyed
from engine.positions.movetext import NULL_MOVE
from engine.positions.themes import Line, difficulty, difficulty_model, themes
from engine.scoring import win_percent
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    interval,
    left_out,
    lost,
    milli,
    numbered,
    opening_of,
    share,
    unmilli,
)
from engine_plugins.aggregators._lessons import reason
from engine_plugins.aggregators._puzzle_options import PuzzlesOptions
from engine_plugins.aggregators._puzzle_search import Solution, solve
from engine_plugins.aggregators._references import SHOWN, table_of, to_moves

_REASONS = {
    "second move": "another move was nearly as good",
    "not winning": "the search did not find the advantage",
    "no mate": "a mate with a second way, or none",
    "too short": "too short",
    "repetition": "the position repeats",
    "mate in one": "mates in one",
    "unsearched": "not searched",
}
"""Why a candidate is no puzzle."""


class Puzzles(Aggregator):
    """Puzzles from your own games: the opponent went wrong, and one move punished it. Did you see it?

    A candidate is a position after a move of the opponent that gave away at least 0.45 (`swing`) winning chances,
    which reach from -1 to 1, or that allows a mate in 15 moves or fewer. The solver was not winning before, with
    more than 300 centipawns (`ahead`), is not ahead in material, and is behind in it unless the move wins at least
    400 centipawns (`behind`). The position has at least two legal moves, was not there before, and each king and
    rook that look as if they might castle may.

    Its solution is searched for with follow-up searches, on the queue of all others: the two best moves of the
    solver, then the best answers, and so on. Each of the solver's moves must be the only one: its winning
    chances are at least 0.3 (`margin`) above those of the second-best move, and that one has at most 270
    centipawns (`second`), so it does not win. The opponent gives the best answer after which the solver has an
    only move again, of up to 4 (`replies`) that are within 0.1 (`as_good`) of the best one. In the last move of
    a mate any mate will do, if what does not mate has winning chances of at most 0.6. The line ends before a
    move that is not the only one, and is cut back to the solver's last move that was a choice. A line of one
    move is left out unless it mates (`shortest`), as is a mate that cannot be forced with only moves, and a line
    in which a position repeats.

    The rules follow those of Lichess's generator (ornicar/lichess-puzzler, version 50), which asks for more: a
    swing of 0.6, a margin of 0.7, 200 centipawns. `--set` with `puzzles.swing=0.6`, `puzzles.margin=0.7` and
    `puzzles.winning=200` does so too. Its puzzles of earlier years have less, and with less you also get
    positions in which one move saves the game; `python -m tests.perf puzzles` finds 90% of 500 of them in their
    games, and 1 of 249 puzzles had a second move that wins at four times the nodes. Winning chances use
    Lichess's formula without a limit for centipawns. All limits are in nodes, so the same games give the same
    puzzles; `--set puzzles.nodes=1000000` searches longer than the run.

    Themes have the names of Lichess's puzzle database and are found on the board alone
    (`engine.positions.themes`). With `--player`, only that player's chances count. A puzzle counts as found if the
    solution's first move was played, or any mate in its place. Missed puzzles come first, those that cost most
    Win% before others. A position that occurs in several games is listed once.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a puzzles

        Other candidates
        No puzzle because  Candidates
        not searched                9
        --show puzzles:refused=ROW prints the positions after the opponent's costliest moves.
        9 candidates were not searched, so there are no puzzles: leave out --follow-up-evaluator none.
    """

    Options = PuzzlesOptions
    options: PuzzlesOptions
    order = 30

    puzzles = TopK()
    """Puzzles, the costliest miss first."""
    outcomes = Counts()
    """Candidates by what became of them."""
    others = keyed(TopK(SHOWN))
    """Other candidates by what became of them, those first whose flaw lost most."""
    found = Counts()
    """Puzzles by theme, `found|` or `missed|` before it, and all of them under `found` and `missed`."""
    examples = keyed(TopK(SHOWN))
    """Puzzles by theme, the costliest miss first."""
    moves = Sum()
    """Moves in view with an evaluation before and after them."""
    searches = Sum()
    """Number of follow-up searches that were answered."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.puzzles = TopK(self.options.puzzles)

    @classmethod
    def needs(cls, options: PuzzlesOptions) -> Needs:
        return Needs(evaluations=True)

    def requests(self, game: AnalysedGame) -> list[Request]:
        return solve(game, self.options, ())[0]

    def further_requests(self, game: AnalysedGame) -> list[Request]:
        return solve(game, self.options, self.answers(game))[0]

    def add(self, game: AnalysedGame) -> None:
        self.moves.add(sum(game.plies[k].win_before is not None for color in game.view for k in game.turns(color)))
        answers = self.answers(game)
        _, solutions = solve(game, self.options, answers)
        self.searches.add(sum(answer is not None for answer in answers))
        for solution in solutions:
            self.outcomes.add(solution.outcome)
            if solution.outcome == "puzzle":
                self._enter(game, solution)
            else:
                given = lost(game.plies[solution.ply - 1]) or 0
                self.others[solution.outcome].add(given, game.origin.game, solution.ply)

    def _enter(self, game: AnalysedGame, solution: Solution) -> None:
        k, number = solution.ply, game.origin.game
        line = Line.of(solution.board, solution.moves)
        tags = themes(line, solution.score)
        found = _is_found(game, solution)
        verdict = "found" if found else "missed"
        # A move that is missed always costs more than one that is found.
        cost = 0 if found or k >= len(game.plies) else lost(game.plies[k]) or 0
        worth = 0 if found else cost + 1
        self.found.add(verdict)
        for tag in tags:
            self.found.add(f"{verdict}|{tag}")
            if self.examples[tag].admits(worth, number, k):
                self.examples[tag].add(worth, number, k)
        if self.puzzles.admits(worth, number, k):
            named = " ".join(tags), difficulty(line, tags)
            self.puzzles.add(worth, number, k, *_cells(game, solution), *named, *_figures(game, solution, cost))

    def report(self) -> Report:
        found, missed = self.found["found"], self.found["missed"]
        return Report(
            title="Puzzles from these games",
            metrics={
                "puzzles": Metric(found + missed, "Puzzles"),
                "found": Metric(found, "Found in the game"),
                "found_share": Metric(share(found, found + missed), "Found", "percent"),
                "candidates": Metric(self.outcomes.total, "Candidates"),
                "searches": Metric(self.searches.value, "Follow-up searches"),
            },
            tables=(self._puzzles(), self._themes(), self._refused()),
            notes=tuple(self._notes()),
            findings=tuple(self._findings(found, missed)),
        )

    def _puzzles(self) -> ReportTable:
        columns = (
            GAME,
            Column("ply", "Ply", "int"),
            Column("move", "Played", "move"),
            PLAYER,
            Column("position", "Position", "position"),
            Column("line", "Line"),
            Column("solution", "Solution"),
            Column("themes", "Themes"),
            Column("rating", "Rating", "int"),
            Column("win", "Win%", "percent"),
            Column("cost", "Cost", "percent"),
            Column("phase", "Phase"),
            Column("opening", "Opening", "opening"),
            Column("before", "Before", "position"),
            Column("flaw", "Flaw"),
            Column("site", "Site"),
            Column("reason", "Reason", "sentence"),
        )
        rows: list[tuple[Cell, ...]] = []
        seen = set()
        for entry in self.puzzles.entries():
            *cells, win, cost, phase, opening, before, flaw, site, why = entry.cells
            diagram = " ".join(str(cells[2]).split()[:4])
            if diagram not in seen:
                seen.add(diagram)
                figures = unmilli(win), unmilli(cost)
                rows.append((entry.game, entry.ply, *cells, *figures, phase, opening, before, flaw, site, why))
        error = f"{difficulty_model().error:.0f} points off in the mean"
        reading = (
            "Missed puzzles first, those that cost most Win% before others. Played: the move in the game. Win%:"
            f" the solver's with the solution. Rating: an estimate, {error}."
        )
        return ReportTable("puzzles", "Puzzles", columns, tuple(rows), reading=reading)

    def _themes(self) -> ReportTable:
        columns = (
            Column("theme", "Theme"),
            Column("puzzles", "Puzzles", "int"),
            Column("found", "Found", "int"),
            Column("share", "Share", "percent"),
            Column("interval", "95 %"),
        )
        rows = []
        for tag, top in self.examples.items():
            found, missed = self.found[f"found|{tag}"], self.found[f"missed|{tag}"]
            number = found + missed
            cells = (tag, number, found, share(found, number), interval(found, number))
            rows.append((cells, to_moves(top)))
        rows.sort(key=lambda row: (-row[0][1], row[0][0]))
        reading = (
            "95 %: interval of the share. Themes overlap, and so many shares are compared that the lowest is low"
            " by chance too: trust those whose intervals are far apart. A row leads to the misses that cost most."
        )
        return table_of("themes", "Themes", columns, rows, reading)

    def _refused(self) -> ReportTable:
        columns = (Column("reason", "No puzzle because"), Column("candidates", "Candidates", "int"))
        rows = [
            ((reason, self.outcomes[key]), to_moves(self.others.get(key)))
            for key, reason in _REASONS.items()
            if self.outcomes[key]
        ]
        reading = "A row leads to the positions after the opponent's costliest moves."
        return table_of("refused", "Other candidates", columns, rows, reading)

    def _findings(self, found: int, missed: int) -> Iterator[Finding]:
        number = found + missed
        if not number:
            return
        figures = f"{100 * found / number:.0f}%, 95%: {interval(found, number)}%"
        yield Finding(
            f"{found:,} of {number:,} puzzles were found in the game ({figures}).",
            table="puzzles",
        )

    def _notes(self) -> Iterator[str]:
        if not self.moves.value:
            yield NO_EVALUATIONS
        elif not self.outcomes.total:
            yield "No move gave away enough to be the beginning of a puzzle."
        elif not self.searches.value:
            yield (
                f"{self.outcomes.total:,} candidates were not searched, so there are no puzzles: leave out"
                " --follow-up-evaluator none."
            )
        yield (
            "A puzzle: each move of the solver is better than the second one by"
            f" {50 * self.options.margin:g} Win% or more, and the second one does not win."
        )
        more = self.found["found"] + self.found["missed"] - len(self.puzzles.entries())
        yield from left_out("puzzles", more, "puzzles.puzzles")


def _is_found(game: AnalysedGame, solution: Solution) -> bool:
    """Return whether the solver played the first move of the solution, or another mate in place of a mate."""
    if solution.ply >= len(game.plies):
        return False
    board = solution.board.copy(stack=False)
    uci = game.plies[solution.ply].uci
    if uci == NULL_MOVE:
        return False
    played = board.parse_uci(uci)
    if played == solution.moves[0]:
        return True
    board.push(played)
    return board.is_checkmate() and len(solution.moves) == 1


def _cells(game: AnalysedGame, solution: Solution) -> tuple[str | None, ...]:
    """Return what was played by whom, the position and the solution."""
    k, board = solution.ply, solution.board
    return (
        numbered(game, k) if k < len(game.plies) else None,
        game.player(game.turn(k)),
        board.fen(),
        " ".join(_uci(board, solution.moves)),
        board.variation_san(solution.moves),
    )


def _figures(game: AnalysedGame, solution: Solution, cost: int) -> tuple[str | int | None, ...]:
    """Return Win% and cost, and where the puzzle comes from."""
    k, score = solution.ply, solution.score
    before = solution.board.copy()
    flaw = before.pop()
    assert score is not None
    return (
        milli(win_percent(score, game.answer_scale)),
        cost,
        game.phase(k),
        opening_of(game),
        before.fen(),
        before.uci(flaw),
        game.headers.get("Site", ""),
        reason(game, k - 1) or (reason(game, k) if k < len(game.plies) else None),
    )


def _uci(board: chess.Board, moves: tuple[chess.Move, ...]) -> Iterator[str]:
    board = board.copy(stack=False)
    for move in moves:
        yield board.uci(move)
        board.push(move)
