"""Every line of the table in `reports/README.md`: inputs rebuilt from public bug reports. Run where the data is.

Each kind has tests with other inputs beside the code that it is about.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import chess
import chess.pgn
import pytest

import engine
from engine.model import AnalysedGame, RunResult, Score, SourceGame
from engine.settings import Settings
from engine.testing.fake_uci import fake_uci
from tests.e2e.command import engine as command
from tests.plugins.readers.pgn_rig import read
from tests.support import shared_data

# -- clocks and time controls --


def timed(name: str, tmp_path: Path) -> tuple[RunResult, list[dict[str, Any]]]:
    """Return the result and the games of a run over one of the files."""
    output = tmp_path / "games.jsonl"
    result = engine.analyze(
        shared_data("reports", name), evaluator="recorded", aggregators=["time-management"], output=output
    )
    return result, [json.loads(line) for line in output.read_text().splitlines()]


def times(game: dict[str, Any]) -> list[float | None]:
    return [ply["time"] for ply in game["plies"]]


def rows_of(result: RunResult, name: str) -> list[dict[str, Any]]:
    [found] = [table for table in result.reports["time-management"].tables if table.key == name]
    return [dict(zip([column.key for column in found.columns], row, strict=True)) for row in found.rows]


def test_01_move_times_in_seconds(tmp_path: Path) -> None:
    result, [game] = timed("01-fics-emt-seconds.pgn", tmp_path)
    assert times(game) == [0, 0, 1.25, 2.41, 3.1, 12.004, 2, 41.33, 2, 4]
    assert rows_of(result, "longest")[0]["time"] == 41.33
    assert not result.notices


def test_03_the_second_period(tmp_path: Path) -> None:
    result, [game] = timed("03-second-period-clock-jump.pgn", tmp_path)
    assert times(game)[78:80] == [130, 120]
    assert set(times(game)[2:]) == {130, 120}
    assert [row["time"] for row in rows_of(result, "players")] == [130, 120]
    assert not result.notices


def test_04_minutes_in_the_tag_and_words(tmp_path: Path) -> None:
    result, games = timed("04-timecontrol-minutes.pgn", tmp_path)
    expected = [None, None, *[60, 90] * 7]
    assert [times(game) for game in games] == [expected, expected, expected, [None] * 16]
    assert [(row["speed"], row["games"]) for row in rows_of(result, "speeds")] == [("classical", 6)]
    minutes, contradiction = result.notices
    assert (minutes.kind, minutes.game, contradiction.kind, contradiction.game) == ("note", 1, "warning", 4)
    assert "`90+30` is read as 90 min + 30 s a move" in minutes.reason
    assert "`15'/game & 10''/move` contradicts the clocks, which begin at 1:29:30" in contradiction.reason
    notes = result.reports["time-management"].notes
    assert "Move times that are not known and left out of every mean: 14, besides each side's first move." in notes


def test_21_chesstempo_and_chess_com(tmp_path: Path) -> None:
    result, games = timed("21-chesstempo-emt-clk.pgn", tmp_path)
    assert [times(game) for game in games] == [[0, 0, 0.01, 4.5, 9, 1], [None, None, 9.8, 1.5, 169.7, 2]]
    assert [ply["clock"] for ply in games[1]["plies"]] == [179.9, 178.5, 170.1, 177, 0.4, 175]
    assert not result.notices


# -- moves, results and positions --


def games(name: str) -> list[SourceGame]:
    found = read(shared_data("reports", name).read_bytes())
    assert all(isinstance(game, SourceGame) for game in found)
    return [game for game in found if isinstance(game, SourceGame)]


def plies(name: str) -> list[tuple[int, str | None]]:
    return [(len(game.moves), game.problem) for game in games(name)]


def run(tmp_path: Path, name: str, evaluator: str, *outputs: str) -> tuple[engine.RunResult, list[dict[str, Any]]]:
    settings = Settings(evaluator=evaluator, workers=1, cache="", limit=engine.Limit(nodes=100))
    target = tmp_path / "out.jsonl"
    result = engine.analyze(
        shared_data("reports", name),
        aggregators=["leaderboard", "openings", "best-scores", "accuracy"],
        output=[target, *(tmp_path / output for output in outputs)],
        settings=settings,
    )
    return result, [json.loads(line) for line in target.read_text().splitlines()]


def test_05_the_result_in_the_movetext(tmp_path: Path) -> None:
    result, _ = run(tmp_path, "05-result-only-in-movetext.pgn", "recorded", "out.pgn")
    written = (tmp_path / "out.pgn").read_text()
    results = ["1-0", "0-1", "1/2-1/2", "1/2-1/2", "1-0"]
    assert [line[9:-2] for line in written.split("\n") if line.startswith("[Result")] == results
    assert [game.split()[-1] for game in written.split("\n\n")[1::2]] == results
    assert not result.notices


def test_06_glyphs() -> None:
    assert plies("06-evaluation-glyphs-in-movetext.pgn") == [(18, None), (20, None)]
    assert plies("06b-glued-suffixes.pgn") == [
        (8, None),
        (8, None),
        (6, None),
        (5, None),
        (7, None),
        (6, None),
        (3, None),
    ]
    assert games("06b-glued-suffixes.pgn")[-1].clocks == (60.0, 59.0, None)


def test_07_castling_with_en_dashes() -> None:
    (game,) = games("07-en-dash-castling.pgn")
    assert (len(game.moves), game.problem) == (32, None)
    assert game.sans[27] == "O-O-O"


def test_08_ellipses_figurines_and_german_letters() -> None:
    assert plies("08-unicode-ellipsis-figurines.pgn") == [(6, None), (6, None), (10, None)]
    assert games("08-unicode-ellipsis-figurines.pgn")[2].sans[-1] == "Qd6"


def test_09_a_null_move_in_the_main_line(tmp_path: Path) -> None:
    name = "09-null-move-mainline.pgn"
    theirs = chess.pgn.read_game(io.StringIO(shared_data("reports", name).read_text()))
    assert theirs is not None
    result, (game, other) = run(tmp_path, name, str(fake_uci(tmp_path)), "out.pgn")
    assert [ply["uci"] for ply in game["plies"]] == [move.uci() for move in theirs.mainline_moves()]
    assert len(game["plies"]) == 33
    assert not result.notices
    null = game["plies"][25]
    assert (null["san"], null["judgement"], null["accuracy"], null["loss"]) == ("--", None, None, None)
    assert all("eval" in position for position in game["positions"])
    assert all(ply["accuracy"] is not None for ply in game["plies"] if ply is not null)
    assert [ply["san"] for ply in other["plies"]] == ["e4", "e5", "Nf3", "Nc6", "Bb5"]
    written = " ".join((tmp_path / "out.pgn").read_text().split())
    assert "13... -- { [%eval" in written
    assert "(2. Bc4 -- 3. Qh5 { threat } 3... -- 4. Qxf7#)" in written


def test_17_positions() -> None:
    found = games("17-positions.pgn")
    assert plies("17-positions.pgn") == [(3, None), (3, None), (4, None), (1, None), (2, None), (4, None)]
    assert [game.sans[-1] for game in found[:2]] == ["O-O#", "Rxf2#"]
    assert found[2].moves[0] == "a7a8n"
    assert found[3].ending == "stalemate"
    (note,) = [note for game in found for note in game.notes]
    assert note in found[2].notes
    assert "the tag Result says 1-0 and the end of the moves 1/2-1/2" in note.reason


def test_26_dead_positions(tmp_path: Path) -> None:
    result, found = run(tmp_path, "26-dead-positions.pgn", str(fake_uci(tmp_path)))
    assert [len(game["plies"]) for game in found] == [2, 6, 6]
    (notice,) = result.notices
    assert "illegal move `g2xf3`" in notice.reason
    bishop = found[1]
    assert [position["eval"] for position in bishop["positions"][1:]] == [{"cp": 0}] * 6
    assert [ply["loss"] for ply in bishop["plies"][1:]] == [0] * 5
    assert all(ply["judgement"] is None for ply in bishop["plies"][1:])


def test_28_an_explicit_start_and_a_chapter_of_a_study(tmp_path: Path) -> None:
    result, found = run(tmp_path, "28-start-fen-opening.pgn", str(fake_uci(tmp_path)), "out.html")
    assert [game["opening"] and game["opening"]["name"] for game in found] == [
        "Sicilian Defense: Modern Variations",
        None,
    ]
    assert result.reports["openings"].metrics["games"].value == 1
    table = result.reports["best-scores"].table("best")
    assert table is not None
    assert {row["players"] for row in table.records()} == {"A – B", "Najdorf ideas"}
    assert "<bdi>Najdorf ideas</bdi>" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    ("name", "unread"),
    [("05-result-only-in-movetext.pgn", 0), ("09-null-move-mainline.pgn", 0), ("26-dead-positions.pgn", 1)],
)
def test_no_move_is_lost_that_python_chess_reads(name: str, unread: int) -> None:
    stream = io.StringIO(shared_data("reports", name).read_text())
    theirs = list(iter(lambda: chess.pgn.read_game(stream), None))
    ours = games(name)
    assert [len(game.moves) for game in ours] == [sum(1 for _ in game.mainline()) for game in theirs if game]
    assert sum(game.problem is not None for game in ours) == unread


# -- evaluations, and input that was lost in silence --


def evaluated(name: str) -> tuple[RunResult, list[AnalysedGame]]:
    with engine.Analyzer(settings=engine.Settings(evaluator="recorded")) as analyzer:
        run = analyzer.submit(shared_data("reports", name))
        games = list(run)
        return run.result(), games


def scores(game: AnalysedGame) -> list[Score | None]:
    """The mover's view of each position."""
    return [position.evaluation and position.evaluation.score for position in game.positions]


