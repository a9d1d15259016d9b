"""The same game twice in the input: it counts once, and that is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import engine
from engine.input import duplicates
from engine.model import RunResult
from engine.run import batches, start
from engine.settings import Settings
from tests.support import DATA

MATE = "1. e4 e5 2. Qh5 Nc6 3. Bc4 Nf6 4. Qxf7# 1-0"
SITE = "https://lichess.org/abcd1234"


def pgn(moves: str = MATE, **tags: str) -> str:
    tags = {"White": "Alpha", "Black": "Beta", "Date": "2024.01.02", "Result": "1-0"} | tags
    return "".join(f'[{name} "{value}"]\n' for name, value in tags.items() if value) + f"\n{moves}\n\n"


def analyse(*sources: Any, keep: bool = False, **options: Any) -> RunResult:
    settings = options.pop("settings", Settings(cache="", keep_duplicates=keep))
    return engine.analyze(list(sources), evaluator="recorded", settings=settings, workers=2, **options)


def copies(*sources: Any) -> int:
    return analyse(*sources).counts.duplicates


def test_the_second_copy_counts_once_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "games.pgn"
    path.write_text(pgn(Site=SITE) + pgn(White="Gamma") + pgn(Site=SITE) + pgn(Site=SITE))
    output = tmp_path / "out.pgn"
    result = analyse(str(path), output=output, aggregators=["leaderboard"])
    counts = result.counts
    assert (counts.read, counts.analysed, counts.filtered, counts.duplicates) == (4, 2, 0, 2)
    [notice] = result.notices
    assert (notice.kind, notice.file, notice.game, notice.line) == ("note", str(path), 3, 16)
    reason = "a copy of game 1, which counts once; --keep-duplicates takes copies too (2 games)"
    assert notice.reason == reason
    assert output.read_text().count("[White ") == 2
    players = {row["player"]: row["games"] for row in result.reports["leaderboard"].table("players").records()}
    assert players == {"Alpha": 1, "Beta": 2, "Gamma": 1}


def test_all_copies_count_for_those_who_mean_it() -> None:
    result = analyse(pgn(Site=SITE) * 3, keep=True)
    assert (result.counts.analysed, result.counts.duplicates, result.notices) == (3, 0, ())


def test_copies_in_other_files_and_the_file_of_the_first(tmp_path: Path) -> None:
    for name in ("a.pgn", "b.pgn", "c.pgn"):
        (tmp_path / name).write_text(pgn(White=name) + pgn(Site=SITE))
    result = analyse(str(tmp_path))
    assert (result.counts.analysed, result.counts.duplicates) == (4, 2)
    first = tmp_path / "a.pgn"
    assert [(n.game, n.reason) for n in result.notices] == [
        (n, f"a copy of game 2 in {first}, which counts once; --keep-duplicates takes copies too") for n in (4, 6)
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"Site": "https://lichess.org/abcd1234/black#12"},
        {"Site": "lichess.org/abcd1234XyZ9", "Round": "7", "Date": ""},
        {"Site": "?", "GameId": "abcd1234"},
    ],
)
def test_the_address_of_a_game_tells_it_whatever_else_is_there(other: dict[str, str]) -> None:
    assert copies(pgn(Site=SITE) + pgn("1. e4 { [%clk 0:03:00] } *", **other)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Link": "https://www.chess.com/game/live/7890123"}, {"Link": "https://www.chess.com/live/game/7890123"}),
        ({"GameId": "f00d-4711-99"}, {"GameId": "f00d-4711-99"}),
        ({"FICSGamesDBGameNo": "471100815"}, {"FICSGamesDBGameNo": "471100815"}),
        (
            {"Site": "https://lichess.org/study/abcd1234/efgh5678"},
            {"Site": "https://lichess.org/study/abcd1234/efgh5678"},
        ),
    ],
)
def test_addresses_of_other_kinds(one: dict[str, str], other: dict[str, str]) -> None:
    assert copies(pgn("1. d4 *", **one) + pgn("1. d4 d5 *", **other)) == 1
    assert copies(pgn(**one) + pgn(**{name: value[:-1] + "0" for name, value in other.items()})) == 0


@pytest.mark.parametrize("text", ["https://lichess.org/analysis", "https://www.chess.com", "Wijk aan Zee"])
def test_a_place_is_no_address_of_a_game(text: str) -> None:
    assert copies(pgn(Site=text) + pgn("1. d4 d5 *", Site=text)) == 0
    assert copies(pgn(Site=text) + pgn(Site=text)) == 1


@pytest.mark.parametrize(
    "moves",
    [
        "1.e4 e5 2.Qh5 Nc6 3.Bc4 Nf6 4.Qxf7 1-0",
        "1. e4 { [%eval 0.2] } 1... e5 2. Qh5?! $6 (2. Nf3 (2. f4) Nc6) Nc6\n3. Bc4 ; so; e4\nNf6 4. Qxf7#",
        "1. e4 {(} e5 2. Qh5 {a;b} Nc6 3. Bc4 Nf6 4. Qxf7# {mate!} 1-0",
    ],
)
def test_comments_and_the_way_moves_are_written_make_no_difference(moves: str) -> None:
    assert copies(pgn() + pgn(moves, White="ALPHA")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"White": "Gamma"},
        {"Date": "2024.01.03"},
        {"Round": "2"},
        {"UTCTime": "12:00:00"},
        {"Result": "1/2-1/2"},
        {"TimeControl": "90+30"},
        {"FEN": "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQ - 0 1"},
        {"Site": "https://lichess.org/abcd1235"},
    ],
)
def test_another_player_day_round_time_result_position_or_address_is_another_game(other: dict[str, str]) -> None:
    assert copies(pgn(Site=SITE if "Site" in other else "?") + pgn(**other)) == 0


@pytest.mark.parametrize(
    "tags",
    [{"White": "?"}, {"White": ""}, {"Date": ""}, {"Date": "????.??.??"}, {"Date": "2024.??.??"}],
)
def test_a_game_that_nothing_tells_is_no_copy(tags: dict[str, str]) -> None:
    assert copies(pgn(**tags) * 2) == 0


def test_a_year_and_twenty_moves_tell_a_game() -> None:
    shuffle = " ".join(f"{n}. Nf3 Nf6 {n + 1}. Ng1 Ng8" for n in range(1, 20, 2))
    assert copies(pgn(shuffle, Date="1851.??.??") * 2) == 1


def test_games_without_moves_positions_and_texts_without_tags_are_no_copies() -> None:
    epd = 'r1bqkb1r/pppp1Qpp/2n2n2/4p3/2B1P3/8/PPPP1PPP/RNB1K1NR b KQkq - id "a";\n'
    assert copies(pgn("1-0") * 2, MATE, MATE) == 0
    assert copies(epd * 2) == 0


def test_a_copy_of_a_game_that_was_filtered_out_is_not_a_copy_of_what_counts() -> None:
    settings = Settings(cache="", filter="Round = 2")
    counts = analyse(pgn(Site=SITE, Round="1") + pgn(Site=SITE, Round="2") * 2, settings=settings).counts
    assert (counts.analysed, counts.filtered, counts.duplicates) == (1, 1, 1)


def test_a_limit_and_a_sample_are_of_different_games() -> None:
    text = "".join(pgn(White=f"P{n}") * 2 for n in range(10))
    assert analyse(text, settings=Settings(cache="", max_games=4)).counts.analysed == 4
    assert analyse(text, settings=Settings(cache="", sample="10")).counts.analysed == 10


def test_games_that_were_analysed_before(tmp_path: Path) -> None:
    match = str(DATA / "match.jsonl.zst")
    result = analyse(match, match, aggregators=["leaderboard"])
    assert (result.counts.analysed, result.counts.duplicates) == (24, 24)


def test_other_processes_find_the_same_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "games.pgn"
    path.write_text("".join(pgn(White=f"P{n % 13}", Black="B", Round=str(n % 5)) for n in range(100)))
    monkeypatch.setattr(batches, "BATCH_GAMES", 7)
    results = []
    for most in (1 << 60, 0):
        monkeypatch.setattr(start, "BATCHED_BYTES", most)
        results.append(analyse(str(path)))
    here, shared = results
    assert here.counts.duplicates == shared.counts.duplicates == 35
    assert (here.reports, here.notices, here.best) == (shared.reports, shared.notices, shared.best)


def test_the_games_that_are_known_go_to_a_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "IN_MEMORY", 10)
    text = "".join(pgn(White=f"P{n}") for n in range(35))
    result = analyse(text, text)
    assert (result.counts.analysed, result.counts.duplicates) == (35, 35)
    assert "a copy of game 1, " in result.notices[0].reason
