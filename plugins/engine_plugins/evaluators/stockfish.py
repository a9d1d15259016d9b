"""The best available Stockfish: the default evaluator.

The first of these is used: the program that `engine setup PATH` has remembered; a native Stockfish on PATH; a
Stockfish in a folder where Debian, Homebrew and other package managers install it; the embedded Stockfish, which
is the same on every machine.

A native Stockfish that is older than the embedded one is passed over for it, which the run says: `-e PATH` or
`engine setup PATH` chooses it all the same. It is used where the embedded one has not been fetched yet
(`engine setup`) and where UCI options are set, which are meant for it.

If the remembered program no longer exists, this is an error and no other program is used, because the user has
named it.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from msgspec import to_builtins

from engine.errors import EvaluatorError, EvaluatorNotFound
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator, EvaluatorOptions
from engine.system.paths import data_dir
from engine_plugins.evaluators._process import Process, awake, find_program, handshake
from engine_plugins.evaluators._uci_text import Scores, printable
from engine_plugins.evaluators._versions import EMBEDDED, is_older, name_of

_SETUP_SECONDS = 30.0


def _can_be_embedded(options: EvaluatorOptions) -> bool:
    """Return whether the embedded Stockfish is here already and takes these options."""
    from engine_plugins.evaluators import _fetch
    from engine_plugins.evaluators.embedded import LARGEST_HASH

    try:
        return not options.uci and options.hash <= LARGEST_HASH and _fetch.find_checked() is not None
    except EvaluatorError:
        return False


def _memory() -> Path:
    return data_dir() / "stockfish-path.txt"


def remembered() -> Path | None:
    """Return the program that `engine setup PATH` has remembered, also if it no longer exists; else None."""
    try:
        line = _memory().read_bytes().rstrip(b"\n")
    except OSError:
        return None
    return Path(os.fsdecode(line)) if line else None


def remember(path: str) -> str:
    """Remember a program and return a line for people.

    * **path** - a file, or a name on PATH. It must answer `uci`.

    Raises `EvaluatorError` if it is not a UCI program.
    """
    program = find_program(path)
    process = Process(program)
    try:
        name, _ = handshake(process, awake() + _SETUP_SECONDS)
    finally:
        process.close()
    try:
        _memory().parent.mkdir(parents=True, exist_ok=True)
        _memory().write_bytes(os.fsencode(program) + b"\n")
    except OSError as error:
        raise EvaluatorError(f"{printable(str(_memory()))} cannot be written: {error.strerror}") from None
    return f"{name} will be used: {printable(str(program))}"


class StockfishOptions(EvaluatorOptions, frozen=True):
    """Options of `stockfish`."""

    scores: Scores | None = None
    """Score of a search that ends within a depth, as one with a limit of nodes does: `last`, the one that it told
    last, although it is only a bound; `exact`, the last exact one, as versions up to 0.2 took it. None: `last`. A
    search for several lines takes exact ones."""


class Stockfish(Evaluator):
    """The best available Stockfish: native, or else embedded."""

    Options = StockfishOptions

    places: ClassVar[tuple[str, ...]] = (
        "/usr/games/stockfish",
        "/usr/local/bin/stockfish",
        "/opt/homebrew/bin/stockfish",
        "/opt/local/bin/stockfish",
        "/home/linuxbrew/.linuxbrew/bin/stockfish",
        "/snap/bin/stockfish",
    )
    """Paths where package managers install it. PATH is often shorter in cron jobs and desktop launchers."""

    remember = staticmethod(remember)

    @classmethod
    def resolve(cls, options: EvaluatorOptions) -> tuple[str, Mapping[str, Any]] | None:
        values: dict[str, Any] = {"hash": options.hash, "uci": options.uci}
        if options.trial != EvaluatorOptions().trial:
            values["trial"] = to_builtins(options.trial)
        if isinstance(options, StockfishOptions) and options.scores is not None:
            values["scores"] = options.scores
        native = cls._native()
        if native is None:
            return "embedded", values
        path, why = native
        if path != remembered() and (older := cls._older(path)):
            if _can_be_embedded(options):
                shown = shlex.quote(printable(str(path)))
                return "embedded", values | {"why": f"embedded, newer than {older}, which -e {shown} takes"}
            why += f", older than the embedded {EMBEDDED.partition('.')[0]}"
        return "uci", values | {"path": str(path), "why": f"{why}: {path}"}

    @staticmethod
    def _older(path: Path) -> str:
        """Return the name of a program that is older than the embedded Stockfish; otherwise an empty text."""
        name = name_of(path)
        return name if is_older(name) else ""

    @classmethod
    def _native(cls) -> tuple[Path, str] | None:
        """Return the native program to use and how it was found; None if there is none."""
        program = remembered()
        if program is not None:
            if not os.access(program, os.X_OK):
                shown = printable(str(program))
                raise EvaluatorNotFound(
                    f"{shown}, remembered by `engine setup`, is gone; name another: engine setup PATH"
                )
            return program, "native, remembered by engine setup"
        if os.name != "posix":
            return None  # `uci` drives programs through POSIX pipes
        on_path = shutil.which("stockfish")
        if on_path is not None:
            return find_program(on_path), "native, found on PATH"
        for place in cls.places:
            if Path(place).is_file() and os.access(place, os.X_OK):
                return Path(place), "native"
        return None

    # This evaluator only chooses: workers build the one that `resolve` names, so these methods are never called.

    def _unused(self, *_: object) -> NoReturn:
        raise EvaluatorError("`stockfish` only chooses an evaluator; build the one that its resolve() names")

    def start(self) -> EvaluatorInfo:
        self._unused()

    def clear(self) -> None:
        self._unused()

    def search(self, position: Position, limit: Limit) -> Evaluation:
        self._unused(position, limit)

    def close(self) -> None:
        """Do nothing: nothing was started."""