def notes(result: RunResult) -> list[str]:
    return [notice.reason for notice in result.notices if notice.kind == "note"]


def test_10_mates_with_a_letter() -> None:
    result, (game, spaced) = evaluated("10-eval-M-notation.pgn")
    assert scores(game) == [None, Score(cp=60), Score(cp=-55), Score(mate=1), None]
    assert scores(spaced) == scores(game)
    assert game.plies[2].judgement == spaced.plies[2].judgement == "blunder"
    assert game.white.blunders == 1
    assert notes(result) == ["evaluations: [%eval] with mates as M1, White's view, pawns"]


def test_15_tcec_and_banksia() -> None:
    result, (tcec, banksia) = evaluated("15-tcec-banksia-comments.pgn")
    assert scores(tcec) == [Score(cp=25), Score(cp=-21), Score(cp=30), Score(cp=-27), None]
    assert [ply.time for ply in tcec.plies] == [30.699, 12.0, 20.0, 10.0]
    assert tcec.plies[0].clock == 5369.301
    assert scores(banksia) == [Score(cp=31), Score(cp=-28), Score(cp=25), Score(cp=-22), None]
    assert [ply.time for ply in banksia.plies] == [1.5, 1.2, 0.8, 0.9]
    assert notes(result) == [
        "evaluations: TCEC comments, White's view, pawns",
        "evaluations: Banksia or XBoard comments, the mover's view, pawns",
    ]


