"""A run as a series of events for other programs: plain values that JSON can carry.

| event      | when                        | keys                                                                 |
| ---------- | --------------------------- | -------------------------------------------------------------------- |
| `start`    | first                       | `schema` (`engine.progress/1`), `version`                            |
| `progress` | at once, then every second  | `seconds`, `games`, `positions`, `total` (null: not known), `nodes`, |
|            |                             | `cached`, `skipped`, `wins`, `best`, `workers`, `stopping`,          |
|            |                             | `recorded`, `follow_ups`, `follow_ups_total` (null: not known),      |
|            |                             | `paused`                                                             |
| `notice`   | as it happens               | `kind`, `file`, `line`, `game`, `reason`                             |
| `failure`  | at the end, one each        | `file`, `line`, `game`, `ply`, `reason`                              |
| `end`      | last, of a run that ended   | `seconds`, `games`, `positions`, `wins`, `interrupted`, `failures`,  |
|            |                             | `notices`, `outputs`, `evaluator`, `limit`, `follow_ups`             |
| `error`    | last, of a run that failed  | `code` (the exit code), `message`                                    |

The `follow_ups` of `progress` are searches that aggregators asked for and that are done; `end` says of them how
many there were (`searches`), how many of these the cache knew (`cached`), and by whom and to which limits they
were made (`evaluator`, `limits`); null without any. What they will cost is a `notice` before the first `progress`.

`best` holds `score` (the side to move's view, mate in n as 32000 - n), `game`, `ply`, `move` (UCI), `san`,
`players`; `workers` hold `name`, `state`, `game`, `ply`, `positions`, `nodes`. Seconds are those of the run, in
which a pause is not counted. Keys may be added; a program should skip events and keys that it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.model import Failure, Notice, RunResult
from engine.run.progress import Snapshot

SCHEMA = "engine.progress/1"
Event = dict[str, Any]
"""An event: the key `event` has its name."""
_PLAIN = (
    *("games", "positions", "total", "nodes", "cached", "skipped", "wins"),
    *("recorded", "follow_ups", "follow_ups_total"),
)


def start() -> Event:
    """Return the first event."""
    from importlib.metadata import version

    return {"event": "start", "schema": SCHEMA, "version": version("grandmaster-analysis")}


def progress(snapshot: Snapshot) -> Event:
    """Return how far the run is."""
    return {
        "event": "progress",
        "seconds": round(snapshot.seconds, 3),
        **{key: getattr(snapshot, key) for key in _PLAIN},
        "best": [
            {**msgspec.to_builtins(entry), "san": move.split()[-1], "players": players}
            for entry, players, move in snapshot.best
        ],
        "workers": [msgspec.to_builtins(worker) for worker in snapshot.workers],
        "stopping": snapshot.stopping,
        "paused": snapshot.paused,
    }


def notice(found: Notice) -> Event:
    """Return what people should know."""
    return {"event": "notice", **msgspec.to_builtins(found)}


def note(reason: str) -> Event:
    """Return a notice about the run itself, which has no place in the input.

    * **reason** - a sentence; one that does not begin with `note: ` is a warning.
    """
    words = reason.removeprefix("note: ")
    return notice(Notice("warning" if words == reason else "note", None, None, None, words))


def failure(found: Failure) -> Event:
    """Return what could not be done."""
    return {"event": "failure", **msgspec.to_builtins(found)}


def end(result: RunResult) -> Event:
    """Return what the run was, once it has ended."""
    return {
        "event": "end",
        "seconds": round(result.counts.seconds, 3),
        "games": result.counts.analysed,
        "positions": result.counts.positions,
        "wins": result.wins,
        "interrupted": result.interrupted,
        "failures": len(result.failures),
        "notices": result.counts.notices,
        "outputs": list(result.outputs),
        "evaluator": {"name": result.evaluator.name, "version": result.evaluator.version},
        "limit": msgspec.to_builtins(result.limit),
        "follow_ups": _follow_ups(result),
    }


def error(code: int, message: str) -> Event:
    """Return why the run failed.

    * **code** - the exit code of the command.
    """
    return {"event": "error", "code": code, "message": message}


def to_json(event: Mapping[str, Any]) -> str:
    """Return an event as JSON in one line of ASCII."""
    # Not msgspec: a file name may hold bytes that are no text, which only escapes can carry.
    return json.dumps(event)


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
