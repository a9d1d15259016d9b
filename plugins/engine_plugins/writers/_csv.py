"""CSV that is safe to open in a spreadsheet: no text in it is executed as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from engine.output.tables import Value

_FORMULA = re.compile(r"(^|[;\t])(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20].)", re.DOTALL)
"""Places where a spreadsheet would begin to execute a text: at its start, and after a semicolon in countries whose
spreadsheets separate cells by semicolons. A single sign is harmless."""
_SIGNS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""How such a text begins."""


def neutral(value: str) -> str:
    """Return the text with an apostrophe before everything that a spreadsheet would execute as a formula."""
    if ";" not in value and "\t" not in value and value[:1] not in _SIGNS:
        return value
    return _FORMULA.sub(r"\1'", value)


def csv_lines(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as CSV in UTF-8, with a newline after each. Null is empty, and texts are made harmless."""
    lines = _Lines()
    columns = [_cells(column) for column in zip(*rows, strict=True)]
    csv.writer(lines).writerows(zip(*columns, strict=True))
    return "".join(lines).encode("utf-8", "replace")


class _Lines(list[str]):
    """Collects the rows that `csv` writes, with \\n at the end of each.

    `csv` must end rows with \\r\\n, since it only quotes cells that contain a character of its row end.
    """

    def write(self, line: str) -> None:
        self.append(line[:-2] + "\n")


def _cells(column: Sequence[Value]) -> Sequence[Value]:
    """Return the cells of a column, in which many texts are equal."""
    kinds = set(map(type, column))
    if str in kinds:
        texts = {value: neutral(value) for value in {value for value in column if isinstance(value, str)}}
        column = [texts[value] if isinstance(value, str) else value for value in column]
    if bool in kinds:
        column = [str(value).lower() if isinstance(value, bool) else value for value in column]
    return column
