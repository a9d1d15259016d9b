"""A fake UCI program: a real process that speaks UCI, plays legal moves, and misbehaves on demand.

As a program:

    python -m engine.testing.fake_uci
    python -m engine.testing.fake_uci name="Fake 2" crash=3 times=1

In a test, `fake_uci` writes an executable for `--evaluator`:

    path = fake_uci(tmp_path)                                # well-behaved
    path = fake_uci(tmp_path, crash=3, times=1)              # dies in its third search, once
    path = fake_uci(tmp_path, hang="8/8/8/8/8/4k3/8/4K2R")   # never answers for positions that begin like this
    path = fake_uci(tmp_path, deaf=f"@{tmp_path}/now")       # never answers while this file exists

Every fault stands in `Behaviour`, with what it does and when.

Its evaluation is a pure function of the name, the `position` command, the limit, MultiPV and, as with the warm
hash of a real program, of everything searched since `ucinewgame`: a framework that mixes up the order gets other
scores. Material counts most, so that games look like games; a mate in one is found. `nodes` is the node limit, or
made up from the depth. It dies of an impossible position, as a real program may.

It imports little, and chess only at the first search, so that it starts fast.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from engine.testing._fake_behaviour import FAULTS, OPTIONS, Behaviour
from engine.testing._fake_search import board_of, depth_and_nodes, ranked

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Unpack

    import chess

__all__ = ["FAULTS", "Behaviour", "fake_uci"]

_WRONG_LINES = {
    "absurd_score": "info depth 5 score cp 1000000000000 nodes 9 pv a2a3",
    "absurd_depth": f"info depth {'9' * 30} score cp 5 nodes 9 pv a2a3",
    "mate_zero": "info depth 5 score mate 0 nodes 9 pv a2a3",
}


def fake_uci(folder: Path, filename: str = "fake-uci", **behaviour: Unpack[Behaviour]) -> Path:
    """Write an executable fake into `folder` and return its path. The package must be installed, or editable.

    The executable is the same whatever the behaviour, which stands in a file beside it: two fakes of one name
    have one fingerprint, so the run of a faulty one can be compared with that of a good one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / filename
    (folder / f"{filename}.json").write_text(json.dumps(behaviour), encoding="utf-8")
    # -P: modules in the current folder must not hide installed ones.
    command = f"exec {shlex.quote(sys.executable)} -P -m engine.testing.fake_uci"
    program.write_text(f'#!/bin/sh\n{command} --file "$0.json"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


_TRIALS = ("nodes 1", "depth 1", "movetime 100")
_GREEDY = {"eat", "share", "together"}
_FLOODS = {
    "chatter": (b"info depth 1 seldepth 1 multipv 1 score cp 7 nodes 20 nps 20000 time 1 pv\n", 232),
    "flood": (b"info depth 1 currmove a2a3 currmovenumber 1\n", 640),
    "short_lines": (b"x\n", 480),
}
"""A line, and how often 64 KiB of it are written."""


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
    def __init__(self, behaviour: Behaviour, marks: Path) -> None:
        self.behaviour = behaviour
        self.name = behaviour.get("name", "Fake UCI 1.0")
        self._marks = marks
        self._input = _Input(behaviour.get("log"))
        self._searches = 0
        self._options = {"multipv": "1", "uci_chess960": "false"}
        self._history = b""
        self._position = "startpos"
        self._after_readyok: list[str] = []
        self._waiting: list[str] = []

    def run(self) -> None:
        behaviour = self.behaviour
        if behaviour.get("session"):
            _processes().leave_the_group()
        if behaviour.get("child"):
            _have_child()
        if daemon := behaviour.get("daemon"):
            _processes().become_daemon(Path(daemon) if isinstance(daemon, str) else None)
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
                _sleep_for_ever()

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
        if "options" in self.behaviour:
            _say(*self.behaviour["options"])
        else:
            _say(*OPTIONS)
            if self.behaviour.get("chess960", True):
                _say("option name UCI_Chess960 type check default false")
            if self.behaviour.get("book"):
                _say("option name OwnBook type check default true")
        if self.behaviour.get("start_flood"):
            _say(*(f"option name Option {n} type string default x" for n in range(40_000)))
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
        if self.behaviour.get("no_nodes") and limit.startswith("nodes"):
            self._wait(None)
        try:
            board = board_of(self._position, chess960=self._options["uci_chess960"] == "true")
        except ValueError as error:
            _die(1, f"impossible position: {error}")
        faults: set[str] = set()
        if self._position != "startpos" or limit not in _TRIALS:
            self._searches += 1
            faults = {fault for fault in FAULTS if self._strikes(fault, board)}
            self._wait(self.behaviour.get("delay", 0.0))
        self._fail(faults)
        answer = self._answer(board, limit, faults)
        _say(*answer)
        if "double_bestmove" in faults:
            _say(answer[-1])
        if "late_bestmove" in faults:
            self._after_readyok = [answer[-1]]
        if "crash_after" in faults:
            _die(self.behaviour.get("exit_code", 1), self.behaviour.get("last_words", ""))

    def _strikes(self, fault: str, board: chess.Board) -> bool:
        trigger = self.behaviour.get(fault, False)
        if isinstance(trigger, str) and trigger.startswith("@"):
            hit = Path(trigger[1:]).exists()
        elif isinstance(trigger, str):
            hit = board.fen().startswith(trigger)
        elif isinstance(trigger, bool):
            hit = trigger
        else:
            hit = trigger == self._searches
        return hit and self._allowed()

    def _allowed(self) -> bool:
        """Take one of the `times`; each is a file that only one process can create."""
        if "times" not in self.behaviour:
            return True
        for n in range(self.behaviour["times"]):
            with contextlib.suppress(FileExistsError):
                self._marks.with_suffix(f".fault-{n + 1}").touch(exist_ok=False)
                return True
        return False

    def _wait(self, seconds: float | None) -> None:
        """Listen while searching, as a real program does; `stop` ends it."""
        end = None if seconds is None else time.monotonic() + seconds
        while end is None or time.monotonic() < end:
            command = self._input.next(None if end is None else end - time.monotonic())
            if command == "stop":
                return
            if command == "isready":
                self._ready()
            elif command == "quit" and not self.behaviour.get("ignore_quit"):
                raise _Quit
            elif command:
                self._waiting.append(command)

    def _fail(self, faults: set[str]) -> None:
        """The faults that come before any answer."""
        if "slow" in faults:
            self._wait(self.behaviour.get("slow_seconds", 2.0))
        if "fork" in faults:
            _have_child()
        if faults & _GREEDY:
            self._taken = _processes().take_memory(faults)
        if "crash" in faults:
            _die(self.behaviour.get("exit_code", 1), self.behaviour.get("last_words", ""))
        if "kill" in faults:
            signal.raise_signal(signal.Signals[self.behaviour.get("signal", "SIGSEGV")])
        if "cut" in faults:
            _write(b"info depth 7 seldepth 9 sco")
            _die(0, "")
        if "close_stdout" in faults:
            os.close(1)
        if "deaf" in faults:
            _sleep_for_ever()
        if faults & {"hang", "close_stdout", *_GREEDY}:
            self._wait(None)

    def _answer(self, board: chess.Board, limit: str, faults: set[str]) -> list[str]:
        """The lines of one search, `bestmove` last."""
        if not any(board.legal_moves):
            return [f"info depth 0 score {'mate' if board.is_check() else 'cp'} 0", "bestmove (none)"]
        if "answer" in self.behaviour:
            return self.behaviour["answer"]
        noise = self._noise(limit)
        depth, nodes = depth_and_nodes(limit)
        lines = [f"info depth 1 seldepth 1 multipv 1 score cp {noise[2]} upperbound nodes 20 nps 20000 time 1"]
        best = ""
        for rank, (score, pv) in enumerate(ranked(board, noise, int(self._options["multipv"])), 1):
            best = best or pv[0]
            lines.append(
                f"info depth {depth} seldepth {depth + 3} multipv {rank} score {score} nodes {nodes}"
                f" nps 1000000 hashfull 1 tbhits 0 time {nodes // 1000} pv {' '.join(pv)}"
            )
        if self.behaviour.get("book") and self._options.get("ownbook") != "false":
            return [f"bestmove {best}"]
        return [*_spoilt(lines, faults), f"bestmove {_spoilt_move(best, faults)}"]

    def _noise(self, limit: str) -> bytes:
        """64 bytes from all that an evaluation depends on."""
        asked = "\0".join((self.name, self._position, limit, self._options["multipv"])).encode()
        history = self._history if self.behaviour.get("hash_sensitive", True) else b""
        noise = hashlib.blake2b(asked, key=history).digest()
        self._history = noise
        return noise


def _spoilt(lines: list[str], faults: set[str]) -> list[str]:
    if "no_score" in faults:
        return ["info depth 1 nodes 1"]
    wrong = [line for fault, line in _WRONG_LINES.items() if fault in faults]
    if wrong:
        return wrong[:1]
    if "illegal_pv" in faults:
        lines = [
            *lines[:1],
            *(" ".join(line.split()[: line.split().index("pv") + 3]) + " a1h6" for line in lines[1:]),
        ]
    if "garbage" in faults:
        _write(b"\x1b[2J\x00\xff\xfe nonsense \x07\ninfo string \xc3\x28\ninfo\n\n\xe2\x82\n")
    if "long_line" in faults:
        _write(b"info string " + b"x" * (4 << 20) + b"\n")
    for fault, (text, blocks) in _FLOODS.items():
        for _ in range(blocks if fault in faults else 0):
            _write(text * (65_536 // len(text)))
    return lines


def _spoilt_move(best: str, faults: set[str]) -> str:
    if "no_bestmove" in faults:
        return "(none)"
    if "null_bestmove" in faults:
        return "0000"
    return "a1h6" if "illegal_bestmove" in faults else best


def _say(*lines: str) -> None:
    if lines:
        _write("".join(line + "\n" for line in lines).encode())


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _die(code: int, last_words: str) -> NoReturn:
    if last_words:
        os.write(2, last_words.encode() + b"\n")
    os._exit(code)


def _processes() -> ModuleType:
    return importlib.import_module("engine.testing._fake_processes")


def _have_child() -> None:
    subprocess.Popen(["/bin/sleep", "3600"])


def _sleep_for_ever() -> NoReturn:
    while True:
        time.sleep(3600)


def _behaviour(arguments: list[str]) -> tuple[Behaviour, Path]:
    """Read `NAME=VALUE` words, or `--file FILE` as `fake_uci` writes it; return also where to count `times`."""
    if arguments[:1] == ["--file"]:
        file = Path(arguments[1])
        return json.loads(file.read_bytes()), file
    values: dict[str, object] = {}
    for argument in arguments:
        name, _, value = argument.lstrip("-").partition("=")
        try:
            values[name.replace("-", "_")] = json.loads(value)
        except ValueError:
            values[name.replace("-", "_")] = value or True
    unknown = values.keys() - Behaviour.__annotations__.keys()
    if unknown:
        _die(2, f"unknown behaviour: {', '.join(sorted(unknown))}; known: {', '.join(Behaviour.__annotations__)}")
    return cast("Behaviour", values), Path("fake-uci.json")


def main() -> None:
    """Speak UCI on standard input and output until `quit`."""
    behaviour, marks = _behaviour(sys.argv[1:])
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        _Program(behaviour, marks).run()


if __name__ == "__main__":
    main()
