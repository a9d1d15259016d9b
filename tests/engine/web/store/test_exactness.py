"""Reports of a store are those of `engine.analyze` on the same games, figure for figure."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import structs

import engine
from engine.api.arguments import Wanted, start_run
from engine.errors import InputError
from engine.input.inputs import LiteralPath
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Report
from engine.model.names import plain_name
from engine.positions.fen import fen_of
from engine.settings import Settings
from engine.web.ahead import Ahead
from engine.web.reports import Reports
from engine.web.site import Site
from engine.web.store import Filter, Store, build
from engine.web.store.folding import Counted, Counting, Folder, FoldJob, Making, Part
from engine.web.store.states import states_path
from tests.support import shared_data

MATCH = Path(__file__).parents[3] / "data" / "match.jsonl.zst"
SICILIAN = "rnbqkbnr/pp1ppppp/8/2p5/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"
Moves = Callable[[AnalysedGame, int], bool]


class Case(NamedTuple):
    """A filter of a store, and the same for a run."""

    query: dict[str, str]
    expression: str = ""
    players: tuple[str, ...] = ()
    moves: Moves | None = None
    """Which of a game's moves are meant; a game is, that has one."""


def judged(*names: str) -> Moves:
    return lambda game, k: game.plies[k].judgement in names


def in_phase(*names: str) -> Moves:
    return lambda game, k: game.phase(k) in names


def own(player: str, moves: Moves) -> Moves:
    return lambda game, k: plain_name(game.player(game.turn(k))) == plain_name(player) and moves(game, k)


def both(one: Moves, other: Moves) -> Moves:
    return lambda game, k: one(game, k) and other(game, k)


def left(seconds: float) -> Moves:
    """The clock before a move, where the move before shows it."""

    def holds(game: AnalysedGame, k: int) -> bool:
        control = game.time_control
        if control is None or game.plies[k].clock is None:
            return False
        before = game.plies[k - 2].clock if k >= 2 else control.base
        return before is not None and before <= seconds

    return holds


REAL = [
    Case({}),
    Case({"player": "hans"}, players=("hans",)),
    Case({"player": "Hans", "side": "black"}, "my color = black", ("hans",)),
    Case({"player": "patricia", "result": "loss"}, "my result = loss", ("patricia",)),
    Case({"player": "patricia", "result": "draw"}, "my result = draw", ("patricia",)),
    Case({"player": "iryna", "rating": "-1600"}, "opponent rating <= 1600", ("iryna",)),
    Case(
        {"player": "akeem", "rating": "1500-1700"},
        "opponent rating >= 1500 and opponent rating <= 1700",
        ("akeem",),
    ),
    Case({"player": "mohammed", "opponent": "a"}, "opponent name ~ a", ("mohammed",)),
    Case({"speed": "rapid"}, "speed = rapid"),
    Case({"speed": "blitz,classical"}, "speed = blitz or speed = classical"),
    Case({"time_control": "900+15"}, 'TimeControl = "900+15"'),
    Case({"since": "2021-03", "until": "2021-06-15"}, "Date >= 2021.03 and Date <= 2021.06.15"),
    Case({"until": "2020"}, "Date <= 2020"),
    Case({"opening": "B2"}, "ECO >= B20 and ECO < B30"),
    Case({"opening": "caro-kann"}, "Opening ~ caro-kann"),
    Case({"result": "white"}, "Result = 1-0"),
    Case({"rating": "1800-"}, "WhiteElo >= 1800 and BlackElo >= 1800"),
    Case({"judgement": "blunder", "phase": "endgame"}, moves=both(judged("blunder"), in_phase("endgame"))),
    Case(
        {"player": "hans", "judgement": "mistake,blunder", "clock": "60s"},
        players=("hans",),
        moves=own("hans", both(judged("mistake", "blunder"), left(60))),
    ),
    Case({"position": SICILIAN}, moves=lambda game, k: fen_of(game.board(k)).split()[:4] == SICILIAN.split()[:4]),
    Case({"player": "nobody at all"}, 'White = "x"'),
]
SMALL = [
    Case({}),
    Case({"player": "Stockfish 1400", "side": "white"}, "my color = white", ("Stockfish 1400",)),
    Case({"opening": "B"}, moves=lambda game, _: game.opening is not None and game.opening.eco.startswith("B")),
    Case(
        {"player": "Stockfish 1700", "phase": "middlegame", "judgement": "blunder"},
        players=("Stockfish 1700",),
        moves=own("Stockfish 1700", both(judged("blunder"), in_phase("middlegame"))),
    ),
]


def expected(path: Path, case: Case, games: list[AnalysedGame], names: list[str]) -> engine.RunResult | None:
    """Return the result of a run over the same games; None where there are none."""
    settings = Settings(
        evaluator="recorded",
        follow_up_evaluator="none",
        filter=case.expression or None,
        players=case.players,
        aggregators=tuple(names),
        keep_duplicates=True,
        cache="",
        workers=2,
    )
    only = None
    if case.moves is not None:
        only = frozenset(g.origin.game for g in games if any(case.moves(g, k) for k in range(len(g.plies))))
    run = start_run([LiteralPath(str(path))], settings, Wanted(), progress=None, stop=None, only_games=only)
    try:
        return run.execute()
    except InputError:
        return None


