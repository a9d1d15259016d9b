"""How far a run is, with the texts that its page shows."""

from __future__ import annotations

from typing import Any

from engine.model import RunResult
from engine.run import events
from engine.run.progress import Snapshot, seconds_left
from engine.text.format import board_score, count, duration, rate, short


def standing(snapshot: Snapshot) -> dict[str, Any]:
    """Return a `progress` event without its name, with what only the page needs.

    Besides the keys of `engine.run.events` there are `share` (0 to 1; null while it is not known), `phase`,
    `sentence` and `figures`, texts by name; entries of `best` have `text` and `number`, the move with its number.
    """
    done, left = snapshot.work()
    seconds = max(snapshot.seconds, 0.001)
    remaining = seconds_left(snapshot)
    values = events.progress(snapshot)
    del values["event"]
    values["share"] = None if left is None else min(1.0, done / max(1.0, done + left))
    values["phase"] = "stopping" if snapshot.stopping else "paused" if snapshot.paused else "running"
    values["figures"] = {
        "games": f"{snapshot.games:,}",
        "positions": f"{snapshot.positions:,}" + (f" of {snapshot.total:,}" if snapshot.total else ""),
        "wins": f"{snapshot.wins:,}",
        "time": duration(snapshot.seconds),
        "left": duration(remaining) if remaining is not None else "–",
        "speed": rate(snapshot.positions / seconds),
        "nodes": short(snapshot.nodes / seconds) if snapshot.nodes else "–",
    }
    share = f"{100 * values['share']:.0f}%, " if values["share"] is not None else ""
    about = f", about {duration(remaining)} left" if remaining is not None and values["phase"] == "running" else ""
    values["sentence"] = f"{share}{count(snapshot.games, 'game')}, {count(snapshot.wins, 'winning move')}{about}"
    for entry, (best, _, move) in zip(values["best"], snapshot.best, strict=True):
        entry["text"] = board_score(best.score)
        entry["number"] = move
    return values


def ending(result: RunResult) -> dict[str, Any]:
    """Return an `end` event without its name, with `phase` and `sentence`."""
    values = events.end(result)
    del values["event"]
    words = f"{count(result.counts.analysed, 'game')}, {count(result.wins, 'winning move')}"
    took = f" in {duration(result.counts.seconds)}"
    stopped = "; the same command continues where it stopped" if result.interrupted else ""
    values["phase"] = "stopped" if result.interrupted else "done"
    values["sentence"] = f"{words}{took}{stopped}"
    return values
