"""`engine serve` under mixed load for minutes: requests, errors, and memory at the start of each tenth.

Some clients walk through pages and filters, some open streams and leave, some are so slow that they are
dropped, some send what no browser sends, and some take all connections and say nothing. An error is 5xx other
than 503, success of what is hostile, a page without an answer in a minute, a slow client that is kept, or a
traceback of the server. At the end SIGTERM must end it within five seconds, with a stream open.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct, field

from tests.perf import runs, sides
from tests.perf.report import Failed, Report, Table
from tests.support import DATA

GROWTH = 20.0
"""Greatest growth of the server from its second tenth to the end, in MiB."""
ENDING = 5.0
_PATIENCE = 60.0
_TENTHS = 10
_RAISED = re.compile(r"^[\w.]*(?:Error|Exception|Warning|Interrupt)\b.*$", re.MULTILINE)
"""The last line of a traceback."""
_WARM = 1
"""Tenths after which caches are full and memory must not grow any more."""
_PAUSE = 0.02
"""Seconds between two requests of one client."""
_SLOW = 16
_IDLE = 300

PATHS = (
    "/", "/games", "/moves", "/reports", "/reports/accuracy", "/reports/openings", "/reports/phases", "/compare",
    "/openings", "/openings/leaks", "/board", "/board/position", "/game/1", "/game/2", "/game/9999999", "/live",
    "/static/style.css", "/suggestions/player", "/nothing",
)  # fmt: skip
FILTERS = (
    "speed=blitz", "side=white", "side=black", "result=win", "phase=endgame", "judgement=blunder", "opening=B",
    "opening=Sicilian", "since=2020-01-01", "until=2024", "player=%3Cscript%3E", "player=a", "rating=1500-",
    "position=startpos", "position=%ff", "clock=10%25", "start=100000000", "order=accuracy", "nonsense=1",
    "fen=8/8/8",
)  # fmt: skip
STREAMS = ("/live/events", "/reports/accuracy/events", "/reports/leaks/events?side=white")
HOSTILE = (
    b"GET /static/../../secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /static/%2e%2e%2fx HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n",
    b"OPTIONS /live/stop HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /live/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncsrf=x",
    b"POST /board/lines HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 1_000,
    b"POST /board/lines HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"x" * 20_000 + b"\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000,
    b"GET /games?" + b"a=1&" * 500 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\x00" * 1_000,
)  # fmt: skip


class Load(Struct):
    """What clients do, and what they find."""

    port: int
    until: float
    """Time of `time.monotonic` at which it ends."""
    counts: Counter[str] = field(default_factory=Counter)
    """Answers by kind of client and status."""
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def note(self, kind: str, status: str) -> None:
        """Count an answer; a status that no request may have is an error."""
        with self.lock:
            self.counts[f"{kind}: {status}"] += 1
            if status.startswith("5") and status != "503":
                self.errors[f"{kind}: {status}"] += 1

    def fail(self, what: str) -> None:
        with self.lock:
            self.errors[what] += 1

    def connect(self, *, buffer: int = 0) -> socket.socket:
        connection = socket.socket()
        connection.settimeout(_PATIENCE)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect(("127.0.0.1", self.port))
        return connection


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=1.0, help="how long  [1]")
    parser.add_argument(
        "--results", type=Path, default=DATA / "match.jsonl.zst", metavar="FILE", help="what is shown"
    )


def run(args: argparse.Namespace) -> Report:
    seconds = 10.0 if args.quick else 60 * args.minutes
    with tempfile.TemporaryDirectory(prefix="perf-") as name, serving(args.results, Path(name)) as (process, port):
        load = Load(port, time.monotonic() + seconds)
        threads = [threading.Thread(target=kind, args=(load, k)) for kind in CLIENTS for k in range(CLIENTS[kind])]
        for thread in threads:
            thread.start()
        memory = list(_watched(process, seconds, load))
        for thread in threads:
            thread.join()
        ending = _end(process, load)
        said = (Path(name) / "stderr").read_text(encoding="utf-8", errors="replace")
    load.errors.update(f"the server said: {line}" for line in _RAISED.findall(said))
    return _told(load, memory, ending, seconds)


@contextlib.contextmanager
def serving(results: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run `engine serve` as long as the `with` block takes; yield it and its port."""
    command = runs.engine_command("serve", results, "--no-browser", "--port", "0", "-q")
    with (
        (folder / "stderr").open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True,
            env=runs.environment({"ENGINE_HOME": str(folder / "home")}),
        ) as process,
    ):  # fmt: skip
        try:
            assert process.stdout is not None
            address = process.stdout.readline()
            if "http://" not in address:
                raise Failed(f"engine serve: {(folder / 'stderr').read_text(encoding='utf-8')[-500:]}")
            yield process, int(address.partition("http://127.0.0.1:")[2].partition("/")[0])
        finally:
            process.kill()


