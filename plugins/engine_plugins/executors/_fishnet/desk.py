"""The desk where work is handed out and taken back: units in hand, works on loan, clients that are waited for.

    submit -> Course -> Round -> Lines -> take -> Work on loan -> put -> ... -> Done
                                                   | expired, aborted, refused
                                                   v
                                                  Lost

A unit comes back whole or not at all: with one of its works, the others are forgotten. The run's thread submits
and collects, the server's thread takes and puts; one lock guards it all.
"""

from __future__ import annotations

import queue
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from engine.model import Evaluation, Limit
from engine.plugin import Done, Lost, Outcome, Unit, WorkerState
from engine_plugins.executors._fishnet.course import Course, Round, course_of
from engine_plugins.executors._fishnet.lines import Line, lines_of
from engine_plugins.executors._fishnet.replies import MOST_SECONDS, ReplyRefused, Result, evaluations

WAITING = 4
"""Units that wait for a client, at least; one more for each work on loan, so that no client waits for the next."""
_REMEMBERED = 10_000
"""Works that are over and still known by their names: their results may come late, and that is no offence."""
_OFFENCES = 10
"""Results in a row that are refused of one client, after which it gets no work for a while."""
_MOST_OFFENDERS = 1_000
Blame = Literal["position", "outside"]
_MOST_CHARACTERS = 300
"""Length of the reason of a loss, at most: a client may send anything."""
_UNTIL_NODES_END = 1_000_000_000
"""Nodes of a search that only its depth ends; a client has a limit of its own if there is none."""


class Bounds(Struct, frozen=True):
    """How much is handed out, and for how long."""

    clients: int
    """Works on loan at the same time."""
    positions: int
    """Positions of a work, at most."""
    silence: float
    """Seconds after which a client that says nothing is forgotten."""


class Open(Struct):
    """A unit in hand."""

    unit: Unit
    course: Course
    round: Round
    left: set[int]
    """Indices that have no evaluation in this round yet."""
    found: dict[int, Evaluation]


class Work(Struct):
    """What one client searches in one go."""

    id: str
    unit: Unit
    line: Line
    limit: Limit
    place: int = 0
    """Its line on the screen, from 0."""
    owner: str = ""
    """The client that it was given to."""
    patience: float = 0.0
    heard_at: float = 0.0

    def message(self) -> dict[str, Any]:
        """Return it as clients read it."""
        wanted = set(self.line.places)
        size = max(len(self.line.moves), 1) + 1  # a client splits no moves at all into one that is empty
        message: dict[str, Any] = {
            "work": {"type": "analysis", "id": self.id},
            "game_id": "",
            "position": self.line.root.fen,
            "variant": "chess960" if self.line.root.chess960 else "standard",
            "moves": " ".join(self.line.moves),
            "skipPositions": [place for place in range(size) if place not in wanted],
            "nodes": self.limit.nodes or _UNTIL_NODES_END,
        }
        if self.limit.depth is not None:
            message["depth"] = self.limit.depth
        if self.limit.multipv > 1:
            message["multipv"] = self.limit.multipv
        return message