def check(path: Path, store: Store, cases: list[Case], names: list[str], workers: int) -> None:
    games = [game for number in range(1, 501) if (game := store.game(number)) is not None]
    reports = Reports(store, workers=workers)
    try:
        for case in cases:
            where = Filter.from_query(case.query)
            result = expected(path, case, games, names)
            count = 0 if result is None else result.counts.analysed
            assert store.count(where) == store.summary(where).games == count, case.query
            assert Filter.from_query(where.values()) == where
            if result is not None:
                for name in names:
                    assert reports.report(name, where) == result.reports[name], (name, case.query)
    finally:
        reports.close()


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_reports_of_filters_equal_those_of_a_run(tmp_path: Path, workers: int) -> None:
    store = build([MATCH], tmp_path / "match.store")
    check(MATCH, store, SMALL, ["accuracy", "best-scores", "leaks", "trends"], workers)
    store.close()


def test_what_is_counted_ahead_is_what_reports_need(tmp_path: Path) -> None:
    store = build([MATCH], tmp_path / "match.store")
    wheres = [Filter(player="Stockfish 1400"), Filter()]
    counting = Reports(store, workers=1)
    assert [counting.missing(where) for where in wheres] == [12, 24]
    with Ahead(Site(store, counting), wheres) as ahead:
        ahead.wait()
    assert [counting.missing(where) for where in wheres] == [0, 0]
    with Ahead(Site(store, counting), wheres):
        pass  # there is nothing to do
    reports = Reports(store, workers=0)
    for where in wheres:
        assert [reports.report(name, where) for name in reports.default_names(where)] == [
            counting.report(name, where) for name in reports.default_names(where)
        ]
        for partial in reports.stream("accuracy", structs.replace(where, result="draw")):
            assert partial.games in (0, partial.of)  # nothing is left to be counted
    counting.close()
    reports.close()
    store.close()


def test_what_counts_goes_on_after_a_rest(tmp_path: Path) -> None:
    store = build([MATCH], tmp_path / "match.store")
    folder, epoch = Folder(FoldJob(str(store.path), (), {}, ())), store.epoch()
    for first in (1, 13):
        folder.count(Counting(("accuracy",), Part("both", tuple(range(first, first + 12))), epoch))
        folder.rest()
    report = folder.make(Making("accuracy", "", [Part("both", tuple(range(1, 25)))], epoch, Counted()))
    assert report == report_of(store, "accuracy")
    folder.close()
    store.close()


def test_damaged_states_are_counted_again(tmp_path: Path) -> None:
    store = build([MATCH], tmp_path / "match.store")
    expected = report_of(store, "accuracy")
    for statement in (
        "UPDATE states SET data = substr(data, 1, length(data) / 2)",
        "UPDATE paths SET data = x'00'",
        "DELETE FROM paths",
    ):
        with contextlib.closing(sqlite3.connect(states_path(store.path))) as database, database:
            assert database.execute(statement).rowcount > 0
        assert report_of(store, "accuracy") == expected, statement
        assert report_of(store, "accuracy") == expected, statement  # and are kept again
    store.close()


def report_of(store: Store, name: str) -> Report:
    """Return a report on all games, as a program that has just opened the store makes it."""
    with contextlib.closing(Reports(store, workers=0)) as reports:
        return reports.report(name, Filter())


LONGEST = '''
"""A plugin."""

from typing import Any

from engine.model import AnalysedGame, Metric, Report
from engine.plugin import Aggregator


class Longest(Aggregator):
    """How long is the longest game? A greatest value is none of the declared states."""

    plies = 0

    def add(self, game: AnalysedGame) -> None:
        self.plies = max(self.plies, len(game.plies))

    def report(self) -> Report:
        return Report("Longest", {"plies": Metric(self.plies, "plies")})

    def merge(self, other: "Longest") -> None:
        self.plies = max(self.plies, other.plies)

    def state(self) -> Any:
        return self.plies

    def load(self, state: Any) -> None:
        self.plies = state
'''


def test_an_aggregator_with_states_of_its_own(tmp_path: Path) -> None:
    plugin = tmp_path / "longest.py"
    plugin.write_text(LONGEST, "utf-8")
    store = build([MATCH], tmp_path / "match.store")
    reports = Reports(store, plugins=[str(plugin)], workers=0)
    for query in ({}, {"player": "Stockfish 1400", "result": "loss"}):
        where = Filter.from_query(query)
        *earlier, last = reports.stream("longest", where)
        lengths = [len(game.plies) for game in store.records({number for number, _ in store.numbers(where)})]
        assert last.done
        assert last.report is not None
        assert (last.games, last.report.metrics["plies"].value) == (len(lengths), max(lengths))
        assert not any(partial.done for partial in earlier)
    reports.close()
    store.close()


@pytest.mark.soak
@pytest.mark.timeout(3_000)
def test_every_report_of_twenty_filters_on_real_games(tmp_path: Path) -> None:
    path = shared_data("lichess-analysed", "games_eval_clk.pgn")
    store = build([path], tmp_path / "lichess.store")
    check(path, store, REAL, sorted(Registry().load_all("engine.aggregators")), workers=2)
    store.close()
