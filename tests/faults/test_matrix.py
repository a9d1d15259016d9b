"""Faults that no other file is about: bombs, plugins of every bad kind, and text that attacks what shows it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import chess.pgn
import pytest

from engine.testing.fake_uci import fake_uci
from tests.e2e.command import engine, refused
from tests.support import PATIENCE

GAME = '[White "A"]\n[Black "B"]\n[Result "*"]\n\n1. e4 { [%eval 0.2] } e5 { [%eval 0.3] } *\n\n'
_MEASURED = """
import os, resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
done = subprocess.run([sys.executable, "-m", "engine", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10, file=sys.stderr)
sys.exit(done.returncode)
"""


def bomb(line: bool) -> bytes:
    """256 MB in some hundred kilobytes: one line, or a game of a comment that goes on and on."""
    block = b"x" * (1 << 20) if line else b"{ " + b"y " * 40 + b"}\n"
    times = 256 if line else 256 * (1 << 20) // 83
    return gzip.compress(b'[Event "bomb"]\n\n1. e4 ' + block * times, compresslevel=1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and reads memory as Linux does")
@pytest.mark.parametrize("line", [True, False])
@pytest.mark.slow
def test_a_bomb_costs_a_notice_and_little_memory(tmp_path: Path, line: bool) -> None:
    whole = gzip.compress(GAME.encode())
    (tmp_path / "bomb.pgn.gz").write_bytes(whole + bomb(line) + gzip.compress(b"\n\n" + GAME.encode()))
    ran = subprocess.run(
        [
            *(sys.executable, "-c", _MEASURED, "analyze", str(tmp_path / "bomb.pgn.gz")),
            *("-e", "recorded", "--format", "jsonl"),
        ],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "bomb.pgn.gz" in ran.stderr
    first = json.loads(ran.stdout.splitlines()[0])
    assert [ply["san"] for ply in first["plies"]] == ["e4", "e5"]
    assert int(ran.stderr.split()[-1]) < 200


PLUGINS = {
    "cannot be imported": "import nothing_of_that_name",
    "leaves at import": "import sys\nsys.exit(3)",
    "asserts at import": "assert False, 'no'",
    "is no Python": "class (",
    "has no class": "x = 1",
}


@pytest.mark.parametrize("body", PLUGINS.values(), ids=PLUGINS.keys())
def test_a_plugin_that_does_not_load_is_said_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    plugin = tmp_path / "bad_plugin.py"
    plugin.write_text(body)
    games = tmp_path / "games.pgn"
    games.write_text(GAME)
    ran = refused(capsys, "analyze", games, "-e", "recorded", "--plugin", plugin, "-a", "bad-plugin")
    assert ran.code == 2
    assert "bad_plugin.py" in ran.err
    assert "Traceback" not in ran.err


BEHAVIOURS = {
    "raises at its third game": "if game.origin.game == 3: raise KeyError('third')",
    "leaves at its second game": "if game.origin.game == 2: raise SystemExit(9)",
    "recurses": "self.add(game)",
    "raises what cannot be pickled": (
        "class Odd(Exception):\n            def __init__(self, *, a): self.a = a\n        raise Odd(a=lambda: 1)"
    ),
}


@pytest.mark.parametrize("body", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_an_aggregator_that_fails_at_work_costs_its_own_report(tmp_path: Path, body: str) -> None:
    plugin = tmp_path / "bad.py"
    plugin.write_text(
        "from engine.model import Report\nfrom engine.plugin import Aggregator\n\n\n"
        f'class Bad(Aggregator):\n    """Fails."""\n\n    def add(self, game):\n        {body}\n\n'
        "    def report(self):\n        return Report('Bad')\n"
    )
    games = tmp_path / "games.pgn"
    games.write_text(GAME * 4)
    ran = engine("analyze", games, "-e", "recorded", "--plugin", plugin, "-a", "bad,wins", "--format", "json")
    assert ran.code == 1, ran.err
    found = json.loads(ran.out)
    assert found["run"]["games"] == 4
    assert found["reports"]["wins"]["metrics"]["positions"]["value"] == 8
    [failure] = found["failures"]
    assert "aggregator bad failed" in failure["reason"]
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_an_evaluator_whose_error_cannot_be_pickled_becomes_words(tmp_path: Path) -> None:
    """Exceptions of a worker reach the parent as text, never as objects."""
    plugin = tmp_path / "odd.py"
    plugin.write_text(
        "from engine.model import EvaluatorInfo\nfrom engine.plugin import Evaluator\n\n\n"
        "class OddError(Exception):\n    def __init__(self, *, what):\n        super().__init__(lambda: what)\n"
        "        self.what = what\n\n    def __str__(self):\n        return f'odd {self.what}'\n\n\n"
        'class Odd(Evaluator):\n    """Cannot search."""\n\n    def start(self):\n'
        "        return EvaluatorInfo('odd', '1', 'odd')\n\n    def clear(self):\n        pass\n\n"
        "    def search(self, position, limit):\n        raise OddError(what='thing')\n\n"
        "    def close(self):\n        pass\n"
    )
    line = tmp_path / "one.epd"
    line.write_text("4k3/8/8/8/8/8/8/4K2R w K - bm O-O;\n")
    ran = engine("analyze", line, "--plugin", plugin, "-e", "odd", "-j", "1", "--no-cache", "--format", "json")
    assert ran.code == 1, ran.err
    [failure] = json.loads(ran.out)["failures"]
    assert failure["reason"] == "position given up: OddError: odd thing"
    assert "Traceback" not in ran.err


HOSTILE = {
    "markup": "[bold red]x[/nope][link=file:///etc/passwd]y",
    "escape": "a\x1b[2J\x1b]0;owned\x07b\x9b31m",
    "script": "</script><script>alert(1)</script>",
    "formula": "=cmd|' /C calc'!A0",
    "path": "../../../../etc/passwd\0.pgn",
    "tag": 'A"]\n[Result "0-1"]\n[X "',
    "command": "x\nsetoption name Debug Log File value owned\nquit",
    "directions": "\u202eevil\u2066 \u2028 \u0085",
    "brace": "} 1. d4 { %",
}


def test_hostile_headers_stay_text_in_every_output(tmp_path: Path) -> None:
    """A game for each of them, and one after all."""
    escaped = [text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for text in HOSTILE.values()]
    games = tmp_path / "games.pgn"
    games.write_bytes(b"".join(GAME.replace('"A"', f'"{name}"', 1).encode() for name in [*escaped, "A"]))
    count = len(HOSTILE) + 1
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "fake", log=str(log))
    outputs = [tmp_path / f"out.{suffix}" for suffix in ("pgn", "jsonl", "json")]
    arguments = [word for path in outputs for word in ("-o", path)]
    ran = engine("analyze", games, "-e", fake, "--nodes", "10", "-j", "1", "--no-cache", *arguments)
    assert ran.code == 0, ran.err
    # The terminal gets no control character, and no direction override that hides what follows.
    for shown in (ran.out, ran.err):
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
    with outputs[0].open(encoding="utf-8") as file:
        read = [game for _ in range(count) if (game := chess.pgn.read_game(file)) is not None]
        assert chess.pgn.read_game(file) is None
    assert [len(list(game.mainline())) for game in read] == [2] * count
    assert [game.headers["Result"] for game in read] == ["*"] * count
    assert len(outputs[1].read_bytes().splitlines()) == count
    assert json.loads(outputs[2].read_bytes())["run"]["games"] == count
    # Nothing of it reached the program.
    sent = log.read_text(errors="replace")
    assert "Debug" not in sent
