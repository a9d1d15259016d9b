"""Ctrl-C, SIGTERM, SIGHUP and --stop-after: a command ends within five seconds, whatever it is doing.

Before a run, and in commands that have none, a signal ends everything at once, as KeyboardInterrupt. A run ends in
good order: it is told to stop, and does so by itself. The second signal ends it at once. So does a clock, should
the run do nothing for too long after it was told: then it waits for something that may never come, such as the
reader of its output.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, Self, TypeVar

from engine.system.processes import ending_signals

T = TypeVar("T")

EXIT_CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 143}
"""A closed terminal is a request to end, as SIGTERM is."""
_PATIENCE = 3.7
"""Seconds after which a run that was told to stop must be doing something; nothing of ours takes so long."""
_LEAST = 0.01
"""Seconds of a pause that are worth waiting for."""
_LOOKS = 0.3
"""Seconds between two looks at whether it does."""
_LONG = 3_600.0
_IDLE_SHARE = 0.01
"""It does nothing if it uses less of the processor."""


class Interruption:
    """What the signals and the time of a command mean at the moment. A context manager for the main thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        """Set when the run is to end in good order."""
        self.caught: list[signal.Signals] = []
        self.out_of_time = False
        """Whether `limit` has passed."""
        self.rested: Callable[[], float] = lambda: 0.0
        """Returns the seconds in which the run was paused, which do not count for `limit`."""
        self._allowed = 0.0
        """Those of them that the clock knows of."""
        self._run_is_told = False
        self._seconds: float | None = None
        self._cpu: float | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._catch) for number in ending_signals()}
            if hasattr(signal, "SIGALRM"):
                self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._set_clock(0.0)
        for number, handler in self._before.items():
            if handler is not None:  # one that is not Python's cannot be put back
                signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()

    @property
    def exit_code(self) -> int:
        """The code of a command that has ended because of this."""
        if self.caught:
            return EXIT_CODES[self.caught[0].name]
        return 0 if self.out_of_time else EXIT_CODES["SIGINT"]

    def limit(self, seconds: float | None) -> None:
        """Treat the end of so many seconds, counted from now and again from the start of the run, as a signal."""
        self._seconds = seconds
        if seconds is not None:
            self._set_clock(seconds)

    def tell_the_run(self) -> None:
        """From now on, tell the run before anything is ended."""
        self._run_is_told = True
        self._set_clock(self._seconds or 0.0)

    def await_signal(self, ended: Callable[[float], bool]) -> None:
        """Wait for Ctrl-C or another signal, once the run has ended.

        * **ended** - waits for so many seconds, and returns whether there is nothing to wait for any more.
        """
        try:
            self._run_is_told = False
            self._set_clock(0.0)
            self._seconds = None
            while not self.caught and not ended(_LONG):  # one may have come since the run has ended
                pass
        except KeyboardInterrupt:
            pass

    def await_result(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. It has a thread: no signal is heard while it computes outside Python.

        A signal ends this process without waiting for it. Raises what `work` raises.
        """
        from concurrent.futures import Future

        future: Future[T] = Future()

        def compute() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=compute, name="engine-command", daemon=True).start()
        try:
            return future.result()
        except KeyboardInterrupt:
            sys.stderr.write("stopped\n")
            sys.stderr.flush()
            os._exit(self.exit_code)

    def _catch(self, number: int, _: FrameType | None) -> None:
        self.caught.append(signal.Signals(number))
        if not self._run_is_told:
            raise KeyboardInterrupt
        if self.stop.is_set():
            self._end_at_once()
        self._tell()

    def _look(self, _number: int, _: FrameType | None) -> None:
        more = self.rested() - self._allowed
        if not self.stop.is_set() and more > _LEAST:
            self._allowed += more
            self._set_clock(more)
            return
        if not self.stop.is_set():
            self.out_of_time = True
            if not self._run_is_told:
                raise KeyboardInterrupt
            self._tell()
            return
        before, self._cpu = self._cpu, time.thread_time()
        if before is not None and self._cpu - before < _IDLE_SHARE * _LOOKS:
            self._end_at_once()

    def _end_at_once(self) -> NoReturn:
        self._set_clock(_PATIENCE)  # what ends now may wait for something, too
        drop_output()
        raise KeyboardInterrupt

    def _tell(self) -> None:
        self.stop.set()
        self._set_clock(_PATIENCE)

    def _set_clock(self, seconds: float) -> None:
        """Look after so many seconds, and then again and again; 0: never."""
        self._cpu = None
        if self._before and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, seconds, _LOOKS if seconds else 0.0)


def drop_output() -> None:
    """Keep Python from flushing what is left when it ends: the reader of our output has gone, or does not read."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
