"""A program that is replaced while a run uses it: results of two programs are never mixed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.contracts.messages import PluginSpec
from engine.errors import EvaluatorReplaced
from engine.loading import evaluators
from engine.model import RunCounts
from engine.testing.fake_uci import fake_uci
from engine.workers import worker
from tests import processes
from tests.e2e.command import engine as command
from tests.pool_rig import UNITS, Rig, fake_spec, units
from tests.support import FEW, PATIENCE

from . import dying

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes in /proc")
WORDS = r"fake-uci, or a file that it uses, was replaced while the run used it: run the same command again"


def replace(program: Path) -> None:
    """Put another program in its place: one with another text."""
    new = program.with_suffix(".new")
    new.write_text(program.read_text() + "# another version\n")
    new.chmod(0o755)
    new.replace(program)


def program_of(spec: PluginSpec) -> Path:
    return Path(spec.options["path"])


def fingerprint(spec: PluginSpec) -> str:
    evaluator = evaluators.make(spec)
    try:
        return evaluator.start().fingerprint
    finally:
        evaluator.close()


def programs(root: int) -> list[int]:
    return [pid for pid in processes.descendants(root) if "engine.testing.fake_uci" in processes.command_of(pid)]


@pytest.mark.parametrize("what", ["program", "network"])
def test_a_start_that_finds_another_program_ends_the_run(tmp_path: Path, rigs: list[Rig], what: str) -> None:
    network = tmp_path / "network.nnue"
    network.write_bytes(b"1")
    spec = fake_spec(tmp_path / "fake", {"uci": {"EvalFile": str(network)}})
    rigs.append(rig := Rig(spec, workers=1, fingerprint=fingerprint(spec)))
    rig.search(UNITS[:3])
    if what == "program":
        replace(program_of(spec))
    else:
        network.write_bytes(b"2")
    rig.search(UNITS[3:5])  # what runs is still the first one
    processes.kill(programs(os.getpid()))
    with pytest.raises(EvaluatorReplaced, match=WORDS) as caught:
        rig.search(UNITS[5:])
    assert caught.value.exit_code == 3
    assert len(rig.done) == 5


@pytest.mark.slow
def test_workers_that_still_run_the_first_one_do_not_hide_it(tmp_path: Path, rigs: list[Rig]) -> None:
    spec = fake_spec(tmp_path / "fake", delay=0.02)
    rigs.append(rig := Rig(spec, workers=2, fingerprint=fingerprint(spec)))
    many = units(8)
    rig.search(many[:4])
    replace(program_of(spec))
    processes.kill(programs(os.getpid())[:1])
    with pytest.raises(EvaluatorReplaced, match=WORDS):
        rig.search(many[4:])


def test_a_restart_of_the_same_program_goes_on(tmp_path: Path, rigs: list[Rig]) -> None:
    spec = fake_spec(tmp_path / "fake")
    rigs.append(rig := Rig(spec, workers=1, fingerprint=fingerprint(spec)))
    rig.search(UNITS[:3])
    processes.kill(programs(os.getpid()))
    rig.search(UNITS[3:])
    assert len(rig.done) == len(UNITS)


@pytest.mark.parametrize("times", [1, 2])
def test_a_start_that_was_disturbed_is_made_once_more(
    tmp_path: Path, rigs: list[Rig], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """A kill at the wrong moment hides a process of a wrapper script; that is no other program."""
    monkeypatch.setattr(worker, "main", partial(dying.finds_another, tmp_path, times))
    rigs.append(rig := Rig(fake_spec(tmp_path / "fake"), workers=1))
    if times == 1:
        rig.search(UNITS[:2])
        return
    with pytest.raises(EvaluatorReplaced, match="it was replaced"):
        rig.search(UNITS[:2])


def analyse(source: Path, fake: Path, *more: str | Path) -> list[str]:
    return ["analyze", *map(str, (source, "-e", fake, "-j", "1", "--nodes", "10", *more))]


def until_searched(process: subprocess.Popen[str], positions: int) -> None:
    assert process.stderr
    for line in process.stderr:
        if json.loads(line).get("positions", 0) >= positions:
            return
    pytest.fail("it ended before")


@pytest.mark.slow
def test_the_command_stops_and_the_same_command_continues(tmp_path: Path) -> None:
    """What the first program searched is kept for it; the second begins anew; no output mixes the two."""
    source = tmp_path / "games.pgn"
    source.write_text("".join(FEW.partition("1-0\n")[:2]))
    fake = fake_uci(tmp_path / "fake", hang=9, times=1)
    first = fake.read_text()
    arguments = analyse(source, fake, "-o", tmp_path / "out.jsonl", "--progress", "json")
    with subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        until_searched(process, 8)
        replace(fake)
        processes.kill(programs(process.pid))
        assert process.stderr
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 3
    assert "was replaced while the run used it: run the same command again" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out.jsonl").exists()

    again = command(*arguments, "-y")
    assert again.code == 0, again.err
    second = (tmp_path / "out.jsonl").read_bytes()
    calm = whole(source, fake, "", tmp_path / "calm.jsonl")
    assert second == (tmp_path / "calm.jsonl").read_bytes()
    fake.write_text(first)
    assert whole(source, fake, None).searched == calm.searched - 8


def whole(source: Path, fake: Path, cache: str | None, *outputs: Path) -> RunCounts:
    settings = engine.Settings(cache=cache, executor="inline")
    run = engine.analyze(source, evaluator=str(fake), nodes=10, settings=settings, output=outputs)
    return run.counts


@pytest.mark.parametrize("executor", ["local", "inline"])
@pytest.mark.slow
def test_an_analyzer_goes_on_with_the_new_program(tmp_path: Path, executor: str) -> None:
    fake = fake_uci(tmp_path / "fake", crash=3, times=1)
    settings = engine.Settings(
        evaluator=str(fake), executor=executor, workers=1, cache="", limit=engine.Limit(nodes=10)
    )
    with engine.Analyzer(settings=settings) as analyzer:
        assert analyzer.evaluator.name == "Fake UCI"
        replace(fake)
        with pytest.raises(EvaluatorReplaced):
            analyzer.analyze(FEW)
        assert analyzer.analyze(FEW).counts.analysed == 3
        assert analyzer.evaluate("startpos").nodes


def test_daemons_die_with_their_program_even_if_they_hide(tmp_path: Path, rigs: list[Rig]) -> None:
    """They have left the group, and their environment is empty; only the worker that adopts them can know."""
    numbers = tmp_path / "daemons"
    behaviour: dict[str, Any] = {"daemon": str(numbers), "crash": 2, "times": 1}
    rigs.append(rig := Rig(fake_spec(tmp_path / "fake", **behaviour), workers=1))
    rig.search(UNITS)
    rig.pool.close()
    rigs.clear()
    daemons = [int(line) for line in numbers.read_text().split()]
    assert len(daemons) == 2
    assert processes.end_of(daemons) == []


@pytest.mark.slow
def test_daemons_of_the_trial_start_die_with_it(tmp_path: Path) -> None:
    source = tmp_path / "games.pgn"
    source.write_text("1. e4 e5 *\n")
    fake = fake_uci(tmp_path / "fake", daemon=True)
    assert command(*analyse(source, fake)).code == 0  # that nothing is left is looked at after each test
