"""Outputs that are folders: nothing half written is found, nothing of others is touched, runs can be repeated."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from engine.errors import ConfigError, OutputError, PluginCrashed
from engine.model import AnalysedGame, RunResult
from engine.output.files import Outputs
from engine.plugin import Writer
from tests.engine.output import rig


class Shelf(Writer):
    """A folder with a file for each game; the seventh is never closed."""

    def game(self, game: AnalysedGame) -> None:
        number = game.origin.game
        file = self.open_file(f"shelf={number % 2}/{number}.txt")
        file.write(b"game %d\n" % number)
        if number == 9:
            raise KeyError("oops")
        if number != 7:
            file.close()

    def finish(self, result: RunResult) -> None:
        with self.open_file("_engine.json") as file:
            file.write(b"{}\n")


class Single(Writer):
    """The same as one file."""

    suffixes = (".shelf",)
    folder = Shelf


WRITERS: dict[str, type[Writer]] = {**rig.WRITERS, "shelf": Single}


def begin(folder: Path, *, force: bool = False) -> Outputs:
    return rig.check([f"{folder}/"], writers=WRITERS, force=force).open(rig.INFO)


def write(folder: Path, *numbers: int, force: bool = False, interrupted: bool = False) -> Outputs:
    outputs = begin(folder, force=force)
    for number in numbers:
        outputs.game(rig.game(number))
    outputs.finish(rig.result(interrupted=interrupted))
    return outputs


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


WHOLE = ["out/_engine.json", "out/shelf=0/2.txt", "out/shelf=1/1.txt"]


def test_a_folder_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "out")
    outputs.game(rig.game(1))
    outputs.game(rig.game(2))
    assert not (tmp_path / "out").exists()
    assert outputs.names() == [f"{tmp_path / 'out'}.part/"]
    outputs.finish(rig.result())
    assert listed(tmp_path) == WHOLE
    assert outputs.names() == [f"{tmp_path / 'out'}/"]


def test_an_empty_folder_may_be_there_and_anything_else_may_not(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", 1, 2)
    with pytest.raises(ConfigError, match="overwrite it with --force"):
        begin(tmp_path / "out")
    write(tmp_path / "out", 2, force=True)
    assert listed(tmp_path) == ["out/_engine.json", "out/shelf=0/2.txt"]
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "letter.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for name, reason in (("theirs", "was not written by this program"), ("file", "is not a folder")):
        with pytest.raises(ConfigError, match=reason):
            begin(tmp_path / name, force=True)
    with pytest.raises(OutputError, match="there is no folder"):
        begin(tmp_path / "nowhere" / "out")


def test_what_is_called_part_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "letter.txt").touch()
    with pytest.raises(OutputError, match="in the way"):
        begin(tmp_path / "out")
    assert listed(tmp_path) == ["out.part/letter.txt"]


def test_two_runs_never_write_the_same_folder(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "out")
    with pytest.raises(OutputError, match="another run is writing"):
        begin(tmp_path / "out")
    outputs.abandon()
    assert listed(tmp_path) == []


def test_a_stopped_run_leaves_the_complete_files(tmp_path: Path) -> None:
    outputs = write(tmp_path / "out", 1, 7, 2, interrupted=True)
    assert listed(tmp_path) == ["out.part/_engine.json", "out.part/shelf=0/2.txt", "out.part/shelf=1/1.txt"]
    assert outputs.names() == [f"{tmp_path / 'out'}.part/"]
    write(tmp_path / "out", 1, 2)
    assert listed(tmp_path) == WHOLE


def test_a_writer_that_fails_leaves_what_was_complete(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "out")
    outputs.game(rig.game(1))
    with pytest.raises(PluginCrashed, match="oops"):
        outputs.game(rig.game(9))
    outputs.finish(rig.result())
    assert listed(tmp_path) == ["out.part/_engine.part", "out.part/shelf=1/1.txt"]


def test_after_a_kill_nothing_half_written_has_a_name_and_the_next_run_is_whole(tmp_path: Path) -> None:
    program = f"""
        import os
        from pathlib import Path
        from tests.engine.output import rig
        from tests.engine.output.test_folders import begin
        outputs = begin(Path({str(tmp_path / "out")!r}))
        for number in (1, 7):
            outputs.game(rig.game(number))
        os._exit(9)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=False, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 9
    assert [name for name in listed(tmp_path) if name.endswith(".txt")] == ["out.part/shelf=1/1.txt"]
    write(tmp_path / "out", 1, 2)
    assert listed(tmp_path) == WHOLE


def test_the_same_command_continues_where_the_folder_is_in_place_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = begin(tmp_path / "out")
    outputs.game(rig.game(1))
    with monkeypatch.context() as patched:
        patched.setattr("engine.output.files.sync_folders", _killed)
        with pytest.raises(KeyboardInterrupt):
            outputs.finish(rig.result())
    assert (tmp_path / "out" / "_engine.json").exists()
    write(tmp_path / "out", 1, 2)  # without --force
    assert listed(tmp_path) == WHOLE
    with pytest.raises(ConfigError, match="--force"):
        begin(tmp_path / "out")


def _killed(folders: Any) -> None:
    raise KeyboardInterrupt


def test_a_folder_with_an_input_in_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "out", 1)
    with pytest.raises(ConfigError, match="over one of the inputs"):
        rig.check([f"{tmp_path}/out/"], writers=WRITERS, force=True, inputs=[str(tmp_path / "out" / "a.pgn")])


@pytest.mark.parametrize("name", ["../x", "/x", ""])
def test_files_outside_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    class Astray(Writer):
        def game(self, game: AnalysedGame) -> None:
            self.open_file(name)

    class Chosen(Writer):
        folder = Astray

    outputs = rig.check([f"{tmp_path}/out/"], writers={"astray": Chosen}).open(rig.INFO)
    with pytest.raises(PluginCrashed, match="no name of a file"):
        outputs.game(rig.game(1))
    outputs.abandon()
    assert listed(tmp_path) == []


def test_without_a_writer_of_folders_their_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no writer writes folders"):
        rig.check([f"{tmp_path}/out/"])


def test_a_single_output_has_no_files_in_it() -> None:
    stream: BinaryIO = sys.stdout.buffer
    with pytest.raises(TypeError, match="not a folder"):
        Single(stream, rig.INFO).open_file("x")