def test_18_epd() -> None:
    _, games = evaluated("18-epd-quirks.epd")
    operations = [game.epd for game in games]
    assert all(operations)
    assert [len(epd.bm) for epd in operations if epd] == [1, 0, 2, 0, 0, 0, 2, 0]
    assert [epd.dm for epd in operations if epd] == [None, 1, *[None] * 6]
    assert [len(epd.am) for epd in operations if epd] == [0] * 7 + [2]


def test_22_and_31_names_of_standard_chess() -> None:
    result, games = evaluated("22-variant-tags.pgn")
    assert [(game.headers["Event"], len(game.plies)) for game in games] == [
        ("ICC", 3), ("Crazyhouse without tag", 6), ("Orthodox", 3),
    ]  # fmt: skip
    reasons = {notice.kind: notice.reason for notice in result.notices}
    assert reasons["variant"] == "variant `Three-check`"
    assert "`P@e6` after 6 plies" in reasons["cut"]
    _, (pychess,) = evaluated("31-variant-chess-pychess.pgn")
    assert len(pychess.plies) == 2


# -- players and copies --


TABLES = ["accuracy", "acpl", "judgements", "leaderboard", "phases", "time-management", "wins"]


def reported(name: str, **options: object) -> RunResult:
    settings = Settings(cache="", follow_up_evaluator="none")
    source = str(shared_data("reports", name))
    return engine.analyze(source, evaluator="recorded", settings=settings, **options)  # type: ignore[arg-type]


