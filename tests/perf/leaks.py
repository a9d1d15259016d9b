"""How often `leaks` calls something sure where nobody has a leak.

The sides of each game are swapped at random: then both are equally strong in every group, and whatever is called
sure is wrong. Each shuffle draws so many games of the file and makes the whole comparison, with all groups that
are compared. It also says what is sure without the shuffle, and how often a planted leak is found: in some games,
what both sides lose in the endgame becomes the player's loss.

Without `--games` it takes the Lichess games of the big real data, in each of which other players meet. With
`--player` only that player's games count, and what is sure of the player is said.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, structs

import engine
from engine.analysis import judge
from engine.model import AnalysedGame, AnalysedPosition, Color, Origin, SourceGame
from engine.plugin import JointMoments, RawGame
from engine_plugins.aggregators._leak_figures import Group, figures
from engine_plugins.aggregators._leak_groups import ALL, parts
from engine_plugins.aggregators.leaks import LeaksOptions
from engine_plugins.readers.jsonl import JsonlReader
from tests.perf.games import big, must_exist
from tests.perf.report import Report, Table, Unavailable

SIZES = (100, 300, 1000)
AIM = 0.05
PLANTED = "phase|endgame"
GIVEN = 0.1
"""Share of the games in which both sides' losses in the endgame become the player's in the planted leak."""

Sums = Mapping[str, JointMoments]


class Folded(Struct):
    """What one game adds to each group, seen by either side."""

    white: Sums
    black: Sums
    viewed: Color
    """The side of the player."""

    def seen_by(self, color: Color) -> Sums:
        return self.white if color == "white" else self.black


class Rates(Struct):
    """Shares of the shuffles, 0 to 1."""

    games: int
    shuffles: int
    compared: float
    """Mean number of groups that were compared."""
    sure: float
    sure_leak: float
    likely: float
    groups: dict[str, int]
    """How often each group was called sure."""


def analysed(path: Path, player: str | None) -> Iterator[AnalysedGame]:
    """Yield the games of a file with their recorded evaluations."""
    settings = engine.Settings(cache="", players=(player,)) if player else engine.Settings(cache="")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "games.jsonl"
        engine.analyze(str(path), evaluator="recorded", aggregators=["leaks"], settings=settings, output=str(out))
        with out.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                source = JsonlReader().parse(RawGame(line, number))
                if not isinstance(source, SourceGame) or source.recording is None:
                    continue
                written = json.loads(line)["positions"]
                positions = [
                    known if known is not None else AnalysedPosition(terminal=position.get("terminal"))
                    for known, position in zip(source.recording.positions, written, strict=True)
                ]
                yield judge.analyse(Origin(number, path.name, number), source, positions)


def fold(game: AnalysedGame, viewed: Color) -> Folded | None:
    """Return what a game adds; None without evaluations."""
    sides = {color: _sums(structs.replace(game, view=(color,))) for color in ("white", "black")}
    return Folded(sides["white"], sides["black"], viewed) if sides["white"] else None


def _sums(game: AnalysedGame) -> dict[str, JointMoments]:
    groups, _ = parts(game)
    sums = {}
    for key, part in groups.items():
        sums[key] = JointMoments(8)
        sums[key].add(*part.sums, *groups[ALL].sums)
    return sums


def compare(seen: Sequence[Sums]) -> list[Group]:
    """Return the groups that are compared, as the report compares them."""
    total: dict[str, JointMoments] = {}
    for sums in seen:
        for key, state in sums.items():
            if key not in total:
                total[key] = JointMoments(8)
            total[key].merge(state)
    default = LeaksOptions()
    groups = figures(total, {}, default.min_moves, default.openings)
    return [group for group in groups if group.certainty is not None]


def shuffled(games: Sequence[Folded], size: int, shuffles: int, rng: random.Random) -> Rates:
    """Compare games whose sides are swapped at random, many times."""
    compared = sure = leak = likely = 0
    groups: Counter[str] = Counter()
    for _ in range(shuffles):
        drawn = rng.sample(games, size)
        found = compare([game.seen_by(rng.choice(("white", "black"))) for game in drawn])
        wrong = [group for group in found if group.certainty == "sure"]
        compared += len(found)
        sure += bool(wrong)
        leak += any((group.weaker or 0) > 0 for group in wrong)
        likely += any(group.certainty != "may be chance" for group in found)
        groups.update(group.key for group in wrong)
    n = shuffles
    return Rates(size, n, compared / n, sure / n, leak / n, likely / n, dict(groups))


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", type=Path, metavar="FILE", help="games with evaluations")
    parser.add_argument("--player", metavar="NAME", help="whose games count")
    parser.add_argument("--shuffles", type=int, default=400, metavar="N", help="of each size  [400]")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="[1]")


def run(args: argparse.Namespace) -> Report:
    path = args.games or big("lichess-analysed", "games_eval_clk.pgn")
    if path is None:
        raise Unavailable("the big real data is missing; --games FILE names games with evaluations")
    must_exist(path)
    games = [folded for game in analysed(path, args.player) if (folded := fold(game, _viewed(game, args.player)))]
    if not games:
        raise Unavailable(f"{path}: no game has evaluations")
    shuffles = 20 if args.quick else args.shuffles
    rng = random.Random(args.seed)
    report = Report()
    rates = [shuffled(games, size, shuffles, rng) for size in _sizes(len(games))]
    _tell(report, rates)
    if args.player:
        report.tables.append(_unshuffled(games, rng))
    report.tables.append(_planted(games, max(5, shuffles // 8), rng))
    return report


def _viewed(game: AnalysedGame, player: str | None) -> Color:
    return "black" if player and game.player("black").casefold() == player.casefold() else "white"


def _sizes(available: int) -> list[int]:
    """Return the sizes that there are games for; the last one may be what there is."""
    sizes = [size for size in SIZES if size <= available]
    return sizes if len(sizes) == len(SIZES) else [*sizes, available]


def _tell(report: Report, rates: Sequence[Rates]) -> None:
    table = Table(
        "Sides swapped at random: share of the shuffles in which something is called …",
        ("games", "shuffles", "groups compared", "sure", "a sure leak", "sure or likely"),
    )
    for row in rates:
        shares = (f"{100 * share:.1f} %" for share in (row.sure, row.sure_leak, row.likely))
        table.add(f"{row.games:,}", f"{row.shuffles:,}", f"{row.compared:.0f}", *shares)
        report.find(
            f"shuffles of {row.games:,} games in which `leaks` is sure of anything",
            f"{100 * row.sure:.1f} % of {row.shuffles:,}",
            f"≤ {100 * AIM:.0f} %",
            met=row.sure <= AIM,
        )
        report.data[str(row.games)] = structs.asdict(row)
    report.tables.append(table)


def _unshuffled(games: Sequence[Folded], rng: random.Random) -> Table:
    table = Table("The player as played", ("games", "sure", "likely"))
    for size in _sizes(len(games)):
        found = compare([game.seen_by(game.viewed) for game in rng.sample(games, size)])
        words = (", ".join(map(_said, found)) for found in _by_word(found))
        table.add(f"{size:,}", *(text or "–" for text in words))
    return table


def _by_word(groups: Sequence[Group]) -> Iterator[list[Group]]:
    for word in ("sure", "likely"):
        yield [group for group in groups if group.certainty == word]


def _said(group: Group) -> str:
    return f"{group.key} {group.weaker:+.0f} ± {group.error:.0f}"


def _planted(games: Sequence[Folded], shuffles: int, rng: random.Random) -> Table:
    table = Table(
        f"A leak planted in the endgame of {100 * GIVEN:.0f}% of the games: share in which it is called …",
        ("games", "shuffles", "sure", "sure or likely", "weaker by"),
    )
    for size in _sizes(len(games)):
        words: Counter[str | None] = Counter()
        weaker = 0.0
        for _ in range(shuffles):
            seen = [
                _with_leak(game.seen_by(rng.choice(("white", "black"))), rng) for game in rng.sample(games, size)
            ]
            [found] = [group for group in compare(seen) if group.key == PLANTED] or [None]
            words[found.certainty if found else None] += 1
            weaker += (found.weaker or 0.0) if found else 0.0
        sure, either = words["sure"], words["sure"] + words["likely"]
        table.add(
            f"{size:,}",
            str(shuffles),
            f"{100 * sure / shuffles:.0f} %",
            f"{100 * either / shuffles:.0f} %",
            f"{weaker / shuffles:.0f}",
        )
    return table


def _with_leak(sums: Sums, rng: random.Random) -> Sums:
    """Return what a game adds when, in some games, all that is lost in the endgame is the player's loss."""
    if PLANTED not in sums or rng.random() > GIVEN:
        return sums
    ours, our_moves, theirs, their_moves, *_ = sums[PLANTED].sums
    all_ours, all_our_moves, all_theirs, all_their_moves = sums[ALL].sums[:4]
    everything = all_ours + theirs, all_our_moves, all_theirs - theirs, all_their_moves
    changed = {PLANTED: JointMoments(8), ALL: JointMoments(8)}
    changed[PLANTED].add(ours + theirs, our_moves, 0, their_moves, *everything)
    changed[ALL].add(*everything, *everything)
    return {**sums, **changed}
