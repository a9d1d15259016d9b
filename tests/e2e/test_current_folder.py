"""Nothing in the folder in which the command is called is executed, whatever its name is.

The folder has a file for each module of the standard library and for the libraries that we use, and the metadata
of a distribution with a plugin. Each file says that it was imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests.e2e.command import Ran
from tests.support import FEW, PATIENCE

LIBRARIES = {
    "engine",
    "engine_plugins",
    "chess",
    "click",
    "jinja2",
    "msgspec",
    "platformdirs",
    "rich",
    "stevedore",
}
COMMAND = (str(Path(sys.executable).with_name("engine")),)
MODULE = (sys.executable, "-m", "engine")
METHODS = ("spawn", "forkserver")
TRAP = """\
with open({witness!r}, "a") as file:
    file.write(__name__ + "\\n")
"""
EMBEDDED = """
import sys
import engine
settings = engine.Settings(start_method=sys.argv[1], workers=2)
if sys.argv[2] == "recorded":
    print(engine.analyze("games.pgn", evaluator="recorded", settings=settings).counts.analysed)
else:
    print(engine.analyze("games.pgn", evaluator=sys.argv[2], nodes=10, settings=settings).counts.analysed)
"""


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    """The file in which those write their names that were executed."""
    return tmp_path / "executed.txt"


@pytest.fixture
def folder(tmp_path: Path, witness: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name in (*sys.stdlib_module_names, *LIBRARIES, "trap"):
        (folder / f"{name}.py").write_text(TRAP.format(witness=str(witness)))
    metadata = folder / "trap-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
    points = "".join(f"[engine.{kind}s]\ntrap = trap:Trap\n" for kind in ("aggregator", "evaluator", "writer"))
    (metadata / "entry_points.txt").write_text(points)
    (folder / "games.pgn").write_text(FEW)
    return folder


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake")


def run(folder: Path, *command: str | Path, **env: str) -> Ran:
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "ENGINE_WORKERS": "2", **env},
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def reachable(folder: Path, tmp_path: Path) -> Path:
    """The folder without what `python -m` itself imports from it, whatever module it is called with."""
    probes = tmp_path / "probes"
    probes.mkdir()
    (probes / "probe.py").write_text("import sys\nprint(*sys.modules)\n")
    loaded = run(probes, sys.executable, "-m", "probe")
    assert loaded.code == 0, loaded
    for name in {"engine", *loaded.out.split()}:
        (folder / f"{name}.py").unlink(missing_ok=True)
    assert len([*folder.glob("*.py")]) > 200, "there is something left that could be imported"
    return folder


def assert_untouched(ran: Ran, witness: Path) -> None:
    assert ran.code == 0, ran
    assert not witness.exists(), witness.read_text()


def many_recorded_games(path: Path) -> None:
    """Write more text than is analysed in one process."""
    said = "A good move. " * 1000
    game = f'[White "A"]\n[Black "B"]\n\n1. e4 {{ [%eval 0.1] {said}}} e5 {{ [%eval 0.2] }} *\n\n'
    path.write_text(game * (5 * 2**20 // len(game)))


@pytest.mark.slow
def test_analyze(folder: Path, fake: Path, witness: Path) -> None:
    assert_untouched(run(folder, *COMMAND, "analyze", "games.pgn", "-e", fake, "--nodes", "10"), witness)


@pytest.mark.slow
def test_as_a_module(reachable: Path, fake: Path, witness: Path) -> None:
    ran = run(reachable, *MODULE, "analyze", "games.pgn", "-e", fake, "--nodes", "10", "-o", "games.jsonl")
    assert_untouched(ran, witness)


def test_plugins_are_not_found_in_the_folder(reachable: Path, witness: Path) -> None:
    for command in (COMMAND, MODULE):
        ran = run(reachable, *command, "plugins", "list", ENGINE_PLUGINS="trap")
        assert_untouched(ran, witness)
        assert "accuracy" in ran.out
        assert "trap" not in ran.out


WORDS = (
    "--help",
    "doctor -e {fake}",
    "evaluate -e {fake} --nodes 10",
    "analyze games.pgn -e {fake} --nodes 10 -a all -o g.pgn -o g.html -o g.sqlite -o g.csv.gz -o g.jsonl.zst",
    "analyze games.pgn -e {fake} --nodes 10 --dry-run",
    "analyze many.pgn -e recorded -a +leaks",
    "profiles list",
    "plugins show accuracy",
    "plugins check accuracy",
    "cache info",
    "setup {fake}",
)
"""Commands that read or write each kind of thing."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "command"), [(words, (COMMAND, MODULE)[k % 2]) for k, words in enumerate(WORDS)], ids=WORDS
)
def test_every_command(reachable: Path, fake: Path, witness: Path, command: tuple[str, ...], words: str) -> None:
    if "many.pgn" in words:
        many_recorded_games(reachable / "many.pgn")
    arguments = [word.format(fake=fake) for word in words.split()]
    assert_untouched(run(reachable, *command, *arguments), witness)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_recorded_games_by_every_start_method(folder: Path, witness: Path, tmp_path: Path, method: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(EMBEDDED)
    many_recorded_games(folder / "games.pgn")
    assert_untouched(run(folder, sys.executable, script, method, "recorded"), witness)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_searches_by_every_start_method(
    folder: Path, witness: Path, fake: Path, tmp_path: Path, method: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(EMBEDDED)
    ran = run(folder, sys.executable, script, method, fake)
    assert_untouched(ran, witness)
    assert ran.out == "3\n"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_find_what_the_program_that_embeds_us_finds(tmp_path: Path, fake: Path, method: str) -> None:
    """An evaluator of a single file imports a module beside the program, also where that is the current folder."""
    (tmp_path / "helper.py").write_text("ONE = 1\n")
    (tmp_path / "mine.py").write_text(
        "import helper\n"
        "from engine_plugins.evaluators.uci import Uci\n\n\n"
        "class Mine(Uci):\n    '''Needs a module beside the program.'''\n"
    )
    code = (
        "import engine\n"
        f"settings = engine.Settings(plugins=('mine.py',), start_method={method!r}, workers=1, cache='',\n"
        f"    evaluator='mine', evaluator_options={{'path': {str(fake)!r}}})\n"
        "print(engine.analyze('1. e4 e5 *', nodes=10, settings=settings).counts.searched)\n"
    )
    (tmp_path / "script.py").write_text(code)
    for command in (["script.py"], ["-c", code]):
        ran = run(tmp_path, sys.executable, *command)
        assert (ran.code, ran.out) == (0, "3\n"), ran


def test_a_program_on_path_comes_before_a_file_of_that_name(tmp_path: Path, folder: Path, witness: Path) -> None:
    """`-e NAME` is the one on PATH, `-e ./NAME` the one in the folder."""
    fake_uci(tmp_path / "bin", filename="mychess")
    hiding = fake_uci(tmp_path / "hidden", filename="mychess", name="Hidden 1.0")
    shutil.copy(hiding, folder)
    shutil.copy(f"{hiding}.json", folder)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    named = run(folder, *COMMAND, "evaluate", "-e", "mychess", "--nodes", "10", PATH=path)
    assert_untouched(named, witness)
    assert "Hidden" not in named.out
    there = run(folder, *COMMAND, "evaluate", "-e", "./mychess", "--nodes", "10", PATH=path)
    assert_untouched(there, witness)
    assert "Hidden" in there.out
