"""CSV that is safe to open in a spreadsheet: no text in it is executed as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from engine.output.tables import Value

_FORMULA = re.compile(r"(^|[;\t])(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20].)", re.DOTALL)
"""Places where a spreadsheet would begin to execute a text: at its start, and after a semicolon in countries whose
spreadsheets separate cells by semicolons. A single sign is harmless."""


def neutral(value: str) -> str:
    """Return the text with an apostrophe before everything that a spreadsheet would execute as a formula."""
    return _FORMULA.sub(r"\1'", value)


def csv_lines(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as CSV in UTF-8, with a newline after each. Null is empty, and texts are made harmless."""
    lines = _Lines()
    csv.writer(lines).writerows([_cell(value) for value in row] for row in rows)
    return "".join(lines).encode("utf-8", "replace")


class _Lines(list[str]):
    """Collects the rows that `csv` writes, with \\n at the end of each.

    `csv` must end rows with \\r\\n, since it only quotes cells that contain a character of its row end.
    """

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _cell(value: Value) -> str | int | float | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutral(value) if isinstance(value, str) else value
