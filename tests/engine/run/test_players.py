"""One player, one row: in every table, however the name is spelled, and in whatever process a game is counted."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.contracts import group_states, spill
from engine.errors import ConfigError, InputError
from engine.model import AnalysedGame, Report, RunResult
from engine.plugin import Aggregator
from engine.run import aggregators, batches, look_ahead, players, start
from engine.settings import Settings, build_settings
from engine.settings.files import read_config

ALL = ["accuracy", "acpl", "classification", "conversion", "endgames", "judgements", "leaderboard", "phases"]
ALL += ["time-management", "wins"]
"""The aggregators with a table of players."""
MOVES = (
    "1. e4 { [%eval 0.2] [%clk 0:03:00] } e5 { [%eval 0.2] [%clk 0:03:00] } "
    "2. Qh5 { [%eval -0.5] [%clk 0:02:58] } Nc6 { [%eval -0.4] [%clk 0:02:55] } "
    "3. Bc4 { [%eval -0.4] [%clk 0:02:50] } Nf6 { [%eval #1] [%clk 0:02:40] } 4. Qxf7# { [%clk 0:02:49] } 1-0"
)


ENDGAME = " ".join(
    f"{n}. Ke{3 - n % 2} {{ [%eval 3] [%clk 0:03:00] }} Ke{7 - n % 2} {{ [%eval 3] [%clk 0:03:00] }}"
    for n in range(1, 12)
)
START = "8/4k3/8/8/8/4K3/3P4/8 w - - 0 1"


def pgn(*names: str, black: str = "Opponent", fen: str = "") -> str:
    tags = f'[Result "1-0"]\n[TimeControl "180"]\n[FEN "{fen}"]\n\n{ENDGAME if fen else MOVES}\n\n'
    return "".join(f'[White "{name}"]\n[Black "{black}"]\n[Round "{n}"]\n{tags}' for n, name in enumerate(names))


def analyse(source: Any, **options: Any) -> RunResult:
    names = options.pop("aggregators", ["leaderboard"])
    output = options.pop("output", ())
    settings = Settings(cache="", follow_up_evaluator="none", **options)
    return engine.analyze(
        source, evaluator="recorded", settings=settings, workers=2, aggregators=names, output=output
    )


def games_of(report: Report) -> dict[Any, Any]:
    rows = report.table("players").records()
    return {row["player"]: row.get("games") for row in rows}


def notes(result: RunResult) -> list[str]:
    return [notice.reason for notice in result.notices if notice.kind == "note"]


MUSTER = ("Muster, Max", "muster, max", "Max Muster", "MUSTER,MAX", "Muster,Max ", "Muster, M.")


@pytest.mark.parametrize("name", ALL)
def test_every_table_of_players_has_one_row_for_one_player(name: str) -> None:
    several, one = (
        analyse(pgn(*names, fen=START if name == "endgames" else ""), aggregators=[name]).reports[name]
        for names in (MUSTER, ("Muster, Max",) * len(MUSTER))
    )
    assert several.metrics == one.metrics
    assert several.table("players") == one.table("players")
    assert "Muster, Max" in games_of(several)


def test_what_was_joined_is_said() -> None:
    result = analyse(pgn(*MUSTER, "Other"))
    assert notes(result) == [
        "players with several names: `Muster, Max` is also `MUSTER,MAX`, `Max Muster`, `Muster, M.` and 2 more"
    ]
    assert set(result.players) == set(MUSTER) - {"Muster, Max"}
    assert set(result.players.values()) == {"Muster, Max"}
    assert analyse(pgn("Muster, Max", "Other")).notices == ()


def test_a_later_name_decides_and_the_order_makes_no_difference() -> None:
    names = ("Smith, J", "Smith, John", "Jones, A", "Jones, Anna", "Smith, James")
    result = analyse(pgn(*names))
    assert games_of(result.reports["leaderboard"]) == {
        "Jones, Anna": 2,
        "Smith, J": 1,
        "Smith, James": 1,
        "Smith, John": 1,
        "Opponent": 5,
    }
    assert notes(result)[1].startswith(
        "players that stay apart: `Smith, J` may be `Smith, James` or `Smith, John`; "
    )
    assert games_of(analyse(pgn(*names[::-1])).reports["leaderboard"]) == games_of(result.reports["leaderboard"])


@pytest.mark.slow
def test_other_processes_and_temporary_files_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "games.pgn").write_text(pgn(*MUSTER * 4, "Smith, J", "Smith, John", "Smith, James", "Jo Smith"))
    results = [analyse(str(tmp_path / "games.pgn"), aggregators=ALL)]
    monkeypatch.setattr(group_states, "IN_MEMORY", 0)
    monkeypatch.setattr(spill, "_MOST_PARTS", 2)
    monkeypatch.setattr(aggregators, "_SPILL_GAMES", 1)
    results.append(analyse(str(tmp_path / "games.pgn"), aggregators=ALL))
    monkeypatch.setattr(start, "BATCHED_BYTES", 0)
    monkeypatch.setattr(batches, "BATCH_GAMES", 5)
    results.append(analyse(str(tmp_path / "games.pgn"), aggregators=ALL))
    for result in results[1:]:
        assert result.reports == results[0].reports
        assert result.players == results[0].players
        assert notes(result) == notes(results[0])


def test_declared_names_go_before_everything() -> None:
    names = ("Smith, J", "Smith, John", "Smith, James", "johnny99", "Muster, Max", "Muster, M")
    result = analyse(pgn(*names), same={"Smith, John": ("Smith,J.", "JOHNNY99"), "Muster, M": ()})
    assert games_of(result.reports["leaderboard"]) == {
        "Smith, John": 3,
        "Muster, M": 1,
        "Muster, Max": 1,
        "Smith, James": 1,
        "Opponent": 6,
    }
    with pytest.raises(ConfigError, match="--same"):
        analyse(pgn("A"), same={"A": ("?",)})


def test_declared_in_engine_toml(tmp_path: Path) -> None:
    path = tmp_path / "engine.toml"
    path.write_text('player = ["Me", "my_handle"]\n[players]\n"Carlsen, Magnus" = ["DrNykterstein"]\n')
    flags = {"same": {"Carlsen, Magnus": ("Magnus",)}, "cache": "", "players": ("drnykterstein",)}
    settings = build_settings(flags, user=read_config(path))
    assert settings.same == {"Me": ("my_handle",), "Carlsen, Magnus": ("DrNykterstein", "Magnus")}
    source = pgn("Magnus", "Carlsen, Magnus", "DRNYKTERSTEIN", "Me")
    result = engine.analyze(source, evaluator="recorded", settings=settings, aggregators=["leaderboard"])
    assert games_of(result.reports["leaderboard"]) == {"Carlsen, Magnus": 3}


def test_aliases_of_player_are_one_row_and_several_players_are_several() -> None:
    text = pgn("Anna", "anna99", "Dora")
    both = analyse(text, players=("Anna,anna99", "Anna", "anna99", "Dora"))
    assert games_of(both.reports["leaderboard"]) == {"Anna": 2, "Dora": 1}
    assert games_of(analyse(text, players=("Anna", "Dora")).reports["leaderboard"]) == {"Anna": 1, "Dora": 1}


@pytest.mark.parametrize("name", ["Magnus Carlsen", "Carlsen, M", "carlsen,m."])
def test_player_takes_the_games_that_the_tables_give_to_that_player(tmp_path: Path, name: str) -> None:
    path = tmp_path / "games.pgn"
    path.write_text(pgn("Carlsen, M", "Carlsen,M.", "Magnus Carlsen", "Carlsen, Henrik", "Smith, J"))
    result = analyse(str(path), players=(name,))
    assert games_of(result.reports["leaderboard"]) == {"Magnus Carlsen": 3}


def test_player_leaves_out_whom_initials_may_mean_too_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "games.pgn"
    path.write_text(pgn("Smith, J", "Smith, John", "Smith, James", "Smith, J"))
    result = analyse(str(path), players=("John Smith",))
    assert games_of(result.reports["leaderboard"]) == {"Smith, John": 1}
    [note] = notes(result)
    assert note.startswith("`Smith, J` (2 games) may be `Smith, James` or `Smith, John`, and is left out; ")
    assert note.endswith("--same 'Smith, John=Smith, J' takes it")
    assert analyse(str(path), players=("Smith, J",)).counts.analysed == 2
    declared = analyse(str(path), players=("John Smith",), same={"Smith, John": ("Smith, J",)})
    assert games_of(declared.reports["leaderboard"]) == {"Smith, John": 3}


def test_input_that_is_read_once_is_searched_for_the_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = pgn("Carlsen, M", "MAGNUS CARLSEN", "Carlsen, Magnus")
    result = analyse(io.BytesIO(text.encode()), players=("Carlsen, Magnus",))
    assert result.counts.analysed == 2
    [note] = [note for note in notes(result) if "read only once" in note]
    assert note.startswith("`Carlsen, M` (1 game) may be `Carlsen, Magnus` too, and is left out")
    assert note.endswith("--same 'Carlsen, Magnus=Carlsen, M' takes it")
    (tmp_path / "games.pgn").write_text(text)
    monkeypatch.setattr(look_ahead, "MOST_BYTES", -1)
    assert analyse(str(tmp_path / "games.pgn"), players=("Carlsen, Magnus",)).counts.analysed == 2


def test_the_nearest_names_when_nobody_is_found() -> None:
    text = pgn("Carlsen, Magnus", "Caruana, Fabiano", "DrNykterstein", "Nakamura, Hikaru")

    def said(*names: str, **settings: str) -> str:
        with pytest.raises(InputError) as caught:
            analyse(text, players=names, **settings)
        return caught.value.message

    near = "<text>: no game of 4 passed the filters; nobody is called `{}`, the nearest name is `{}`"
    assert said("Carlson, Magnus") == near.format("Carlson, Magnus", "Carlsen, Magnus")
    assert said("Magnus") == near.format("Magnus", "Carlsen, Magnus")
    assert said("drnykerstein", filter="White ~ a") == near.format("drnykerstein", "DrNykterstein")
    assert said("Ding, Liren") == near.partition(", the")[0].format("Ding, Liren")
    result = analyse(text, players=("Carlsen, Magnus",), filter="White = Nobody")
    assert [notice.reason for notice in result.notices] == ["no game of 4 passed the filters"]


def test_the_nearest_tags_when_no_game_has_one() -> None:
    text = pgn("Carlsen, Magnus", "Caruana, Fabiano")
    with pytest.raises(InputError) as caught:
        analyse(text, filter="Whit = x")
    near = "no game has the tag `Whit`; the nearest is `White`"
    assert caught.value.message.startswith(f"<text>: no game of 2 passed the filters; {near}")
    with pytest.raises(InputError, match="no game has the tag `Xyz`; there are `Black`, "):
        analyse(text, filter="Xyz = x")
    result = analyse(text, filter="not Whit = x")
    [reason] = [notice.reason for notice in result.notices if notice.kind == "warning"]
    assert reason.endswith("comparisons with it are false")
    assert not [notice for notice in analyse(text, filter="White ~ c").notices if notice.kind == "warning"]


def test_player_files_are_those_of_the_players(tmp_path: Path) -> None:
    path = tmp_path / "games.pgn"
    path.write_text(pgn("Carlsen, M", "MAGNUS CARLSEN", "Carlsen, Magnus", "Carlsen, Magnus", "Smith, J"))
    analyse(str(path), output=tmp_path / "{player}.json")
    assert sorted(found.stem for found in tmp_path.glob("*.json")) == ["Carlsen, Magnus", "Opponent", "Smith, J"]
    report = json.loads((tmp_path / "Carlsen, Magnus.json").read_text())
    assert report["run"]["games"] == 4
    rows = report["reports"]["leaderboard"]["tables"][0]["rows"]
    assert [row["player"] for row in rows] == ["Carlsen, Magnus"]


def test_a_database_has_one_name_for_a_player_and_keeps_the_others(tmp_path: Path) -> None:
    analyse(pgn(*MUSTER), output=tmp_path / "games.sqlite")
    with sqlite3.connect(tmp_path / "games.sqlite") as database:
        rows = database.execute("SELECT player, games, points FROM players").fetchall()
        names = {name for (name,) in database.execute("SELECT name FROM names WHERE player = 'Muster, Max'")}
        movers = database.execute("SELECT DISTINCT player FROM plies WHERE player > '' ORDER BY player").fetchall()
    database.close()
    assert sorted(rows) == [("Muster, Max", 6, 6.0), ("Opponent", 6, 0.0)]
    assert names == set(MUSTER) - {"Muster, Max"}
    assert movers == [("Muster, Max",), ("Opponent",)]


def test_too_many_spellings_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(players, "MAX_SPELLINGS", 3)
    spellings = [f"{a}{b}{c}" for a in "Aa" for b in "Bb" for c in "Cc"]
    assert "only 3 spellings of players were joined with others; there are more" in notes(analyse(pgn(*spellings)))


def test_ratings_with_a_mark() -> None:
    ratings = {
        "2010?": 2010,
        "2010": 2010,
        " 1720P ": 1720,
        "0": None,
        "-": None,
        "?": None,
        "20100": None,
        "P": None,
    }
    games = [f'[White "A"]\n[Black "B"]\n[WhiteElo "{elo}"]\n\n{MOVES}\n' for elo in ratings]
    found: list[int | None] = []

    class Ratings(Aggregator):
        """Keeps the ratings of White."""

        def add(self, game: AnalysedGame) -> None:
            found.append(game.rating("white"))

        def report(self) -> Report:
            return Report("Ratings")

    analyse("\n".join(games), aggregators=[Ratings()])
    assert found == list(ratings.values())
    assert analyse("\n".join(games), filter="WhiteElo > 1700 and WhiteElo < 9999").counts.analysed == 3
