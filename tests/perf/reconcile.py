"""Reconciliation: errors of neighbouring positions between which the best move was played, under each rule.

Both positions of such a pair have one true score, so where their searches differ at least one of them is wrong.
The pairs lie inside a chunk, at a border of chunks, or between the single positions of the opening. For each kind
the mean |Win% - the reference's| of both positions, over the pairs that differ by half a Win% or more: as they
were searched, with the score of one of them for both, under rules that are computed here, and as `engine analyze`
delivers them. Over all positions, the
same, and `ours - it`, paired by position, with a 95% interval by resampling games.

Beside them stand a `multiprocessing.Pool` with a whole game on a warm hash, and `engine analyze` with whatever
flags `--also` names, all with `--nodes` a position. The reference has `--reference` nodes a position, a fresh
hash, and reconciles nothing; it is made once and kept in the user's cache. The games are the match of tests/data,
played by programs, and games of people where the big real data is.
"""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from engine import scoring
from engine.model import Score
from engine.settings import Search, parse_count
from tests.perf import agreement, evaluators, games, runs, sides
from tests.perf.agreement import Evals, Interval, PerGame
from tests.perf.evaluators import Searcher
from tests.perf.report import Report, Table

DIFFERS = 0.5
"""Win% from which two neighbours are said to differ."""
PEOPLE = 26
"""Games of people that are taken from the big real data."""
AIM_BORDER, AIM_POOL = -0.8, -0.10
"""Greatest differences of errors: at borders from the former rule, over all positions from the pool."""
KINDS = ("inside a chunk", "at a border", "between singles")
SEARCHED, FORMER, OURS, POOL = "as searched", "the first score of a run", "engine analyze", "Pool, warm hash"
EARLIER, LATER = "the earlier one's own score", "the later one's own score"


class Searched(Struct):
    """A game as it was searched, and its reference."""

    wins: list[float | None]
    """White's Win% by position; None where nothing was searched."""
    depths: list[int]
    best: list[bool]
    """For each ply whether the move played is the best move."""
    white: list[bool]
    """For each ply whether White moves."""
    deep: list[float | None]
    """White's Win% in the reference."""


