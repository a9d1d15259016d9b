"""Log lines on standard error: `INFO engine.run: ...`.

Only the loggers below `engine` are shown; other libraries' loggers stay as they are.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from engine.text.format import clean

LOGGER = logging.getLogger("engine")
FORMAT = "%(levelname)s %(name)s: %(message)s"


def show_logs(level: int, write: Callable[[str], None] | None = None) -> Callable[[], None]:
    """Write the log records of the framework from `level` on, and return a function that ends this.

    * **level** - the least level to show, as in `logging`. From `WARNING` on nothing is changed: Python itself
      writes warnings and errors to standard error.
    * **write** - *(optional)* called with the text of each record, without the newline at its end; standard error
      when it is left out.
    """
    if level >= logging.WARNING:
        return lambda: None
    handler = logging.StreamHandler() if write is None else _Handler(write)
    handler.setFormatter(_Formatter(FORMAT))
    level_before = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(level)

    def end() -> None:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level_before)

    return end


@contextlib.contextmanager
def shown_logs(level: int, write: Callable[[str], None] | None = None) -> Iterator[None]:
    """Show log records, as `show_logs` does, until the end of the `with` block."""
    end = show_logs(level, write)
    try:
        yield
    finally:
        end()


class _Handler(logging.Handler):
    """Passes the text of each record to a function."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    """Formats a record and its traceback without control characters: an evaluator may send anything."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(clean(line) for line in super().format(record).split("\n"))
