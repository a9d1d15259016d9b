"""A run that goes on in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from engine.api.stream import END, Event, Stream
from engine.errors import ConfigError
from engine.model import AnalysedGame, Failure, Notice, RunResult
from engine.notebook import paragraph
from engine.progress import Snapshot
from engine.run import Run as Work

_BEFORE = Snapshot(0, 0, None, 0, 0, 0, (), (), 0.0, (), 0, False)


class Run:
    """What `Analyzer.submit` returns: a run in a thread of its own.

    Iterate it for the analysed games, in input order, as they finish; or take everything that happens from
    `events()`. There is one stream of events: each is given once, to whoever asks first. A game that nobody has
    taken waits in memory, unless the run was submitted with `games=False`.

    >>> import engine
    >>> with engine.Analyzer(workers=1) as analyzer:
    ...     run = analyzer.submit("1. e4 e5 *", nodes=1_000)
    ...     for game in run:
    ...         print(game.origin.game, [ply.san for ply in game.plies])
    ...     print(run.result().counts.positions)
    1 ['e4', 'e5']
    3
    """

    def __init__(self, *, games: bool, progress: Callable[[Snapshot], None] | None) -> None:
        """For `Analyzer` only."""
        self._games = games
        self._user_progress = progress
        self._stream = Stream(games=games)
        self._stop = threading.Event()
        self._done = threading.Event()
        self._snapshot = _BEFORE
        self._result: RunResult | None = None
        self._error: BaseException | None = None
        self._wakers: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._owner: object = None

    # -- for users --

    def __iter__(self) -> Iterator[AnalysedGame]:
        """The analysed games, then the run's error if it has one."""
        if not self._games:
            raise ConfigError("this run was submitted with games=False, so it keeps no games to iterate")
        return (event for event in self.events() if isinstance(event, AnalysedGame))

    def events(self) -> Iterator[Event]:
        """Everything that happens: `AnalysedGame`, `Notice`, `Failure`, `Snapshot`, and the `RunResult` at last.

        Raises the run's error at its end. While it is read, the run stays at most 64 games ahead.
        """
        self._stream.reading(1)
        try:
            while (event := self._stream.take(wait=True)) is not END:
                assert isinstance(event, AnalysedGame | Notice | Failure | Snapshot | RunResult)
                yield event
        finally:
            self._stream.reading(-1)
        self._raise()

    def snapshot(self) -> Snapshot:
        """The run as it was at most 0.2 seconds ago."""
        return self._snapshot

    def cancel(self) -> None:
        """End it in good order: what is being searched is finished, the result says that it is interrupted.

        Returns at once; called more than once, and by any thread.
        """
        self._stop.set()
        self._stream.lift()
        for wake in list(self._wakers):
            wake()

    @property
    def done(self) -> bool:
        """Whether it has ended: with a result, interrupted, or with an error."""
        return self._done.is_set()

    def result(self, timeout: float | None = None) -> RunResult:
        """Wait for its end, at most `timeout` seconds.

        Raises the error that ended the run, and TimeoutError when it goes on.
        """
        self._stream.lift()
        if not self._done.wait(timeout):
            raise TimeoutError(f"the run has not ended within {timeout} seconds; cancel() ends it")
        self._raise()
        assert self._result is not None
        return self._result

    def __repr__(self) -> str:
        return f"<engine.Run: {self._state()}>"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return paragraph(f"Run: {self._state()}")

    def _state(self) -> str:
        if self._error is not None:
            return f"ended with {type(self._error).__name__}"
        shown = self._snapshot
        how = (
            "running" if not self.done else "interrupted" if self._result and self._result.interrupted else "done"
        )
        return f"{how}, {shown.games:,} games, {shown.positions:,} positions"

    # -- for Analyzer --

    def start(self, make: Callable[[Run], Work]) -> None:
        """Check the call here, and begin the thread. Raises what `make` raises."""
        work = make(self)
        self._thread = threading.Thread(target=self._work, args=(work,), name="engine-run", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Until its thread has ended; not from that thread itself."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def stop(self) -> threading.Event:
        return self._stop

    def happened(self, event: Event) -> None:
        self._stream.put(event)

    def progress(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._stream.put(snapshot)
        if self._user_progress is not None:
            self._user_progress(snapshot)

    def keep(self, owner: object) -> None:
        """Hold on to the Analyzer for as long as the run needs its workers."""
        self._owner = owner

    def wake_with(self, wake: Callable[[], None]) -> None:
        """What to call when it is cancelled."""
        self._wakers.append(wake)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """See `Stream.listen`."""
        return self._stream.listen(listener)

    @property
    def stream(self) -> Stream:
        return self._stream

    def _work(self, work: Work) -> None:
        try:
            self._result = work.execute()
            self._stream.put(self._result)
        except BaseException as error:  # whoever waits for the result gets it
            self._error = error
        finally:
            self._wakers.clear()
            self._owner = None
            self._done.set()
            self._stream.end()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


__all__ = ["Event", "Run"]
