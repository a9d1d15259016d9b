"""A run in a thread of its own, behind the handle that its user holds."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.api.stream import Event, Stream
from engine.model import RunResult
from engine.run.pause import Pause
from engine.run.progress import Snapshot
from engine.run.started import StartedRun
from engine.system.turns import Turn, taking, waiting
from engine.text.format import count
from engine.text.html import paragraph

_JOIN_SECONDS = 60.0
_FIRST_SNAPSHOT = Snapshot(0, 0, None, 0, 0, 0, (), (), 0.0, (), 0, False)


class Background:
    """One run, from its check to its end. Its methods may be called by any thread unless they say otherwise."""

    def __init__(
        self,
        *,
        games: bool,
        progress: Callable[[Snapshot], None] | None,
        owner: object,
        turn: Turn,
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Make a run that has not begun.

        * **games** - whether the stream keeps analysed games.
        * **progress** - called with snapshots, in the run's thread; None for nobody.
        * **owner** - the Analyzer, kept alive as long as the run needs its workers.
        * **turn** - held while the run computes.
        * **on_error** - called with an error that ends the run, in its thread.
        """
        self.games = games
        self.stream = Stream(games=games)
        self.stop = threading.Event()
        self.pausing = Pause()
        self.snapshot = _FIRST_SNAPSHOT
        self.result: RunResult | None = None
        self.error: BaseException | None = None
        self._progress = progress
        self._turn = turn
        self._owner = owner
        self._on_error = on_error
        self._ended = threading.Event()
        self._wake: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    def start(self, make: Callable[[Background], StartedRun], wake: Callable[[], None]) -> None:
        """Make the run in this thread, which checks the call, and begin the run's own thread.

        `wake` makes the run look whether it is to stop. Raises what `make` raises.
        """
        run = make(self)
        self._wake = wake
        self._thread = threading.Thread(target=self._execute, args=(run,), name="engine-run", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End the run in good order. Return at once."""
        self.stop.set()
        self.stream.release_run()
        self._wake()

    @property
    def done(self) -> bool:
        """Whether the run has ended."""
        return self._ended.is_set()

    def wait(self, timeout: float | None) -> bool:
        """Wait at most `timeout` seconds for the end; return whether it has come.

        From this call on the run waits for no reader.
        """
        self.stream.release_run()
        return self._ended.wait(timeout)

    def outcome(self) -> RunResult:
        """Return the result of a run that has ended. Raises the error that ended it."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result

    def join(self) -> None:
        """Wait until the run's thread is gone; return at once in that thread itself.

        A thread that a plugin does not let go is left after `_JOIN_SECONDS`; it ends with the program.
        """
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)

    def __str__(self) -> str:
        if self.error is not None:
            return f"ended with {type(self.error).__name__}"
        if not self.done:
            state = "paused" if self.pausing.paused and not self.stop.is_set() else "running"
        else:
            state = "interrupted" if self.result and self.result.interrupted else "done"
        return f"{state}, {count(self.snapshot.games, 'game')}, {count(self.snapshot.positions, 'position')}"

    def html(self) -> str:
        """Return the run as a notebook shows it."""
        return paragraph(f"Run: {self}")

    # -- the run's thread --

    def put_event(self, event: Event) -> None:
        """Pass an event to the reader; in the run's thread."""
        with waiting():
            self.stream.put(event)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and pass it to the reader and the progress callback; in the run's thread."""
        self.snapshot = snapshot
        with waiting():
            self.stream.put(snapshot)
            if self._progress is not None:
                self._progress(snapshot)

    def _execute(self, run: StartedRun) -> None:
        try:
            with taking(self._turn):
                self.result = run.execute()
            self.stream.put(self.result)
        except BaseException as error:  # raised again in the thread that asks for the result
            self.error = error
            self._on_error(error)
        finally:
            self._owner = None
            self._on_error = lambda _: None
            self._wake = lambda: None
            self._ended.set()
            self.stream.end()
