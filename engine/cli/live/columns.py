"""Tables that fit a terminal: where it is too narrow text is cut, and figures never are."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from engine.text.format import fit

GAPS = (2, 1)
"""Columns of the terminal between two columns of a table: the second number where the first is too much."""
NARROWEST = 8
"""Columns of the terminal that a name, or a heading over figures, is never cut below."""


class TableColumn(Struct):
    """One column of a table, its cells formatted and not laid out."""

    label: str
    cells: Sequence[str]
    figures: bool = False
    """Whether the cells are aligned to the right and never cut."""
    whole: bool = False
    """Whether the cells are never cut although they are text, such as moves."""
    style: str = ""
    """The style of the cells, as rich names it."""

    @property
    def natural(self) -> int:
        """The width at which nothing is cut."""
        return max(cell_len(self.label), self._content)

    @property
    def least(self) -> int:
        """The width that the column is never narrower than."""
        content = self._content if self.figures or self.whole else min(NARROWEST, self._content)
        return max(content, min(NARROWEST, cell_len(self.label)))

    @property
    def _content(self) -> int:
        return max(map(cell_len, self.cells), default=0)


def fit_table(
    columns: Sequence[TableColumn], width: int, *, title: str = "", heading_style: str = "bold"
) -> list[Table]:
    """Lay out a table in `width` columns of a terminal; return it as one table or several below each other.

    Text columns are cut first, the widest most; then headings over figures, then the space between columns. What
    does not fit even so is continued in a table below, which begins with the first column again.
    """
    tables: list[Table] = []
    rest = list(columns)
    while rest:
        first = [columns[0]] if tables else []
        gap, taken = _as_many_as_fit([*first, *rest], width)
        chosen = [*first, *rest][:taken]
        rest = rest[taken - len(first) :]
        tables.append(_table(chosen, _widths(chosen, width, gap), gap, title if not tables else "", heading_style))
    return tables


def _as_many_as_fit(columns: Sequence[TableColumn], width: int) -> tuple[int, int]:
    """Return the gap and the number of columns: at least one more than the repeated one, however wide it is."""
    for gap in GAPS:
        if sum(column.least for column in columns) + gap * (len(columns) - 1) <= width:
            return gap, len(columns)
    used = columns[0].least
    for number, column in enumerate(columns[1:], 1):
        used += GAPS[0] + column.least
        if used > width and number > 1:
            return GAPS[0], number
    return GAPS[0], len(columns)


def _widths(columns: Sequence[TableColumn], width: int, gap: int) -> list[int]:
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


def _is_figures(column: TableColumn) -> bool:
    return column.figures or column.whole


def _is_text(column: TableColumn) -> bool:
    return not _is_figures(column)


def _table(
    columns: Sequence[TableColumn], widths: Sequence[int], gap: int, title: str, heading_style: str
) -> Table:
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="italic",
        box=None,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        header_style=heading_style,
    )
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            Text(fit(column.label, width)),
            justify="right" if column.figures else "left",
            no_wrap=True,
            width=width,
            style=column.style,
        )
    for row in range(len(columns[0].cells)):
        table.add_row(
            *(Text(fit(column.cells[row], width)) for column, width in zip(columns, widths, strict=True))
        )
    return table
