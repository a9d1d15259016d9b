"""A run in a thread of its own, for whatever handle its user holds."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.api.stream import Event, Stream
from engine.model import RunResult
from engine.run.progress import Snapshot
from engine.run.started import StartedRun
from engine.system.turns import Turn, taking, waiting
from engine.text.html import paragraph

_BEFORE = Snapshot(0, 0, None, 0, 0, 0, (), (), 0.0, (), 0, False)


class Background:
    """One run, from its check to its end. Used by any thread, where nothing else is said."""

    def __init__(
        self, *, games: bool, progress: Callable[[Snapshot], None] | None, owner: object, turn: Turn
    ) -> None:
        """`owner` is held on to as long as the run needs its workers; it computes when it is its `turn`."""
        self.games = games
        self.stream = Stream(games=games)
        self.stop = threading.Event()
        self.snapshot = _BEFORE
        self.result: RunResult | None = None
        self.error: BaseException | None = None
        self._progress = progress
        self._turn = turn
        self._owner = owner
        self._ended = threading.Event()
        self._wake: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    def start(self, make: Callable[[Background], StartedRun], wake: Callable[[], None]) -> None:
        """Check the call here, and begin the thread; `wake` has it look whether it is to stop.

        Raises what `make` raises.
        """
        run = make(self)
        self._wake = wake
        self._thread = threading.Thread(target=self._work, args=(run,), name="engine-run", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End it in good order."""
        self.stop.set()
        self.stream.lift()
        self._wake()

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    def wait(self, timeout: float | None) -> bool:
        """Whether it has ended within `timeout` seconds. It waits for no reader from now on."""
        self.stream.lift()
        return self._ended.wait(timeout)

    def outcome(self) -> RunResult:
        """Of a run that has ended. Raises the error that ended it."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result

    def join(self) -> None:
        """Until its thread is gone; not from that thread itself."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __str__(self) -> str:
        if self.error is not None:
            return f"ended with {type(self.error).__name__}"
        how = "running" if not self.done else "interrupted" if self.result and self.result.interrupted else "done"
        return f"{how}, {self.snapshot.games:,} games, {self.snapshot.positions:,} positions"

    def html(self) -> str:
        """How a notebook shows it."""
        return paragraph(f"Run: {self}")

    # -- its thread --

    def happened(self, event: Event) -> None:
        with waiting():
            self.stream.put(event)

    def progress(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        with waiting():
            self.stream.put(snapshot)
            if self._progress is not None:
                self._progress(snapshot)

    def _work(self, run: StartedRun) -> None:
        try:
            with taking(self._turn):
                self.result = run.execute()
            self.stream.put(self.result)
        except BaseException as error:  # whoever waits for the result gets it
            self.error = error
        finally:
            self._owner = None
            self._wake = lambda: None
            self._ended.set()
            self.stream.end()
