"""Any program that speaks UCI: `--evaluator path/to/program`.

The program is a file or a name on PATH and is started without arguments; one that needs some gets a two-line
wrapper script (`#!/bin/sh`, `exec program --its-arguments`). It runs with `Threads` 1 and `Hash` as told; other
options come from `--uci NAME=VALUE` and are checked against what the program offers, because programs ignore a
wrong name or number without a word.

It is not trusted. Every wait has a deadline, a best move that is illegal or a search without a score is an error,
an `isready` after each search finds answers that nobody asked for, what it may allocate is bounded, and with the
first error the program is killed, with everything it has started. Deadlines do not count time in which this
machine, or this process, was asleep.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
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
from engine_plugins.evaluators._process import Process, awake, find_program, handshake
from engine_plugins.evaluators._uci_text import (
    UciOption,
    check_options,
    go_command,
    position_command,
    printable,
    read_search,
    setoption_command,
)

_MEMORY = 4096
"""Megabytes beside the hash: many times what programs need, and less than takes a machine down."""


class UciOptions(EvaluatorOptions, frozen=True, kw_only=True):
    """Options of `uci`."""

    path: str
    """The program: a file, or a name on PATH."""
    start_timeout: Annotated[float, Meta(gt=0)] = 30.0
    """Seconds until it must be ready; large networks on a cold disk need more."""
    search_timeout: Annotated[float, Meta(gt=0)] | None = None
    """Seconds until a search must have ended; None follows from the limit."""
    memory: Annotated[int, Meta(ge=16)] | None = None
    """Megabytes that it may allocate; None: 4096 and its hash. More ends it, on Linux. Changes no result."""
    why: str = ""
    """How it was chosen, for people. Changes nothing."""


class Uci(Evaluator):
    """Any UCI program."""

    Options = UciOptions

    def __init__(self, options: UciOptions) -> None:
        super().__init__(options)
        self._process: Process | None = None
        self._offered: dict[str, UciOption] = {}
        self._multipv = 1
        self._chess960 = False

    # -- the contract ---------------------------------------------------------------------------------------

    def start(self) -> EvaluatorInfo:
        """Start the program, set its options and let it search one node.

        Without that search a Stockfish whose network file is missing would only die at the first position.
        """
        options: UciOptions = self.options
        path = find_program(options.path)
        self.close()
        self._process = Process(path)
        digest = _file_digest(path)  # the program starts meanwhile, which for Stockfish takes longer
        deadline = awake() + options.start_timeout
        try:
            name, sent = self._prepare(self._process, deadline)
        except EvaluatorError as error:
            self._stop(politely=False)
            hint = ""
            if isinstance(error, EvaluatorTimeout):
                hint = f"; start_timeout is {options.start_timeout:g} s"
            raise type(error)(f"{printable(str(path))} cannot be used: {error.message}{hint}") from None
        except BaseException:
            self._stop(politely=False)
            raise
        short, version = split_name(name)
        return EvaluatorInfo(
            name=short,
            version=version,
            fingerprint=_fingerprint(name, digest, sent),
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
            lines = process.receive("bestmove", deadline, commands[-1])
            # A second answer to this search must not become the first one to the next: what the program still
            # has to say comes before its `readyok`. Measured: 15 us with Stockfish 15.1.
            process.send(deadline, "isready")
            _refuse_late_answers(process.receive("readyok", deadline, "isready"))
            return read_search(lines, position, limit)

    def close(self) -> None:
        self._stop(politely=True)

    # -- how ------------------------------------------------------------------------------------------------

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
        """After an error nobody knows what the program would answer next."""
        try:
            yield
        except BaseException:
            self._stop(politely=False)
            raise

    def _prepare(self, process: Process, deadline: float) -> tuple[str, Mapping[str, str]]:
        """Handshake, options, one node: the program's name and the options it was sent."""
        name, offered = handshake(process, deadline)
        self._offered = {option.name.lower(): option for option in offered}
        multipv = self._offered.get("multipv")
        self._multipv = int(multipv.default) if multipv and multipv.default.isdecimal() else 1
        chess960 = self._offered.get("uci_chess960")
        self._chess960 = chess960 is not None and chess960.default == "true"
        sent = self._chosen(offered)
        process.limit_memory(_megabytes(self.options, sent) << 20)
        process.send(deadline, *(setoption_command(key, value) for key, value in sent.items()), "isready")
        process.receive("readyok", deadline, "isready")
        process.send(deadline, "position startpos", "go nodes 1")
        process.receive("bestmove", deadline, "go nodes 1")
        return name, sent

    def _chosen(self, offered: Iterable[UciOption]) -> Mapping[str, str]:
        """One thread and the hash, unless the program has no such options or the user says otherwise."""
        own = {"hash": str(self.options.hash), "threads": "1"}
        wanted = {self._offered[name].name: value for name, value in own.items() if name in self._offered}
        return check_options(wanted, offered) | check_options(self.options.uci, offered)

    def _changes(self, position: Position, limit: Limit) -> list[str]:
        """The options that this search needs and the last one did not."""
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
    """How long a search may take before it counts as hung; the first limit that is met ends a search."""
    seconds = []
    if limit.nodes:
        seconds.append(max(30.0, limit.nodes / 10_000))
    if limit.depth:
        seconds.append(600.0)
    if limit.time:
        seconds.append(limit.time / 1000 + 10.0)
    return min(seconds, default=30.0)


def _megabytes(options: UciOptions, sent: Mapping[str, str]) -> int:
    """What the program may allocate."""
    if options.memory is not None:
        return options.memory
    hashes = [int(value) for name, value in sent.items() if name.lower() == "hash" and value.isdecimal()]
    return _MEMORY + sum(hashes)


def check_multipv(multipv: int, option: UciOption | None) -> str:
    """The value to send. Raises EvaluatorError when the program cannot give so many lines."""
    most = option.max if option is not None and option.max is not None else multipv
    if option is None or multipv > most:
        raise EvaluatorError(f"the program gives at most {most if option else 1} lines, not multipv {multipv}")
    return str(multipv)


def split_name(name: str) -> tuple[str, str]:
    """`Stockfish 15.1` as name and version; the version is empty when no word looks like one."""
    found = re.match(r"(.+?)\s+v?((?:dev-)?\d\S*)", name)
    return (found[1], found[2]) if found else (name, "")


def _refuse_late_answers(lines: Iterable[str]) -> None:
    if any(line.startswith("bestmove") for line in lines):
        raise EvaluatorProtocolError("desync: the program gave a best move that nobody asked for")


def _fingerprint(name: str, program: str, sent: Mapping[str, str]) -> str:
    """Of all that can change a result, wherever it is kept: the contents of files, not their places."""
    digest = hashlib.sha256()
    parts = [name, program]
    for key, value in sorted(sent.items()):
        file = Path(value)
        parts += [key, _file_digest(file) if value and file.is_file() else value]
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EvaluatorError(f"{printable(str(path))} cannot be read: {error.strerror}") from None
