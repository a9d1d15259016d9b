"""Names that are one player's are so on the pages too: figures are those of a run with the same settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import structs

import engine
from engine.settings import Settings, build_settings
from engine.settings.files import read_config
from engine.web.kept import key_of
from engine.web.reports import Reports
from engine.web.store import Filter, Store, build

NAMES = ["accuracy", "acpl", "leaderboard", "wins"]
ANNA, MAGNUS = "Anna", "Carlsen, Magnus"
SAME = {ANNA: ("anna_b",), MAGNUS: ("DrNykterstein",)}
GAMES = (
    (ANNA, "Bob", "1-0", 0.3),
    ("Bob", "anna_b", "1-0", 0.5),
    ("anna_b", "Carlsen, M", "0-1", -0.4),
    (MAGNUS, "Bob", "1/2-1/2", 0.1),
    ("Bob", "DrNykterstein", "0-1", -0.9),
    ("Cara", "cara_2", "1-0", 0.7),
    ("Cara", "Bob", "0-1", -0.2),
)
"""White, Black, result, and how the game goes on."""


@pytest.fixture(scope="module")
def pgn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("names") / "names.pgn"
    moves = "1. e4 {{[%eval 0.2]}} e5 {{[%eval {0}]}} 2. Qh5 {{[%eval -{1}]}} Nc6 {{[%eval {0}]}} 3. Bc4"
    texts = [
        f'[White "{white}"]\n[Black "{black}"]\n[Result "{result}"]\n\n{moves.format(pawns, n)} {result}\n'
        for n, (white, black, result, pawns) in enumerate(GAMES, 1)
    ]
    path.write_text("\n".join(texts), "utf-8")
    return path


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(evaluator="recorded", follow_up_evaluator="none", cache="", same=SAME)


@pytest.fixture
def store(pgn: Path, settings: Settings, tmp_path: Path) -> Iterator[Store]:
    made = build([pgn], tmp_path / "names.store", players=("Cara,cara_2", "Cara", "cara_2"), settings=settings)
    yield made
    made.close()


class Case(NamedTuple):
    """A filter of the pages, and the same for a run."""

    query: dict[str, str]
    players: tuple[str, ...]
    expression: str
    games: int


CASES = (
    Case({"player": ANNA}, (ANNA,), "", 3),
    Case({"player": "anna_b", "side": "black"}, ("anna_b",), "my color = black", 1),
    Case({"player": "DrNykterstein"}, ("DrNykterstein",), "", 3),
    Case({"player": "Magnus Carlsen", "result": "win"}, ("Magnus Carlsen",), "my result = win", 2),
    Case({"player": "cara_2"}, ("Cara,cara_2", "Cara", "cara_2"), "", 2),
    Case({"player": "Bob"}, ("Bob",), "", 5),
    Case({"result": "black"}, (), "Result = 0-1", 3),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.query.get("player", "everybody"))
def test_names_are_joined_as_in_a_run(store: Store, pgn: Path, settings: Settings, case: Case) -> None:
    asked: dict[str, Any] = {
        "players": case.players,
        "filter": case.expression or None,
        "aggregators": tuple(NAMES),
    }
    result = engine.analyze(pgn, settings=structs.replace(settings, **asked), workers=1)
    where = Filter.from_query(case.query)
    assert store.count(where) == store.summary(where).games == result.counts.analysed == case.games
    reports = Reports(store, workers=0, settings=settings)
    assert {name: reports.report(name, where) for name in NAMES} == result.reports
    reports.close()


def test_a_player_is_offered_once(store: Store) -> None:
    assert store.people().most_frequent(5) == ["Bob", ANNA, "Cara", MAGNUS]


def test_the_table_of_players_in_a_file_of_settings_counts(pgn: Path, tmp_path: Path) -> None:
    (tmp_path / "none.toml").touch()
    (tmp_path / "engine.toml").write_text(f'[players]\n"{ANNA}" = ["anna_b"]\n', "utf-8")
    plain, joined = (
        build_settings({}, user=read_config(tmp_path / name)) for name in ("none.toml", "engine.toml")
    )
    assert key_of([str(pgn)], (), plain) != key_of([str(pgn)], (), joined) is not None
    store = build([pgn], tmp_path / "joined.store", settings=joined)
    assert store.count(Filter(player="anna_b")) == 3
    store.close()
