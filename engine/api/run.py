"""The handle of a run that goes on in the background."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api.background import Background
from engine.api.stream import STREAM_END, Event
from engine.errors import ConfigError
from engine.model import AnalysedGame, Failure, Notice, RunResult
from engine.run.progress import Snapshot


class Run:
    """A run in a thread of its own; `Analyzer.submit` returns it.

    Iterate it for the analysed games, in input order, as they finish; or take everything that happens from
    `events()`. There is one stream of events: each is given once, to the first reader that asks for it. A game
    that nobody has taken waits in memory, unless the run was submitted with `games=False`.

    >>> import engine
    >>> with engine.Analyzer(workers=1) as analyzer:
    ...     run = analyzer.submit("1. e4 e5 *", nodes=1_000)
    ...     for game in run:
    ...         print(game.origin.game, [ply.san for ply in game.plies])
    ...     print(run.result().counts.positions)
    1 ['e4', 'e5']
    3
    """

    def __init__(self, background: Background) -> None:
        """Wrap a run; only `Analyzer` does that."""
        self._background = background

    def __iter__(self) -> Iterator[AnalysedGame]:
        """Return an iterator over the analysed games, which raises the run's error at its end.

        Raises `ConfigError` for a run that was submitted with `games=False`.
        """
        check_games(self._background)
        return (event for event in self.events() if isinstance(event, AnalysedGame))

    def events(self) -> Iterator[Event]:
        """Yield everything that happens: `AnalysedGame`, `Notice`, `Failure`, `Snapshot`, at last the `RunResult`.

        Raises the error that ended the run, after the last event. While the events are read, the run stays at most
        64 games ahead.
        """
        stream = self._background.stream
        stream.add_reader()
        try:
            while (event := stream.take(wait=True)) is not STREAM_END:
                assert isinstance(event, AnalysedGame | Notice | Failure | Snapshot | RunResult)
                yield event
        finally:
            stream.remove_reader()
        self._background.outcome()

    def snapshot(self) -> Snapshot:
        """Return the run as it was at most 0.2 seconds ago."""
        return self._background.snapshot

    def cancel(self) -> None:
        """End the run in good order, within five seconds; the result says `interrupted`.

        Searches that take longer are given up. Return at once. May be called more than once, and by any thread.
        """
        self._background.cancel()

    def pause(self) -> None:
        """Have nothing more searched until `resume`; what is searched at the moment ends. Return at once.

        `Snapshot.paused` says so. The run keeps its workers, and `cancel` ends it as ever. The time in which it
        rests counts neither as its own (`Snapshot.seconds`, `stop_after`) nor as that of a worker that is silent.
        May be called more than once, and by any thread; once the run has ended it does nothing.
        """
        self._background.pausing.pause()

    def resume(self) -> None:
        """Go on after `pause`, with the same results as without it. Return at once; any thread may call it."""
        self._background.pausing.resume()

    @property
    def done(self) -> bool:
        """Whether the run has ended: with a result, interrupted, or with an error."""
        return self._background.done

    def result(self, timeout: float | None = None) -> RunResult:
        """Wait for the end of the run and return its result.

        * **timeout** - *(optional)* seconds to wait at most; for ever when left out.

        Raises the error that ended the run, and `TimeoutError` when the run has not ended by then; it goes on.
        """
        if not self._background.wait(timeout):
            raise TimeoutError(f"the run has not ended within {timeout} seconds; cancel() ends it")
        return self._background.outcome()

    def __repr__(self) -> str:
        return f"<engine.Run: {self._background}>"

    def _repr_html_(self) -> str:
        """Return the run as a notebook shows it."""
        return self._background.html()


def check_games(background: Background) -> None:
    """Check that a run keeps its games. Raises ConfigError."""
    if not background.games:
        raise ConfigError("this run was submitted with games=False, so it keeps no games to iterate")
