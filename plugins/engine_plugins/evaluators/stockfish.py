"""The best Stockfish there is: the default evaluator.

In this order: the program that `engine setup PATH` remembered; a native Stockfish on PATH; one in the places where
Debian, Homebrew and others put it; else the embedded one, which is the same on every machine.

A remembered program that is gone is an error, not a reason to take another: it was named by the user.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from engine.errors import EvaluatorError, EvaluatorNotFound
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator, EvaluatorOptions
from engine.system.paths import data_dir
from engine_plugins.evaluators._process import Process, awake, find_program, handshake
from engine_plugins.evaluators._uci_text import printable

_SETUP_SECONDS = 30.0


def _memory() -> Path:
    return data_dir() / "stockfish-path.txt"


def remembered() -> Path | None:
    """What `engine setup PATH` remembered, whether it still exists or not."""
    try:
        line = _memory().read_bytes().rstrip(b"\n")
    except OSError:
        return None
    return Path(os.fsdecode(line)) if line else None


def remember(path: str) -> str:
    """Remember a program, a file or a name on PATH, once it has answered `uci`: a line for people.

    Raises EvaluatorError when it is no UCI program.
    """
    found = find_program(path)
    process = Process(found)
    try:
        name, _ = handshake(process, awake() + _SETUP_SECONDS)
    finally:
        process.close()
    try:
        _memory().parent.mkdir(parents=True, exist_ok=True)
        _memory().write_bytes(os.fsencode(found) + b"\n")
    except OSError as error:
        raise EvaluatorError(f"{printable(str(_memory()))} cannot be written: {error.strerror}") from None
    return f"{name} will be used: {printable(str(found))}"


class Stockfish(Evaluator):
    """The best Stockfish there is: native, else embedded."""

    places: ClassVar[tuple[str, ...]] = (
        "/usr/games/stockfish",
        "/usr/local/bin/stockfish",
        "/opt/homebrew/bin/stockfish",
        "/opt/local/bin/stockfish",
        "/home/linuxbrew/.linuxbrew/bin/stockfish",
        "/snap/bin/stockfish",
    )
    """Where package managers put it, besides PATH: cron jobs and desktop launchers have a short one."""

    remember = staticmethod(remember)

    @classmethod
    def resolve(cls, options: EvaluatorOptions) -> tuple[str, Mapping[str, Any]] | None:
        values = {"hash": options.hash, "uci": options.uci}
        native = cls._native()
        if native is None:
            return "embedded", values
        path, why = native
        return "uci", values | {"path": str(path), "why": f"{why}: {path}"}

    @classmethod
    def _native(cls) -> tuple[Path, str] | None:
        """The program to use and how it was found."""
        named = remembered()
        if named is not None:
            if not os.access(named, os.X_OK):
                shown = printable(str(named))
                raise EvaluatorNotFound(
                    f"{shown}, remembered by `engine setup`, is gone; name another: engine setup PATH"
                )
            return named, "native, remembered by engine setup"
        if os.name != "posix":
            return None  # `uci` drives programs through POSIX pipes
        on_path = shutil.which("stockfish")
        if on_path is not None:
            return find_program(on_path), "native, found on PATH"
        for place in cls.places:
            if Path(place).is_file() and os.access(place, os.X_OK):
                return Path(place), "native"
        return None

    # It only chooses: workers build what `resolve` names, so none of these is ever reached.

    def _unused(self, *_: object) -> NoReturn:
        raise EvaluatorError("`stockfish` only chooses an evaluator; build the one that its resolve() names")

    def start(self) -> EvaluatorInfo:
        self._unused()

    def clear(self) -> None:
        self._unused()

    def search(self, position: Position, limit: Limit) -> Evaluation:
        self._unused(position, limit)

    def close(self) -> None:
        """Nothing was started."""