# -- clients ----------------------------------------------------------------------------------------------------


def visitors(load: Load, number: int) -> None:
    """Walk through pages and filters on connections that are kept."""
    chance = random.Random(number)
    while load.goes_on():
        with load.connect() as connection:
            for _ in range(chance.randint(1, 40)):
                query = "&".join(chance.sample(FILTERS, chance.randint(0, 3)))
                target = chance.choice(PATHS) + (f"?{query}" if query else "")
                status = _ask(load, connection, target)
                load.note("pages", status)
                if not status or not load.goes_on():
                    break
                time.sleep(_PAUSE)


def watchers(load: Load, number: int) -> None:
    """Open streams, listen for a moment, leave without a word, and come again."""
    chance = random.Random(number)
    while load.goes_on():
        with load.connect() as connection, contextlib.suppress(TimeoutError, ConnectionError):
            connection.sendall(_get(chance.choice(STREAMS)))
            load.note("streams", _status(connection.recv(4_096)))
            connection.settimeout(chance.random())
            while connection.recv(4_096):
                pass
        time.sleep(_PAUSE)


def snails(load: Load, number: int) -> None:
    """Send one byte a second, or read nothing, until the server has enough."""
    chance = random.Random(number)
    while load.goes_on():
        began, found = time.monotonic(), "dropped"
        with load.connect(buffer=4_096) as connection, contextlib.suppress(ConnectionError):
            if chance.random() < 1 / 2:
                connection.sendall(_get("/records") * 3 + _get("/reports") * 20)
            while load.goes_on() and time.monotonic() - began < _PATIENCE:
                connection.sendall(b"X")
                time.sleep(1.0)
            found = "kept" if load.goes_on() else "there at the end"
        load.note("slow clients", found)
        if found == "kept":
            load.fail("a slow client was kept")


def vandals(load: Load, number: int) -> None:
    """Send what no browser sends."""
    chance = random.Random(number)
    while load.goes_on():
        sent = chance.choice(HOSTILE) if chance.random() < 9 / 10 else chance.randbytes(chance.randint(1, 5_000))
        with load.connect() as connection:
            answer = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                connection.sendall(sent)
                answer = connection.recv(4_096)
        status = _status(answer)
        load.note("hostile", status)
        if status.startswith("2"):
            load.fail(f"hostile: {status} for {sent[:60]!r}")
        time.sleep(_PAUSE)


def crowds(load: Load, number: int) -> None:
    """Take more connections than there are, and say nothing."""
    while load.goes_on():
        with contextlib.ExitStack() as idle, contextlib.suppress(OSError):
            for _ in range(_IDLE):
                idle.enter_context(load.connect())
            load.note("idle connections", f"{_IDLE} at once")
            time.sleep(1.0)


CLIENTS: dict[Callable[[Load, int], None], int] = {visitors: 3, watchers: 2, snails: _SLOW, vandals: 1, crowds: 1}
"""How many there are of each kind."""


