"""Outputs: what is somebody else's is never written to, waited for or removed, and two runs never share one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import ConfigError, OutputError
from engine.output import files, unfinished
from engine.output.files import Outputs
from engine.system.locks import HAS_KERNEL_LOCKS
from engine.system.new_files import NewFile
from tests.engine.output.rig import INFO, begin, check, game, result
from tests.support import PATIENCE, working_file

MINE = "precious"


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"engine-home"}


# -- what somebody has there ---------------------------------------------------------------------------------


def _file(place: Path) -> None:
    place.write_text(MINE)


def _link(place: Path) -> None:
    place.symlink_to("theirs")


def _dangling(place: Path) -> None:
    place.symlink_to("nowhere")


def _hard_link(place: Path) -> None:
    place.hardlink_to(place.with_name("theirs"))


def _fifo(place: Path) -> None:
    os.mkfifo(place)


def _folder(place: Path) -> None:
    place.mkdir()


STRANGERS = [_file, _link, _dangling, _hard_link, _fifo, _folder]


@pytest.fixture(params=STRANGERS, ids=lambda make: make.__name__.strip("_"))
def stranger(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Path]:
    """A file that links mean, which nobody may change."""
    path = tmp_path / "theirs"
    path.write_text(MINE)
    yield path
    assert path.read_text() == MINE
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("theirs")
def test_what_is_called_part_already_is_left_alone(tmp_path: Path, stranger: Callable[[Path], None]) -> None:
    path, part = tmp_path / "a.txt", tmp_path / "a.txt.part"
    stranger(part)
    before = part.lstat()
    outputs = begin(path)
    outputs.game(game(1))
    outputs.finish(result(interrupted=True))
    assert outputs.names() == [f"{path}.2.part"]
    assert (tmp_path / "a.txt.2.part").read_text() == "game 1\nend at 7\n"
    begin(path).finish(result())
    assert path.read_text() == "end at 0\n"
    assert listed(tmp_path) == {"a.txt", "a.txt.part", "theirs"}
    assert (part.lstat().st_ino, part.lstat().st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.usefixtures("theirs")
def test_what_appears_in_the_place_is_left_alone(tmp_path: Path, stranger: Callable[[Path], None]) -> None:
    path, other = tmp_path / "a.txt", tmp_path / "b.md"
    outputs = begin(other, path)
    outputs.game(game(1))
    stranger(path)
    before = path.lstat()
    with pytest.raises(OutputError, match=r"a\.txt appeared during the run; the result is in .*a\.txt\.part"):
        outputs.finish(result())
    assert not other.exists(), "nothing is in place where not all can be"
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert (tmp_path / "a.txt.part").read_text() == "game 1\nend at 7\n"
    assert (tmp_path / "b.md.part").read_text() == "# wins: 5\n"


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize(
    "name", ["a.txt.engine-0123456789ab.part", "a.txt.engine-0123456789AB.part", "a.txt.engine"]
)
def test_only_files_of_ours_are_taken_for_leftovers(
    tmp_path: Path, stranger: Callable[[Path], None], name: str
) -> None:
    """A file with a working file's very name is one; a link or a FIFO is none, whatever it is called."""
    stranger(tmp_path / name)
    begin(tmp_path / "a.txt").finish(result())
    is_leftover = name.endswith("ab.part") and stranger in (_file, _hard_link)
    assert listed(tmp_path) == {"a.txt", "theirs", *([] if is_leftover else [name])}


