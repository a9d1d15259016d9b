"""The recipe for a task queue, with a real worker of Celery: broker and results are folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import DATA, PATIENCE

EXAMPLES = Path(__file__).parents[2] / "plugins" / "examples"
CONFIG = """
broker_url = "filesystem://"
result_backend = "file://{folder}/results"
broker_transport_options = dict(
    data_folder_in="{folder}/queue", data_folder_out="{folder}/queue", control_folder="{folder}/control"
)
worker_enable_remote_control = False
"""
ASK = """
import json, sys
from tasks import analyze
waiting = [analyze.delay(open(sys.argv[1]).read(), nodes=50), analyze.delay("no chess at all")]
result = waiting[0].get(timeout=300)
try:
    waiting[1].get(timeout=300)
except Exception as error:
    said = [type(error).__name__, str(error)]
print(json.dumps([result["wins"]["title"], said]))
"""


@pytest.mark.slow
def test_tasks_are_done_by_a_worker_and_errors_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_uci(tmp_path / "bin", filename="stockfish")
    for name in ("results", "queue", "control"):
        (tmp_path / name).mkdir()
    (tmp_path / "celeryconfig.py").write_text(CONFIG.format(folder=tmp_path))
    env = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{EXAMPLES}",
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "--app",
        "tasks",
        "worker",
        "--pool",
        "threads",
        "--concurrency",
        "2",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as worker:
        try:
            asked = subprocess.run(
                [sys.executable, "-c", ASK, str(DATA / "classics.pgn")],
                cwd=tmp_path,
                env=env,
                capture_output=True,
                text=True,
                timeout=2 * PATIENCE,
                check=False,
            )
            assert asked.returncode == 0, asked.stderr
            reason = "no readable game in <bytes>: neither tags nor a legal move"
            assert json.loads(asked.stdout) == ["Winning moves", ["InputError", reason]]
            worker.terminate()
            worker.communicate(timeout=PATIENCE)
            assert worker.returncode == 0
        finally:
            processes.kill([worker.pid, *processes.descendants(worker.pid)])
