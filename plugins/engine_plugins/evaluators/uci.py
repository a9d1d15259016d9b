"""Any program that speaks UCI: `--evaluator path/to/program`.

The program is a name on PATH, or a file: `./name` is one in the current folder. It is started without arguments.
If it needs some, write a wrapper script of two lines (`#!/bin/sh`, `exec program --its-arguments`). It runs with
`Threads` 1 and with `Hash` from `--hash`; its opening book (`OwnBook` and the like) is switched off, because a
move from a book has no score. Other options come from `--uci NAME=VALUE`. They are checked against the options
that the program offers, because programs silently ignore a wrong name or number.

A program that cannot search for a number of nodes works with `--depth` or `--time`: then it is never sent
`go nodes`.

The program is not trusted. Every wait has a deadline. An illegal best move or a search without a score is an
error. An `isready` after each search detects unexpected answers. The output of a search is limited in bytes and in
lines. The memory that the program and all that it has started may take together is limited, shared memory included
(Linux). At the first error the program is killed together with everything it has started, daemons included
(Linux). Time in which this machine or this process was asleep does not count for deadlines.

Nor is it trusted to stay what it is: each start, in each worker, must find the program, its networks and its
tables as they were when the run began. Otherwise the run stops, and the same command begins anew with the new
program. What a wrapper script runs counts too, and so do the networks that the program names and the listing of
`SyzygyPath`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from engine.errors import (
    EvaluatorCrashed,
    EvaluatorError,
    EvaluatorProtocolError,
    EvaluatorTimeout,
    PositionRefused,
)
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator, EvaluatorOptions
from engine_plugins.evaluators._identity import ProgramFile, Said
from engine_plugins.evaluators._process import Process, awake, find_program, handshake
from engine_plugins.evaluators._uci_options import UciOption, check_options, common_options
from engine_plugins.evaluators._uci_text import (
    Scores,
    go_command,
    position_command,
    printable,
    read_search,
    setoption_command,
)

_MEMORY = 4096
"""Megabytes beside the hash table: many times what programs need, but not enough to exhaust a machine."""


class UciOptions(EvaluatorOptions, frozen=True, kw_only=True):
    """Options of `uci`."""

    path: Annotated[str, Meta(description="The program: a name on PATH, or a file.")]
    start_timeout: Annotated[
        float,
        Meta(gt=0, description="Seconds after which it must be ready; large networks on a cold disk need more."),
    ] = 30.0
    search_timeout: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Seconds after which a search must have ended; none: computed from the limit."),
    ] = None
    scores: Annotated[
        Scores | None,
        Meta(
            description="Score of a search that ends within a depth: the last one, or the last exact one; "
            "none: last for a Stockfish, exact for others."
        ),
    ] = None
    """Score of a search that ends within a depth, as one with a limit of nodes does: `last`, the one that it told
    last, although it is only a bound; `exact`, the last exact one, as versions up to 0.2 took it. None: `last` for
    a Stockfish, where it was measured to be closer to the truth, `exact` for other programs. A
    search for several lines takes exact ones."""
    memory: Annotated[
        Annotated[int, Meta(ge=16)] | None,
        Meta(description="Megabytes that program and hash table may take (Linux); none: 4096 plus the hash."),
    ] = None
    """Megabytes that the program and all that it has started may take, shared memory included; None: 4096 plus its
    hash table. On Linux, a program that takes more ends. Changes no result."""
    why: Annotated[str, Meta(description="How the program was chosen, for people. Changes no result.")] = ""


class Uci(Evaluator):
    """Any UCI program."""

    Options = UciOptions
    plays_moves = True

    def __init__(self, options: UciOptions) -> None:
        super().__init__(options)
        self._process: Process | None = None
        self._offered: dict[str, UciOption] = {}
        self._multipv = 1
        self._chess960 = False
        self._scores: Scores = "exact"

    # -- the contract ---------------------------------------------------------------------------------------

    def start(self) -> EvaluatorInfo:
        """Start the program, set its options and make a short search with the kinds of limit that the run has.

        Without that search, a Stockfish whose network file is missing would only die at the first position.
        """
        options: UciOptions = self.options
        path = find_program(options.path)
        self.close()
        file = ProgramFile(path)
        self._process = Process(path)
        deadline = awake() + options.start_timeout
        try:
            file.sha256()  # the program starts meanwhile, which takes longer for Stockfish
            said, processes = self._prepare(self._process, deadline)
            self._scores = options.scores or ("last" if said.name.startswith("Stockfish") else "exact")
            fingerprint = file.fingerprint(said, processes, self._scores)
            self._process.end_of_start()
        except EvaluatorError as error:
            self._stop(politely=False)
            hint = ""
            if isinstance(error, EvaluatorTimeout):
                hint = f"; start_timeout is {options.start_timeout:g} s"
                hint += way_out(options.trial) if "'go " in error.message else ""
            raise type(error)(f"{printable(str(path))} cannot be used: {error.message}{hint}") from None
        except BaseException:
            self._stop(politely=False)
            raise
        short, version = split_name(said.name)
        return EvaluatorInfo(
            name=short,
            version=version,
            fingerprint=fingerprint,
            why=options.why or f"named: {path}",
            variants=("standard", "chess960") if "uci_chess960" in self._offered else ("standard",),
        )

    def clear(self) -> None:
        process = self._running()
        deadline = awake() + self.options.start_timeout
        with self._stopping_on_error():
            process.check_guarded()
            process.send(deadline, "ucinewgame", "isready")
            _refuse_late_answers(process.receive("readyok", deadline, "ucinewgame"))

    def search(self, position: Position, limit: Limit) -> Evaluation:
        commands = [*self._changes(position, limit), position_command(position), go_command(limit)]
        process = self._running()
        deadline = awake() + (self.options.search_timeout or search_seconds(limit))
        with self._stopping_on_error():
            _refuse_late_answers(process.pending())
            process.send(deadline, *commands)
            try:
                lines = process.receive("bestmove", deadline, commands[-1])
            except EvaluatorTimeout as error:
                raise EvaluatorTimeout(error.message + way_out(limit)) from None
            # A second answer to this search must not be taken for the answer to the next one: whatever the program
            # still sends comes before its `readyok`. Measured: 15 us with Stockfish 15.1.
            process.send(deadline, "isready")
            _refuse_late_answers(process.receive("readyok", deadline, "isready"))
            return read_search(lines, position, limit, self._scores)

    def close(self) -> None:
        self._stop(politely=True)

    # -- the program ----------------------------------------------------------------------------------------

    def _stop(self, *, politely: bool) -> None:
        if self._process is not None:
            self._process.close(politely=politely)
            self._process = None

    def _running(self) -> Process:
        if self._process is None:
            raise EvaluatorCrashed("the evaluator is not running")
        return self._process

    @contextlib.contextmanager
    def _stopping_on_error(self) -> Iterator[None]:
        """Stop the program if the body raises an error, since its next answer could belong to anything."""
        try:
            yield
        except BaseException:
            self._stop(politely=False)
            raise

    def _prepare(self, process: Process, deadline: float) -> tuple[Said, list[int]]:
        """Make the handshake, set options and make a short search.

        Return what the program has said, and the processes that have run all the time since it was ready.
        """
        name, offered = handshake(process, deadline)
        self._offered = {option.name.lower(): option for option in offered}
        multipv = self._offered.get("multipv")
        self._multipv = int(multipv.default[:9]) if multipv and multipv.default.isdecimal() else 1
        chess960 = self._offered.get("uci_chess960")
        self._chess960 = chess960 is not None and chess960.default == "true"
        sent = self._chosen(offered)
        process.limit_memory(_megabytes(self.options, sent) << 20)
        process.send(deadline, *(setoption_command(key, value) for key, value in sent.items()), "isready")
        process.receive("readyok", deadline, "isready")
        running = process.running()
        trial = go_command(self.options.trial)
        process.send(deadline, "position startpos", trial)
        lines = process.receive("bestmove", deadline, trial)
        still = set(process.running())
        return Said(name, offered, sent, lines), [pid for pid in running if pid in still]

    def _chosen(self, offered: Sequence[UciOption]) -> Mapping[str, str]:
        """Return the options to send: what every program gets, and those of the user, which take precedence."""
        own = common_options(offered, self.options.hash)
        return check_options(own, offered) | check_options(self.options.uci, offered)

    def _changes(self, position: Position, limit: Limit) -> list[str]:
        """Return the commands that set the options in which this search differs from the last one."""
        commands = []
        if position.chess960 != self._chess960:
            if "uci_chess960" not in self._offered:
                raise PositionRefused("the evaluator does not play Chess960")
            self._chess960 = position.chess960
            commands.append(setoption_command("UCI_Chess960", "true" if position.chess960 else "false"))
        if limit.multipv != self._multipv:
            checked = check_multipv(limit.multipv, self._offered.get("multipv"))
            self._multipv = limit.multipv
            commands.append(setoption_command("MultiPV", checked))
        return commands


def search_seconds(limit: Limit) -> float:
    """Return the seconds after which a search counts as hung: the shortest time of its limits."""
    seconds = []
    if limit.nodes:
        seconds.append(max(30.0, limit.nodes / 10_000))
    if limit.depth:
        seconds.append(600.0)
    if limit.time:
        seconds.append(limit.time / 1000 + 10.0)
    return min(seconds, default=30.0)


def way_out(limit: Limit) -> str:
    """Return what helps where a search with this limit does not end."""
    if limit.nodes and not (limit.depth or limit.time):
        return "; a program that cannot count nodes works with --depth or --time"
    if limit.depth and not limit.time:
        return "; a lower --depth, or --time, ends sooner"
    return ""


def _megabytes(options: UciOptions, sent: Mapping[str, str]) -> int:
    """Return the megabytes that the program may allocate."""
    if options.memory is not None:
        return options.memory
    hashes = [int(value[:12]) for name, value in sent.items() if name.lower() == "hash" and value.isdecimal()]
    return _MEMORY + sum(hashes)


def check_multipv(multipv: int, option: UciOption | None) -> str:
    """Return the value of `MultiPV` to send. Raises `EvaluatorError` if the program supports fewer lines."""
    maximum = option.max if option is not None and option.max is not None else multipv
    if option is None or multipv > maximum:
        raise EvaluatorError(f"the program gives at most {maximum if option else 1} lines, not multipv {multipv}")
    return str(multipv)


def split_name(name: str) -> tuple[str, str]:
    """Split `Stockfish 15.1` into name and version; the version is empty if no word looks like one."""
    parts = re.match(r"(.+?)\s+v?((?:dev-)?\d\S*)", name)
    return (parts[1], parts[2]) if parts else (name, "")


def _refuse_late_answers(lines: Iterable[str]) -> None:
    if any(line.startswith("bestmove") for line in lines):
        raise EvaluatorProtocolError("desync: the program gave a best move that nobody asked for")
