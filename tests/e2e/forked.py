"""Run the command in a fork of a process that has imported it: see `command_server.py`."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import leaks
from tests.support import PATIENCE

SERVER = Path(__file__).with_name("command_server.py")
_ENVIRONMENT = dict(os.environ)
"""The environment of no test."""
_READ_AT_START = "PYTHON", "LANG", "LC_"
"""How the variables begin that Python reads before it runs anything."""


class CommandServer:
    """A process that runs commands until `close` ends it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self._socket.settimeout(PATIENCE)
        pipe = subprocess.PIPE  # so that what it has made of them suits the pipes of a command
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, SERVER, str(theirs.fileno())],
                stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=[theirs.fileno()],
                cwd=SERVER.parent, env=_ENVIRONMENT,
            )  # fmt: skip
        leaks.SERVERS[self._process.pid] = {ours.fileno(), *_descriptors(self._process)}

    def can_run(self, env: Mapping[str, str]) -> bool:
        """Return whether a command with this environment would do the same as one that is started."""
        return _read_at_start(env) == _read_at_start(_ENVIRONMENT)

    def run(
        self, arguments: Sequence[str], cwd: Path | None, env: Mapping[str, str], stdin: bytes
    ) -> tuple[int, bytes, bytes]:
        """Run `engine ARGUMENTS` to its end; its exit code, output and errors. Raises TimeoutError."""
        request = json.dumps({"arguments": arguments, "cwd": str(cwd or Path.cwd()), "env": dict(env)}).encode()
        (read_in, write_in), (read_out, write_out), (read_err, write_err) = (os.pipe() for _ in range(3))
        socket.send_fds(self._socket, [request], [read_in, write_out, write_err])
        for descriptor in (read_in, write_out, write_err):
            os.close(descriptor)
        with ThreadPoolExecutor(3) as pool:
            pool.submit(_write, write_in, stdin)
            out, err = pool.submit(_read, read_out), pool.submit(_read, read_err)
            child = self._answer()
            if child <= 1:  # killing it would kill a whole group, or everything
                raise RuntimeError(f"the command server answered {child} in place of a process id")
            try:
                code = self._answer()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(child, signal.SIGKILL)
                self._answer()  # or the next command would take the exit code for a process id
                raise
            return code, out.result(), err.result()

    def close(self) -> None:
        """End the server."""
        self._socket.close()
        self._process.communicate(timeout=PATIENCE)
        leaks.SERVERS.pop(self._process.pid, None)

    def _answer(self) -> int:
        answer = self._socket.recv(100)
        if not answer:
            raise RuntimeError(self._process.communicate()[1].decode())
        return int(answer)


@functools.cache
def running_server() -> CommandServer:
    """Return the server of this process."""
    server = CommandServer()
    atexit.register(server.close)
    return server


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


def _descriptors(process: subprocess.Popen[bytes]) -> list[int]:
    return [stream.fileno() for stream in (process.stdin, process.stdout, process.stderr) if stream]


def _write(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(descriptor, "wb") as stream:
        stream.write(data)


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()