def test_a_working_file_that_was_moved_or_replaced_is_not_published(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for theirs in (None, MINE):
        outputs = begin(path)
        outputs.game(game(1))
        written = working_file(path)
        assert written is not None
        written.rename(tmp_path / "moved")
        if theirs is not None:
            written.write_text(theirs)
        with pytest.raises(OutputError, match=r"cannot write .*a\.txt: another program has moved or removed"):
            outputs.finish(result())
        assert not path.exists()
    assert written.read_text() == MINE


@pytest.mark.parametrize(
    ("make", "words"),
    [(_fifo, "is a FIFO"), (lambda place: place.symlink_to("/dev/full"), "is a device")],
    ids=["fifo", "device"],
)
def test_what_cannot_be_replaced_is_said_before_any_work(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path / "a.txt")
    for force in (False, True):
        with pytest.raises(ConfigError, match=rf"{words}.*--format NAME > "):
            check([tmp_path / "a.txt"], force=force)


def test_devices_by_their_names() -> None:
    with pytest.raises(ConfigError, match="--format NAME writes to standard output"):
        check(["/dev/stdout"])
    for name in ("/dev/null", "/dev/full"):
        with pytest.raises(ConfigError, match=rf"output {name} is a device"):
            check([name], force=True)


@pytest.mark.usefixtures("theirs")
def test_a_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: Callable[[Path], None]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    stranger(tmp_path / "b.md.part")
    monkeypatch.setattr(Path, "hardlink_to", refused)
    outputs = begin(tmp_path / "a.txt", tmp_path / "b.md")
    outputs.finish(result(interrupted=True))
    assert outputs.names() == [f"{tmp_path / 'a.txt'}.part", f"{tmp_path / 'b.md'}.2.part"]
    begin(tmp_path / "a.txt").finish(result())
    assert (tmp_path / "a.txt").read_text() == "end at 0\n"
    assert listed(tmp_path) == {"a.txt", "b.md.part", "b.md.2.part", "theirs"}


# -- one file under two names --------------------------------------------------------------------------------


def test_two_outputs_that_are_one_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "b.txt").hardlink_to(tmp_path / "a.txt")
    with pytest.raises(ConfigError, match=r"a\.txt and .*b\.txt are one file"):
        check([tmp_path / "a.txt", tmp_path / "b.txt"], force=True)


def test_standard_output_sent_to_the_file_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from tests.engine.output.rig import check\n"
        "try: check([sys.argv[1]], force=True)\n"
        "except Exception as error: sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    with (tmp_path / "a.txt").open("wb") as out:
        command = [sys.executable, "-c", code, str(tmp_path / "a.txt")]
        done = subprocess.run(
            command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE
        )
    assert done.returncode == 1
    assert "ConfigError: standard output goes to" in done.stderr


@pytest.mark.parametrize("name", ["a.txt.part", "a.txt.engine-0123456789ab.part"])
def test_what_an_earlier_run_left_is_not_read_and_removed_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("games")
    with pytest.raises(ConfigError, match="one of the inputs"):
        check([tmp_path / "a.txt"], inputs=[str(tmp_path / name)])


# -- permissions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    outputs = begin(path, force=True)
    written = working_file(path)
    assert written is not None
    assert stat.S_IMODE(written.stat().st_mode) == mode, "while it is written, too"
    outputs.finish(result())
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("end at 0\n", mode)


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    begin(tmp_path / "a.txt").finish(result())
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode


# -- killed and stopped runs ---------------------------------------------------------------------------------


def test_what_a_killed_run_left_is_removed_by_the_next_run_of_the_same_output(tmp_path: Path) -> None:
    left, of_another = NewFile(tmp_path / "a.txt"), NewFile(tmp_path / "b.txt")
    for file in (left, of_another):
        file.write(b"game 1\n")
        file.close()
    outputs = begin(tmp_path / "a.txt")
    assert not left.path.exists()
    assert of_another.path.exists()
    outputs.finish(result())