def _get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def _status(answer: bytes) -> str:
    """Return the status of an answer; an empty text for none."""
    return answer[9:12].decode("ascii", "replace") if answer.startswith(b"HTTP/1.1 ") else ""


def _ask(load: Load, connection: socket.socket, target: str) -> str:
    """Ask on a connection and read the answer; return its status, empty if the connection has ended."""
    answer = b""
    try:
        connection.sendall(_get(target))
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(65_536)
            if not piece:
                return ""
            answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
        length = next((int(value) for name, _, value in lines if name == b"content-length"), None)
        size = len(body)
        while length is not None and size < length and (piece := connection.recv(65_536)):
            size += len(piece)
    except TimeoutError:
        load.fail(f"{target}: no answer in {_PATIENCE:.0f} s")
        return ""
    except ConnectionError:
        return ""
    return _status(answer) if length is not None else ""  # an answer without a length is a stream: begin anew


# -- what is measured -------------------------------------------------------------------------------------------


def _watched(process: subprocess.Popen[str], seconds: float, load: Load) -> Iterator[tuple[float, float, int]]:
    """Yield the MiB of the server and of its processes, and its open files, at the start of each tenth."""
    began = time.monotonic()
    for tenth in range(_TENTHS + 1):
        time.sleep(max(0.0, began + tenth * seconds / _TENTHS - time.monotonic()))
        if process.poll() is not None:
            raise Failed(f"the server ended with {process.returncode}")
        workers = sum(map(_resident, _children(process.pid)))
        files = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        yield _resident(process.pid), workers, files
        sides.say(f"{tenth}/{_TENTHS}: {_resident(process.pid):.1f} MiB, {sum(load.counts.values()):,} requests")


def _resident(pid: int) -> float:
    """Return the resident memory of a process in MiB; 0 if it has gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in task.read_text(encoding="utf-8").split()]
    return found


def _end(process: subprocess.Popen[str], load: Load) -> float:
    """End the server with a stream open and return the seconds that it takes."""
    with load.connect() as connection:
        connection.sendall(_get(STREAMS[0]))
        connection.recv(4_096)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)
    return time.monotonic() - began


def _told(load: Load, memory: list[tuple[float, float, int]], ending: float, seconds: float) -> Report:
    report = Report()
    requests = Table("answers", ("client: status", "number"))
    for kind, number in sorted(load.counts.items()):
        requests.add(kind if kind[-1] != " " else f"{kind}closed", f"{number:,}")
    sizes = Table("at the start of each tenth", ("tenth", "server, MiB", "processes, MiB", "open files"))
    for tenth, (own, workers, files) in enumerate(memory):
        sizes.add(str(tenth + 1) if tenth < _TENTHS else "end", f"{own:.1f}", f"{workers:.1f}", str(files))
    report.tables = [requests, sizes]
    if load.errors:
        wrong = Table("errors", ("what", "number"))
        for what, number in load.errors.most_common():
            wrong.add(what, f"{number:,}")
        report.tables.append(wrong)
    total, errors = sum(load.counts.values()), sum(load.errors.values())
    grown = memory[-1][0] - memory[_WARM][0]
    what = f"errors of `engine serve` in {seconds / 60:g} minutes of mixed load"
    report.find(what, f"{errors} of {total:,}", "0", met=not errors)
    report.find(
        "growth of its memory from the second tenth to the end", f"{grown:+.1f} MiB (to {memory[-1][0]:.1f})",
        f"< {GROWTH:.0f} MiB", met=grown < GROWTH,
    )  # fmt: skip
    report.find(
        "its end on SIGTERM with a stream open", f"{ending:.1f} s", f"< {ENDING:.0f} s", met=ending < ENDING
    )
    report.data = {"counts": dict(load.counts), "errors": dict(load.errors), "memory": memory, "ending": ending}
    return report
