"""Sentences of `engine.explain`, each checked on the board by independent code; how many bad moves have one.

The files are games with evaluations: JSON Lines of ours, Lichess's JSON, PGN with `[%eval]`. Without any, the
match of `tests/data` and the Lichess games of the big real data serve. It prints how many sentences are false,
with their positions, the share of inaccuracies, mistakes and blunders that have a sentence, and what a sentence
costs. A sentence that only speaks of the clock or the book does not count as one `of the board`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct, field

import engine
from engine.analysis.reasons import explanations
from engine.model import AnalysedGame
from engine.settings import Settings
from tests.explain_checker import boards_of, problems
from tests.perf.games import DATA, big, must_exist
from tests.perf.report import Finding, Report, Table, Unavailable

SHOWN = 20
"""False sentences that are printed."""
WITHOUT_BOARD = ("short of time", "left the book")
AIM_SHARE = 0.7


class _Tally(Struct):
    """What was found in all games so far."""

    judged: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    of_board: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    motifs: Counter[str] = field(default_factory=Counter)
    false: list[tuple[str, ...]] = field(default_factory=list)
    falses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    moves: int = 0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="games with evaluations")


def run(args: argparse.Namespace) -> Report:
    for path in args.files:
        must_exist(path)
    files = args.files or list(_default())
    report = Report()
    table = Table(
        "Bad moves with a sentence",
        (
            "file",
            "games",
            "judged",
            "sentences",
            "false",
            "blunders",
            "mistakes",
            "inaccuracies",
            "both, of the board",
        ),
    )
    total, number = _Tally(), 0
    for path in files:
        own = _Tally()
        games = 0
        for game in _games(path, 5 if args.quick else None):
            games += 1
            _look_at(game, path, own)
        _add(total, own)
        number += games
        table.add(*_row(path.name, games, own))
    if len(files) > 1:
        table.add(*_row("all", number, total))
    report.tables = [table, _kinds(total), *([_false(total)] if total.false else [])]
    report.findings = list(_findings(total))
    report.data = {
        "judged": dict(total.judged),
        "said": dict(total.said),
        "of_board": dict(total.of_board),
        "kinds": dict(total.kinds),
        "false": total.false,
        "milliseconds": 1000 * total.seconds / max(1, sum(total.judged.values())),
    }
    return report


def _default() -> Iterator[Path]:
    yield DATA / "match.jsonl.zst"
    path = big("lichess-analysed", "games.ndjson")
    if path is not None:
        yield path


def _games(path: Path, limit: int | None) -> Iterator[AnalysedGame]:
    settings = Settings(limit=limit) if limit else Settings()
    result = engine.analyze(path, evaluator="recorded", aggregators=["judgements"], games=True, settings=settings)
    if not result.games:
        raise Unavailable(f"{path} has no games with evaluations")
    yield from result.games


def _look_at(game: AnalysedGame, path: Path, tally: _Tally) -> None:
    judged = {k: str(ply.judgement) for k, ply in enumerate(game.plies) if ply.judgement is not None}
    tally.judged.update(judged.values())
    tally.moves += len(game.plies)
    started = time.process_time()
    found = explanations(game)
    tally.seconds += time.process_time() - started
    boards = boards_of(game) if found else []
    for one in found:
        judgement = judged[one.ply]
        tally.said[judgement] += 1
        tally.of_board[judgement] += one.kind not in WITHOUT_BOARD
        tally.kinds[one.kind] += 1
        tally.motifs[one.motif] += bool(one.motif)
        wrong = problems(game, one, boards)
        if wrong:
            tally.falses[one.kind] += 1
            where = f"{path.name} game {game.origin.game} ply {one.ply}"
            tally.false.append((where, game.board(one.ply).fen(), one.sentence, "; ".join(wrong)))


def _add(total: _Tally, own: _Tally) -> None:
    for name in ("judged", "said", "of_board", "kinds", "motifs", "falses"):
        getattr(total, name).update(getattr(own, name))
    total.false += own.false
    total.seconds += own.seconds
    total.moves += own.moves


def _share(part: Counter[str], whole: Counter[str], *kinds: str) -> float | None:
    number = sum(whole[kind] for kind in kinds)
    return sum(part[kind] for kind in kinds) / number if number else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def _row(name: str, games: int, tally: _Tally) -> Sequence[str]:
    kinds = ("blunder", "mistake", "inaccuracy")
    return (
        *(name, f"{games:,}", f"{sum(tally.judged.values()):,}", f"{sum(tally.said.values()):,}"),
        f"{len(tally.false):,}",
        *(_percent(_share(tally.said, tally.judged, kind)) for kind in kinds),
        _percent(_share(tally.of_board, tally.judged, "blunder", "mistake")),
    )


def _kinds(tally: _Tally) -> Table:
    table = Table("Kinds of reasons", ("kind", "sentences", "false"))
    for kind, number in sorted(tally.kinds.items(), key=lambda item: (-item[1], item[0])):
        table.add(kind, f"{number:,}", f"{tally.falses[kind]:,}")
    by_motif = defaultdict(int, tally.motifs)
    for motif, number in sorted(by_motif.items(), key=lambda item: (-item[1], item[0])):
        if motif:
            table.add(f"  with {motif}", f"{number:,}", "")
    return table


def _false(tally: _Tally) -> Table:
    table = Table("False sentences", ("where", "position", "sentence", "why"))
    for row in tally.false[:SHOWN]:
        table.add(*row)
    return table


def _findings(tally: _Tally) -> Iterator[Finding]:
    checked, wrong = sum(tally.said.values()), len(tally.false)
    yield Finding("sentences of `engine.explain` that are false", f"{wrong} of {checked:,}", "0", wrong == 0)
    share = _share(tally.said, tally.judged, "blunder", "mistake")
    board = _share(tally.of_board, tally.judged, "blunder", "mistake")
    yield Finding(
        "mistakes and blunders with a sentence; without those on clock and book",
        f"{_percent(share)}; {_percent(board)}",
        "≥ 70%",
        board is not None and board >= AIM_SHARE,
    )
    yield Finding(
        "processor time for a judged move", f"{1000 * tally.seconds / max(1, sum(tally.judged.values())):.1f} ms"
    )
