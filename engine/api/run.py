"""A run that goes on in the background."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api.background import Background
from engine.api.stream import END, Event
from engine.errors import ConfigError
from engine.model import AnalysedGame, Failure, Notice, RunResult
from engine.run.progress import Snapshot


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

    def __init__(self, background: Background) -> None:
        """For `Analyzer` only."""
        self._background = background

    def __iter__(self) -> Iterator[AnalysedGame]:
        """The analysed games, then the run's error if it has one."""
        check_games(self._background)
        return (event for event in self.events() if isinstance(event, AnalysedGame))

    def events(self) -> Iterator[Event]:
        """Everything that happens: `AnalysedGame`, `Notice`, `Failure`, `Snapshot`, and the `RunResult` at last.

        Raises the run's error at its end. While it is read, the run stays at most 64 games ahead.
        """
        stream = self._background.stream
        stream.reading(1)
        try:
            while (event := stream.take(wait=True)) is not END:
                assert isinstance(event, AnalysedGame | Notice | Failure | Snapshot | RunResult)
                yield event
        finally:
            stream.reading(-1)
        self._background.outcome()

    def snapshot(self) -> Snapshot:
        """The run as it was at most 0.2 seconds ago."""
        return self._background.snapshot

    def cancel(self) -> None:
        """End it in good order: what is being searched is finished, the result says that it is interrupted.

        Returns at once; called more than once, and by any thread.
        """
        self._background.cancel()

    @property
    def done(self) -> bool:
        """Whether it has ended: with a result, interrupted, or with an error."""
        return self._background.done

    def result(self, timeout: float | None = None) -> RunResult:
        """Wait for its end, at most `timeout` seconds.

        Raises the error that ended the run, and TimeoutError when it goes on.
        """
        if not self._background.wait(timeout):
            raise TimeoutError(f"the run has not ended within {timeout} seconds; cancel() ends it")
        return self._background.outcome()

    def __repr__(self) -> str:
        return f"<engine.Run: {self._background}>"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return self._background.html()


def check_games(background: Background) -> None:
    """Raises ConfigError for a run that keeps no games."""
    if not background.games:
        raise ConfigError("this run was submitted with games=False, so it keeps no games to iterate")
