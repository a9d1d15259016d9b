"""A UCI program as a process that is sent lines and answers with lines.

The program is not trusted: it may hang, flood its output, close its output, ignore `quit`, start children or
leave daemons. So every wait has a deadline, every buffer has a bound, and the program is ended by a SIGKILL to its
process group and to whatever has left the group.

The leader of the group is a *guard*: a shell that waits for the end of its standard input and then kills its own
group. The kernel closes this input when this process dies, for whatever reason. So the program never outlives this
process, even if it ignores the end of its own input. A parent-death signal would have to be set between fork and
exec, which is unsafe beside threads; it would also fire when the *thread* that started the program ends, and would
not reach the program's children. The guard also keeps the number of the group in use until all are reaped.

A daemon (`setsid`, a double fork) is out of the group's reach. A worker process adopts it when its parent dies,
and kills it with the program. Where this process is not ours alone, and when the worker itself was killed, a
daemon is known by a mark in its environment. Both exist on Linux only.

The memory of the program and all that it has started is looked at every `_LOOK_SECONDS`, because the limit that
the kernel sets to each of them does not count memory that they share. Control groups would count it exactly, but
making one takes rights that users seldom have.

Every line that is sent (`<<`) or received (`>>`) is logged by `engine.evaluators.uci` at DEBUG, as python-chess
does.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import shutil
import signal
import subprocess
from collections import deque
from itertools import islice
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
from engine_plugins.evaluators._uci_options import UciOption, parse_option
from engine_plugins.evaluators._uci_text import printable

LOGGER = logging.getLogger("engine.evaluators.uci")

MAX_LINE = 64 * 1024
"""Longest line in bytes; longer lines are dropped. UCI lines are much shorter."""
MAX_REPLY = 32 << 20
"""Largest output in bytes that one command may cause."""
MAX_LINES = 250_000
"""Most lines that one command may cause; short ones take many times their bytes in memory."""
MAX_START = 1 << 20
"""Largest output in bytes while the program starts."""
MAX_START_LINES = 10_000
"""Most lines while the program starts; options are a few hundred."""
_LATE = 256 * 1024
"""Bytes still read after a deadline; they waited in the pipe while this process was stopped or swapped out."""
_CHUNK = 64 * 1024
_STDERR_TAIL = 4096
_MOST_LAST_WORDS = 64
"""Chunks of error output that are read from a dead program; a child of it may go on writing."""
_ANSWERS = ("info depth", "option ", "id ", "uciok", "readyok", "bestmove")
_QUIT_SECONDS = 1.0
_LOOK_SECONDS = 0.2
"""Longest wait in seconds before the memory is looked at and the clock `awake` is read again."""
_DEATH_SECONDS = 1.0
"""Seconds that a program may take to die after its output has ended; then it counts as alive."""

awake = system.AwakeClock(2.0)
"""Clock for deadlines. It stands still while this process is stopped, so a program that was stopped too is not
late. It must be read every two seconds."""


def find_program(name: str) -> Path:
    """Return the absolute path of a program.

    * **name** - a path, or a name: a program on PATH, else a file here.

    Raises `EvaluatorNotFound` if there is no such file, and `EvaluatorError` if the file is not a program.
    """
    path = Path(name).expanduser()
    if os.sep not in name:
        on_path = shutil.which(name)
        if on_path is None and not path.exists():
            raise EvaluatorNotFound(f"no program {printable(name)!r} on PATH, and no file of that name here")
        path = Path(on_path or path)
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would turn a link into what it points at
    shown = printable(str(path))
    if not path.exists():
        raise EvaluatorNotFound(f"no such file: {shown}")
    if not path.is_file():
        raise EvaluatorError(f"{shown} is not a program but a folder or a device")
    if not os.access(path, os.X_OK):
        raise EvaluatorError(f"{shown} is not executable: chmod +x would make it so")
    return path


class Process:
    """One running program. After an `EvaluatorError` only `close` may be called.

    Deadlines are values of `awake()`.
    """

    def __init__(self, path: Path) -> None:
        """Start the program. Raises `EvaluatorError` if it cannot be started."""
        if not system.can_drive_programs():
            raise EvaluatorError("UCI programs cannot be driven on Windows; use --evaluator embedded")
        self.path = path
        self._closed = False
        self._guard = _start_guard()
        try:
            self._program = self._guard.start([str(path)])
        except OSError as error:
            self._guard.end()
            raise EvaluatorError(f"{printable(str(path))} does not start: {_why_not_started(error)}") from None
        pipes = (self._program.stdin, self._program.stdout, self._program.stderr)
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in pipes if pipe)
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stderr, False)
        self._guard.leave_no_core()
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)
        self._lines: deque[str] = deque()
        self._rest = b""
        self._dropping = False
        self._errors = b""
        self._last: deque[str] = deque(maxlen=8)
        self._command = ""
        """The last command that was sent."""
        self._size = self._count = 0
        """Bytes and lines of output since then, or since the start of the program."""
        self._most = MAX_START, MAX_START_LINES
        """How many of them there may be."""
        self._memory: int | None = None
        """Bytes that the program and all that it has started may take."""
        self._look_at = 0.0
        """When to look at the memory next, a value of `awake()`."""
        self._logs_lines = False
        """Whether DEBUG is enabled, looked up at each `send`."""
        LOGGER.info("%s: started %s", self, path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} (pid={self._program.pid})>"

    # -- talking --------------------------------------------------------------------------------------------

    def send(self, deadline: float, *commands: str) -> None:
        """Write command lines.

        Raises `EvaluatorTimeout` if the program does not read them, and `EvaluatorCrashed` if it is dead.
        """
        self._check_open()
        self._command = commands[-1]
        if self._most[0] > MAX_START:
            self._size = self._count = 0
        self._logs_lines = LOGGER.isEnabledFor(logging.DEBUG)
        if self._logs_lines:
            for command in commands:
                LOGGER.debug("%s: << %s", self, command)
        data = "".join(command + "\n" for command in commands).encode()
        while data:
            try:
                data = data[os.write(self._stdin, data) :]
            except BlockingIOError:
                self._wait_writable(deadline, commands[0])
            except OSError:
                raise self._death() from None

    def receive(self, last: str, deadline: float, command: str) -> list[str]:
        """Return the lines up to and including the first one that begins with the word `last`.

        `command` is the command that is answered, for error messages.

        Raises `EvaluatorTimeout`, `EvaluatorCrashed`, or `EvaluatorProtocolError` for a flood or a closed output.
        """
        self._check_open()
        received: list[str] = []
        late = 0
        while True:
            while self._lines:
                line = self._lines.popleft()
                received.append(line)
                self._last.append(line)
                if line == last or (line.startswith(last) and line[len(last)].isspace()):
                    return received
            in_time = awake() < deadline
            read = self._read(deadline) if late <= _LATE else 0
            if not read:
                raise self._no_answer(command)
            late += 0 if in_time else read

    def pending(self) -> list[str]:
        """Return the lines that have arrived and were not received, without waiting."""
        self._check_open()
        while self._read(awake()):
            pass
        lines = list(self._lines)
        self._lines.clear()
        return lines

    def check_guarded(self) -> None:
        """Raise `EvaluatorKilled` if the guard is dead, so that the program could outlive this process."""
        if self._guard.has_ended():
            raise EvaluatorKilled(f"the guard of {self.path.name} was killed")

    def limit_memory(self, size: int) -> None:
        """Limit the bytes that the program and all that it has started may take together. Only works on Linux."""
        self._memory = size
        self._guard.limit_memory(size)

    def end_of_start(self) -> None:
        """Allow the output that searches cause from now on."""
        self._most = MAX_REPLY, MAX_LINES

    def running(self) -> list[int]:
        """Return the program's process, and those that it has started and that still run (Linux)."""
        return self._guard.family()

    def _wait(self, poll: select.poll, deadline: float) -> list[tuple[int, int]]:
        """Wait until something is ready and return it; return an empty list at the deadline."""
        while True:
            now = awake()
            if now >= self._look_at:
                self._look_at = now + _LOOK_SECONDS
                self._check_memory()
            left = deadline - now
            ready = poll.poll(max(0.0, min(left, _LOOK_SECONDS)) * 1000)
            if ready or left <= 0:
                return ready

    def _check_memory(self) -> None:
        """Raise `EvaluatorCrashed` if the program and all that it has started take more memory than they may."""
        if self._memory is not None and (taken := self._guard.memory_over(self._memory)):
            allowed = f"{self._memory >> 20:,} MB (the option memory)"
            raise EvaluatorCrashed(f"{self.path.name} took {taken >> 20:,} MB of memory, more than {allowed}")

    def _wait_writable(self, deadline: float, command: str) -> None:
        poll = select.poll()
        poll.register(self._stdin, select.POLLOUT)
        if not self._wait(poll, deadline):
            raise self._no_answer(command)

    def _read(self, deadline: float) -> int:
        """Read all available output and return the number of bytes; wait for some until the deadline.

        Raises `EvaluatorCrashed` or `EvaluatorProtocolError` if the output has ended, or is too much.
        """
        while True:
            ready = self._wait(self._poll, deadline)
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
            self._size += size
            if self._size > self._most[0] or self._count > self._most[1]:
                most = f"{self._most[0] >> 20} MiB or {self._most[1]:,} lines"
                raise EvaluatorProtocolError(f"output flood: more than {most} after {self._command!r}")
            if size:
                return size

    def _split(self, data: bytes) -> None:
        earlier = len(self._lines)
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._count += len(whole)
        for line in whole:
            if self._dropping:
                self._dropping = False  # this was the end of a line whose beginning was dropped
            elif len(line) <= MAX_LINE:
                self._lines.append(line.decode("utf-8", "replace").strip())
        if self._logs_lines:
            for text in islice(self._lines, earlier, None):
                LOGGER.debug("%s: >> %s", self, text)
        if self._dropping or len(self._rest) > MAX_LINE:
            self._dropping = True
            self._rest = b""

    # -- what went wrong ------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise EvaluatorCrashed(f"{self.path.name} has been stopped")

    def _no_answer(self, command: str) -> EvaluatorError:
        """Return the error for a command that was not answered before the deadline."""
        if self._program.poll() is not None:
            return self._death()
        LOGGER.info("%s: no answer to %s before the deadline, it will be killed", self, command)
        return EvaluatorTimeout(f"{self.path.name} did not answer {printable(command, 60)!r} in time")

    def _death(self) -> EvaluatorError:
        """Return the error for a program whose output has ended or that no longer reads its input."""
        try:
            code = self._program.wait(_DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            return EvaluatorProtocolError(f"{self.path.name} closed its output and keeps running")
        words = self._last_words()
        error = EvaluatorKilled if system.is_from_outside(_signal_name(code)) else EvaluatorCrashed
        return error(f"{self.path.name} {_how_it_ended(code)}" + (f": {words}" if words else ""))

    def _last_words(self) -> str:
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_LAST_WORDS):
                data = os.read(self._stderr, _CHUNK)
                if not data:
                    break
                self._errors = (self._errors + data)[-_STDERR_TAIL:]
        lines = [*self._last, *self._lines, self._rest[-500:].decode("utf-8", "replace")]
        # Stockfish explains errors in `info string` lines; regular UCI answers explain nothing.
        lines = [line.removeprefix("info string ") for line in lines if not line.startswith(_ANSWERS)]
        words = self._errors.decode("utf-8", "replace").strip() or "\n".join(lines[-4:])
        return printable(words[-400:], 400)

    # -- the end --------------------------------------------------------------------------------------------

    def close(self, *, politely: bool = True) -> None:
        """End the program and all that it has started, and reap it. May be called more than once.

        If `politely`, send `quit` first and wait a second.
        """
        if self._closed:
            return
        self._closed = True
        if politely:
            with contextlib.suppress(OSError):
                os.write(self._stdin, b"quit\n")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._program.wait(_QUIT_SECONDS)
        self._guard.end()
        LOGGER.info("%s: %s", self, _how_it_ended(self._program.returncode))


def _start_guard() -> system.Guard:
    try:
        return system.Guard()
    except OSError as error:
        raise EvaluatorError(f"UCI programs need /bin/sh: {error.strerror}") from None


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
    """Return the name of the signal that ended a program, or "". A shell reports a signal as 128 + its number."""
    try:
        return signal.Signals(-code if code < 0 else code - 128).name
    except ValueError:
        return ""


def handshake(process: Process, deadline: float) -> tuple[str, list[UciOption]]:
    """Send `uci` and return the program's name and its options. Raises `EvaluatorError`."""
    process.send(deadline, "uci")
    lines = process.receive("uciok", deadline, "uci")
    names = [line[8:].strip() for line in lines if line.startswith("id name ")]
    name = printable(names[0], 80) if names else process.path.name
    return name, [option for option in map(parse_option, lines) if option]
