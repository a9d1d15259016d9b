"""`engine analyze` as a whole, with real worker processes over the fake UCI program."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import chess.pgn
import pytest

from engine import scoring
from engine.model import Score
from engine.testing.fake_uci import fake_uci
from tests.support import FEW as FIRST_GAMES

from .command import CLASSICS, assert_clear_error, engine, refused

NODES = ("--nodes", "1000")
FEW = ("--limit", "3")


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake")


def analyzed(folder: Path, fake: Path, *arguments: str | Path, source: Path = CLASSICS) -> dict[str, Any]:
    """Run into `folder`, with every kind of output; the parsed JSON report."""
    folder.mkdir()
    outputs = ["-o", folder / "out.pgn", "-o", folder / "out.jsonl"]
    ran = engine("analyze", source, "-e", fake, *NODES, "--no-cache", *outputs, "--format", "json", *arguments)
    assert ran.code == 0, ran.err
    (folder / "report.json").write_text(ran.out)
    report: dict[str, Any] = json.loads(ran.out)
    return report


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_workers_or_executor(tmp_path: Path, fake: Path) -> None:
    ways: dict[str, tuple[str, ...]] = {
        "one": ("-j", "1"),
        "two": ("-j", "2"),
        "four": ("-j", "4"),
        "inline": ("--executor", "inline"),
    }
    for name, arguments in ways.items():
        analyzed(tmp_path / name, fake, *FEW, *arguments)
    assert sorted(files(tmp_path / "one")) == ["out.jsonl", "out.pgn", "report.json"]
    for name in ways:
        assert files(tmp_path / name) == files(tmp_path / "one"), name


@pytest.mark.slow
def test_the_counter_the_report_and_a_recount_of_the_output_agree(tmp_path: Path, fake: Path) -> None:
    report = analyzed(tmp_path / "run", fake, "-j", "3", "--limit", "6")
    wins, best = 0, []
    for line in (tmp_path / "run" / "out.jsonl").read_text().splitlines():
        game = json.loads(line)
        white_starts = " w " in game["fen"]
        for ply, position in enumerate(game["positions"]):
            if "eval" not in position:
                continue
            score = Score(**position.get("searched", position)["eval"])
            mover = score if white_starts == (ply % 2 == 0) else -score
            wins += scoring.is_winning(mover, 300)
            best.append((-scoring.board_value(mover), game["game"], ply))
    scoreboard = report["run"]["scoreboard"]
    assert scoreboard["wins"] == wins == report["reports"]["wins"]["metrics"]["wins"]["value"]
    by_game: dict[int, tuple[int, int, int]] = {}
    for entry in sorted(best):
        by_game.setdefault(entry[1], entry)
    expected = sorted(by_game.values())[:10]
    assert [(-b["score"], b["game"], b["ply"]) for b in scoreboard["best"]] == expected
    assert report["failures"] == []


@pytest.mark.slow
def test_a_game_alone_is_analysed_as_in_its_file(tmp_path: Path, fake: Path) -> None:
    analyzed(tmp_path / "all", fake, *FEW)
    lines = [json.loads(line) for line in (tmp_path / "all" / "out.jsonl").read_text().splitlines()]
    texts = CLASSICS.read_text(encoding="utf-8").split("[Event ")[1:]
    for number in (2, 3):
        alone = tmp_path / f"{number}.pgn"
        alone.write_text("[Event " + texts[number - 1], encoding="utf-8")
        analyzed(tmp_path / f"run{number}", fake, source=alone)
        found = json.loads((tmp_path / f"run{number}" / "out.jsonl").read_text())
        expected = lines[number - 1]
        for key in ("game", "file", "line"):
            found.pop(key), expected.pop(key)
        assert found == expected


@pytest.mark.slow
def test_the_annotated_games_are_the_same_games_with_an_eval_on_every_move_but_mates(
    tmp_path: Path, fake: Path
) -> None:
    analyzed(tmp_path / "run", fake)
    with open(CLASSICS, encoding="utf-8") as before, open(tmp_path / "run" / "out.pgn", encoding="utf-8") as after:
        while (old := chess.pgn.read_game(before)) is not None:
            new = chess.pgn.read_game(after)
            assert new is not None
            assert not new.errors
            assert list(new.mainline_moves()) == list(old.mainline_moves())
            assert {k: v for k, v in new.headers.items() if k != "Annotator"} == dict(old.headers)
            for node in new.mainline():
                assert (node.eval() is None) == node.board().is_checkmate()
        assert chess.pgn.read_game(after) is None


def test_json_lines_as_documented(tmp_path: Path, fake: Path) -> None:
    analyzed(tmp_path / "run", fake, "--multipv", "2", *FEW)
    for text in (tmp_path / "run" / "out.jsonl").read_text().splitlines():
        game = json.loads(text)
        assert list(game)[:8] == ["game", "file", "line", "variant", "headers", "fen", "positions", "plies"]
        assert len(game["positions"]) == len(game["plies"]) + 1
        for position in game["positions"]:
            if "terminal" not in position:
                assert set(position) - {"searched"} == {"eval", "best", "pv", "depth", "nodes", "lines"}
                assert position["pv"][0] == position["best"] == position["lines"][0]["pv"][0]
        for ply in game["plies"]:
            assert {"san", "uci", "judgement", "accuracy", "loss", "clock"} <= set(ply)


def test_a_cached_run_starts_no_search_and_gives_the_same_bytes(tmp_path: Path, fake: Path) -> None:
    log = tmp_path / "log"
    logging = fake_uci(tmp_path / "logging", log=str(log))
    arguments = (
        "analyze",
        CLASSICS,
        *NODES,
        *FEW,
        "-e",
        logging,
        "--format",
        "json",
        "--cache",
        tmp_path / "c.sqlite",
    )
    first = engine(*arguments)
    searches = log.read_text().count("go nodes 1000\n")
    assert searches > 90
    second = engine(*arguments, "-j", "2")
    assert first.code == second.code == 0
    assert first.out == second.out
    assert log.read_text().count("go nodes 1000\n") == searches


def test_folders_compressed_files_and_stdin_are_numbered_through(tmp_path: Path, fake: Path) -> None:
    folder = tmp_path / "games"
    folder.mkdir()
    text = FIRST_GAMES.encode()
    (folder / "a.pgn.gz").write_bytes(gzip.compress(text))
    (folder / "b.epd").write_text('4k3/8/8/8/8/8/8/4K2R w K - bm O-O; id "x";\n')
    (folder / "notes.txt").write_text("not a game")
    options = ("-e", fake, *NODES, "--format", "jsonl", "--limit", "5", "--keep-duplicates")
    ran = engine("analyze", folder, "-", *options, stdin=text)
    assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["game"] for line in lines] == [1, 2, 3, 4, 5]
    assert [Path(line["file"]).name for line in lines] == ["a.pgn.gz"] * 3 + ["b.epd", "-"]
    assert lines[3]["epd"] == {"id": "x", "bm": ["e1g1"]}


@pytest.mark.parametrize("name", ["Garry Kasparov", "Kasparov, Garry", "nobody,Kasparov Garry,garry kasparov"])
def test_player_decides_whose_games_and_whose_view(tmp_path: Path, fake: Path, name: str) -> None:
    report = analyzed(tmp_path / "run", fake, "--player", name)
    assert report["run"]["games"] == 2
    players = report["reports"]["accuracy"]["tables"][0]["rows"]
    assert [row["player"] for row in players] == ["Kasparov, Garry"]


@pytest.mark.slow
def test_filter_sample_and_limit(fake: Path) -> None:
    def games(*arguments: str) -> list[int]:
        ran = engine("analyze", CLASSICS, "-e", fake, "--nodes", "10", "--format", "jsonl", *arguments)
        assert ran.code == 0, ran.err
        return [json.loads(line)["game"] for line in ran.out.splitlines()]

    assert games("--filter", 'White ~ "anderssen" and Date < 1852') == [2]
    assert games("--limit", "2") == [1, 2]
    sampled = games("--sample", "3", "--seed", "1")
    assert len(sampled) == 3
    assert sampled == games("--sample", "3", "--seed", "1") == sorted(sampled)


@pytest.mark.slow
def test_dry_run_searches_nothing_and_knows_the_cached_share(tmp_path: Path) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "fake", log=str(log))
    cache = ("--cache", tmp_path / "c.sqlite")
    ran = engine("analyze", CLASSICS, "-e", fake, *NODES, *FEW, "--dry-run", *cache)
    assert ran.code == 0, ran.err
    assert "3 games, 105 positions; 0 (0%) are in the cache" in ran.out
    assert re.search(
        r"^10 minutes: --nodes \S+ --adaptive\n1 hour: --nodes \S+ --adaptive\n"
        r"the night \(8 hours\): --nodes \S+ --adaptive\n",
        ran.out,
        re.MULTILINE,
    )
    assert "go nodes 1000\n" not in log.read_text()
    engine("analyze", CLASSICS, "-e", fake, *NODES, *FEW, *cache)
    ran = engine("analyze", CLASSICS, "-e", fake, *NODES, *FEW, "--dry-run", *cache)
    assert "105 (100%) are in the cache" in ran.out


@pytest.mark.slow
def test_a_time_budget_is_a_number_of_nodes_that_gives_the_same_again(tmp_path: Path, fake: Path) -> None:
    outputs = tmp_path / "timed.jsonl", tmp_path / "again.jsonl"
    cache = ("--cache", tmp_path / "c.sqlite")
    ran = engine("analyze", CLASSICS, "-e", fake, *FEW, *cache, "--for", "1h", "-o", outputs[0], "-j", "2")
    assert ran.code == 0, ran.err
    [nodes] = re.findall(r"^note: --for 1h is --nodes (\S+) --adaptive here$", ran.err, re.MULTILINE)
    again = engine("analyze", CLASSICS, "-e", fake, *FEW, *cache, "--nodes", nodes, "--adaptive", "-o", outputs[1])
    assert "105 positions (105 from the cache)" in again.err
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_what_a_time_budget_cannot_do_is_said(capsys: pytest.CaptureFixture[str], fake: Path) -> None:
    both = refused(capsys, "analyze", CLASSICS, "--for", "10m", "--nodes", "5k")
    assert_clear_error(both, 2, "--for chooses the nodes itself: leave --nodes out, or --for")
    assert_clear_error(refused(capsys, "analyze", CLASSICS, "--for", "soon"), 2, "90s, 30m, 1h30m or night")
    for also in ((), ("--dry-run",)):
        assert_clear_error(refused(capsys, "analyze", CLASSICS, "--for", "1s", *also), 2, "--for 1s is too short")
    piped = refused(capsys, "analyze", "-", "-e", fake, "--for", "10m")
    assert_clear_error(piped, 2, "standard input can be read only once: save it to a file, or name the nodes")


@pytest.mark.slow
def test_the_summary_names_what_a_person_wants_to_know(tmp_path: Path, fake: Path) -> None:
    ran = engine("analyze", CLASSICS, "-e", fake, *NODES)
    assert ran.code == 0
    for words in ("Winning moves", "Accuracy", "Blunders", "Players"):
        assert words in ran.out
    assert "12 games analysed, 558 positions" in ran.err
    assert "engine analyze -o report.html -o analysed.pgn -o analysed.jsonl" in ran.err


@pytest.mark.slow
def test_a_plain_line_every_few_seconds_in_a_pipe(tmp_path: Path) -> None:
    slow = fake_uci(tmp_path / "slow", delay=0.05)
    ran = engine("analyze", CLASSICS, "-e", slow, "--nodes", "1000", "-j", "2", "--limit", "9")
    assert ran.code == 0
    assert " positions, " in ran.err.splitlines()[0]
    assert "winning moves" in ran.err.splitlines()[0]
    assert "\x1b" not in ran.err + ran.out


def test_an_aggregator_of_a_single_file(tmp_path: Path, fake: Path) -> None:
    example = Path(__file__).parents[2] / "plugins" / "examples" / "castling.py"
    ran = engine(
        "analyze", CLASSICS, "-e", fake, *NODES, *FEW, "--plugin", example, "-a", "castling", "--format", "json"
    )
    assert ran.code == 0, ran.err
    assert list(json.loads(ran.out)["reports"]) == ["castling"]


def test_an_aggregator_that_raises_is_disabled_and_the_rest_goes_on(tmp_path: Path, fake: Path) -> None:
    plugin = tmp_path / "bad.py"
    plugin.write_text(
        "from engine.plugin import Aggregator\nfrom engine.model import Report\n"
        "class Bad(Aggregator):\n    '''Fails.'''\n"
        "    def add(self, game):\n        raise RuntimeError('no luck with ' + str(game.origin.game))\n"
        "    def report(self):\n        return Report('Bad')\n"
    )
    ran = engine(
        "analyze", CLASSICS, "-e", fake, *NODES, *FEW, "--plugin", plugin, "-a", "+bad", "--format", "json"
    )
    assert ran.code == 1
    report = json.loads(ran.out)
    assert report["reports"]["wins"]["metrics"]["wins"]["value"] > 0
    [failure] = report["failures"]
    assert failure["game"] == 1
    assert "no luck with 1" in failure["reason"]


@pytest.mark.slow
def test_a_poison_position_is_quarantined_and_everything_else_is_analysed(tmp_path: Path) -> None:
    poison = "rnbqkbnr/pp1ppppp/8/2p5/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"
    fake = fake_uci(tmp_path / "fake", crash=poison, last_words="cannot think")
    source = tmp_path / "games.pgn"
    source.write_text('[White "A"]\n\n1. e4 c5 2. d4 cxd4 *\n\n[White "B"]\n\n1. d4 d5 *\n')
    ran = engine("analyze", source, "-e", fake, *NODES, "--format", "json", "-o", tmp_path / "o.jsonl", "-j", "2")
    assert ran.code == 1, ran.err
    [failure] = json.loads(ran.out)["failures"]
    assert (failure["game"], failure["ply"]) == (1, 2)
    assert "cannot think" in failure["reason"]
    first, second = map(json.loads, (tmp_path / "o.jsonl").read_text().splitlines())
    assert [next(iter(p)) for p in first["positions"]] == ["eval", "eval", "missing", "eval", "eval"]
    assert all("eval" in position for position in second["positions"])
