"""A command that serves pages, as a user starts it: its address, what it answers, and Ctrl-C."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support import PATIENCE

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Serving:
    """A running command. Its lines are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out: list[str] = []
        self.err: list[str] = []
        self._said = threading.Condition()
        self._threads = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for thread in self._threads:
            thread.start()
        self.port = int(self.wait_for(ADDRESS)[1])

    def _read(self, stream: object, lines: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            with self._said:
                lines.append(line)
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def wait_for(self, pattern: re.Pattern[str] | str) -> re.Match[str]:
        """Return where the command has said something, once it has."""

        def found() -> re.Match[str] | None:
            return re.search(pattern, "".join((*self.out, *self.err)))

        with self._said:
            self._said.wait_for(lambda: found() or self.process.poll() is not None, PATIENCE)
            match = found()
        assert match is not None, (self.out, self.err)
        return match

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        code = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        return code


@contextlib.contextmanager
def serving(*arguments: str | Path, cwd: Path) -> Iterator[Serving]:
    """Run `engine ARGUMENTS --no-browser --port 0`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", *map(str, arguments), "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "ENGINE_WORKERS": "1", "COLUMNS": "100"},
        text=True,
    )
    with process:
        try:
            yield Serving(process)
        finally:
            if process.poll() is None:
                process.kill()
