"""Tables that fit: where a terminal is too narrow, text gives way, and figures never do."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from engine.text.format import fit

GAPS = (2, 1)
"""Columns of the terminal between two columns of a table; the second where the first is too much."""
NARROWEST = 8
"""Columns of a name, or of a heading over figures, that are shown in any case."""


class Shown(Struct):
    """One column, ready to be laid out."""

    label: str
    cells: Sequence[str]
    figures: bool = False
    """Aligned to the right and never cut."""
    whole: bool = False
    """Never cut either, but text: a move."""
    style: str = ""

    @property
    def natural(self) -> int:
        return max(cell_len(self.label), self._content)

    @property
    def least(self) -> int:
        kept = self._content if self.figures or self.whole else min(NARROWEST, self._content)
        return max(kept, min(NARROWEST, cell_len(self.label)))

    @property
    def _content(self) -> int:
        return max(map(cell_len, self.cells), default=0)


def tables(columns: Sequence[Shown], width: int, *, title: str = "", heading: str = "bold") -> list[Table]:
    """The table of these columns in `width` columns of a terminal.

    Text columns give way first, the widest most; then headings over figures, then the space between columns. What
    does not fit even so is continued in a table below, whose first column is the first one again.
    """
    found: list[Table] = []
    rest = list(columns)
    while rest:
        first = [columns[0]] if found else []
        gap, taken = _as_many_as_fit([*first, *rest], width)
        chosen = [*first, *rest][:taken]
        rest = rest[taken - len(first) :]
        found.append(_table(chosen, _widths(chosen, width, gap), gap, title if not found else "", heading))
    return found


def _as_many_as_fit(columns: Sequence[Shown], width: int) -> tuple[int, int]:
    """The gap, and the number of columns: at least one that was not there yet, however wide it is."""
    for gap in GAPS:
        if sum(column.least for column in columns) + gap * (len(columns) - 1) <= width:
            return gap, len(columns)
    used = columns[0].least
    for number, column in enumerate(columns[1:], 1):
        used += GAPS[0] + column.least
        if used > width and number > 1:
            return GAPS[0], number
    return GAPS[0], len(columns)


def _widths(columns: Sequence[Shown], width: int, gap: int) -> list[int]:
    widths = [column.natural for column in columns]
    room = width - gap * (len(columns) - 1)
    for kind in (_is_text, _is_figures):
        while sum(widths) > room:
            loose = [k for k, column in enumerate(columns) if kind(column) and widths[k] > column.least]
            if not loose:
                break
            widest = max(loose, key=lambda k: widths[k])
            widths[widest] -= 1
    return widths


def _is_figures(column: Shown) -> bool:
    return column.figures or column.whole


def _is_text(column: Shown) -> bool:
    return not _is_figures(column)


def _table(columns: Sequence[Shown], widths: Sequence[int], gap: int, title: str, heading: str) -> Table:
    made = Table(
        title=title or None,
        title_justify="left",
        title_style="italic",
        box=None,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        header_style=heading,
    )
    for column, width in zip(columns, widths, strict=True):
        made.add_column(
            Text(fit(column.label, width)),
            justify="right" if column.figures else "left",
            no_wrap=True,
            width=width,
            style=column.style,
        )
    for k in range(len(columns[0].cells)):
        made.add_row(*(Text(fit(column.cells[k], width)) for column, width in zip(columns, widths, strict=True)))
    return made
