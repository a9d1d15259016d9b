"""A slot of the pool: the worker process that has it now, its queue and pipe, and the units it holds."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal

from engine import system
from engine.contracts.messages import FromWorker, Unit, unpack_from_worker
from engine.errors import EvaluatorError, EvaluatorReplaced
from engine.plugin import WorkerState
from engine.workers import worker
from engine.workers.scoreboard import Scoreboard, WorkerActivity


class Slot:
    """The parent's side of one worker at a time."""

    def __init__(self, number: int) -> None:
        self.number = number
        """From 1, as on the scoreboard."""
        self.process: Any = None
        """None while it is down."""
        self.tasks: Any = None
        """The queue of packed units to the worker."""
        self.results: Any = None
        """Our end of the pipe from the worker."""
        self._has_results: Callable[[], bool] = lambda: False
        """Whether there is something to read in it, or its end."""
        self._partial = b""
        """Pieces of a message that is not whole yet."""
        self.leases: deque[Unit] = deque()
        """Units that the worker holds, the one in hand first."""
        self.most_leases = 2
        """How many it may hold now: more than two while each takes next to no time."""
        self.state: Literal["starting", "ready", "ending", "down"] = "down"
        """`ending`: it has said that it lost its unit and is about to go."""
        self.last_words = ""
        """Why its evaluator did not start."""
        self.blame: Literal["position", "outside", "evaluator", "replaced"] = "evaluator"
        """The cause of that."""
        self.failures = 0
        """Deaths since it last searched something; the back-off follows from it."""
        self.failed_starts = 0
        """Starts that failed by themselves, since any worker was ready."""
        self.killed_starts = 0
        """Starts that something else killed, since any worker was ready."""
        self.replaced_starts = 0
        """Starts in a row, of this slot, that found another evaluator than the run's."""
        self.start_at = 0.0
        """When to start the next process, on the pool's clock."""
        self.sentence: tuple[str, worker.Blame] | None = None
        """Why we have killed the process, and the cause; None when we have not."""
        self.pardoned = False
        """Whether a message has come since, which proves us wrong: nobody is to blame."""
        self.stopped_at: float | None = None
        """Since when it has been stopped (SIGSTOP), on the pool's clock; None when it is not."""
        self.progress = -1
        """Positions searched in this slot, at the last look."""
        self.busy_since = 0.0
        """When it began what it has in hand, or later: when its last message came. On the pool's clock."""
        self.unit_seconds = 1.0
        """Seconds that a unit takes here, by the last ones."""
        self.progress_at = 0.0
        """When something last came from the worker, on the pool's clock."""

    @property
    def was_replaced(self) -> bool:
        """Whether its evaluator is not the run's, twice in a row: a kill during one start could look like that."""
        return self.replaced_starts > 1

    def verdict(self) -> EvaluatorError:
        """Return why its evaluator did not start, as the error that ends the run."""
        return (EvaluatorReplaced if self.blame == "replaced" else EvaluatorError)(self.last_words)

    def count_positions(self) -> int:
        """Return the number of positions that the worker holds."""
        return sum(len(unit.plies) for unit in self.leases)

    def describe(self, activity: WorkerActivity) -> WorkerState:
        """Return the worker's state for the screen, where `activity` is what the scoreboard says of it."""
        unit = next(iter(tuple(self.leases)), None)  # another thread may ask
        state: Literal["starting", "idle", "searching", "restarting"]
        if self.state == "ready":
            state = "searching" if unit else "idle"
        else:
            state = "starting" if self.state == "starting" else "restarting"
        return WorkerState(
            name=str(self.number),
            state=state,
            game=unit.game if unit and unit.game != worker.NO_GAME else None,
            ply=activity.ply if unit and activity.game == unit.game else None,
            positions=activity.positions,
            nodes=activity.nodes,
        )

    def launch(self, context: Any, job: bytes, scoreboard: Scoreboard) -> None:
        """Start a process.

        * **context** - the `multiprocessing` context.
        * **job** - the packed `Job`.
        * **scoreboard** - the one to enter positions on.

        Raises OSError or EOFError when the system gives no process.
        """
        child = system.start_child(context, worker.main, self.number, job, scoreboard)
        self.process, self.tasks, self.results = child
        self._has_results = system.readiness(self.results)
        self.most_leases, self.unit_seconds = 2, 1.0
        self._partial, self.last_words, self.blame = b"", "", "evaluator"
        self.sentence, self.pardoned, self.stopped_at = None, False, None

    def kill(self, reason: str, blame: worker.Blame) -> None:
        """Kill the process, even one that is stopped; its end is heard of as any other."""
        self.sentence = reason, blame
        self.process.kill()

    def cause_of_death(self) -> tuple[str, worker.Blame]:
        """Return why the process ended, in words, and what may be to blame."""
        if self.sentence is not None:
            return self.sentence
        while_starting = " while it started" if self.state == "starting" else ""
        exit_code = self.process.exitcode
        return f"the worker died{while_starting} ({system.name_signal(exit_code)})", system.blame(exit_code)

    def read(self) -> Iterator[FromWorker]:
        """Yield every complete message in the pipe. A torn one is an end of file, never a result."""
        with contextlib.suppress(EOFError, OSError):
            while self._has_results():
                piece = self.results.recv_bytes()
                self._partial += piece[1:]
                if piece[:1] == worker.LAST:
                    message, self._partial = self._partial, b""
                    yield unpack_from_worker(message)

    def release(self) -> None:
        """Close what belongs to a process that has been joined."""
        self.process.close()
        self.results.close()
        system.abandon(self.tasks)
        self.process = self.results = self.tasks = None
