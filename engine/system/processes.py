"""Worker processes: how they start, which signals they leave to their parent, and how they ended."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import connection, parent_process, resource_tracker, util
from typing import Literal

_PR_SET_PDEATHSIG = 1
_NEW_OBJECTS = 50_000
_main_hidden = threading.Lock()
_FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """Keep a child from executing the caller's `__main__` and files of the current folder, which it never needs.

    Its targets live in this package. Without this, a script that has no `if __name__ == "__main__"`, or that is
    fed on standard input, would run again in every worker. And Python's own modules would be looked for in the
    current folder first, by the child as by the resource tracker and the fork server, which a child may be the
    first to need: they are started with `python -c`. The child then gets the caller's own `sys.path`.

    Signals that ask a program to end wait in the child until it calls `leave_signals_to_parent`: a Ctrl-C while it
    starts would be a traceback of Python's.
    """
    main = sys.modules["__main__"]
    with _main_hidden:
        hidden: tuple[str, ...] = ("__file__", "__spec__")
        kept = {name: main.__dict__.pop(name) for name in hidden if name in main.__dict__}
        main.__spec__ = None
        flags = util._args_from_interpreter_flags  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        # A frozen program recognises its children by the flags that they are started with.
        if not (sys.flags.safe_path or getattr(sys, "frozen", False)):
            util._args_from_interpreter_flags = lambda: [*flags(), "-P"]  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            with _ending_signals_held():
                yield
        finally:
            util._args_from_interpreter_flags = flags  # type: ignore[attr-defined]  # noqa: SLF001
            del main.__spec__
            main.__dict__.update(kept)


def start_apart(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program that Ctrl-C in this terminal does not reach, with pipes for its input and output.

    * **command** - the program and its arguments.
    * **environment** - all of its environment variables.

    Raises OSError.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=environment,
        start_new_session=True,
    )


@contextlib.contextmanager
def _ending_signals_held() -> Iterator[None]:
    """Hold these signals back in this thread, and in the processes that it starts meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would let go of the signals when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ending_signals() -> list[signal.Signals]:
    """Return the signals that ask a program to end, without those that it was started to ignore.

    `nohup` has SIGHUP ignored, a script SIGINT in what it starts with `&`.
    """
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [signal.Signals[name] for name in names]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def leave_signals_to_parent() -> None:
    """Ignore the signals that a terminal, `timeout` or systemd sends to the whole group; the parent acts on them.

    A handler rather than SIG_IGN, which the programs that this process starts would inherit.
    """
    numbers = ending_signals()
    for number in numbers:
        signal.signal(number, lambda *_: None)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def _die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, even while stuck in foreign code.

    Call it from the main thread. It works on Linux only, and comes too late for a parent that is already dead; so
    watch the parent as well.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        except (OSError, AttributeError):  # a libc without it
            return


def end_with_parent(before: Callable[[], None] | None = None) -> None:
    """End this process as soon as the one that started it is gone, whatever the main thread does.

    Call it from the main thread.

    * **before** - *(optional)* called first, in another thread; without it the kernel may be quicker.
    """
    if before is None:
        _die_with_parent()
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        try:
            if before is not None:
                before()
        finally:
            os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def blame(exit_code: int | None) -> Literal["outside", "position"]:
    """Return `outside` for a process ended by a signal that only others send, `position` for any other."""
    return "outside" if is_from_outside(name_signal(exit_code)) else "position"


def is_from_outside(name: str) -> bool:
    """Return whether the signal of this name comes from other processes only."""
    return name in _FROM_OUTSIDE


def name_signal(exit_code: int | None) -> str:
    """Return how a process ended, in words: `exit code 3`, `SIGKILL`."""
    if exit_code is None:
        return "still running"
    if exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"


def collect_seldom() -> None:
    """Make Python look for garbage in cycles less often, in processes that are ours alone.

    Games make hardly any such garbage, but many objects to look through. Measured: 8% of the parent's time where
    searches cost nothing.
    """
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
