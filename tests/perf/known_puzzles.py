"""How many known puzzles are found in the games that they come from, and how many a deeper search refutes.

The games are 500 of Lichess with its evaluations, each with a puzzle that Lichess made from it. A puzzle is found
if the same position with the same first move is one here; as a whole, if all of the solver's moves are the same,
and the reason is said for each that is not. The opponent often has several answers that are as good; so the known
solutions are followed with the known answers, too: is each move of the solver the best and the only one? Then the
solver's positions of the puzzles of the first 200 games are searched with four times the nodes: how many have a
second move that wins?
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import chess
from msgspec import Struct

import engine
from engine.contracts.options import parse_options
from engine.model import AnalysedGame, Limit
from engine.model import Report as Reported
from engine.plugin import Aggregator, Request
from engine.scoring import is_winning
from engine_plugins.aggregators._puzzle_options import PuzzlesOptions
from engine_plugins.aggregators._puzzle_search import Solution, is_only_move, lines_needed, solve
from engine_plugins.aggregators.puzzles import Puzzles
from tests.perf.games import big
from tests.perf.report import Report, Table, Unavailable

NODES = 100_000
DEEPER = 4
CHECKED_GAMES = 200
FOUND, WHOLE, REFUTED = 0.9, 0.85, 0.01


class Known(Struct):
    """A puzzle of Lichess."""

    game: str
    id: str
    ply: int
    """The position in which the solver moves."""
    moves: tuple[str, ...]
    themes: tuple[str, ...]


class Traced(Puzzles):
    """`puzzles`, which keeps what became of each candidate."""

    solutions: ClassVar[dict[str, dict[int, Solution]]] = {}
    """By game and ply."""

    def add(self, game: AnalysedGame) -> None:
        _, found = solve(game, self.options, self.answers(game))
        Traced.solutions[_name(game)] = {solution.ply: solution for solution in found}
        super().add(game)


class Confirmed(Aggregator):
    """Follows the known solutions with the known answers of the opponent."""

    puzzles: ClassVar[dict[str, Known]] = {}
    """By game."""
    rules: ClassVar[PuzzlesOptions] = PuzzlesOptions()
    right: ClassVar[set[str]] = set()
    """Puzzles of which each of the solver's moves is the best and the only one."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        limit = Limit(nodes=self.rules.nodes)
        return [
            Request(known.ply, known.moves[:k], lines_needed(board), limit)
            for known, k, board in self._steps(game)
        ]

    def _steps(self, game: AnalysedGame) -> Iterator[tuple[Known, int, chess.Board]]:
        """Yield the puzzle, the index of each of the solver's moves, and the position before it."""
        known = self.puzzles.get(_name(game))
        if known is None:
            return
        board = game.board(known.ply)
        for k, uci in enumerate(known.moves):
            if k % 2 == 0:
                yield known, k, board.copy(stack=False)
            board.push_uci(uci)

    def add(self, game: AnalysedGame) -> None:
        steps = list(zip(self._steps(game), self.answers(game), strict=True))
        if steps and all(
            answer is not None
            and answer.best == known.moves[k]
            and is_only_move(board, answer, game.answer_scale, self.rules)
            for (known, k, board), answer in steps
        ):
            self.right.add(_name(game))

    def report(self) -> Reported:
        return Reported("Confirmed")


