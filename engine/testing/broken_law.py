"""A broken law in words: which one, the two sides beside each other, the smallest case that shows it."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from engine.model import AnalysedGame

__all__ = ["BrokenLaw", "Compared", "lines_of"]

_SHOWN_LINES = 12
_SHOWN_GAMES = 6
_WIDTH = 40
"""Characters of one side."""
_PLIES = 16
_NOTHING = "(nothing)"


class Compared(NamedTuple):
    """Two things that a law says are equal."""

    law: str
    """A sentence that should be true."""
    hint: str
    """Why it matters and what usually helps."""
    left_is: str
    """Where `left` comes from."""
    left: str
    """What was expected: a report or a state as JSON, or as lines; empty where `right` says it all."""
    right_is: str
    """Where `right` comes from."""
    right: str
    """What came instead, in the same form, or a sentence."""

    def in_lines(self) -> Compared:
        """The same with JSON put into lines, a figure each."""
        return self._replace(left=_in_lines(self.left), right=_in_lines(self.right))


class BrokenLaw(AssertionError):
    """A plugin breaks one of the laws. Its text says which, how it shows, and in how small a case."""

    def __init__(
        self,
        aggregator: str,
        found: Compared,
        games: Sequence[AnalysedGame] = (),
        split: Sequence[Sequence[int]] = (),
    ) -> None:
        super().__init__(aggregator, found, games, split)
        self.aggregator = aggregator
        """Name of the class."""
        self.found = found.in_lines()
        """The law, and the two sides that are not equal."""
        self.games = tuple(games)
        """The games of the smallest case, in the order in which they were given out."""
        self.split = tuple(tuple(part) for part in split)
        """The same games by part, as positions in the list that was checked, from 1."""

    @classmethod
    def of(cls, plugin: type, law: str, found: str, hint: str = "") -> BrokenLaw:
        """Return what is wrong with a plugin, in a sentence."""
        return cls(plugin.__name__, Compared(law, hint, "", "", "", found))

    @property
    def law(self) -> str:
        return self.found.law

    @property
    def left(self) -> str:
        return self.found.left

    @property
    def right(self) -> str:
        return self.found.right

    def __str__(self) -> str:
        lines = [f"{self.aggregator} breaks a law: {self.law}."]
        lines += [self.found.hint] if self.found.hint else []
        if self.games or self.left:
            lines += ["", *self._case(), ""]
        if self.left:
            lines += side_by_side(self.found)
        else:
            lines.append(f"Instead: {self.right}")
        return "\n".join(lines)

    def _case(self) -> Iterator[str]:
        if not self.games:
            yield "It shows without any game."
            return
        count = "1 game" if len(self.games) == 1 else f"{len(self.games)} games"
        split = " + ".join(f"[{', '.join(map(str, part))}]" for part in self.split)
        yield f"The smallest case that shows it has {count}: {split}"
        numbers = itertools.chain.from_iterable(self.split)
        for number, game in itertools.islice(zip(numbers, self.games, strict=True), _SHOWN_GAMES):
            yield f"  {number}: {_in_words(game)}"
        if len(self.games) > _SHOWN_GAMES:
            yield f"  … and {len(self.games) - _SHOWN_GAMES} more"


@contextlib.contextmanager
def silent(plugin: type) -> Iterator[None]:
    """Raise BrokenLaw if the body writes to standard output."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        yield
    if printed.getvalue():
        found = f"it wrote {printed.getvalue()[:200]!r}"
        raise BrokenLaw.of(
            plugin, "nothing is written to stdout", found, "Standard output belongs to the reports."
        )


def lines_of(value: Any) -> str:
    """Built-in values as one line a figure, `metrics.games.value: 18`; equal only for equal values."""
    return "\n".join(f"{path}: {json.dumps(leaf, ensure_ascii=False)}" for path, leaf in _leaves(value, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value):
        for k, item in enumerate(value):
            yield from _leaves(item, f"{path}[{k}]")
    else:
        yield path or "value", value


def _in_lines(text: str) -> str:
    return lines_of(json.loads(text)) if text.startswith("{") else text


def side_by_side(found: Compared) -> list[str]:
    """The lines of the two that differ, as three columns: what, left, right."""
    first, second = _by_path(found.left), _by_path(found.right)
    keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
    rows = [(key, first.get(key, _NOTHING), second.get(key, _NOTHING)) for key in keys]
    if not rows:
        rows = [("order", ", ".join(first), ", ".join(second))]
    shown = [("", found.left_is, found.right_is), *rows[:_SHOWN_LINES]]
    cells = [tuple(_short(cell) for cell in row) for row in shown]
    widths = [max(len(row[k]) for row in cells) for k in range(2)]
    lines = [f"{a.ljust(widths[0])}  {b.ljust(widths[1])}  {c}".rstrip() for a, b, c in cells]
    return lines + ([f"… and {len(rows) - _SHOWN_LINES} more lines differ"] if len(rows) > _SHOWN_LINES else [])


def _by_path(text: str) -> dict[str, str]:
    return {path: value for path, _, value in (line.partition(": ") for line in text.splitlines())}


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _in_words(game: AnalysedGame) -> str:
    """`Anna - Bert: e4 e5 Nf3`, or the position when there is no move."""
    moves = " ".join(ply.san for ply in game.plies[:_PLIES]) or game.fen
    more = " …" if len(game.plies) > _PLIES else ""
    return f"{_short(game.player('white'))} - {_short(game.player('black'))}: {moves}{more}"
