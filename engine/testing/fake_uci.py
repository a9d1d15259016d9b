"""A fake UCI program: a real process that speaks UCI, plays legal moves, and misbehaves on demand.

As a program:

    python -m engine.testing.fake_uci
    python -m engine.testing.fake_uci name="Fake 2" crash=3 times=1

In a test, `fake_uci` writes an executable for `--evaluator`:

    path = fake_uci(tmp_path)                                # well-behaved
    path = fake_uci(tmp_path, crash=3, times=1)              # dies in its third search, once
    path = fake_uci(tmp_path, hang="8/8/8/8/8/4k3/8/4K2R")   # never answers for positions that begin like this

Its evaluation is a pure function of the name, the position, the limit, MultiPV and, as with the warm hash of a real
program, of everything searched since `ucinewgame`: a framework that mixes up the order gets other scores. Material counts
most, so that games look like games; a mate in one is found. `nodes` is the node limit, or made up from the depth.

This file imports nothing of the framework, and chess only at the first search, so that it starts in 20 ms.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypedDict

if TYPE_CHECKING:
    from typing import Unpack

    import chess

Trigger = bool | int | str
"""When: True at each search; a number at that search of a process, 1-based; else each position whose FEN begins so.

The search of one node from the start position with which a driver may test a program is not counted.
"""


class Behaviour(TypedDict, total=False):
    """What a fake can be told to do; well-behaved without any of it."""

    name: str
    """`id name`; also seeds the evaluation. Default `Fake UCI 1.0`."""
    hash_sensitive: bool
    """Whether earlier searches since `ucinewgame` change the score. Default True."""
    chess960: bool
    """Whether it offers UCI_Chess960. Default True."""
    delay: float
    """Seconds that each search takes."""
    log: str
    """A file to which every command received is appended, one a line."""
    times: int
    """How often a fault below happens at most, over all processes started from this executable."""

    # At the start.
    start_delay: float
    """Seconds before the first answer."""
    no_uciok: bool
    """`uci` gets no `uciok`."""
    no_readyok: bool
    """`isready` gets no `readyok`."""
    start_crash: int
    """Exits with this code at once."""
    no_net: bool
    """Ends at the first `go`, the test search too, like a Stockfish without its network file."""

    # In a search.
    crash: Trigger
    """Exits with `exit_code`, saying `last_words` on stderr."""
    exit_code: int
    """Default 1."""
    last_words: str
    kill: Trigger
    """Sends itself `signal`."""
    signal: str
    """Default SIGSEGV."""
    hang: Trigger
    """Never answers, but honours `stop`, `quit` and the end of its input."""
    deaf: Trigger
    """Never answers and honours nothing."""
    close_stdout: Trigger
    """Closes its output and stays."""
    cut: Trigger
    """Dies in the middle of a line."""
    illegal_bestmove: Trigger
    no_bestmove: Trigger
    """`bestmove (none)`."""
    no_score: Trigger
    """`bestmove` without any score before it."""
    absurd_score: Trigger
    """A score of 10^12 centipawns."""
    mate_zero: Trigger
    """`score mate 0` in a position that has legal moves."""
    illegal_pv: Trigger
    """Its variation turns illegal after the second ply."""
    double_bestmove: Trigger
    """Answers twice at once."""
    late_bestmove: Trigger
    """Answers once more after the next `readyok`."""
    garbage: Trigger
    """Control characters, NUL, bad UTF-8 and nonsense between its lines."""
    long_line: Trigger
    """One line of 4 MiB among the others."""
    flood: Trigger
    """40 MiB of `info` lines before the answer."""

    # At the end.
    ignore_quit: bool
    """`quit`, SIGTERM and the end of its input change nothing."""
    child: bool
    """Starts a process of its own that lives for an hour."""


FAULTS = (
    "crash", "kill", "hang", "deaf", "close_stdout", "cut", "illegal_bestmove", "no_bestmove", "no_score",
    "absurd_score", "mate_zero", "illegal_pv", "double_bestmove", "late_bestmove", "garbage", "long_line", "flood",
)  # fmt: skip
"""The behaviours that have a trigger."""

_START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
_VALUES = {"p": 100, "n": 300, "b": 320, "r": 500, "q": 900, "k": 0}


def fake_uci(folder: Path, **behaviour: Unpack[Behaviour]) -> Path:
    """Write an executable fake into `folder` and return its path.

    The executable is the same whatever the behaviour, which stands in a file beside it: two fakes of one name
    have one fingerprint, so the run of a faulty one can be compared with that of a good one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "fake-uci"
    program.with_suffix(".json").write_text(json.dumps(behaviour), encoding="utf-8")
    # -P: this folder's modules must not hide the standard library's.
    command = f"exec {shlex.quote(sys.executable)} -P {shlex.quote(__file__)}"
    program.write_text(f'#!/bin/sh\n{command} --file "$0.json"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


class _Quit(Exception):
    """Its input has ended, or `quit`."""


class _Input:
    """Command lines from standard input, with a wait that ends early."""

    def __init__(self, log: str | None) -> None:
        self._log = log
        self._rest = b""
        self._lines: list[str] = []

    def next(self, timeout: float | None = None) -> str | None:
        """The next command; None after `timeout` seconds. Raises _Quit at the end."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self._lines:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([0], [], [], left)[0]:
                return None
            data = os.read(0, 65536)
            if not data:
                raise _Quit
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._lines = [line.decode("utf-8", "replace").strip() for line in lines]
            if self._log:
                with open(self._log, "a", encoding="utf-8") as log:
                    log.writelines(line + "\n" for line in self._lines)
        return self._lines.pop(0)


class _Program:
    def __init__(self, behaviour: Behaviour, marks: Path | None) -> None:
        self.behaviour = behaviour
        self.name = behaviour.get("name", "Fake UCI 1.0")
        self._marks = marks
        self._input = _Input(behaviour.get("log"))
        self._searches = 0
        self._options = {"multipv": "1", "uci_chess960": "false"}
        self._history = b""
        self._position = f"fen {_START}"
        self._after_readyok: list[str] = []
        self._waiting: list[str] = []

    def run(self) -> None:
        behaviour = self.behaviour
        if behaviour.get("child"):
            subprocess.Popen(["/bin/sleep", "3600"])
        if behaviour.get("ignore_quit"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if "start_crash" in behaviour and self._allowed():
            _die(behaviour["start_crash"], behaviour.get("last_words", ""))
        time.sleep(behaviour.get("start_delay", 0.0))
        while True:
            try:
                command = self._waiting.pop(0) if self._waiting else self._input.next()
                self._obey(command or "")
            except _Quit:
                if not behaviour.get("ignore_quit"):
                    return
                time.sleep(3600)

    def _obey(self, command: str) -> None:
        word, _, rest = command.partition(" ")
        if word == "uci":
            self._introduce()
        elif word == "isready":
            self._ready()
        elif word == "ucinewgame":
            self._history = b""
        elif word == "setoption":
            name, _, value = rest.removeprefix("name ").partition(" value ")
            self._options[name.lower()] = value
        elif word == "position":
            self._position = rest
        elif word == "go":
            self._search(rest)
        elif word == "quit" and not self.behaviour.get("ignore_quit"):
            raise _Quit

    def _introduce(self) -> None:
        _say(f"id name {self.name}", "id author nobody")
        _say("option name Hash type spin default 16 min 1 max 1024", "option name Threads type spin default 1 min 1 max 8")
        _say("option name MultiPV type spin default 1 min 1 max 500", "option name Clear Hash type button")
        _say("option name Style type combo default Normal var Solid var Normal var Very Risky")
        _say("option name Ponder type check default false", "option name EvalFile type string default <empty>")
        if self.behaviour.get("chess960", True):
            _say("option name UCI_Chess960 type check default false")
        if not self.behaviour.get("no_uciok"):
            _say("uciok")

    def _ready(self) -> None:
        if not self.behaviour.get("no_readyok"):
            _say("readyok")
        _say(*self._after_readyok)
        self._after_readyok = []

    # -- searching ------------------------------------------------------------------------------------------

    def _search(self, limit: str) -> None:
        if self.behaviour.get("no_net"):
            _die(1, "ERROR: the network file was not found.")
        board = _board(self._position, chess960=self._options["uci_chess960"] == "true")
        is_test = limit == "nodes 1" and self._position == "startpos"
        self._searches += not is_test
        faults = set() if is_test else {fault for fault in FAULTS if self._strikes(fault, board)}
        self._before(faults)
        if not is_test and not self._wait(self.behaviour.get("delay", 0.0)):
            pass
        _say(*self._answer(board, limit, faults))
        if "double_bestmove" in faults:
            _say("bestmove " + _moves(board)[0])
        if "late_bestmove" in faults:
            self._after_readyok = ["bestmove " + _moves(board)[0]]