def test_13_one_person_in_every_table(tmp_path: Path) -> None:
    result = reported("13-same-player-spellings.pgn", aggregators=TABLES, output=tmp_path / "{player}.json")
    for report in result.reports.values():
        names = {row["player"] for row in report.table("players").records()}
        assert "Muster, Max" in names or not names
        assert not {name for name in names if re.search("muster", str(name), re.IGNORECASE)} - {"Muster, Max"}
    rows = {row["player"]: row for row in result.reports["leaderboard"].table("players").records()}
    assert (rows["Muster, Max"]["games"], rows["Muster, Max"]["points"]) == (5, 5.0)
    assert rows["Opp 1"]["performance"] == 2010 - 800
    assert result.counts.duplicates == 0
    [player] = [path for path in tmp_path.iterdir() if "muster" in path.name.lower()]
    assert json.loads(player.read_text())["run"]["games"] == 5


@pytest.mark.parametrize("name", ["Muster, Max", "max muster", "MUSTER,MAX"])
def test_13_player_finds_all_five(name: str) -> None:
    source = str(shared_data("reports", "13-same-player-spellings.pgn"))
    settings = Settings(cache="", players=(name,))
    assert engine.analyze(source, evaluator="recorded", settings=settings).counts.analysed == 5


@pytest.mark.slow
def test_13_who_is_nobody_is_said() -> None:
    ran = command("analyze", str(shared_data("reports", "13-same-player-spellings.pgn")), "--player", "M. Muster")
    assert ran.code == 2
    assert "nobody is called `M. Muster`" in ran.err


def test_29_safe_file_names(tmp_path: Path) -> None:
    result = reported("29-player-file-names.pgn", output=tmp_path / "{player}.json")
    names = sorted(path.name for path in tmp_path.glob("*.json"))
    assert len(names) == len(result.outputs) == 9
    assert not [name for name in names if re.search(r'[/\\:*?<>|"]|^[-.~]|^con\.', name, re.IGNORECASE)]
    assert max(len(name.encode()) for name in names) < 200


@pytest.mark.slow
def test_30_the_second_copy_is_said_and_counted_once(tmp_path: Path) -> None:
    path = shared_data("reports", "30-duplicate-games.pgn")
    result = reported("30-duplicate-games.pgn")
    assert (result.counts.read, result.counts.analysed, result.counts.duplicates) == (2, 1, 1)
    ran = command("analyze", path, "-e", "recorded", "--no-cache", "-o", tmp_path / "out.pgn")
    assert "1 game analysed" in ran.err
    assert "skipped: 1 copy" in ran.err
    assert "a copy of game 1, which counts once; --keep-duplicates" in ran.err
    assert (tmp_path / "out.pgn").read_text().count("[Event ") == 1
    kept = command("analyze", path, "-e", "recorded", "--no-cache", "--keep-duplicates", "--strict")
    assert "2 games analysed" in kept.err
