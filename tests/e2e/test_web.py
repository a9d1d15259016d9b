"""The example of a web server, over real sockets."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import DATA, PATIENCE

ROOT = Path(__file__).parents[2]
CLASSICS = (DATA / "classics.pgn").read_bytes()
MINI = b"1. e4 e5 2. Nf3 *"


class Server(Struct):
    port: int
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers, encode_chunked=bool(headers))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def analyze(self, pgn: bytes) -> list[dict[str, Any]]:
        status, body = self.ask("POST", "/analyze", pgn)
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def raw(self, data: bytes) -> bytes:
        """Send bytes that need not be HTTP; what comes back until the other side closes."""
        with self.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    fake_uci(tmp_path / "bin", filename="stockfish", delay=0.002)
    command = [sys.executable, "-m", "uvicorn", "--app-dir", "plugins/examples", "web:app", "--port", "0"]
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "ENGINE_WORKERS": "2"}
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"running on http://[\d.]+:(\d+)", line):
                    break
            assert found is not None
            yield Server(int(found[1]), process)
            process.terminate()
            rest = process.communicate(timeout=PATIENCE)[1]
            assert "Traceback" not in rest, rest
            assert "Exception" not in rest, rest
            assert process.returncode in (0, -15)
        finally:
            processes.kill([process.pid, *processes.descendants(process.pid)])


def test_twenty_at_once_each_with_progress_games_and_reports(server: Server) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(server.analyze, [MINI + b"\n" * k for k in range(18)] + [CLASSICS] * 2))
    for lines, games in zip(answers, [1] * 18 + [12] * 2, strict=True):
        kinds = [next(iter(line)) for line in lines]
        assert kinds.count("game") == games
        assert kinds[-1] == "reports"
        assert "progress" in kinds
    assert answers[-1][-1] == answers[-2][-1]


def test_an_evaluation_is_answered_while_a_long_analysis_goes_on(server: Server) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as clients:
        long = clients.submit(server.analyze, CLASSICS)
        status, body = server.ask("GET", "/evaluate?fen=startpos")
        assert status == 200
        assert json.loads(body)["best"]
        assert not long.done()
        assert long.result()[-1]["reports"]


@pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")
def test_clients_that_hang_up_leave_nothing_behind(server: Server) -> None:
    """Clients hang up in the middle of the body, before the answer and after its first line, many times."""
    head = b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    counts = []
    for n in range(5):
        for sent, read in ((b"1. e4", 0), (CLASSICS, 0), (CLASSICS, 300)):
            connections = [server.connect() for _ in range(5)]
            for connection in connections:
                connection.sendall(head % len(CLASSICS) + sent)
                received = b""
                while len(received) < read:
                    received += connection.recv(read - len(received))
                connection.close()
        # Whoever is served after them is served as ever; when he is, they are gone.
        assert server.analyze(MINI)[-1]["reports"]
        # What is opened at first use may come late; a leak would make each round the highest.
        counts.append(settled(server, max(counts) if n == 4 else None))
    assert counts[-1] <= max(counts[:-1])


def settled(server: Server, most: tuple[int, int] | None) -> tuple[int, int]:
    """Open files and threads once what was cancelled has ended: at `most` so many, or unchanged for a while."""
    deadline = time.monotonic() + PATIENCE
    seen: list[tuple[int, int]] = []
    while time.monotonic() < deadline:
        server.ask("GET", "/evaluate")
        seen.append((server.open_files(), server.threads()))
        if seen[-1] <= most if most is not None else len(seen) > 5 and len(set(seen[-5:])) == 1:
            break
    return seen[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "reports"),
        (b"\0\xff\xfe garbage", "no readable game"),
        (b"/etc/passwd", "no readable game"),
        (b"\x1f\x8b broken gzip", "no readable game"),
        (b"[" * 100_000, "no readable game"),
        (b"(" * 100_000, "no readable game"),
        (b'[Event "x"]\n' * 20_000, "reports"),
        (b'[FEN "rubbish"]\n\n1. e4 *', "no readable game"),
    ],
)
def test_hostile_bodies_are_answered(server: Server, body: bytes, said: str) -> None:
    lines = server.analyze(body)
    assert said in json.dumps(lines[-1]), lines[-1]
    assert server.analyze(MINI)[-1]["reports"]


def test_hostile_requests_are_refused(server: Server) -> None:
    assert server.ask("POST", "/analyze", b"x" * 1_000_001)[0] == 413
    endless = (b"x" * 100_000 for _ in range(15))
    assert server.ask("POST", "/analyze", endless, **{"Transfer-Encoding": "chunked"})[0] == 413
    assert server.ask("GET", "/analyze")[0] == 405
    assert server.ask("GET", "/nowhere")[0] == 404
    for fen in ("rubbish", "8/8/8/8/8/8/8/8%20w%20-%20-%200%201", "k" * 5000):
        status, body = server.ask("GET", f"/evaluate?fen={fen}")
        assert status == 400
        assert json.loads(body)["error"]
    assert b" 400 " in server.raw(b"\0\1\2 nonsense\r\n\r\n")
    assert server.analyze(MINI)[-1]["reports"]
