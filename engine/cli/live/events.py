"""A run for other programs: `--progress json` writes one JSON object a line to standard error.

| event      | when                        | keys                                                                 |
| ---------- | --------------------------- | -------------------------------------------------------------------- |
| `start`    | first                       | `schema` (`engine.progress/1`), `version`                            |
| `progress` | at once, then every second  | `seconds`, `games`, `positions`, `total` (null: not known), `nodes`, |
|            |                             | `cached`, `skipped`, `wins`, `best`, `workers`, `stopping`,          |
|            |                             | `recorded`, `follow_ups`, `follow_ups_total` (null: not known)       |
| `notice`   | as it happens               | `kind`, `file`, `line`, `game`, `reason`                             |
| `failure`  | at the end, one each        | `file`, `line`, `game`, `ply`, `reason`                              |
| `end`      | last, of a run that ended   | `seconds`, `games`, `positions`, `wins`, `interrupted`, `failures`,  |
|            |                             | `notices`, `outputs`, `evaluator`, `limit`, `follow_ups`             |
| `error`    | last, of a run that failed  | `code` (the exit code), `message`                                    |

The `follow_ups` of `progress` are searches that aggregators asked for and that are done; `end` says of them how
many there were (`searches`), how many of these the cache knew (`cached`), and by whom and to which limits they
were made (`evaluator`, `limits`); null without any. What they will cost is a `notice` before the first `progress`.

`best` holds `score` (the side to move's view, mate in n as 32000 - n), `game`, `ply`, `move` (UCI), `san`,
`players`; `workers` hold `name`, `state`, `game`, `ply`, `positions`, `nodes`. Seconds are those of the run.
Keys may be added; a program should skip events and keys that it does not know. Wrong usage, found before the
run, is told in words. The text is ASCII, other characters are escaped.
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
"""Seconds of the run between two `progress` events."""


class Events:
    """Writes the events of one run. It reads no clock: time is what the snapshots say."""

    def __init__(self, console: Console) -> None:
        self._file = console.file
        self._next = 0.0
        self._notices_written = 0

    def start(self) -> None:
        """Write the `start` event."""
        from importlib.metadata import version

        self._write("start", schema=SCHEMA, version=version("grandmaster-analysis"))

    def show(self, snapshot: Snapshot) -> None:
        """Write new notices, and a `progress` event when the last one is a second old."""
        for notice in snapshot.notices[self._notices_written :]:
            self._write("notice", **msgspec.to_builtins(notice))
        self._notices_written = max(self._notices_written, len(snapshot.notices))
        if snapshot.seconds >= self._next:
            self._next = snapshot.seconds + SECONDS
            self._write("progress", **_progress(snapshot))

    def stop(self) -> None:
        """Do nothing: the last event is written by `finish` or `error`."""

    def say(self, reason: str) -> None:
        """Write a notice about the run itself, which has no place in the input."""
        note = reason.removeprefix("note: ")
        kind = "warning" if note == reason else "note"
        self._write("notice", kind=kind, file=None, line=None, game=None, reason=note)

    def error(self, code: int, message: str) -> None:
        """Write the `error` event: the run failed."""
        self._write("error", code=code, message=message)

    def finish(self, result: RunResult) -> None:
        """Write the notices that are not written yet, the failures and the `end` event."""
        for notice in result.notices[self._notices_written :]:
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
            follow_ups=_follow_ups(result),
        )

    def _write(self, event: str, **values: Any) -> None:
        # Not msgspec: a file name may hold bytes that are no text, which only escapes can carry.
        self._file.write(json.dumps({"event": event, **values}) + "\n")
        self._file.flush()


def _follow_ups(result: RunResult) -> dict[str, Any] | None:
    counts, evaluator = result.counts, result.follow_up_evaluator or result.evaluator
    if not counts.follow_ups:
        return None
    return {
        "searches": counts.follow_ups,
        "cached": counts.follow_ups_cached,
        "evaluator": {"name": evaluator.name, "version": evaluator.version},
        "limits": [msgspec.to_builtins(limit) for limit in result.follow_up_limits],
    }


def _progress(snapshot: Snapshot) -> dict[str, Any]:
    values: dict[str, Any] = {
        "seconds": round(snapshot.seconds, 3),
        **{
            key: getattr(snapshot, key)
            for key in (
                *("games", "positions", "total", "nodes", "cached", "skipped", "wins"),
                *("recorded", "follow_ups", "follow_ups_total"),
            )
        },
    }
    values["best"] = [
        {**msgspec.to_builtins(entry), "san": move.split()[-1], "players": players}
        for entry, players, move in snapshot.best
    ]
    values["workers"] = [msgspec.to_builtins(worker) for worker in snapshot.workers]
    values["stopping"] = snapshot.stopping
    return values
