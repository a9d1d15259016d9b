"""The fingerprint of a UCI program: what runs counts, however it is started, and so do networks and tables."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.contracts.options import parse_options
from engine.errors import EvaluatorError
from engine_plugins.evaluators._identity import ProgramFile, Said
from engine_plugins.evaluators.uci import Uci

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what runs is looked up in /proc")

ENGINE = """
while read -r command; do
    case $command in
        uci) echo "id name Shell 1"
             echo "option name SyzygyPath type string default <empty>"
             echo "option name EvalFile type string default small.nnue"
             echo uciok ;;
        isready) echo readyok ;;
        go*) echo "info string NNUE evaluation using big.nnue (133MiB, (22528, 3072, 15, 32, 1))"
             echo "info depth 1 score cp 1 nodes 1 pv e2e4"
             echo "bestmove e2e4" ;;
        quit) exit ;;
    esac
done
"""
"""A program for a shell."""
Fingerprint = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `binary`, a shell of its own, and `engine`, the script for it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy("/bin/sh", folder / "binary")
    (folder / "engine").write_text(ENGINE)
    return folder


def script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def fingerprint(path: Path, **uci: str) -> str:
    evaluator = Uci(parse_options(Uci.Options, {"path": str(path), "uci": uci}, "uci"))
    try:
        return evaluator.start().fingerprint
    finally:
        evaluator.close()


def is_replaced(path: Path) -> None:
    """Put another file in a place, with a hash of its own; an executable still works."""
    other = path.with_suffix(".other")
    shutil.copy(path, other)
    with other.open("ab") as file:
        file.write(b"\0")
    other.replace(path)


def test_a_program_that_is_one_file_has_the_fingerprint_of_its_name_file_and_options() -> None:
    """Caches from before more than that counted stay valid for it."""
    sleep = Path("/bin/sleep")
    with subprocess.Popen([str(sleep), "60"]) as process:
        said = Said("Sleep 1", [], {"Threads": "1", "Hash": "16"}, ["bestmove e2e4"])
        found = ProgramFile(sleep).fingerprint(said, [process.pid], "exact")
        process.kill()
    parts = ["Sleep 1", hashlib.sha256(sleep.read_bytes()).hexdigest(), "Hash", "16", "Threads", "1"]
    assert found == hashlib.sha256("".join(part + "\0" for part in parts).encode()).hexdigest()


@pytest.mark.parametrize(
    "line",
    ['exec "$0.binary" "$0.engine"', '"$0.binary" "$0.engine"; exit', '"$0.binary" "$0.engine" | cat'],
    ids=["exec", "child", "pipe"],
)
def test_what_a_wrapper_runs_counts(folder: Path, line: str) -> None:
    program = script(folder / "program", line)
    (folder / "binary").rename(folder / "program.binary")
    (folder / "engine").rename(folder / "program.engine")
    first = fingerprint(program)
    assert fingerprint(program) == first
    is_replaced(folder / "program.binary")
    assert fingerprint(program) != first


def test_networks_that_the_program_names_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(folder / "program", ENGINE)
    found = [fingerprint(program)]
    for name in ("big.nnue", "small.nnue", "other.nnue"):
        (folder / name).write_bytes(b"network")
        found.append(fingerprint(program))
    assert len(set(found)) == 3
    assert found[2] == found[3]
    is_replaced(folder / "big.nnue")
    found.append(fingerprint(program))
    current = folder / "current"
    current.mkdir()
    (current / "small.nnue").write_bytes(b"another")
    monkeypatch.chdir(current)
    found.append(fingerprint(program))
    found.append(fingerprint(program, EvalFile="small.nnue"))
    assert len(set(found)) == 6


def test_a_network_that_is_what_its_name_says_adds_nothing(folder: Path) -> None:
    """Programs that have it inside, and lie where they were built, keep their caches."""
    content = b"network"
    name = f"nn-{hashlib.sha256(content).hexdigest()[:12]}.nnue"
    program = script(folder / "program", ENGINE.replace("big.nnue", name).replace("small.nnue", name))
    alone = fingerprint(program)
    (folder / name).write_bytes(content)
    assert fingerprint(program) == alone
    (folder / name).write_bytes(b"another")
    assert fingerprint(program) != alone


def test_files_that_the_program_writes_do_not_count(folder: Path) -> None:
    program = script(folder / "program", ENGINE.replace("EvalFile", "Log File"))
    log = folder / "log"
    found = [fingerprint(program), fingerprint(program, **{"Log File": str(log)})]
    (folder / "small.nnue").write_bytes(b"a log, in spite of its name")
    log.write_bytes(b"line")
    found += [fingerprint(program), fingerprint(program, **{"Log File": str(log)})]
    assert found[:2] == found[2:]


def test_tables_count_by_their_listing(folder: Path) -> None:
    program = script(folder / "program", ENGINE)
    tables, further = folder / "tables", folder / "further"
    tables.mkdir()
    further.mkdir()
    path = os.pathsep.join([str(tables), str(further)])
    found = [fingerprint(program, SyzygyPath=path)]
    (further / "KQvK.rtbw").write_bytes(b"table")
    found.append(fingerprint(program, SyzygyPath=path))
    (further / "KQvK.rtbw").write_bytes(b"tables")
    found.append(fingerprint(program, SyzygyPath=path))
    os.utime(further / "KQvK.rtbw", ns=(1, 1))
    found.append(fingerprint(program, SyzygyPath=path))
    assert len(set(found)) == 4
    (tables / "KRvK.rtbw.part").write_bytes(b"half")
    (tables / "notes.txt").write_bytes(b"not read")
    assert fingerprint(program, SyzygyPath=path) == found[-1]
    tables.rename(folder / "moved")
    path = os.pathsep.join([str(folder / "moved"), str(further)])
    assert fingerprint(program, SyzygyPath=path) == found[-1]


def test_a_program_that_is_replaced_while_it_starts_is_not_trusted(folder: Path) -> None:
    program = script(folder / "program", 'cp "$0" "$0.new"', 'mv "$0.new" "$0"', ENGINE)
    with pytest.raises(EvaluatorError, match="was replaced while it started: try again"):
        fingerprint(program)


def test_what_cannot_be_looked_up_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A system without /proc is like this: the file of the program alone identifies it."""
    program = script(folder / "program", ENGINE)
    monkeypatch.setattr("engine.system.programs.descendants", lambda pids: [2**30, *list(pids)[1:]])
    with caplog.at_level("INFO", "engine.evaluators.uci"):
        found = fingerprint(program)
    assert any(str(program) in line and "alone identifies it" in line for line in caplog.messages)
    parts = ["Shell 1", hashlib.sha256(program.read_bytes()).hexdigest()]
    assert found == hashlib.sha256("".join(part + "\0" for part in parts).encode()).hexdigest()


def test_a_file_that_has_not_changed_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = hashlib.file_digest

    def counted(file: object, name: str) -> object:
        read.append(str(getattr(file, "name", "")))
        return digest(file, name)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "file_digest", counted)
    monkeypatch.setattr("engine_plugins.evaluators._identity._sha256_of", {})
    program = script(folder / "program", ENGINE)
    fingerprint(program)
    assert any(name.startswith("/proc/") for name in read)
    read.clear()
    fingerprint(program)
    assert not any(name.startswith("/proc/") for name in read)
