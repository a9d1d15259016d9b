"""Values as people read them, the same on the screen and in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

LONGEST = 80
"""Columns of a terminal that a name may take."""
MATE = 32_000
"""The board value of mate now; mate in n moves is n less. Values beyond this less 1,000 are mates."""
ELLIPSIS = "…"
NOTHING = "–"
FIGURES = frozenset({"int", "float", "percent", "score", "duration"})
"""Kinds of a report's cells that are aligned to the right and never cut."""


def clean(text: str) -> str:
    """Return `text` without control characters: text from a file never reaches the terminal raw."""
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for c in text)


def fit(text: str, columns: int) -> str:
    """Cut `text` to so many columns of a terminal, of which a Chinese character takes two."""
    from rich.cells import cell_len, set_cell_size  # late: the model uses this module, and needs no rich

    if cell_len(text) <= columns:
        return text
    return set_cell_size(text, columns - 1).rstrip() + ELLIPSIS


def board_score(value: int) -> str:
    """Return a board value, in centipawns or as a mate, as people write it: `+3.21`, `#4`."""
    if value > MATE - 1_000:
        return f"#{MATE - value}"
    if value < -MATE + 1_000:
        return f"#-{MATE + value}"
    return f"{value / 100:+.2f}"


def duration(seconds: float) -> str:
    """Return a time in seconds as `0:07`, `12:30`, `3:02:11`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def short(number: float) -> str:
    """Return a number in few characters: `950`, `12.3k`, `1.2M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if number >= size:
            return f"{number / (1000 if unit == 'k' else size):.1f}{unit}"
    return f"{number:,.0f}"


def rate(number: float) -> str:
    """Return a number per second in few characters: `4.1`, `950`, `12.3k`."""
    return f"{number:.1f}" if number < 100 else short(number)  # noqa: PLR2004


def cell(value: str | float | None, kind: str) -> str:
    """Return one value of a report for a terminal or a notebook, where room and control characters matter.

    `kind` is a `model.Kind`.
    """
    if isinstance(value, str):
        text = clean(value)
        return text if kind in ("position", "sentence") else fit(text, LONGEST)
    return figure(value, kind)


def figure(value: str | float | None, kind: str) -> str:
    """Return one value of a report: `93.1%`, `+3.21`, `#4`, `1:03:05`, `1,234`; a dash for None.

    Text is returned as it is. `kind` is a `model.Kind`.
    """
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    form = _FORMS.get(kind)
    return f"{value:,}" if form is None else form(value)


def indented(text: str) -> str:
    """Return `text` with no-break spaces for those that it begins with, which HTML and Markdown would drop."""
    rest = text.lstrip(" ")
    return "\N{NO-BREAK SPACE}" * (len(text) - len(rest)) + rest


def _clock(seconds: float) -> str:
    """Return a time in seconds as `4.2 s`, `3:05`, `1:03:05`."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes}:{left:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{left:02}"  # noqa: PLR2004


_FORMS: Mapping[str, Callable[[float], str]] = {
    "int": "{:,.0f}".format,
    "score": lambda value: board_score(int(value)),
    "percent": "{:.1f}%".format,
    "float": "{:.2f}".format,
    "duration": _clock,
}
"""How the figures of a kind are written; those of the other kinds are whole numbers."""


def location(file: str | None, line: int | None, game: int | None) -> str:
    """Return `games.pgn:203, game 17: `, as far as it is known; empty when nothing is."""
    parts = [clean(file) + (f":{line}" if line else "")] if file else []
    parts += [f"game {game}"] if game else []
    return ", ".join(parts) + (": " if parts else "")


def either(texts: Sequence[str]) -> str:
    """Return the first three as alternatives: `5,000 nodes or depth 18`."""
    return " or ".join(texts[:3]) + (" or others" if len(texts) > 3 else "")  # noqa: PLR2004


def with_unit(text: str, unit: str) -> str:
    """Return a label or a value with the unit behind it: `Lost (Win% per 100 moves)`."""
    return f"{text} ({unit})" if unit else text


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 game`, `12 games`. `plural` is the noun followed by an s when it is left out."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
