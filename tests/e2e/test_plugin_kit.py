"""From nothing to a plugin that is checked, run, packaged and found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests.support import DATA, PATIENCE

from .command import engine, refused

CLASSICS = DATA / "classics.pgn"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_new_plugin_keeps_the_laws_and_runs_at_once(tmp_path: Path) -> None:
    made = engine("plugins", "new", "hello-world")
    assert (made.code, made.err) == (0, "")
    assert "engine plugins check hello_world.py" in made.out
    checked = engine("plugins", "check", "hello_world.py")
    assert checked.code == 0, checked.out
    assert "hello-world keeps the laws" in checked.out
    fake = fake_uci(tmp_path)
    ran = engine(
        *("analyze", CLASSICS, "--plugin", "hello_world.py", "-a", "hello-world", "-e", fake),
        *("--nodes", "10", "--limit", "3", "--format", "json"),
    )
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)["reports"]["hello-world"]
    assert report["title"] == "Hello world"
    assert report["metrics"]["games"]["value"] == 3
    assert sum(row["checks"] for row in report["tables"][0]["rows"]) > 0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    made = engine("plugins", "new", "mine")
    assert made.code == 2
    assert "mine.py exists; nothing was written" in made.err
    assert (tmp_path / "mine.py").read_text() == "precious"


KINDS = ("aggregator", "evaluator", "reader", "writer", "executor")


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_of_each_kind_keeps_the_laws(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = refused(capsys, "plugins", "new", f"my-{kind}", "--kind", kind)
    assert (made.code, made.err) == (0, "")
    assert f"engine plugins check my_{kind}.py" in made.out
    checked = refused(capsys, "plugins", "check", f"my_{kind}.py")
    assert checked.code == 0, checked.out
    assert f"{kind} my-{kind} keeps the laws" in checked.out


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["reader", "executor"])
def test_the_tests_of_a_new_package_of_another_kind_pass(tmp_path: Path, kind: str) -> None:
    made = engine("plugins", "new", "mine", "--kind", kind, "--package")
    assert made.code == 0, made.err
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "engine-mine", capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    text = (tmp_path / "engine-mine" / "pyproject.toml").read_text()
    assert f'[project.entry-points."engine.{kind}s"]\nmine = "engine_mine.mine:Mine"' in text


@pytest.mark.slow
def test_a_new_reader_writer_and_evaluator_work_together(tmp_path: Path) -> None:
    for kind in ("reader", "writer", "evaluator"):
        assert engine("plugins", "new", f"my-{kind}", "--kind", kind).code == 0
    (tmp_path / "games.my-reader").write_text("e2e4 e7e5 g1f3\nd2d4 oops\n")
    plugins = [word for kind in ("reader", "writer", "evaluator") for word in ("--plugin", f"my_{kind}.py")]
    ran = engine(
        *(
            "analyze",
            "games.my-reader",
            *plugins,
            "-e",
            "my-evaluator",
            "-o",
            "games.my-writer",
            "-q",
            "--no-cache",
        )
    )
    assert ran.code == 0, ran.err
    lines = (tmp_path / "games.my-writer").read_text().splitlines()
    assert [line.split(" ", 1)[0] for line in lines] == ["1.", "2.", "2"]


@pytest.mark.parametrize(
    ("name", "kind"), [("writer", "writer"), ("run-result", "writer"), ("report", "aggregator")]
)
def test_a_name_that_the_plugin_is_made_of_is_refused(
    capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    made = refused(capsys, "plugins", "new", name, "--kind", kind)
    assert made.code == 2
    assert "choose another" in made.err


@pytest.mark.parametrize("name", ["Mine", "1st", "a b", "../x", "class", "wins", "", "a--b", "é"])
def test_names_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    made = refused(capsys, "plugins", "new", name)
    assert made.code == 2
    assert "Traceback" not in made.err
    assert [path.name for path in tmp_path.iterdir() if path.name != "engine-home"] == []


@pytest.mark.slow
def test_a_new_package_is_tested_installed_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine("plugins", "new", "hello", "--package")
    assert made.code == 0, made.err
    folder = tmp_path / "engine-hello"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    site = tmp_path / "site"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"),
            *("--disable-pip-version-check", "--root-user-action=ignore", "--target", str(site), str(folder)),
        ],
        check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", str(site))
    hidden = engine("plugins", "show", "hello", ENGINE_PLUGINS="none")
    named = engine("plugins", "show", "hello", ENGINE_PLUGINS="engine_hello")
    monkeypatch.delenv("ENGINE_PLUGINS")
    listed = engine("plugins", "list", "--format", "json")
    shown = engine("plugins", "show", "hello")
    checked = engine("plugins", "check", "hello")
    [row] = [row for row in json.loads(listed.out) if row["name"] == "hello"]
    assert (row["distribution"], row["version"], row["broken"]) == ("engine-hello", "0.1.0", False)
    assert "Who gives check" in shown.out
    assert "engine-hello 0.1.0" in shown.out
    assert checked.code == named.code == 0
    assert hidden.code == 2
    assert "ENGINE_PLUGINS" in hidden.err


BAD = '''from engine.model import AnalysedGame, Metric, Report
from engine.plugin import Aggregator


class Bad(Aggregator):
    """Breaks a law."""

    def __init__(self, options=None):
        super().__init__(options)
        self.names = []

    def add(self, game: AnalysedGame) -> None:
        self.names.append(game.player("white"))

    def merge(self, other):
        self.names += other.names

    def state(self):
        return list(self.names)

    def load(self, state):
        self.names = list(state)

    def report(self) -> Report:
        return Report("Bad", {"first": Metric(self.names[0] if self.names else None, "First", "text")})
'''


def test_a_broken_law_is_explained_with_the_fewest_games(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(BAD)
    checked = engine("plugins", "check", "bad.py")
    assert checked.code == 1
    assert "Traceback" not in checked.err
    assert "order" in checked.out
    assert "game" in checked.out
    assert "First" in checked.out or "first" in checked.out


def test_an_aggregator_that_raises_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(BAD.replace("self.names.append", "1 / 0; self.names.append"))
    checked = engine("plugins", "check", "bad.py")
    assert checked.code == 1
    assert "bad raises ZeroDivisionError" in checked.out
    assert "in add, line 13" in checked.out


@pytest.mark.parametrize(
    ("target", "words"),
    [("nothing.py", "nothing.py"), ("nobody", "no plugin is called 'nobody'"), ("uci", "required field `path`")],
)
def test_what_cannot_be_checked(target: str, words: str) -> None:
    checked = engine("plugins", "check", target)
    assert checked.code == 2
    assert words in checked.err
    assert "Traceback" not in checked.err


def test_the_page_of_a_plugin() -> None:
    shown = engine("plugins", "show", "judgements")
    assert shown.code == 0
    for words in ("judgements", "worst", "int, 0 to 10000", "needs: evaluations True", "grandmaster-analysis"):
        assert words in shown.out, words
