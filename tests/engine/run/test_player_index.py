"""`-o 'reports/{player}.html'`: the folder, the index beside the players' files, and what is in the way of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import engine
from engine.errors import ConfigError
from engine.settings import Settings
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
MINE = "mine"


def pgn(folder: Path, *games: tuple[str, str]) -> Path:
    path = folder / "games.pgn"
    path.write_text(
        "".join(f'[White "{white}"]\n[Black "{black}"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n\n' for white, black in games)
    )
    return path


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_handouts_of_real_games_and_their_index(tmp_path: Path) -> None:
    settings = Settings(follow_up_evaluator="none", aggregators=("leaks",))
    ran = engine.analyze(MATCH, output=tmp_path / "reports" / "{player}.html", settings=settings)
    players = [f"Stockfish {strength}" for strength in (1400, 1700, 2000, 2300)]
    assert written(tmp_path / "reports") == [*(f"{player}.html" for player in players), "index.html"]
    assert len(ran.outputs) == 5
    index = (tmp_path / "reports" / "index.html").read_text()
    assert re.findall(r'<a href="([^"]*)">', index) == [f"{player.replace(' ', '%20')}.html" for player in players]
    accuracy = {
        row["player"]: row["accuracy"]
        for table in ran.reports["accuracy"].tables
        if table.key == "players"
        for row in table.records()
    }
    assert "The evaluations are those of the input." in index
    for player in players:
        row = index[index.index(f"<bdi>{player}</bdi>") :].partition("</tr>")[0]
        assert ">12<" in row
        assert f">{accuracy[player]:.1f}%<" in row
        assert ("<td>–</td>" not in row) or player != "Stockfish 1700", "the weakest area is named"
    handout = (tmp_path / "reports" / "Stockfish 1400.html").read_text()
    assert handout.count('<svg class="diagram"') == 14
    assert len(re.findall(r'<tr id="row-', handout)) == 12
    assert "<title>Stockfish 1400</title>" in handout


def test_names_in_the_index_are_text(tmp_path: Path) -> None:
    source = pgn(tmp_path, ("<b>&", '" onclick=1'))
    engine.analyze(source, evaluator="recorded", output=tmp_path / "out" / "{player}.html")
    index = (tmp_path / "out" / "index.html").read_text()
    assert "&lt;b&gt;&amp;" in index
    assert "<b>" not in index
    assert "<script" not in index
    for href in re.findall(r'<a href="([^"]*)">', index):
        assert not re.search(r"[<>& ]", href)


def test_no_index_where_it_is_not_wanted(tmp_path: Path) -> None:
    """With the option, for data, and where the user has an output of that name."""
    source = pgn(tmp_path, ("Anna", "Bob"))
    for folder, names, settings in (
        ("a", ["{player}.html"], Settings(plugin_options={"html": {"index": False}})),
        ("b", ["{player}.json"], Settings()),
        ("c", ["{player}.html", "index.html"], Settings()),
    ):
        out = tmp_path / folder
        out.mkdir()
        outputs = [out / name for name in names]
        engine.analyze(source, evaluator="recorded", output=outputs, settings=settings)
        assert len(written(out)) == 2 + len(names) - 1
    assert 'id="overview"' in (tmp_path / "c" / "index.html").read_text()


def test_an_index_that_exists_stops_the_run_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(MINE)
    source = pgn(tmp_path, ("Anna", "Bob"))
    output = tmp_path / "{player}.html"
    with pytest.raises(ConfigError, match=r"index\.html, the index of .* --set html\.index=false"):
        engine.analyze(source, evaluator="recorded", output=output)
    assert written(tmp_path) == ["games.pgn", "index.html"]
    assert (tmp_path / "index.html").read_text() == MINE
    engine.analyze(source, evaluator="recorded", output=output, force=True)
    assert "Anna" in (tmp_path / "index.html").read_text()


def test_a_folder_in_which_nothing_was_written_does_not_stay(tmp_path: Path) -> None:
    nobody = pgn(tmp_path, ("?", "?"))
    engine.analyze(nobody, evaluator="recorded", output=tmp_path / "none" / "{player}.html")
    assert not (tmp_path / "none").exists()
