"""A run for other programs: `--progress json` writes one JSON object a line to standard error.

| event      | when                        | keys                                                                 |
| ---------- | --------------------------- | -------------------------------------------------------------------- |
| `start`    | first                       | `schema` (`engine.progress/1`), `version`                            |
| `progress` | at once, then every second  | `seconds`, `games`, `positions`, `total` (null: not known), `nodes`, |
|            |                             | `cached`, `skipped`, `wins`, `best`, `workers`, `stopping`           |
| `notice`   | as it happens               | `kind`, `file`, `line`, `game`, `reason`                             |
| `failure`  | at the end, one each        | `file`, `line`, `game`, `ply`, `reason`                              |
| `end`      | last, of a run that ended   | `seconds`, `games`, `positions`, `wins`, `interrupted`, `failures`,  |
|            |                             | `notices`, `outputs`, `evaluator`, `limit`                           |
| `error`    | last, of one that could not | `code` (the exit code), `message`                                    |

`best` holds `score` (the mover's view, mate in n as 32000 - n), `game`, `ply`, `move` (UCI), `san`, `players`;
`workers` hold `name`, `state`, `game`, `ply`, `positions`, `nodes`. Seconds are those of the run. Keys may be
added; a program should pass over events and keys that it does not know. Wrong usage, found before the run, is
told in words. The text is ASCII, other characters are escaped.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from rich.console import Console

from engine.model import RunResult
from engine.run.progress import Snapshot

SCHEMA = "engine.progress/1"
SECONDS = 1.0


class Events:
    """Writes the events of one run, by the run's own clock."""

    def __init__(self, console: Console) -> None:
        self._file = console.file
        self._next = 0.0
        self._noticed = 0

    def start(self) -> None:
        from importlib.metadata import version

        self._write("start", schema=SCHEMA, version=version("grandmaster-analysis"))

    def show(self, snapshot: Snapshot) -> None:
        for notice in snapshot.notices[self._noticed :]:
            self._write("notice", **msgspec.to_builtins(notice))
        self._noticed = max(self._noticed, len(snapshot.notices))
        if snapshot.seconds >= self._next:
            self._next = snapshot.seconds + SECONDS
            self._write("progress", **_progress(snapshot))

    def stop(self) -> None:
        pass

    def say(self, reason: str) -> None:
        """Something about the run that has no place in the input."""
        self._write("notice", kind="warning", file=None, line=None, game=None, reason=reason)

    def error(self, code: int, message: str) -> None:
        """The run could not be done."""
        self._write("error", code=code, message=message)

    def finish(self, result: RunResult) -> None:
        for notice in result.notices[self._noticed :]:
            self._write("notice", **msgspec.to_builtins(notice))
        for failure in result.failures:
            self._write("failure", **msgspec.to_builtins(failure))
        self._write(
            "end",
            seconds=round(result.counts.seconds, 3),
            games=result.counts.analysed,
            positions=result.counts.positions,
            wins=result.wins,
            interrupted=result.interrupted,
            failures=len(result.failures),
            notices=result.counts.notices,
            outputs=list(result.outputs),
            evaluator={"name": result.evaluator.name, "version": result.evaluator.version},
            limit=msgspec.to_builtins(result.limit),
        )

    def _write(self, event: str, **values: Any) -> None:
        # Not msgspec: a file name may hold bytes that are no text, which only escapes can carry.
        self._file.write(json.dumps({"event": event, **values}) + "\n")
        self._file.flush()


def _progress(s: Snapshot) -> dict[str, Any]:
    values: dict[str, Any] = {
        "seconds": round(s.seconds, 3),
        **{key: getattr(s, key) for key in ("games", "positions", "total", "nodes", "cached", "skipped", "wins")},
    }
    values["best"] = [
        {**msgspec.to_builtins(entry), "san": move.split()[-1], "players": players}
        for entry, players, move in s.best
    ]
    values["workers"] = [msgspec.to_builtins(worker) for worker in s.workers]
    values["stopping"] = s.stopping
    return values
