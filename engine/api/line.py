"""A progress callback that keeps one line up to date."""

from __future__ import annotations

import sys
from typing import TextIO

from engine.run.progress import Snapshot
from engine.text.format import duration, short


class ProgressLine:
    """Shows the progress of a run in one line, which is written again over itself; pass it as `progress=`.

    * **stream** - *(optional)* the text file to write to; standard output inside a notebook and standard error
      elsewhere when left out.

    Notebooks show it without widgets.

    >>> import engine, io
    >>> shown = io.StringIO()
    >>> _ = engine.analyze("1. e4 e5 *", nodes=1_000, progress=engine.ProgressLine(shown))
    >>> shown.getvalue().rpartition("\\r")[2].startswith("100%  games 1  positions 3 of 3")
    True
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._width = 0

    def __call__(self, snapshot: Snapshot) -> None:
        text = _line(snapshot)
        stream = self._stream or (sys.stdout if "ipykernel" in sys.modules else sys.stderr)
        if stream is None:  # a program without a console
            return
        stream.write("\r" + text.ljust(self._width))
        stream.flush()
        self._width = len(text)


def _line(snapshot: Snapshot) -> str:
    total = snapshot.total
    share = f"{100 * snapshot.positions // total:>3}%" if total else "   …"
    of = f" of {total:,}" if total else ""
    words = [
        f"{share}  games {snapshot.games:,}",
        f"positions {snapshot.positions:,}{of}",
        f"winning moves {snapshot.wins:,}",
        f"{short(snapshot.nodes / max(snapshot.seconds, 0.001))} nodes/s",
        duration(snapshot.seconds),
    ]
    return "  ".join(words)
