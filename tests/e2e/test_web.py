"""The example of a web server, over real sockets."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from engine.system import cores
from engine.testing.fake_uci import fake_uci
from engine.workers.pool import LEASES
from tests import processes
from tests.support import DATA, PATIENCE

ROOT = Path(__file__).parents[2]
CLASSICS = (DATA / "classics.pgn").read_bytes()
MINI = b"1. e4 e5 2. Nf3 *"
HEAD = b"POST /analyze HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
NO_HEADERS: Mapping[str, str] = {}


class Server(Struct):
    port: int
    process: subprocess.Popen[str]
    folder: Path

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
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

    def refuse(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = NO_HEADERS) -> int:
        """Ask for something that is refused in words of JSON; return the status."""
        status, answer = self.ask(method, path, body, headers)
        assert json.loads(answer)["error"], answer
        return status

    def searches(self) -> int:
        """Return how many positions the programs have begun to search, without their trials."""
        log = self.folder / "log"
        return len(re.findall(r"^go nodes \d{3,}$", log.read_text() if log.exists() else "", flags=re.MULTILINE))

    def peak(self) -> int:
        """Return the largest resident memory that it has had, in MB."""
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) // 1000

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


@contextlib.contextmanager
def serving(folder: Path, *options: str, limits: str = "", **behaviour: Any) -> Iterator[Server]:
    """Run the server, as its page says, or with other limits by uvicorn; what it has said is in `folder`/said."""
    fake_uci(folder / "bin", filename="stockfish", log=str(folder / "log"), **behaviour)
    command = [str(ROOT / "plugins/examples/web.py"), "0"]
    if limits or options:
        (folder / "limited.py").write_text(f"import web\n\n{limits}\napp = web.app\n")
        command = ["-m", "uvicorn", "--app-dir", str(folder), "limited:app", "--port", "0", *options]
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "plugins/examples")}
    command = [sys.executable, *command]
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
                    break
            assert found is not None
            yield Server(int(found[1]), process, folder)
            process.terminate()
            rest = process.communicate(timeout=PATIENCE)[1]
            (folder / "said").write_text(rest)
            assert "Traceback" not in rest, rest
            assert "Exception" not in rest, rest
            assert process.returncode in (0, -15)
        finally:
            processes.kill([process.pid, *processes.descendants(process.pid)])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, delay=0.002) as it:
        yield it


@pytest.mark.slow
def test_twenty_at_once_each_with_progress_games_and_reports(server: Server) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(server.analyze, [MINI + b"\n" * k for k in range(18)] + [CLASSICS] * 2))
    for lines, games in zip(answers, [1] * 18 + [12] * 2, strict=True):
        kinds = [next(iter(line)) for line in lines]
        assert kinds.count("game") == games
        assert kinds[-1] == "reports"
        assert "progress" in kinds
    assert answers[-1][-1] == answers[-2][-1]


@pytest.mark.slow
def test_an_evaluation_is_answered_while_a_long_analysis_goes_on(tmp_path: Path) -> None:
    """All but the evaluation, which takes one search, takes minutes until that is answered."""
    hold = tmp_path / "hold"
    hold.touch()
    slow = {"slow": f"@{hold}", "slow_seconds": 1.0}
    with serving(tmp_path, **slow) as server, concurrent.futures.ThreadPoolExecutor(1) as clients:
        long = clients.submit(server.analyze, CLASSICS)
        try:
            while not server.searches():
                assert not concurrent.futures.wait([long], 0.02).done
            status, body = server.ask("GET", "/evaluate?fen=startpos")
            assert status == 200
            assert json.loads(body)["best"]
            assert not long.done()
        finally:
            hold.unlink()
        assert long.result()[-1]["reports"]


@pytest.mark.slow
@pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")
def test_clients_that_hang_up_leave_nothing_behind(server: Server) -> None:
    """Clients hang up in the middle of the body, before the answer and after its first line, many times."""
    counts = []
    for n in range(5):
        for sent, read in ((b"1. e4", 0), (CLASSICS, 0), (CLASSICS, 300)):
            connections = [server.connect() for _ in range(5)]
            for connection in connections:
                connection.sendall(HEAD % len(CLASSICS) + sent)
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
    assert server.refuse("POST", "/analyze", b"x" * 1_000_001) == 413
    endless = (b"x" * 100_000 for _ in range(15))
    assert server.refuse("POST", "/analyze", endless, {"Transfer-Encoding": "chunked"}) == 413
    assert server.refuse("GET", "/analyze") == 405
    assert server.refuse("GET", "/nowhere") == 404
    for fen in ("rubbish", "8/8/8/8/8/8/8/8%20w%20-%20-%200%201", "k" * 5000):
        assert server.refuse("GET", f"/evaluate?fen={fen}") == 400
    assert b" 400 " in server.raw(b"\0\1\2 nonsense\r\n\r\n")
    assert server.analyze(MINI)[-1]["reports"]


def test_pages_of_other_sites_get_nothing(server: Server) -> None:
    """A name that was made to point to this computer, and a page that posts to it from a browser."""
    here = f"localhost:{server.port}"
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", ""):
        assert server.refuse("GET", "/evaluate", headers={"Host": host}) == 400
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert server.refuse("POST", "/analyze", MINI, {"Host": here, **foreign}) == 403
    own = {"Host": here, "Origin": f"http://{here}", "Sec-Fetch-Site": "same-origin"}
    assert server.ask("POST", "/analyze", MINI, own)[0] == 200


@pytest.mark.slow
def test_no_more_are_admitted_than_the_limit_says(tmp_path: Path) -> None:
    """All at once, and none is done before the last has been answered."""
    with serving(tmp_path, "--timeout-graceful-shutdown", "1", delay=1.0) as server:
        with contextlib.ExitStack() as open_until_all_are_answered:
            clients = [open_until_all_are_answered.enter_context(server.connect()) for _ in range(120)]
            for client in clients:
                client.sendall(HEAD % len(CLASSICS) + CLASSICS)
            answers = Counter(status(client) for client in clients)
        assert answers == {200: 50, 503: 70}
        # They have hung up, and their places become free.
        while (later := server.ask("POST", "/analyze", b"")[0]) == 503:
            assert server.process.poll() is None
        assert later == 200


def test_who_is_served_when_the_server_stops_is_cut_off(tmp_path: Path) -> None:
    with serving(tmp_path, "--timeout-graceful-shutdown", "1", delay=1.0) as server, server.connect() as client:
        client.sendall(HEAD % len(CLASSICS) + CLASSICS)
        assert status(client) == 200
        server.process.terminate()
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        assert not answer.endswith(b"\r\n0\r\n\r\n"), "half an answer must not look like a whole one"


@pytest.mark.slow
@pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")
def test_half_sent_bodies_take_little_memory_and_not_for_long(tmp_path: Path) -> None:
    with serving(tmp_path, limits="web.BODY_SECONDS = 2.5") as server:
        server.analyze(MINI)
        before = server.peak()
        with contextlib.ExitStack() as open_until_all_are_answered:
            clients = [open_until_all_are_answered.enter_context(server.connect()) for _ in range(200)]
            for client in clients:
                client.sendall(HEAD % 1_000_000 + b" " * 900_000)
            answers = Counter(status(client) for client in clients)
        assert answers == {408: 200}
        assert server.peak() - before < 160, "50 bodies of 0.9 MB are kept, and a buffer for each client"
        assert server.analyze(MINI)[-1]["reports"]


@pytest.mark.slow
def test_clients_that_hung_up_hold_up_nobody(tmp_path: Path) -> None:
    """No more is searched for them than what was in hand."""
    in_hand = LEASES * cores()
    with serving(tmp_path, delay=0.1) as server:
        for _ in range(20 + 3 * in_hand):
            with server.connect() as client:
                client.sendall(b"GET /evaluate HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert server.ask("GET", "/evaluate")[0] == 200
        assert server.searches() <= 10 + 2 * in_hand


@pytest.mark.parametrize("broken", ["evaluator", "cache"])
def test_trouble_of_the_server_is_for_its_log_and_names_no_file_to_clients(tmp_path: Path, broken: str) -> None:
    """The program does not start; a file stands where the cache should be."""
    trouble = {"start_crash": 1} if broken == "evaluator" else {}
    (tmp_path / "engine-home").mkdir()
    (tmp_path / "engine-home/cache").write_text("")
    with serving(tmp_path, **trouble) as server:
        answers = [server.ask("POST", "/analyze", MINI), server.ask("GET", "/evaluate")]
    statuses = [status for status, _ in answers]
    assert statuses == [500 if trouble else 200] * 2
    for _, body in answers:
        assert str(tmp_path).encode() not in body
    if trouble:
        assert str(tmp_path) in (tmp_path / "said").read_text()


def status(client: socket.socket) -> int:
    """Read the first line of an answer."""
    answer = b""
    while b"\r\n" not in answer:
        piece = client.recv(100)
        assert piece, "hung up without an answer"
        answer += piece
    return int(answer.split()[1])
