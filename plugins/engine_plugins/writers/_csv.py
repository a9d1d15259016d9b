"""CSV that a spreadsheet may open: nothing in it is executed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from engine_plugins.writers._tables import Value

_FORMULA = re.compile(r"(^|[;\t])(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20].)", re.DOTALL)
"""Where a spreadsheet would begin to execute a text: at its start, and, in countries whose spreadsheets part cells
by a semicolon, after one. A sign by itself is harmless."""


def neutral(value: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub(r"\1'", value)


def csv_lines(rows: Iterable[Sequence[Value]]) -> bytes:
    """UTF-8 lines ended by a newline: nothing for null, `true` and `false`, texts neutralised."""
    lines = _Lines()
    csv.writer(lines).writerows([_cell(value) for value in row] for row in rows)
    return "".join(lines).encode("utf-8", "replace")


class _Lines(list[str]):
    """Takes what `csv` writes, a row at a time.

    Its own end of a row is \\r\\n, and only what is in that is quoted in a cell; programs like \\n better.
    """

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _cell(value: Value) -> str | int | float | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutral(value) if isinstance(value, str) else value
