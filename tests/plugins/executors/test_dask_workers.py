"""Workers are checked before they search: the fingerprint of their evaluator, and the version of this package."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.loading.registry import Registry
from engine.testing import check_executor
from engine.testing.fake_uci import fake_uci
from tests.plugins.executors.cluster_rig import GUIDE, Cluster, certificates, cluster, command

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, 1) as made:
        yield made


def hidden(folder: Path) -> dict[str, str]:
    """Return the environment of a Python that lacks this package."""
    (folder / "engine_plugins").mkdir(parents=True)
    (folder / "engine_plugins" / "__init__.py").write_text("")
    return {"PYTHONPATH": str(folder)}


def older(folder: Path) -> dict[str, str]:
    """Return the environment of a Python that has an older version of it."""
    about = folder / "grandmaster_analysis-0.0.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: grandmaster-analysis\nVersion: 0.0.1\n")
    return {"PYTHONPATH": str(folder)}


def other_program(folder: Path) -> dict[str, str]:
    """Return an environment in which the fake program is another one."""
    fake_uci(folder, "fish", name="Other 2")
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


ODD = {
    "lacks this program": (hidden, "pip install 'grandmaster-analysis[dask]' there"),
    "has an older version": (older, "has grandmaster-analysis 0.0.1, and here it is"),
    "has another evaluator": (other_program, "has another evaluator than this machine, or other options: Other 2"),
}


def arguments(tmp_path: Path, delay: float = 0.0) -> list[str]:
    """Write the fake program that the tests have put on the path, and return the arguments of a run."""
    fake_uci(tmp_path / "bin", "fish", delay=delay)
    return ["-e", "fish", "--nodes", "500", "--no-cache", "--set", "dask.bundle=0.3"]


@pytest.mark.parametrize("odd", ODD)
def test_a_mixed_cluster_is_refused(tmp_path: Path, one: Cluster, odd: str) -> None:
    words = arguments(tmp_path)
    environment, reason = ODD[odd]
    one.add(env=environment(tmp_path / "odd"))
    one.wait_for_workers(2)
    with command(tmp_path / "out.jsonl", *words, *one.flags()) as ran:
        last = ran.end()
    assert last["event"] == "error"
    assert last["code"] == 3
    assert "not all workers of" in last["message"]
    assert reason in last["message"]
    assert last["message"].count("tcp://127.0.0.1:") == 2  # the scheduler and one worker


@pytest.mark.parametrize("odd", [pytest.param(odd, marks=pytest.mark.storm) for odd in (*ODD,)[:-1]] + [*ODD][-1:])
def test_a_late_worker_is_left_out_alone(tmp_path: Path, one: Cluster, odd: str) -> None:
    words = arguments(tmp_path, delay=0.03)
    environment, reason = ODD[odd]
    with command(tmp_path / "out.jsonl", *words, *one.flags()) as ran:
        ran.until_positions(10)
        one.add(env=environment(tmp_path / "odd"))
        ran.until(lambda event: event["event"] == "notice" and reason in event["reason"])
        assert ran.end()["event"] == "end"
    [said] = [notice for notice in ran.notices() if "a worker is left out" in notice]
    assert reason in said


def test_a_scheduler_that_lacks_this_program(tmp_path: Path) -> None:
    words = arguments(tmp_path)
    made = Cluster(tmp_path)
    try:
        made.start_scheduler(env=hidden(tmp_path / "odd"))
        with command(tmp_path / "out.jsonl", *words, *made.flags()) as ran:
            last = ran.end()
    finally:
        made.close()
    assert last["code"] == 3
    assert "the scheduler at tcp://127.0.0.1" in last["message"]
    assert "pip install" in last["message"]


def test_a_cluster_without_workers_is_waited_for(tmp_path: Path) -> None:
    words = arguments(tmp_path)
    with cluster(tmp_path, 0) as made, command(tmp_path / "out.jsonl", *words, *made.flags()) as ran:
        ran.until(lambda event: event["event"] == "notice" and "has no worker yet" in event["reason"])
        made.add("--nthreads", "2")
        assert ran.end()["event"] == "end"


@pytest.mark.storm
def test_all_workers_lost_and_others_come(tmp_path: Path, one: Cluster) -> None:
    words = arguments(tmp_path, delay=0.02)
    with command(tmp_path / "out.jsonl", *words, *one.flags()) as ran:
        ran.until_positions(50)
        one.workers[0].kill()
        one.workers[0].wait()
        ran.until(lambda event: event["event"] == "progress" and not event["workers"])
        one.add()
        last = ran.end()
    assert last["event"] == "end"
    assert last["failures"] == 0


@pytest.mark.storm
def test_nothing_answers_at_the_address(tmp_path: Path) -> None:
    words = arguments(tmp_path)
    with socket.socket() as silent:  # has a port, and does not listen
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with command(
            tmp_path / "out.jsonl", *words, "--executor", "dask", "--set", f"dask.address={address}"
        ) as ran:
            last = ran.end()
    assert last["code"] == 3
    assert f"no Dask scheduler can be used at tcp://{address}" in last["message"]


def test_a_certificate_of_another_authority(tmp_path: Path) -> None:
    words = arguments(tmp_path)
    theirs, ours = certificates(tmp_path / "theirs"), certificates(tmp_path / "ours")
    with cluster(tmp_path, 0, theirs) as made:
        made.tls = ours
        with command(tmp_path / "out.jsonl", *words, *made.flags()) as ran:
            last = ran.end()
    assert last["code"] == 3
    assert "certificate" in last["message"].lower()


def test_the_embedded_stockfish_travels(tmp_path: Path, stockfish_wasm: Path) -> None:
    home = tmp_path / "their-home"
    (tmp_path / "one.pgn").write_text("1. e4 e5 2. Nf3 *\n")
    made = Cluster(tmp_path)
    try:
        made.start_scheduler()
        for _ in range(2):
            made.add(env={"ENGINE_HOME": str(home), "ENGINE_STOCKFISH_WASM": "", "PATH": "/nowhere"})
        made.wait_for_workers(2)
        environment = {**os.environ, "ENGINE_STOCKFISH_WASM": str(stockfish_wasm)}
        words = ["-e", "embedded", "--nodes", "500", "--no-cache"]
        with command(
            tmp_path / "out.jsonl", *words, *made.flags(), source=tmp_path / "one.pgn", env=environment
        ) as ran:
            assert ran.end()["event"] == "end"
    finally:
        made.close()
    [kept] = (home / "data").glob("*.wasm")
    assert kept.read_bytes() == stockfish_wasm.read_bytes()


def test_the_executor_keeps_the_laws() -> None:
    assert check_executor(Registry().load("engine.executors", "dask")) > 10


def test_the_job_script_of_the_guide_is_that_of_dask_jobqueue() -> None:
    slurm = pytest.importorskip("dask_jobqueue.slurm")
    text = GUIDE.read_text(encoding="utf-8")
    [call] = re.findall(r"SLURMCluster\((cores=.*)\)$", text, re.MULTILINE)
    arguments = eval(f"dict({call})")
    job = slurm.SLURMJob("ADDRESS", "NAME", config_name="slurm", **arguments)
    [shown] = re.findall(r"^```\n(#SBATCH.*?)^```$", text, re.MULTILINE | re.DOTALL)
    printed = job.job_script().replace(sys.executable, "python").replace("#!/usr/bin/env bash\n", "")
    assert printed.split() == shown.split()
