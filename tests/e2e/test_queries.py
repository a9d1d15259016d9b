"""The queries of plugins/queries.md, run on a folder of Parquet, and some of them counted again in Python."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import AnalysedGame
from tests.perf import games as big_games
from tests.perf.million import write_games

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed; pip install -e '.[dev]' brings it")
PAGE = Path(__file__).parents[2] / "plugins" / "queries.md"
VIEWS, *QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
TITLES = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


class Database:
    """What a run wrote, and its games."""

    def __init__(self, source: Path, folder: Path) -> None:
        settings = engine.Settings(evaluator="recorded", cache="")
        result = engine.analyze(
            source, output=f"{folder / 'games'}/", games=True, settings=settings, aggregators="wins"
        )
        assert result.outputs == (f"{folder / 'games'}/",)
        self.games: Sequence[AnalysedGame] = result.games
        self._connection = duckdb.connect()
        self._connection.execute(VIEWS.replace("'games/", f"'{folder / 'games'}/"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query).fetchall())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder = tmp_path_factory.mktemp("small")
    return Database(write_games(folder / "games.pgn", 400), folder)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = big_games.big("lichess-analysed", "games_eval_clk.pgn")
    if path is None or not path.exists():
        pytest.skip("no real games here")
    return Database(path, tmp_path_factory.mktemp("real"))


def test_there_are_ten_questions() -> None:
    assert len(TITLES) == len(QUERIES) == 10
    assert all(title.endswith("?") for title in TITLES)


@pytest.mark.parametrize("number", range(10), ids=TITLES)
def test_a_query_answers(number: int, small: Database) -> None:
    assert small.rows(QUERIES[number]) or number == 6


@pytest.mark.parity
@pytest.mark.parametrize("number", range(10), ids=TITLES)
def test_a_query_answers_for_real_games(number: int, real: Database) -> None:
    assert small_enough(real.rows(QUERIES[number]))


def small_enough(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Return whether there are answers, and each row has one."""
    return bool(rows) and all(any(value is not None for value in row) for row in rows)


def test_answers_are_those_counted_in_python(small: Database) -> None:
    compare(small)


@pytest.mark.parity
def test_answers_for_real_games_are_those_counted_in_python(real: Database) -> None:
    compare(real)


def compare(database: Database) -> None:
    assert database.rows(QUERIES[0]) == scores_by_opening(database.games)
    assert database.rows(QUERIES[1]) == blunders_by_clock(database.games)
    assert database.rows(QUERIES[2]) == leads_won(database.games)
    assert database.rows(QUERIES[3]) == accuracy_by_rating(database.games)
    assert {month: count for month, count, *_ in database.rows(QUERIES[8])} == Counter(
        game.date[:7].replace(".", "-") for game in database.games
    )


def band(rating: int) -> int:
    return rating // 200 * 200


def percent(values: Sequence[float], digits: int) -> Any:
    return pytest.approx(100 * sum(values) / len(values), abs=0.51 * 10**-digits)


def scores_by_opening(games: Sequence[AnalysedGame]) -> list[tuple[Any, ...]]:
    points = defaultdict(list)
    for game in games:
        white, black, score = game.rating("white"), game.rating("black"), game.points("white")
        if (
            white
            and black
            and abs(white - black) < 100
            and game.opening
            and score is not None
            and not game.unplayed
        ):
            points[band(white), game.opening.eco].append(score)
    ordered = sorted(points, key=lambda key: (key[0], -len(points[key]), key[1]))
    return [(*key, len(points[key]), percent(points[key], 1)) for key in ordered]


def blunders_by_clock(games: Sequence[AnalysedGame]) -> list[tuple[Any, ...]]:
    names = ["under 10 s", "10 to 30 s", "30 to 60 s", "more"]
    judged = defaultdict(list)
    for ply in (ply for game in games for ply in game.plies):
        if ply.clock is not None and ply.accuracy is not None:
            judged[sum(ply.clock >= bound for bound in (10, 30, 60))].append(float(ply.judgement == "blunder"))
    return [(names[place], len(values), percent(values, 2)) for place, values in sorted(judged.items())]


def leads_won(games: Sequence[AnalysedGame]) -> list[tuple[Any, ...]]:
    won = defaultdict(list)
    for game in games:
        ahead = set()
        for k in range(len(game.plies)):
            evaluation = game.positions[k].evaluation
            if evaluation is not None:
                cp, mate = evaluation.score.cp, evaluation.score.mate
                if (cp is not None and cp >= 300) or (mate is not None and mate > 0):
                    ahead.add(game.turn(k))
        for color in ahead:
            rating, points = game.rating(color), game.points(color)
            if points is not None:
                assert rating is not None
                won[band(rating)].append(float(points == 1))
    return [(key, len(values), percent(values, 1)) for key, values in sorted(won.items())]


def accuracy_by_rating(games: Sequence[AnalysedGame]) -> list[tuple[Any, ...]]:
    found = defaultdict(list)
    for game in games:
        for color in ("white", "black"):
            side, rating = game.side(color), game.rating(color)
            if rating is not None and side.accuracy is not None and side.acpl is not None:
                found[band(rating)].append((side.accuracy, side.acpl))
    rows = []
    for key, values in sorted(found.items()):
        accuracy, acpl = (sum(column) / len(values) for column in zip(*values, strict=True))
        rows.append((key, len(values), pytest.approx(accuracy, abs=0.06), pytest.approx(acpl, abs=0.51)))
    return rows