class Deeper(Aggregator):
    """Searches each of the solver's positions again."""

    nodes: ClassVar[int] = 0
    checked: ClassVar[dict[tuple[str, int], list[bool]]] = {}
    """By game and ply, whether the second move wins in each of the solver's positions."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [request for _, request in self._wanted(game)]

    def _wanted(self, game: AnalysedGame) -> list[tuple[int, Request]]:
        return [
            (ply, Request(ply, solution.moves[:k], 2, Limit(nodes=self.nodes)))
            for ply, solution in Traced.solutions.get(_name(game), {}).items()
            if solution.outcome == "puzzle"
            for k in range(0, len(solution.moves), 2)
            if not _ends_in_mate(solution, k)
        ]

    def add(self, game: AnalysedGame) -> None:
        for (ply, _), answer in zip(self._wanted(game), self.answers(game), strict=True):
            lines = answer.lines if answer is not None else ()
            wins = len(lines) > 1 and is_winning(lines[1].score)
            self.checked.setdefault((_name(game), ply), []).append(wins)

    def report(self) -> Reported:
        return Reported("Deeper")


def _ends_in_mate(solution: Solution, k: int) -> bool:
    """Whether the move is the last one of a mate, where any mate will do."""
    board = solution.board.copy(stack=False)
    for move in solution.moves:
        board.push(move)
    return k == len(solution.moves) - 1 and board.is_checkmate()


def _name(game: AnalysedGame) -> str:
    return game.headers.get("Site", "").rpartition("/")[2]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=int, default=NODES, metavar="N", help=f"of each search  [{NODES:,}]")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="options of puzzles")
    parser.add_argument("--misses", action="store_true", help="list every puzzle that is not found as a whole")


def run(args: argparse.Namespace) -> Report:
    path, puzzles = (big("lichess-analysed", name) for name in ("games_eval_clk.pgn", "puzzles.ndjson"))
    if path is None or puzzles is None:
        raise Unavailable("the big real data is missing: lichess-analysed has games with a known puzzle each")
    known = _known(puzzles)
    chosen = dict(word.split("=", 1) for word in args.set)
    own = parse_options(PuzzlesOptions, {"nodes": args.nodes, **_numbers(chosen)}, "puzzles")
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        games = _part(path, Path(folder) / "games.pgn", 20 if args.quick else len(known))
        got = _analyse(games, Traced(own), args)
        report.evaluators.append(got.follow_up_evaluator.name if got.follow_up_evaluator else got.evaluator.name)
        present = [puzzle for puzzle in known if puzzle.game in Traced.solutions]
        Confirmed.rules, Confirmed.puzzles = own, {puzzle.game: puzzle for puzzle in present}
        _analyse(games, Confirmed(), args)
        _tell_found(report, present, misses=args.misses)
        Deeper.nodes = DEEPER * args.nodes
        few = _part(path, Path(folder) / "few.pgn", min(CHECKED_GAMES, len(present)))
        _analyse(few, Deeper(), args)
    _tell_refuted(report, Deeper.checked)
    return report


def _numbers(words: Mapping[str, str]) -> dict[str, Any]:
    return {name: json.loads(word) for name, word in words.items()}


def _known(path: Path) -> list[Known]:
    puzzles = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        moves = tuple(row["line"].split())
        puzzles.append(Known(row["game"], row["id"], row["ply"] + 1, moves[1:], tuple(row["themes"])))
    return puzzles


def _part(path: Path, part: Path, games: int) -> Path:
    """Write the first games of a file."""
    texts = path.read_text().split("[Event ")[1 : games + 1]
    part.write_text("".join(f"[Event {text}" for text in texts))
    return part


def _analyse(path: Path, aggregator: Aggregator, args: argparse.Namespace) -> engine.RunResult:
    settings = engine.Settings(workers=args.workers, follow_up_evaluator=args.evaluator)
    return engine.analyze(str(path), evaluator="recorded", aggregators=[aggregator], settings=settings)


def _verdict(known: Known, solution: Solution | None) -> tuple[bool, str]:
    """Return whether a puzzle is found, and what there is to say of its solution: `same`, or why it is not."""
    if solution is None or solution.outcome != "puzzle":
        return False, solution.outcome if solution is not None else "no candidate by the evaluations"
    ours = tuple(move.uci() for move in solution.moves)
    if ours[:1] != known.moves[:1]:
        return False, "another first move"
    if ours == known.moves:
        return True, "same"
    if ours[::2][: len(known.moves[::2])] == known.moves[::2]:
        return True, "same" if len(ours) == len(known.moves) else "goes on after its end"
    if known.moves[: len(ours)] == ours:
        return True, "ends earlier"
    place = next((k for k, (a, b) in enumerate(zip(ours, known.moves, strict=False)) if a != b), 0)
    return True, "another reply" if place % 2 else "another move"


def _tell_found(report: Report, known: Sequence[Known], *, misses: bool) -> None:
    verdicts = [(puzzle, *_verdict(puzzle, Traced.solutions[puzzle.game].get(puzzle.ply))) for puzzle in known]
    found = sum(each for _, each, _ in verdicts)
    whole = sum(each and word in ("same", "goes on after its end") for _, each, word in verdicts)
    number = len(known)
    ours = sum(s.outcome == "puzzle" for game in Traced.solutions.values() for s in game.values())
    for what, count, aim in (
        ("known puzzles found (position and first move)", found, FOUND),
        ("known puzzles with the whole solution (all moves of the solver)", whole, WHOLE),
    ):
        share = count / number
        report.find(what, f"{100 * share:.1f} % of {number:,}", f"≥ {100 * aim:.0f} %", met=share >= aim)
    if Confirmed.puzzles:
        share = len(Confirmed.right) / number
        report.find(
            "known solutions that are right after the known answers of the opponent",
            f"{100 * share:.1f} % of {number:,}",
        )
    table = Table("Known puzzles by what became of them", ("", "puzzles", "found"))
    words = Counter((word, each) for _, each, word in verdicts)
    for (word, each), count in words.most_common():
        table.add(word, f"{count:,}", "yes" if each else "no")
    report.tables.append(table)
    report.notes.append(f"{ours:,} puzzles in {number:,} games; outcomes of all candidates: {_outcomes()}.")
    if misses:
        listed = Table("Not found, or not as a whole", ("puzzle", "because", "themes"))
        for puzzle, _, word in verdicts:
            if word not in ("same", "goes on after its end"):
                listed.add(puzzle.id, word, " ".join(puzzle.themes))
        report.tables.append(listed)


def _outcomes() -> str:
    counts = Counter(s.outcome for game in Traced.solutions.values() for s in game.values())
    return ", ".join(f"{outcome} {count:,}" for outcome, count in counts.most_common())


def _tell_refuted(report: Report, checked: Mapping[tuple[str, int], Sequence[bool]]) -> None:
    refuted = [key for key, wins in checked.items() if any(wins)]
    share = len(refuted) / len(checked) if checked else 0.0
    report.find(
        f"puzzles of {CHECKED_GAMES} games in which a second move wins at {DEEPER} times the nodes",
        f"{100 * share:.1f} % of {len(checked):,}",
        f"≤ {100 * REFUTED:.0f} %",
        met=share <= REFUTED,
    )
    report.data["refuted"] = [f"{game} {ply}" for game, ply in refuted]
