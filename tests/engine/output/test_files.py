"""Outputs: checked before any work, written game by game, moved into place at the end."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import AnalysisError, ConfigError, OutputError
from tests.engine.output.rig import SKIPPED, begin, check, game, result, unzstd
from tests.support import working_file

# -- before any work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "given", "error", "words"),
    [
        (["x.doc"], {}, ConfigError, ["x.doc", ".txt (also .names.txt)", ".md", ".zst"]),
        (["x.name.txd"], {}, ConfigError, ["x.name.txd", "the ending .txd says nothing", "did you mean .txt"]),
        (["noending"], {}, ConfigError, ["noending", ".txt"]),
        ([".txt"], {}, ConfigError, [".txt"]),
        (["there.txt"], {}, ConfigError, ["there.txt", "exists", "--force"]),
        (["folder.txt"], {"force": True}, ConfigError, ["folder.txt", "not a file"]),
        (["a.txt", "a.txt"], {}, ConfigError, ["a.txt", "twice"]),
        (["a.txt", "sub/../a.txt"], {}, ConfigError, ["a.txt", "twice"]),
        (["there.txt"], {"force": True, "inputs": ["./there.txt"]}, ConfigError, ["there.txt", "input"]),
        (["none/x.txt"], {}, OutputError, ["none", "no folder"]),
        (["there.txt/x.txt"], {}, OutputError, ["there.txt", "no folder"]),
        (["-"], {}, ConfigError, ["--format", "names", "other"]),
        (["-"], {"format": "xml"}, ConfigError, ["xml", "names"]),
        (["-"], {"format": "name"}, ConfigError, ["unknown --format name", "did you mean names"]),
        (["-", "-"], {"format": "names"}, ConfigError, ["twice"]),
    ],
)
def test_what_cannot_be_is_said_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    targets: list[str],
    given: dict[str, object],
    error: type[AnalysisError],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.txt").write_text("mine")
    Path("folder.txt").mkdir()
    Path("sub").mkdir()
    with pytest.raises(error) as caught:
        check(["good.txt", *targets], **given)
    assert caught.value.exit_code == (2 if error is ConfigError else 4)
    assert not [word for word in words if word not in caught.value.message]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "engine-home") == [
        "folder.txt",
        "sub",
        "there.txt",
    ]
    assert Path("there.txt").read_text() == "mine"


def test_checking_alone_touches_nothing(tmp_path: Path) -> None:
    check([tmp_path / "a.txt", tmp_path / "b.md"])
    assert not list(tmp_path.glob("*.*"))


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "link.txt", tmp_path / "real" / "out.txt"
    link.symlink_to(real)
    outputs = begin(link)
    outputs.finish(result())
    assert link.is_symlink()
    assert real.read_text() == "end at 0\n"


# -- a run --------------------------------------------------------------------------------------------------


def test_a_run_leaves_finished_files_only(tmp_path: Path) -> None:
    text, other = tmp_path / "a.names.txt", tmp_path / "b.md"
    outputs = begin(text, other)
    outputs.game(game(1))
    outputs.skipped(SKIPPED)
    assert not text.exists()
    written = working_file(text)
    assert written is not None
    assert written.read_text() == "game 1\nskipped 2\n"
    outputs.finish(result())
    assert outputs.names() == [str(text), str(other)]
    assert text.read_text() == "game 1\nskipped 2\nend at 17\n"
    assert other.read_text() == "# wins: 5\n"
    assert not list(tmp_path.glob("*.part"))


def test_force_replaces_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    outputs = begin(path, force=True)
    outputs.game(game(1))
    assert path.read_text() == "old"
    outputs.finish(result())
    assert path.read_text() == "game 1\nend at 7\n"


def test_what_appears_during_the_run_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    outputs = begin(path)
    path.write_text("somebody's")
    with pytest.raises(OutputError, match=r"a\.txt appeared during the run; the result is in .*a\.txt\.part"):
        outputs.finish(result())
    assert path.read_text() == "somebody's"
    assert (tmp_path / "a.txt.part").read_text() == "end at 0\n"


def test_an_interrupted_run_leaves_its_part(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    outputs = begin(path)
    outputs.game(game(1))
    outputs.finish(result(interrupted=True))
    assert outputs.names() == [f"{path}.part"]
    assert not path.exists()
    assert (tmp_path / "a.txt.part").read_text() == "game 1\nend at 7\n"


def test_abandoned_parts_hold_whole_games_and_the_next_run_starts_anew(tmp_path: Path) -> None:
    path, part = tmp_path / "a.txt", tmp_path / "a.txt.part"
    outputs = begin(path)
    outputs.game(game(1))
    outputs.game(game(2))
    outputs.abandon()
    outputs.abandon()
    assert part.read_text() == "game 1\ngame 2\n"
    again = begin(path)
    assert part.read_text() == "game 1\ngame 2\n"
    again.finish(result())
    assert path.read_text() == "end at 0\n"
    assert not part.exists()


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    first = begin(path)
    first.game(game(1))
    with pytest.raises(OutputError, match="another run is writing"):
        begin(path)
    first.finish(result())
    assert path.read_text() == "game 1\nend at 7\n"


@pytest.mark.parametrize(
    ("ending", "expand"),
    [(".gz", gzip.decompress), (".bz2", bz2.decompress), (".xz", lzma.decompress), (".ZST", unzstd)],
)
def test_outputs_are_compressed_by_their_ending(
    tmp_path: Path, ending: str, expand: Callable[[bytes], bytes]
) -> None:
    expected = "".join(f"game {number}\n" for number in range(1, 300))
    written = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.txt{ending}"
        outputs = begin(path)
        for number in range(1, 300):
            outputs.game(game(number))
        outputs.finish(result())
        written.append(path.read_bytes())
    assert expand(written[0]).decode() == f"{expected}end at {len(expected)}\n"
    assert written[0] == written[1]
    assert len(written[0]) < len(expected)


def test_an_abandoned_compressed_part_can_be_read(tmp_path: Path) -> None:
    outputs = begin(tmp_path / "a.txt.zst")
    outputs.game(game(1))
    outputs.abandon()
    assert unzstd((tmp_path / "a.txt.zst.part").read_bytes()) == b"game 1\n"
