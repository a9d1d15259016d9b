"""A UCI program as a process: lines in, lines out, a deadline on everything, nothing left behind.

The program is not trusted: it may hang, flood, close its output, ignore `quit` or have children of its own.
So every wait has a deadline, every buffer a bound, and the end is a SIGKILL to a whole process group.

The group is led by a *guard*, a shell that waits for the end of its standard input and then kills its own group.
The kernel closes that input when this process dies, however it dies, so the program never outlives it, not even
one that ignores the end of its own input. A parent-death signal would have to be set between fork and exec,
which is unsafe beside threads, would fire when the *thread* that started the program ends, and does not reach
the program's children. The guard also keeps the group's number taken until everything is reaped.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import signal
import subprocess
from collections import deque
from pathlib import Path

from engine import system
from engine.errors import (
    EvaluatorCrashed,
    EvaluatorError,
    EvaluatorKilled,
    EvaluatorNotFound,
    EvaluatorProtocolError,
    EvaluatorTimeout,
)
from engine_plugins.evaluators._uci_text import UciOption, parse_option, printable

MAX_LINE = 64 * 1024
"""Bytes; longer lines are dropped. No UCI line comes near it."""
MAX_REPLY = 32 * 1024 * 1024
"""Bytes of output that one command may cause."""
_LATE = 256 * 1024
"""Bytes still read after a deadline: what waited in the pipe while this process was stopped or swapped out."""
_CHUNK = 64 * 1024
_STDERR_TAIL = 4096
_ANSWERS = ("info depth", "option ", "id ", "uciok", "readyok", "bestmove")
_QUIT_SECONDS = 1.0
_GLANCE = 0.5
"""Seconds that a wait may last before it looks at `awake` again."""
_DEATH_SECONDS = 1.0
"""How long a program whose output ended may take to die before it counts as alive."""

awake = system.AwakeClock(2.0)
"""A program that was stopped with us is not late: deadlines are told by this clock, looked at every `_GLANCE`."""


def find_program(name: str) -> Path:
    """The absolute path of an executable file: a path, or a name on PATH.

    Raises EvaluatorNotFound when there is none, EvaluatorError when it is not a program.
    """
    given = Path(name).expanduser()
    if given.name == name and not given.exists():
        on_path = shutil.which(name)
        if on_path is None:
            raise EvaluatorNotFound(f"no program {printable(name)!r} on PATH, and no file of that name here")
        given = Path(on_path)
    given = Path(os.path.abspath(given))  # noqa: PTH100 - resolve() would turn a link into what it points at
    shown = printable(str(given))
    if not given.exists():
        raise EvaluatorNotFound(f"no such file: {shown}")
    if not given.is_file():
        raise EvaluatorError(f"{shown} is not a program but a folder or a device")
    if not os.access(given, os.X_OK):
        raise EvaluatorError(f"{shown} is not executable: chmod +x would make it so")
    return given


class Process:
    """One running program. After any EvaluatorError only `close` makes sense.

    Deadlines are values of `awake()`.
    """

    def __init__(self, path: Path) -> None:
        """Start it. Raises EvaluatorError when the system cannot."""
        if not system.can_drive_programs():
            raise EvaluatorError("UCI programs cannot be driven on Windows; use --evaluator embedded")
        self.path = path
        self._closed = False
        self._guard = _start_guard()
        try:
            self._program = system.start_in_group([str(path)], self._guard.pid)
        except OSError as error:
            _reap(self._guard)
            raise EvaluatorError(f"{printable(str(path))} does not start: {_why_not_started(error)}") from None
        pipes = (self._program.stdin, self._program.stdout, self._program.stderr)
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in pipes if pipe)
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stderr, False)
        system.leave_no_core(self._program.pid)
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)
        self._lines: deque[str] = deque()
        self._rest = b""
        self._dropping = False
        self._errors = b""
        self._last: deque[str] = deque(maxlen=8)

    # -- talking --------------------------------------------------------------------------------------------

    def send(self, deadline: float, *commands: str) -> None:
        """Write command lines. Raises EvaluatorTimeout when it does not read them, EvaluatorCrashed when dead."""
        self._check_open()
        data = "".join(command + "\n" for command in commands).encode()
        while data:
            try:
                data = data[os.write(self._stdin, data) :]
            except BlockingIOError:
                self._wait_writable(deadline, commands[0])
            except OSError:
                raise self._death() from None

    def receive(self, last: str, deadline: float, asked: str) -> list[str]:
        """The lines up to and with the first whose first word is `last`; `asked` is for messages.

        Raises EvaluatorTimeout, EvaluatorCrashed, or EvaluatorProtocolError for a flood or a closed output.
        """
        self._check_open()
        got: list[str] = []
        size = late = 0
        while True:
            while self._lines:
                line = self._lines.popleft()
                got.append(line)
                self._last.append(line)
                if line == last or (line.startswith(last) and line[len(last)].isspace()):
                    return got
            if size > MAX_REPLY:
                raise EvaluatorProtocolError(f"output flood: more than {MAX_REPLY >> 20} MiB after {asked!r}")
            in_time = awake() < deadline
            read = self._read(deadline) if late <= _LATE else 0
            if not read:
                raise self._silence(asked)
            size += read
            late += 0 if in_time else read

    def pending(self) -> list[str]:
        """Lines that came unasked, without waiting."""
        self._check_open()
        size = 0
        while size < MAX_REPLY and (read := self._read(awake())):
            size += read
        lines = list(self._lines)
        self._lines.clear()
        return lines

    def check_guarded(self) -> None:
        """Raises EvaluatorKilled when nobody would end the program if we died."""
        if system.has_ended(self._guard):
            raise EvaluatorKilled(f"the guard of {self.path.name} was killed")

    def limit_memory(self, size: int) -> None:
        """Let it and each process that it starts allocate no more than so many bytes, where the system can."""
        system.limit_memory(self._program.pid, size)

    def _wait_writable(self, deadline: float, asked: str) -> None:
        poll = select.poll()
        poll.register(self._stdin, select.POLLOUT)
        if not _wait(poll, deadline):
            raise self._silence(asked)

    def _read(self, deadline: float) -> int:
        """Read what there is, waiting until the deadline: the number of bytes, 0 for none.

        Raises EvaluatorCrashed or EvaluatorProtocolError when the output has ended.
        """
        while True:
            ready = _wait(self._poll, deadline)
            if not ready:
                return 0
            size = 0
            for handle, _ in ready:
                data = os.read(handle, _CHUNK)
                if handle == self._stdout:
                    if not data:
                        raise self._death()
                    self._split(data)
                elif data:
                    self._errors = (self._errors + data)[-_STDERR_TAIL:]
                else:
                    self._poll.unregister(handle)
                size += len(data)
            if size:
                return size

    def _split(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            if self._dropping:
                self._dropping = False  # this was the end of a line whose beginning is gone
            elif len(line) <= MAX_LINE:
                self._lines.append(line.decode("utf-8", "replace").strip())
        if self._dropping or len(self._rest) > MAX_LINE:
            self._dropping = True
            self._rest = b""

    # -- what went wrong ------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise EvaluatorCrashed(f"{self.path.name} has been stopped")

    def _silence(self, asked: str) -> EvaluatorError:
        if self._program.poll() is not None:
            return self._death()
        return EvaluatorTimeout(f"{self.path.name} did not answer {printable(asked, 60)!r} in time")

    def _death(self) -> EvaluatorError:
        """Its output has ended, or it reads no more: the error that says why."""
        try:
            code = self._program.wait(_DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            return EvaluatorProtocolError(f"{self.path.name} closed its output and keeps running")
        words = self._last_words()
        error = EvaluatorKilled if system.is_from_outside(_signal_name(code)) else EvaluatorCrashed
        return error(f"{self.path.name} {_how_it_ended(code)}" + (f": {words}" if words else ""))

    def _last_words(self) -> str:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._stderr, _CHUNK):
                self._errors = (self._errors + data)[-_STDERR_TAIL:]
        said = [*self._last, *self._lines, self._rest[-500:].decode("utf-8", "replace")]
        # Stockfish explains itself in `info string` lines; the answers of UCI explain nothing.
        said = [line.removeprefix("info string ") for line in said if not line.startswith(_ANSWERS)]
        words = self._errors.decode("utf-8", "replace").strip() or "\n".join(said[-4:])
        return printable(words[-400:], 400)

    # -- the end --------------------------------------------------------------------------------------------

    def close(self, *, politely: bool = True) -> None:
        """End the program and everything it started; returns when it is reaped. May be called again.

        `politely`: send `quit` first and give it a second.
        """
        if self._closed:
            return
        self._closed = True
        if politely:
            with contextlib.suppress(OSError):
                os.write(self._stdin, b"quit\n")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._program.wait(_QUIT_SECONDS)
        system.kill_group(self._guard.pid)
        _reap(self._program)
        _reap(self._guard)


def _start_guard() -> subprocess.Popen[bytes]:
    try:
        return system.start_guard()
    except OSError as error:
        raise EvaluatorError(f"UCI programs need /bin/sh: {error.strerror}") from None


def _wait(poll: select.poll, deadline: float) -> list[tuple[int, int]]:
    """What is ready at the deadline, or earlier; nothing when time is up."""
    while True:
        left = deadline - awake()
        ready = poll.poll(max(0.0, min(left, _GLANCE)) * 1000)
        if ready or left <= 0:
            return ready


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Kill what still runs, collect its exit code, close our ends of its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _why_not_started(error: OSError) -> str:
    if error.errno == errno.ENOEXEC:
        return "not a program for this machine (another architecture, or a script without a #! line)"
    if error.errno == errno.ENOENT:
        return "the loader or interpreter that it names is not on this machine (another architecture or libc?)"
    return error.strerror or str(error)


def _how_it_ended(code: int) -> str:
    name = _signal_name(code)
    if not name:
        return f"ended with exit code {code}"
    hint = ": the binary does not fit this CPU, use a build for an older one" if name == "SIGILL" else ""
    return (f"was killed by {name}" if code < 0 else f"ended with exit code {code} ({name})") + hint


def _signal_name(code: int) -> str:
    """Of the signal that ended it, or "". A shell wrapper reports its program's signal as 128 + number."""
    try:
        return signal.Signals(-code if code < 0 else code - 128).name
    except ValueError:
        return ""


def handshake(process: Process, deadline: float) -> tuple[str, list[UciOption]]:
    """Send `uci`: the program's `id name` and its options. Raises EvaluatorError."""
    process.send(deadline, "uci")
    lines = process.receive("uciok", deadline, "uci")
    names = [line[8:].strip() for line in lines if line.startswith("id name ")]
    name = printable(names[0], 80) if names else process.path.name
    return name, [option for option in map(parse_option, lines) if option]
