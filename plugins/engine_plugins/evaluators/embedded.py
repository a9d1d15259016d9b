"""Stockfish 19 lite inside the worker process: no installation, and the same results on every machine.

The WebAssembly build of Stockfish is fetched once with npm, by `engine setup` or when it is first needed. It is
checked and kept in the user's data folder; the environment variable `ENGINE_STOCKFISH_WASM` may name the file
instead. It runs at about 90% of the speed of a native Stockfish, on one thread, and cannot read files: there are
no tablebases and no other networks.

The hash table must fit beside the program into its 2 GB of memory. With limits of nodes or depth, results are
reproducible to the byte. They are not with the UCI options `Skill Level`, `UCI_LimitStrength` and `nodestime`, as
in any Stockfish.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import wasmtime
from msgspec import Meta

from engine.errors import EvaluatorCrashed, EvaluatorError, PositionRefused
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator, EvaluatorOptions
from engine.system.paths import cache_dir
from engine_plugins.evaluators import _fetch, _wasm
from engine_plugins.evaluators._uci_options import UciOption, check_options, parse_option
from engine_plugins.evaluators._uci_text import (
    Scores,
    go_command,
    position_command,
    printable,
    read_search,
    setoption_command,
)

LOGGER = logging.getLogger("engine.evaluators.embedded")

LARGEST_HASH = 1900
"""Megabytes. The memory has 2048, and the program takes 120 of them; a larger hash silently wraps around."""

SCALE = 1.15
"""Factor for centipawns with which the accuracy of 100 games at 100,000 nodes, reconciled, is closest to that of
Lichess: `python -m tests.perf accuracy-scale`."""

_REFUSED = {
    "hash": "it is --hash",
    "evalfile": "the embedded Stockfish reads no files; install a native one",
    "syzygypath": "the embedded Stockfish reads no files; install a native one",
}
_WITHOUT_EFFECT = {"Clear Hash", "Ponder", "UCI_ShowWDL"}
"""Options that change no score, move or depth."""


class EmbeddedOptions(EvaluatorOptions, frozen=True):
    """Options of `embedded`."""

    scores: Annotated[
        Scores,
        Meta(description="Score of a search that ends within a depth: the last one, or the last exact one."),
    ] = "last"
    """Score of a search that ends within a depth, as one with a limit of nodes does: `last`, the one that it told
    last, although it is only a bound; `exact`, the last exact one, as versions up to 0.2 took it. A
    search for several lines takes exact ones."""
    why: Annotated[str, Meta(description="Reason of a choice that people should know of. Changes no result.")] = ""


class Embedded(Evaluator):
    """Stockfish 19 lite as WebAssembly inside the worker process; needs no installed Stockfish."""

    Options = EmbeddedOptions
    options: EmbeddedOptions
    plays_moves = True

    def __init__(self, options: EvaluatorOptions) -> None:
        super().__init__(options)
        self._module: wasmtime.Module | None = None
        self._program: _wasm.Program | None = None
        self._settings: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} (pid={os.getpid()})>"

    @classmethod
    def resolve(cls, options: EvaluatorOptions) -> tuple[str, Mapping[str, Any]] | None:
        """Fetch the file before workers start, so that a failure is reported once. Always return None."""
        _fetch.ensure()
        return None

    @classmethod
    def setup(cls, progress: Callable[[int, int], None]) -> str:
        """Fetch the file; wait longer for a slow network than at the first use. Return what it is, in lines."""
        return (
            f"embedded Stockfish {_fetch.VERSION} lite: {_fetch.ensure(progress, patient=True)}\n"
            f"licence: {_fetch.LICENCE}; source: {', '.join(_fetch.SOURCES)}"
        )

    @classmethod
    def file_to_send(cls) -> Path | None:
        """Return the WebAssembly file if it is here and right."""
        return _fetch.find_checked()

    @classmethod
    def receive_file(cls, data: bytes) -> None:
        """Keep the WebAssembly file in the user's data folder."""
        _fetch.keep(data)

    def start(self) -> EvaluatorInfo:
        path = _fetch.ensure()
        try:
            self._module = _wasm.load(path, _fetch.SHA256, cache_dir() / "compiled")
            self._program = _wasm.Program(self._module)
            lines = self._run(self._program, "uci")
        except (_wasm.Exited, _wasm.Trapped) as error:
            raise EvaluatorError(f"the embedded Stockfish does not start: {error}") from None
        LOGGER.info("%s: started %s", self, path)
        offered = [option for line in lines if (option := parse_option(line))]
        chosen = _checked(self.options, offered)
        self._settings = {"Hash": str(self.options.hash), **chosen}
        self._configure(self._program)
        name = next((line.removeprefix("id name ") for line in lines if line.startswith("id name ")), "Stockfish")
        return EvaluatorInfo(
            name=name,
            version=_fetch.VERSION,
            fingerprint=_fingerprint(name, self.options, chosen, offered),
            why=self.options.why or f"embedded, from {path}",
            scale=SCALE,
            notice=f"{name} searches: {self.options.why}" if self.options.why else "",
        )

    def clear(self) -> None:
        if self._program is None:
            self._restart()  # a new instance has nothing to forget
        else:
            self._command("ucinewgame")

    def search(self, position: Position, limit: Limit) -> Evaluation:
        """Search one position. After an error, the next search starts a new instance with an empty hash table."""
        set_position, go = position_command(position), go_command(limit)
        if self._program is None:
            self._restart()
        self._set("UCI_Chess960", "true" if position.chess960 else "false")
        self._set("MultiPV", str(limit.multipv))
        self._command(set_position)
        return read_search(self._command(go), position, limit, self.options.scores)

    def close(self) -> None:
        if self._program is not None:
            self._program.close()
            self._program = None
            LOGGER.info("%s: ended", self)

    # -- the instance ---------------------------------------------------------------------------------------

    def _restart(self) -> None:
        if self._module is None:
            raise EvaluatorError("the embedded Stockfish has not been started")
        LOGGER.info("%s: restarted", self)
        try:
            self._program = _wasm.Program(self._module)
        except (_wasm.Exited, _wasm.Trapped) as error:
            raise EvaluatorError(f"the embedded Stockfish does not start again: {error}") from None
        self._configure(self._program)

    def _configure(self, program: _wasm.Program) -> None:
        """Set the options that last as long as the instance."""
        self._current = {"UCI_Chess960": "false", "MultiPV": "1"}
        try:
            for name, value in self._settings.items():
                self._run(program, setoption_command(name, value))
        except (_wasm.Exited, _wasm.Trapped) as error:
            self._program = None
            raise EvaluatorError(f"the embedded Stockfish does not take its options: {error}") from None

    def _set(self, name: str, value: str) -> None:
        if self._current[name] != value:
            self._command(setoption_command(name, value))
            self._current[name] = value

    def _command(self, text: str) -> list[str]:
        program, self._program = self._program, None
        if program is None:
            raise EvaluatorError("the embedded Stockfish has not been started")
        try:
            lines = self._run(program, text)
        except _wasm.Exited as error:
            refusal = next((line for line in error.lines if "CRITICAL ERROR" in line), "")
            if refusal:
                reason = refusal.partition("Reason: ")[2] or refusal.removeprefix("info string ")
                raise PositionRefused(f"Stockfish refuses the position: {printable(reason)}") from None
            words = printable(" ".join(error.lines[-2:])) or "no last words"
            raise EvaluatorCrashed(f"the embedded Stockfish ended with exit code {error.code}: {words}") from None
        except _wasm.Trapped as error:
            raise EvaluatorCrashed(f"the embedded Stockfish crashed: {printable(str(error))}") from None
        self._program = program
        return lines

    def _run(self, program: _wasm.Program, text: str) -> list[str]:
        """Send one command and return its output; log both at DEBUG, as python-chess does."""
        if not LOGGER.isEnabledFor(logging.DEBUG):
            return program.command(text)
        LOGGER.debug("%s: << %s", self, text)
        lines: list[str] = []
        try:
            lines = program.command(text)
        except _wasm.Exited as error:
            lines = error.lines
            raise
        finally:
            for line in lines:
                LOGGER.debug("%s: >> %s", self, line)
        return lines


def _checked(options: EvaluatorOptions, offered: list[UciOption]) -> dict[str, str]:
    """Return the user's UCI options with Stockfish's names. Raises `EvaluatorError` for wrong ones."""
    if not 1 <= options.hash <= LARGEST_HASH:
        raise EvaluatorError(f"hash of {options.hash} MB: the embedded Stockfish takes 1 to {LARGEST_HASH} MB")
    for name in options.uci:
        if reason := _REFUSED.get(name.strip().lower()):
            raise EvaluatorError(f"UCI option {name!r} cannot be set: {reason}")
    return check_options(options.uci, offered)


def _fingerprint(name: str, options: EmbeddedOptions, chosen: Mapping[str, str], offered: list[UciOption]) -> str:
    """Return a hash of all that can change a result, which UCI options at their defaults cannot."""
    defaults = {option.name: option.default for option in offered}
    changed = {
        option: value
        for option, value in sorted(chosen.items())
        if option not in _WITHOUT_EFFECT and value != defaults.get(option)
    }
    identity = [name, _fetch.VERSION, _fetch.SHA256, options.hash, changed]
    if options.scores != "exact":  # which has the fingerprint of when there was nothing else
        identity.append(f"scores {options.scores}")
    return hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()