Rule = Callable[[Searched], list[float | None]]
"""A function that returns the Win% of the positions of a game."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--games", metavar="FILE", action="append", help="PGN; repeatable  [the match, and games of people]"
    )
    parser.add_argument("--nodes", type=parse_count, metavar="N", help="a position  [40k]")
    parser.add_argument("--reference", type=parse_count, metavar="N", help="nodes a position  [800k]")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="FLAGS",
        help="one more way of ours; repeatable",
    )


def run(args: argparse.Namespace) -> Report:
    report = Report()
    searcher = evaluators.find_searcher(args.evaluator)
    report.evaluators = [searcher.label]
    nodes, deep_nodes = (args.nodes or 40_000, args.reference or 800_000) if not args.quick else (2_000, 20_000)
    searched: list[Searched] = []
    ways: dict[str, list[list[float | None]]] = {}
    judged_best = 0
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        for source in _sources(args, folder):
            sides.say(f"{source.name}: {games.count(source)[1]:,} positions")
            deep = agreement.reference(source, searcher.name, deep_nodes, args.workers)
            content = _analyze(source, folder, searcher, nodes, args.workers, "--set", "search.reconcile=false")
            searched += [_searched(game, deep_game) for game, deep_game in zip(content, deep, strict=True)]
            delivered = _analyze(source, folder, searcher, nodes, args.workers)
            judged_best += sum(_judged_best(game) for game in delivered)
            ways.setdefault(OURS, []).extend(_wins(agreement.read_evals(delivered)))
            for flags in args.also:
                other = _analyze(source, folder, searcher, nodes, args.workers, *shlex.split(flags))
                ways.setdefault(f"engine analyze {flags}", []).extend(_wins(agreement.read_evals(other)))
            out, limit = folder / "pool.json", f"nodes={nodes}"
            _, _, pool = runs.another_way("warm", source, out, args.workers, limit=limit, program=searcher.program)
            ways.setdefault(POOL, []).extend(_wins(pool))
    for label, rule in RULES.items():
        ways[label] = [rule(game) for game in searched]
    title = f"{searcher.label}; {nodes:,} nodes a position, reference {deep_nodes:,}"
    _show_pairs(report, title, searched, ways)
    _show_all(report, title, searched, ways)
    report.find("judged moves that equal the best move", str(judged_best), "0", met=judged_best == 0)
    return report


# -- what is measured ----------------------------------------------------------------------------------------


def _sources(args: argparse.Namespace, folder: Path) -> Iterator[Path]:
    if args.quick:
        yield games.cut(games.CLASSICS, folder / "classics.pgn", 2)
        return
    for name in args.games or ():
        games.must_exist(Path(name))
        yield Path(name)
    if not args.games:
        yield games.write_match(folder / "programs.pgn")
        people = games.big("human", "twic-01-232games.pgn")
        if people is None:
            sides.say("games of people: ENGINE_TEST_DATA names the big real data; without it, programs only")
        else:
            yield games.cut(people, folder / "people.pgn", PEOPLE)


def _analyze(
    source: Path, folder: Path, searcher: Searcher, nodes: int, workers: int, *flags: str
) -> list[dict[str, Any]]:
    out = folder / "out.jsonl"
    runs.analyze(
        source,
        "--nodes",
        str(nodes),
        "-j",
        str(workers),
        "-o",
        out,
        *flags,
        evaluator=searcher.name,
        cache="user",
    )
    return runs.read_games(out)


def _wins(evals: Evals) -> list[list[float | None]]:
    return [[None if score is None else scoring.win_percent(score) for score in game] for game in evals]


def _searched(game: dict[str, Any], deep: Sequence[Score | None]) -> Searched:
    positions, plies = game["positions"], game["plies"]
    white_begins = game["fen"].split()[1] == "w"
    [wins] = _wins(agreement.read_evals([game]))
    [deep_wins] = _wins([list(deep)])
    return Searched(
        wins,
        [position.get("depth", 0) for position in positions],
        [position.get("best") == ply["uci"] for position, ply in zip(positions[:-1], plies, strict=True)],
        [white_begins == (k % 2 == 0) for k in range(len(plies))],
        deep_wins,
    )


def _judged_best(game: dict[str, Any]) -> int:
    """Return how many moves of a delivered game are judged although they are the best move."""
    return sum(
        ply["judgement"] is not None and position.get("best") == ply["uci"]
        for position, ply in zip(game["positions"][:-1], game["plies"], strict=True)
    )


# -- the rules -----------------------------------------------------------------------------------------------


def _as_searched(game: Searched) -> list[float | None]:
    return list(game.wins)


def _first(game: Searched, run: range) -> int:
    return run[0]


def _last(game: Searched, run: range) -> int:
    return run[-1]


def _farthest(game: Searched, run: range) -> int:
    """Return the position whose search saw farthest into the game; of equals the later one."""
    return max(run, key=lambda k: (game.depths[k] + k, k))


def _deepest(game: Searched, run: range) -> int:
    return max(run, key=lambda k: (game.depths[k], k))


def _from_one(choose: Callable[[Searched, range], int]) -> Rule:
    """Return the rule that all positions of a run of best moves take the score of one of them."""

    def rule(game: Searched) -> list[float | None]:
        wins = list(game.wins)
        for run in _runs(game):
            for k in run:
                wins[k] = game.wins[choose(game, run)]
        return _raised(game, wins)

    return rule


def _mean(game: Searched) -> list[float | None]:
    wins = list(game.wins)
    for run in _runs(game):
        known = [win for k in run if (win := game.wins[k]) is not None]
        for k in run:
            wins[k] = sum(known) / len(known)
    return _raised(game, wins)


def _runs(game: Searched) -> Iterator[range]:
    """Yield the runs of best moves: positions all of which have one true score."""
    start = 0
    for k in range(len(game.wins)):
        joined = k < len(game.best) and game.best[k] and None not in (game.wins[k], game.wins[k + 1])
        if not joined:
            if game.wins[start] is not None:
                yield range(start, k + 1)
            start = k + 1


def _raised(game: Searched, wins: list[float | None]) -> list[float | None]:
    """Let every position be worth at least as much to its mover as the move played."""
    for k in range(len(wins) - 2, -1, -1):
        here, after = wins[k], wins[k + 1]
        if here is not None and after is not None and (after > here) == game.white[k]:
            wins[k] = after
    return wins


RULES: dict[str, Rule] = {
    SEARCHED: _as_searched,
    FORMER: _from_one(_first),
    "the last score of a run": _from_one(_last),
    "the mean of a run": _mean,
    "the deepest search of a run": _from_one(_deepest),
    "the search of a run that saw farthest": _from_one(_farthest),
}


# -- the figures ---------------------------------------------------------------------------------------------


def _kind(ply: int) -> str:
    """Return where the pair of positions `ply` and `ply + 1` lies."""
    search = Search()
    if ply + 1 < search.opening:
        return KINDS[2]
    return KINDS[1] if (ply + 1 - search.opening) % search.chunk == 0 else KINDS[0]


def _pair_errors(
    game: Searched, wins: Sequence[float | None], only: int | None = None
) -> dict[str, tuple[float, int]]:
    """Return for each kind the sum of the mean errors of the pairs that differ as searched, and their number.

    * **only** - *(optional)* 0 or 1: both take the score of the earlier or the later one."""
    found = dict.fromkeys(KINDS, (0.0, 0))
    for k, best in enumerate(game.best):
        values = (game.wins[k], game.wins[k + 1], game.deep[k], game.deep[k + 1], wins[k], wins[k + 1])
        if not best or None in values:
            continue
        first, second, deep_first, deep_second, here, after = (float(value or 0) for value in values)
        if only is not None:
            here = after = (here, after)[only]
        if abs(first - second) >= DIFFERS:
            total, count = found[_kind(k)]
            error = (abs(here - deep_first) + abs(after - deep_second)) / 2
            found[_kind(k)] = total + error, count + 1
    return found


def _errors(game: Searched, wins: Sequence[float | None]) -> tuple[float, int]:
    gaps = [abs(a - b) for a, b in zip(wins, game.deep, strict=True) if a is not None and b is not None]
    return sum(gaps), len(gaps)


def _show_pairs(report: Report, title: str, searched: Sequence[Searched], ways: dict[str, Any]) -> None:
    by_way: dict[str, dict[str, PerGame]] = {}
    for label, games_of_way in ways.items():
        of_games = [_pair_errors(game, wins) for game, wins in zip(searched, games_of_way, strict=True)]
        by_way[label] = {kind: [errors[kind] for errors in of_games] for kind in KINDS}
    for label, step in ((EARLIER, 0), (LATER, 1)):
        of_games = [_pair_errors(game, game.wins, step) for game in searched]
        by_way[label] = {kind: [errors[kind] for errors in of_games] for kind in KINDS}
    counts = {kind: sum(count for _, count in by_way[OURS][kind]) for kind in KINDS}
    table = Table(
        f"{title}; |Win% error| of pairs that differ by {DIFFERS} or more",
        ("rule", *(f"{kind}: {count}" for kind, count in counts.items())),
    )
    for label, kinds in by_way.items():
        table.add(label, *(agreement.shown(sides.by_game(kinds[kind])) for kind in KINDS))
    report.tables.append(table)
    for label, what in ((EARLIER, "the earlier one's own score"), (FORMER, "the first score of the run")):
        gap = agreement.difference(by_way[OURS][KINDS[1]], by_way[label][KINDS[1]])
        report.find(
            f"|Win% error| at borders of chunks, as delivered - {what}",
            agreement.shown(gap, sign=True), f"≤ {AIM_BORDER}", met=gap[0] <= AIM_BORDER,
        )  # fmt: skip
    report.data["pairs"] = by_way


def _show_all(report: Report, title: str, searched: Sequence[Searched], ways: dict[str, Any]) -> None:
    errors: dict[str, PerGame] = {
        label: [_errors(game, wins) for game, wins in zip(searched, games_of_way, strict=True)]
        for label, games_of_way in ways.items()
    }
    positions = sum(count for _, count in errors[OURS])
    table = Table(f"{title}; all {positions:,} positions", ("way", "|Win% error|", "ours - it"))
    for label, of_games in errors.items():
        gap: Interval = agreement.difference(errors[OURS], of_games)
        table.add(label, agreement.shown(sides.by_game(of_games)), agreement.shown(gap, sign=True))
    report.tables.append(table)
    gap = agreement.difference(errors[OURS], errors[POOL])
    report.find(
        f"|Win% error| of {positions:,} positions, ours - {POOL}",
        agreement.shown(gap, sign=True), f"≤ {AIM_POOL}", met=gap[0] <= AIM_POOL and gap[2] < 0,
    )  # fmt: skip
    report.data["errors"] = errors
