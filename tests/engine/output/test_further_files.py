"""Outputs: a writer that goes on in further files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine.errors import ConfigError, PluginCrashed
from tests.engine.output.rig import INFO, begin, check, game, result
from tests.support import working_file


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_writer_goes_on_in_further_files(tmp_path: Path, ending: str) -> None:
    outputs = begin(tmp_path / f"a.vol{ending}")
    for number in range(1, 6):
        outputs.game(game(number))
    assert all(working_file(tmp_path / f"{name}.vol{ending}") for name in ("a", "a-2", "a-3"))
    assert len(list(tmp_path.glob("a*"))) == 3
    outputs.finish(result())
    opened = gzip.open if ending else open
    texts = {}
    for name in ("a.vol", "a-2.vol", "a-3.vol"):
        with opened(tmp_path / f"{name}{ending}", "rt") as file:
            texts[name] = file.read()
    assert texts == {
        "a.vol": f"game 1\ngame 2\na.vol{ending}: 3 files\n",
        "a-2.vol": f"game 3\ngame 4\na-2.vol{ending}: 3 files\n",
        "a-3.vol": f"game 5\na-3.vol{ending}: 3 files\n",
    }
    assert outputs.names() == [str(tmp_path / f"{name}{ending}") for name in ("a.vol", "a-2.vol", "a-3.vol")]


def test_an_interrupted_run_leaves_all_its_files_as_parts(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.vol")
    for number in range(1, 4):
        outputs.game(game(number))
    outputs.finish(result(interrupted=True))
    assert sorted(path.name for path in tmp_path.glob("a*")) == ["a-2.vol.part", "a.vol.part"]


def test_a_further_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a-2.vol").write_text("mine")
    outputs = begin(tmp_path / "a.vol")
    outputs.game(game(1))
    outputs.game(game(2))
    with pytest.raises(ConfigError, match=r"a-2\.vol exists"):
        outputs.game(game(3))
    outputs.abandon()
    assert (tmp_path / "a-2.vol").read_text() == "mine"
    forced = begin(tmp_path / "a.vol", force=True)
    for number in (1, 2, 3):
        forced.game(game(number))
    forced.finish(result())
    assert "game 3" in (tmp_path / "a-2.vol").read_text()


def test_a_crash_keeps_whole_games_in_every_file(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.vol")
    for number in (1, 2, 3):
        outputs.game(game(number))
    with pytest.raises(PluginCrashed, match="volumes"):
        outputs.game(game(9))
    outputs.finish(result())
    assert (tmp_path / "a.vol.part").read_text() == "game 1\ngame 2\n"
    assert (tmp_path / "a-2.vol.part").read_text() == "game 3\n"


def test_standard_output_is_one_stream(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    outputs = check(["-"], format="volumes").open(INFO)
    for number in (1, 2, 3):
        outputs.game(game(number))
    outputs.finish(result())
    assert capsysbinary.readouterr().out == b"game 1\ngame 2\ngame 3\n: 1 files\n"
