"""HTML for notebooks, made of plain values: the parts of what `_repr_html_` of a result returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from engine.text.format import cell, indented

Value = str | int | float | None

ROWS = 20
"""Rows of a table that a notebook shows."""
_RIGHT = ' style="text-align:right"'


def paragraph(text: str) -> str:
    """Return a paragraph, or the empty string without a text; `text` is escaped."""
    return f"<p>{escape(text)}</p>" if text else ""


def heading(text: str, level: int = 4) -> str:
    """Return a heading; `text` is escaped."""
    return f"<h{level}>{escape(text)}</h{level}>"


def table(title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Value]]) -> str:
    """Return a table, or the empty string when it has no rows.

    `columns` are labels and kinds (`engine.model.Kind`).
    """
    if not rows:
        return ""
    kinds = [kind for _, kind in columns]
    head = "".join(f"<th>{escape(label)}</th>" for label, _ in columns)
    body = "".join(_row(row, kinds) for row in rows[:ROWS])
    more = f"<p>… and {len(rows) - ROWS:,} more rows</p>" if len(rows) > ROWS else ""
    caption = f"<caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
    return f"<table>{caption}<tbody>{body}</tbody></table>{more}"


def figures(figures: Iterable[tuple[str, Value, str, str]]) -> str:
    """Return a table of single figures, each a label, a value, its kind and its unit."""
    rows = "".join(
        f"<tr><th>{escape(label)}</th>{_cell(value, kind, unit)}</tr>" for label, value, kind, unit in figures
    )
    return f"<table><tbody>{rows}</tbody></table>" if rows else ""


def _row(row: Sequence[Value], kinds: Sequence[str]) -> str:
    return "<tr>" + "".join(_cell(value, kind) for value, kind in zip(row, kinds, strict=True)) + "</tr>"


def _cell(value: Value, kind: str, unit: str = "") -> str:
    right = _RIGHT if isinstance(value, int | float) else ""
    return f"<td{right}>{escape(indented(cell(value, kind)))}{escape(' ' + unit if unit else '')}</td>"