def test_an_empty_output_of_a_stopped_run_is_not_left(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.txt")
    outputs.abandon()
    assert outputs.names() == []
    assert listed(tmp_path) == set()


def test_what_a_stopped_run_left_is_replaced_by_what_the_next_one_leaves(tmp_path: Path) -> None:
    for number in (1, 2):
        outputs = begin(tmp_path / "a.txt")
        outputs.game(game(number))
        outputs.finish(result(interrupted=True))
        assert listed(tmp_path) == {"a.txt.part"}
    assert (tmp_path / "a.txt.part").read_text() == "game 2\nend at 7\n"


def test_what_a_stopped_run_left_is_kept_when_somebody_has_edited_it(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.txt")
    outputs.game(game(1))
    outputs.abandon()
    (tmp_path / "a.txt.part").write_text(MINE)
    begin(tmp_path / "a.txt").finish(result())
    assert (tmp_path / "a.txt.part").read_text() == MINE


def test_without_a_folder_of_ours_nothing_is_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("ENGINE_HOME", str(tmp_path / "home"))
    for number in (1, 2):
        outputs = begin(tmp_path / "a.txt")
        outputs.game(game(number))
        outputs.abandon()
    assert (tmp_path / "a.txt.part").read_text() == "game 1\n"
    assert (tmp_path / "a.txt.2.part").read_text() == "game 2\n"


def half_published(folder: Path) -> tuple[Path, Path]:
    """Leave two outputs as a run does that ends between them: the first in place, the second not."""
    first, second = folder / "a.txt", folder / "b.md"
    outputs = begin(first, second, force=True)
    outputs.game(game(1))
    second.mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*b\.md: Is a directory; .* the same command continues"):
        outputs.finish(result())
    second.rmdir()
    assert first.read_text() == "game 1\nend at 7\n"
    return first, second


def test_the_same_command_continues_where_only_some_outputs_are_in_place(tmp_path: Path) -> None:
    first, second = half_published(tmp_path)
    for number in (2, 3):  # the first time, it is stopped before it gets there
        outputs = begin(first, second)
        outputs.game(game(number))
        outputs.finish(result(interrupted=number == 2))
        assert first.read_text() == f"game {1 if number == 2 else 3}\nend at 7\n"
    assert listed(tmp_path) == {"a.txt", "b.md"}
    for path in (first, second):
        with pytest.raises(ConfigError, match="exists; overwrite it with --force"):
            check([path])
    assert not list(unfinished._folder().iterdir())


def test_an_output_that_somebody_has_edited_since_is_not_replaced(tmp_path: Path) -> None:
    first, second = half_published(tmp_path)
    first.write_text(MINE)
    with pytest.raises(ConfigError, match=r"a\.txt exists"):
        check([first, second])
    assert first.read_text() == MINE


# -- two runs ------------------------------------------------------------------------------------------------

locks = pytest.mark.skipif(not HAS_KERNEL_LOCKS, reason="no locks here")


@locks
def test_the_lock_is_held_until_all_outputs_are_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = tmp_path / "a.txt", tmp_path / "b.md"
    refused = []

    def another_run(_: object) -> None:
        for path in paths:
            with pytest.raises(OutputError, match="another run is writing"):
                begin(path, force=True)
            refused.append(path)

    outputs = begin(*paths)
    monkeypatch.setattr(files, "remove_left", another_run)
    outputs.finish(result())
    assert refused == [*paths, *paths]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept out, nothing is removed, and still nothing is mixed or written over."""
    monkeypatch.setattr("engine.system.locks.fcntl", None)
    first, second = begin(tmp_path / "a.txt"), begin(tmp_path / "a.txt")
    first.game(game(1))
    first.finish(result())
    with pytest.raises(OutputError, match="appeared during the run"):
        second.finish(result())
    assert (tmp_path / "a.txt").read_text() == "game 1\nend at 7\n"
    assert listed(tmp_path) == {"a.txt", "a.txt.part"}


def test_a_run_that_was_checked_before_another_ended_is_refused(tmp_path: Path) -> None:
    targets = check([tmp_path / "a.txt"])
    begin(tmp_path / "a.txt").finish(result())
    with pytest.raises(ConfigError, match="exists"):
        begin(tmp_path / "a.txt")
    with pytest.raises(ConfigError, match="exists"):
        targets.open(INFO)
    assert listed(tmp_path) == {"a.txt"}


@locks
def test_of_runs_that_begin_at_once_one_at_most_writes(tmp_path: Path) -> None:
    together = threading.Barrier(4)
    begun: list[Outputs] = []
    refused: list[str] = []

    def run() -> None:
        together.wait()
        try:
            begun.append(begin(tmp_path / "a.txt"))
        except OutputError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) <= 1
    assert len(begun) + len(refused) == 4
    assert all("another run is writing" in message for message in refused)
    for outputs in begun:
        outputs.finish(result())
    assert listed(tmp_path) == ({"a.txt"} if begun else set())
