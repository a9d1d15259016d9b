"""`{player}` in an output's name: whose files there are, and what each of them is about."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.errors import ConfigError, OutputError
from engine.model import AnalysedGame, Report
from engine.plugin import Aggregator, Request, Sum
from engine.run import player_names
from engine.run.prepare import prepare
from engine.settings import Settings
from engine.testing.fake_uci import fake_uci
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
RECORDED = Settings(follow_up_evaluator="none")


def names(folder: Path, ending: str = "json") -> list[str]:
    return sorted(path.name for path in folder.glob(f"*.{ending}*"))


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def pgn(folder: Path, *games: tuple[str, str]) -> Path:
    path = folder / "games.pgn"
    path.write_text(
        "".join(f'[White "{white}"]\n[Black "{black}"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n\n' for white, black in games)
    )
    return path


def test_each_player_gets_a_file_about_their_own_games(tmp_path: Path) -> None:
    ran = engine.analyze(MATCH, output=[tmp_path / "{player}.json", tmp_path / "all.json"], settings=RECORDED)
    players = [f"Stockfish {strength}" for strength in (1400, 1700, 2000, 2300)]
    assert names(tmp_path) == [*(f"{player}.json" for player in players), "all.json"]
    assert set(ran.outputs) == {str(tmp_path / name) for name in names(tmp_path)}
    whole = load(tmp_path / "all.json")["reports"]["judgements"]["tables"][0]["rows"]
    for player in players:
        found = load(tmp_path / f"{player}.json")
        assert found["run"]["games"] == 12
        rows = found["reports"]["judgements"]["tables"][0]["rows"]
        assert rows == [row for row in whole if row["player"] == player]


@pytest.mark.slow
def test_a_file_is_what_a_run_for_that_player_alone_gives(tmp_path: Path) -> None:
    engine.analyze(
        MATCH, output=tmp_path / "{player}.json", settings=RECORDED, aggregators=["leaks", "mistakes", "wins"]
    )
    alone = engine.analyze(
        MATCH,
        output=tmp_path / "alone.json",
        settings=Settings(follow_up_evaluator="none", players=("Stockfish 1700",)),
        aggregators=["leaks", "mistakes", "wins"],
    )
    assert load(tmp_path / "alone.json") == load(tmp_path / "Stockfish 1700.json")
    assert alone.counts.analysed == 12


def test_follow_up_searches_are_those_of_the_players_own_side(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("Anna", "Bob"), ("Cleo", "Anna"))
    fake = str(fake_uci(tmp_path / "fake"))
    engine.analyze(source, evaluator=fake, nodes=50, aggregators=["mistakes"], output=tmp_path / "{player}.json")
    for player in ("Anna", "Bob", "Cleo"):
        engine.analyze(
            source,
            evaluator=fake,
            nodes=50,
            aggregators=["mistakes"],
            output=tmp_path / f"alone-{player}.json",
            settings=Settings(players=(player,)),
        )
        own, alone = load(tmp_path / f"{player}.json"), load(tmp_path / f"alone-{player}.json")
        assert own["reports"] == alone["reports"]


class Asking(Aggregator):
    """Asks about the first move of its side, and counts the answers."""

    answered = Sum()

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(k, multipv=2) for k in range(2) if game.turn(k) in game.view]

    def add(self, game: AnalysedGame) -> None:
        answers = self.answers(game)
        assert len(answers) == len(game.view)
        self.answered.add(sum(answer is not None for answer in answers))

    def report(self) -> Report:
        return Report("Asking", notes=(str(self.answered.value),))


def test_an_instance_stays_the_runs_own_and_players_get_copies(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("Anna", "Bob"), ("Anna", "Anna"))
    mine = Asking()
    fake = str(fake_uci(tmp_path / "fake"))
    ran = engine.analyze(source, evaluator=fake, nodes=50, aggregators=[mine], output=tmp_path / "{player}.json")
    assert not ran.failures
    assert mine.answered.value == 4
    assert load(tmp_path / "Anna.json")["reports"]["asking"]["notes"] == ["3"]
    assert load(tmp_path / "Bob.json")["reports"]["asking"]["notes"] == ["1"]


def test_player_chooses_and_aliases_share_a_file(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("Anna", "Bob"), ("anna99", "Cleo"), ("Cleo", "ANNA"), ("Dora", "Bob"))
    settings = Settings(players=("Anna,anna99", "Anna", "anna99", "Dora"))
    engine.analyze(source, evaluator="recorded", output=tmp_path / "{player}.json", settings=settings)
    assert names(tmp_path) == ["Anna.json", "Dora.json"]
    assert load(tmp_path / "Anna.json")["run"]["games"] == 3


def test_names_are_made_safe_and_nobody_without_a_name_gets_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    source = pgn(tmp_path, ("../../x", "?"), ("anna", "ANNA!"), ("a:b", "a_b"), ("Index", "anna"))
    engine.analyze(source, evaluator="recorded", output=out / "of {player}.json")
    assert names(out) == [
        "of Index (2).json",  # the name `index` is that of the index
        "of _.._x.json",
        "of a_b (2).json",
        "of a_b.json",
        "of anna.json",
    ]
    assert names(tmp_path) == []


def test_a_file_that_exists_stops_the_run_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "Bob.json").write_text("mine")
    source = pgn(tmp_path, ("Anna", "Bob"))
    with pytest.raises(ConfigError, match=r"Bob\.json exists"):
        engine.analyze(source, evaluator="recorded", output=tmp_path / "{player}.json")
    assert (tmp_path / "Bob.json").read_text() == "mine"
    engine.analyze(source, evaluator="recorded", output=tmp_path / "{player}.json", force=True)
    assert load(tmp_path / "Bob.json")["run"]["games"] == 1


def prepared(source: Any, folder: Path, *others: str, force: bool = False, **settings: Any) -> None:
    outputs = [str(folder / "of {player}.json"), *(str(folder / other) for other in others)]
    prepare([source], Settings(evaluator="recorded", **settings), outputs=outputs, force=force)


@pytest.mark.parametrize("there", ["of Bob.json", "of nobody.json"])
def test_a_file_that_exists_is_found_before_anything_is_started(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    source = pgn(tmp_path, ("Anna", "Carl"), ("Anna", "Bob"))
    if there == "of Bob.json":
        with pytest.raises(ConfigError, match=r"of Bob\.json exists"):
            prepared(source, tmp_path)
    prepared(source, tmp_path, force=True)
    prepared(source, tmp_path, max_games=1)
    prepared(source, tmp_path, players=("Anna",))
    prepared(source, tmp_path, filter="Black = Carl")
    assert (tmp_path / there).read_text() == "mine"


def test_a_file_of_a_player_who_is_in_no_readable_game_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "of Bob.json").write_text("mine")
    source = tmp_path / "games.pgn"
    cut = '[White "Bob"]\n[Black "Bob"]\n[FEN "nonsense"]\n\n1. e4 1-0\n\n'
    source.write_text(cut + '[White "Anna"]\n[Black "Carl"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n\n')
    prepared(source, tmp_path)
    ran = engine.analyze(source, evaluator="recorded", output=tmp_path / "of {player}.json")
    assert ran.counts.damaged == 1
    assert names(tmp_path) == ["of Anna.json", "of Bob.json", "of Carl.json"]


def test_an_output_of_the_run_is_no_players_file(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("Anna", "Bob"))
    prepared(source, tmp_path, "of Carl.json", "of player.json")
    with pytest.raises(ConfigError, match=r"of Anna\.json is named twice"):
        prepared(source, tmp_path, "of Anna.json", force=True)


def test_two_runs_do_not_make_files_of_the_same_names(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("Anna", "Bob"))
    output = tmp_path / "{player}.json"

    def other(_: object) -> None:
        with pytest.raises(OutputError, match=r"another run is writing .*\{player\}\.json"):
            engine.analyze(pgn(tmp_path, ("C", "D")), evaluator="recorded", output=output, force=True)

    engine.analyze(source, evaluator="recorded", output=output, progress=other)
    assert names(tmp_path) == ["Anna.json", "Bob.json"]
    engine.analyze(source, evaluator="recorded", output=output, force=True)


def test_a_stream_is_not_read_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "of Bob.json").write_text("mine")
    text = pgn(tmp_path, ("Anna", "Bob")).read_text()
    prepared(io.StringIO(text), tmp_path)
    with pytest.raises(ConfigError, match=r"of Bob\.json exists"):
        engine.analyze(io.StringIO(text), evaluator="recorded", output=tmp_path / "of {player}.json")
    assert (tmp_path / "of Bob.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("{player}/report.json", ConfigError, "not of a folder"),
        ("{player}.nothing", ConfigError, "ending"),
        ("none/deeper/{player}.json", OutputError, "no folder"),
    ],
)
def test_what_cannot_be_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name: str, error: type[Exception], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = pgn(tmp_path, ("Anna", "Bob"))
    with pytest.raises(error, match=words):
        engine.analyze(source, evaluator="recorded", output=name)
    assert names(tmp_path, "part") == []


def test_too_many_players_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_names, "MAX_PLAYERS", 3)
    source = pgn(tmp_path, ("A", "B"), ("C", "D"), ("A", "E"))
    ran = engine.analyze(source, evaluator="recorded", output=tmp_path / "{player}.json")
    assert names(tmp_path) == ["A.json", "B.json", "C.json"]
    assert load(tmp_path / "A.json")["run"]["games"] == 2
    assert any("--player" in notice.reason for notice in ran.notices)


class Failing(Aggregator):
    """Fails at the first game."""

    def add(self, game: AnalysedGame) -> None:
        raise KeyError("oops")

    def report(self) -> Report:
        return Report("Failing")


def test_a_failing_aggregator_is_told_once(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("A", "B"), ("C", "D"))
    ran = engine.analyze(source, evaluator="recorded", aggregators=[Failing], output=tmp_path / "{player}.json")
    assert len(ran.failures) == 1
    assert names(tmp_path) == ["A.json", "B.json", "C.json", "D.json"]


def test_a_report_starts_no_search_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Analysed games become a report without any evaluator; training positions ask one for their second moves."""
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = engine.analyze(MATCH, output=tmp_path / "report.html")
    assert (ran.counts.searched, ran.counts.follow_ups, ran.notices) == (0, 0, ())
    assert "mistakes" in ran.reports
    assert (tmp_path / "report.html").read_text().count('<svg class="diagram"') == 16
