"""A Dask cluster of real processes on this machine, over TLS with the certificates of the guide; runs on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import processes
from tests.support import DATA, PATIENCE

GUIDE = Path(__file__).parents[3] / "plugins" / "clusters.md"
FILES = ("ca.pem", "member.pem", "member.key")


def certificates(folder: Path) -> tuple[Path, ...]:
    """Make the certificates with the commands of the guide, and return authority, certificate and key."""
    [commands] = re.findall(r"^```sh\n(openssl req .*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    folder.mkdir(exist_ok=True)
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True)
    return tuple(folder / name for name in FILES)


class Cluster:
    """A scheduler and workers, each a process without a nanny, so that what is killed stays dead."""

    def __init__(self, folder: Path, tls: tuple[Path, ...] = (), host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.tls = tls
        self.host = host
        self.address = f"{'tls' if tls else 'tcp'}://{host}:0"
        """The scheduler's address: with port 0 before it starts, then with the port that it has taken."""
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._made = 0

    def start(self, workers: int) -> None:
        self.start_scheduler()
        for _ in range(workers):
            self.add()

    def start_scheduler(self, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()) -> None:
        """Start a scheduler and wait until it serves. Another one has the address of the first."""
        about = self.folder / "scheduler.json"
        about.unlink(missing_ok=True)
        words = ("--host", self.address, "--no-dashboard", "--scheduler-file", str(about))
        self.scheduler = self.process("scheduler", *words, env=env, prefix=prefix)
        deadline = time.monotonic() + PATIENCE
        while (address := _address_in(about)) is None:
            assert self.scheduler.poll() is None, "it does not start; its log is beside its file"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.address = address

    def wait_for_workers(self, number: int) -> None:
        """Wait until so many workers are there."""
        wait = "import sys, distributed; distributed.Client(sys.argv[1]).wait_for_workers(int(sys.argv[2]), 100)"
        subprocess.run([sys.executable, "-c", wait, self.address, str(number)], check=True)

    def add(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        host: str | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a worker."""
        worker = self.process(
            *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"),
            *("--host", host or self.host, "--death-timeout", str(PATIENCE), *words),
            env=env,
            prefix=prefix,
        )
        self.workers.append(worker)
        return worker

    def process(
        self, *words: str, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start `dask WORDS`, with the certificates."""
        names = ("--tls-ca-file", "--tls-cert", "--tls-key")
        files = [word for name, file in zip(names, self.tls, strict=False) for word in (name, str(file))]
        self._made += 1
        with open(self.folder / f"{words[0]}-{self._made}.log", "wb") as log:
            command = [*prefix, sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:], *files]
            return subprocess.Popen(
                command,
                env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(self.folder / "scratch"), **(env or {})},
                stdout=log,
                stderr=log,
            )

    def flags(self) -> list[str]:
        """Return the flags of `engine analyze` for this cluster."""
        options = {"address": self.address}
        options |= dict(zip(("tls_ca", "tls_cert", "tls_key"), map(str, self.tls), strict=False))
        return [
            "--executor",
            "dask",
            *(word for key, value in options.items() for word in ("--set", f"dask.{key}={value}")),
        ]

    def close(self) -> None:
        started = [process for process in (*self.workers, self.scheduler) if process is not None]
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
        for process in started:
            process.wait()


def _address_in(about: Path) -> str | None:
    """Return the address in what a scheduler writes about itself; None while it has not written all of it."""
    try:
        return str(json.loads(about.read_text("utf-8"))["address"])
    except (FileNotFoundError, json.JSONDecodeError):
        return None


@contextlib.contextmanager
def cluster(folder: Path, workers: int, tls: tuple[Path, ...] = ()) -> Iterator[Cluster]:
    """Start a cluster, and end it with all that its workers have started."""
    made = Cluster(folder, tls)
    try:
        made.start(workers)
        yield made
    finally:
        made.close()


class Command:
    """`engine analyze` in the background, which says on standard error how far it is."""

    def __init__(
        self,
        output: Path,
        *words: str | Path,
        source: Path = DATA / "classics.pgn",
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.output = output
        command = [
            *prefix,
            sys.executable,
            "-m",
            "engine",
            "analyze",
            str(source),
            "-y",
            "--progress",
            "json",
            "-o",
            str(output),
        ]
        self.process = subprocess.Popen(
            [*command, *map(str, words)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.events: list[dict[str, Any]] = []
        self._watch = threading.Timer(PATIENCE, self.process.kill)
        self._watch.start()

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read its events until the condition holds of one, and return it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.events.append(self._event(line))
            if condition(self.events[-1]):
                return self.events[-1]
        raise AssertionError(f"it ended before: {self.events[-3:]}")

    def until_positions(self, number: int) -> None:
        self.until(lambda event: event["event"] == "progress" and event["positions"] >= number)

    def end(self) -> dict[str, Any]:
        """Wait for its end and return the last event."""
        assert self.process.stderr is not None
        self.events += [self._event(line) for line in self.process.stderr]
        self.process.wait(PATIENCE)
        return self.events[-1]

    def _event(self, line: bytes) -> dict[str, Any]:
        """Return the event of a line. What is none is said with all that follows it."""
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            assert self.process.stderr is not None
            said = (line + self.process.stderr.read()).decode(errors="replace")
            raise AssertionError(f"not an event on standard error: {said}") from None
        return event

    def notices(self) -> list[str]:
        return [event["reason"] for event in self.events if event["event"] == "notice"]

    def close(self) -> None:
        self._watch.cancel()
        self._watch.join()
        if self.process.poll() is None:
            processes.kill(processes.descendants(self.process.pid))
        self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


@contextlib.contextmanager
def command(output: Path, *words: str | Path, **keywords: Any) -> Iterator[Command]:
    started = Command(output, *words, **keywords)
    try:
        yield started
    finally:
        started.close()