class Desk:
    """Units in hand, and works on loan."""

    def __init__(self, limit: Limit, bounds: Bounds, clock: Callable[[], float], ring: Callable[[], None]) -> None:
        """Begin with nothing.

        * **limit** - the limit of the run.
        * **clock** - returns seconds.
        * **ring** - called when there is work, from any thread.
        """
        self._limit = limit
        self._bounds = bounds
        self._clock = clock
        self._ring = ring
        self._lock = threading.Lock()
        self._name = secrets.token_hex(4)
        """Begins the names of works: a result for an earlier server is none for this one."""
        self._serial = 0
        self._open: dict[int, Open] = {}
        self._waiting: deque[Work] = deque()
        self._loans: dict[str, Work] = {}
        self._over: dict[str, None] = {}
        """Names of works that are no longer waited for, the oldest first."""
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._offences: dict[str, tuple[int, float]] = {}
        """Refused results in a row, and when the last came, by client."""
        self._heard_at = clock()
        self._places: list[WorkerState] = []
        self.refused: Counter[str] = Counter()
        """Requests that were refused, by what was wrong with them."""

    # -- for the run --

    def wants(self) -> bool:
        """Return whether another unit can wait here."""
        with self._lock:
            return len(self._open) < WAITING + 2 * len(self._loans)

    def submit(self, unit: Unit) -> None:
        """Take a unit in hand."""
        if unit.limit is not None and unit.limit.time is not None:
            self._outcomes.put(Lost(unit.id, None, "position", "clients of fishnet take no limit of time"))
            return
        course = course_of(unit, self._limit)
        first = next(course)
        with self._lock:
            self._open[unit.id] = Open(unit, course, first, set(), {})
            self._begin(self._open[unit.id], first)
        self._ring()

    def collect(self, timeout: float) -> list[Outcome]:
        """Return what is over since the last call, after `timeout` seconds at the latest."""
        self._expire()
        outcomes: list[Outcome] = []
        try:
            outcomes.append(self._outcomes.get(timeout=timeout))
            while True:
                outcomes.append(self._outcomes.get_nowait())
        except queue.Empty:
            return outcomes

    def states(self) -> list[WorkerState]:
        """Return a line for each client that has had work."""
        with self._lock:
            return list(self._places)

    def idle_seconds(self) -> float:
        """Return for how long there has been work, and no client that has any or asks for it."""
        with self._lock:
            if self._loans or not self._open:
                self._heard_at = self._clock()
            return self._clock() - self._heard_at

    def counts(self) -> dict[str, int]:
        """Return how many works are on loan and waiting."""
        with self._lock:
            return {"acquired": len(self._loans), "queued": len(self._waiting)}

    # -- for clients --

    def take(self, owner: str) -> Work | None:
        """Lend the next work to a client, by its address and key; None if there is none for it."""
        self._expire()
        with self._lock:
            self._heard_at = now = self._clock()
            if not self._waiting or len(self._loans) >= self._bounds.clients:
                return None
            work = self._waiting.popleft()
            work.owner, work.heard_at = owner, now
            # A search of several lines is not reported on before its end.
            silent = len(work.line.indices) * MOST_SECONDS if work.limit.multipv > 1 else 0.0
            work.patience = max(self._bounds.silence, silent)
            self._loans[work.id] = work
            taken = {loan.place for loan in self._loans.values() if loan is not work}
            work.place = next(place for place in range(len(taken) + 1) if place not in taken)
            self._show(work, "searching")
            return work

    def put(self, name: str, owner: str, result: Result) -> None:
        """Take a result or a report of progress. Raises ReplyRefused; the work then is lost."""
        with self._lock:
            work = self._on_loan(name, owner)
            if work is None:
                return
            work.heard_at = self._heard_at = self._clock()
            if result.is_progress:
                return
            try:
                found = evaluations(result, work.line, work.limit)
            except ReplyRefused as refused:
                self._reject(work, owner, refused.reason, refused.blame)
                raise
            self._offences.pop(owner, None)
            self._return(work)
            self._accept(work, found)

    def reject(self, name: str, owner: str) -> None:
        """Take a work back of which a client has sent what cannot be read."""
        with self._lock:
            work = self._loans.get(name)
            if work is not None and work.owner == owner:
                self._reject(work, owner, "what cannot be read", "outside")

    def abort(self, name: str, owner: str) -> None:
        """Take a work back that the client will not finish. Raises ReplyRefused."""
        with self._lock:
            work = self._on_loan(name, owner)
            if work is not None:
                self._lose(work, "outside", "the client stopped")

    def is_offender(self, owner: str) -> bool:
        """Return whether a client has sent so much rubbish that it gets no work for now."""
        with self._lock:
            number, at = self._offences.get(owner, (0, 0.0))
            return number >= _OFFENCES and self._clock() - at < max(60.0, self._bounds.silence)

    def count(self, kind: str) -> bool:
        """Count something that was refused; return whether it is the first of its kind."""
        with self._lock:
            self.refused[kind] += 1
            return self.refused[kind] == 1

    # -- with the lock --

    def _begin(self, opened: Open, following: Round) -> None:
        opened.round, opened.left, opened.found = following, set(following.indices), {}
        for line in lines_of(opened.unit.positions, following.indices, self._bounds.positions):
            self._serial += 1
            self._waiting.append(Work(f"{self._name}{self._serial:x}", opened.unit, line, following.limit))

    def _on_loan(self, name: str, owner: str) -> Work | None:
        """Return a work that a client has; None for one that is no longer waited for. Raises ReplyRefused."""
        work = self._loans.get(name)
        if work is None and name in self._over:
            return None
        if work is None or work.owner != owner:
            raise ReplyRefused("unknown work", "something about a work that the client was not given")
        return work

    def _return(self, work: Work) -> None:
        del self._loans[work.id]
        self._over[work.id] = None
        if len(self._over) > _REMEMBERED:
            del self._over[next(iter(self._over))]
        self._show(work, "idle")

    def _accept(self, work: Work, found: dict[int, Evaluation]) -> None:
        opened = self._open[work.unit.id]
        opened.found |= found
        opened.left -= found.keys()
        state = self._places[work.place]
        self._places[work.place] = WorkerState(
            state.name,
            state.state,
            state.game,
            state.ply,
            state.positions + len(found),
            state.nodes + sum(evaluation.nodes for evaluation in found.values()),
        )
        if opened.left:
            return
        try:
            self._begin(opened, opened.course.send(opened.found))
        except StopIteration as finished:
            del self._open[work.unit.id]
            self._outcomes.put(Done(work.unit.id, finished.value, counted=False))
        else:
            self._ring()

    def _reject(self, work: Work, owner: str, reason: str, blame: Blame) -> None:
        number = self._offences.pop(owner, (0, 0.0))[0]
        self._offences[owner] = number + 1, self._clock()
        if len(self._offences) > _MOST_OFFENDERS:
            del self._offences[next(iter(self._offences))]
        self._lose(work, blame, f"a client sent {reason[:_MOST_CHARACTERS]}")

    def _lose(self, work: Work, blame: Blame, reason: str) -> None:
        """Give a unit up, and with it all its works."""
        self._return(work)
        unit = work.unit.id
        for other in [loan for loan in self._loans.values() if loan.unit.id == unit]:
            self._return(other)
        self._waiting = deque(waiting for waiting in self._waiting if waiting.unit.id != unit)
        del self._open[unit]
        index = work.line.indices[0] if len(work.line.indices) == 1 else None
        self._outcomes.put(Lost(unit, index, blame, reason))

    def _show(self, work: Work, state: Literal["searching", "idle"]) -> None:
        while len(self._places) <= work.place:
            self._places.append(WorkerState(work.owner, "idle"))
        before = self._places[work.place]
        ply = work.unit.plies[work.line.indices[0]] if state == "searching" else None
        game = work.unit.game or None if state == "searching" else None
        self._places[work.place] = WorkerState(work.owner, state, game, ply, before.positions, before.nodes)

    # -- without --

    def _expire(self) -> None:
        with self._lock:
            now = self._clock()
            for work in [work for work in self._loans.values() if now - work.heard_at > work.patience]:
                if work.id in self._loans:  # not lost with another of its unit
                    reason = f"the client at {work.owner} said nothing for {work.patience:g} s"
                    self._lose(work, "outside", reason)


def summary(refused: Counter[str]) -> str:
    """Return what was refused, in words: `12 (unknown key), 3 (illegal moves)`."""
    return ", ".join(f"{number:,} ({kind})" for kind, number in sorted(refused.items()))
