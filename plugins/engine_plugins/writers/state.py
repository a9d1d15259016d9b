"""States: what the aggregators of a run have counted, to be merged with those of other runs by `engine merge`.

```
{"state": {"head": {"schema": "engine.part/1", "version": …, "shard": "3/16", "inputs": […], "settings": {…}, …},
           "end": {"games": …, "checksum": …, "counts": {…}, "notices": […], …},
           "wins": …, "best": […], "scales": […], "unevaluated": …, "players": {NAME: GAMES, …},
           "aggregators": {NAME: {"distribution": …, "version": …, "options": {…}, "state": …}, …},
           "crashes": […]}}
```

A state has no games: of a million games it is some kilobytes, or as much as their players take. `games` and
`checksum` are those of the whole input, whatever the shard is, so that states of different inputs are not merged.
"""

from __future__ import annotations

from typing import ClassVar

from engine.model import RunResult
from engine.plugin import Writer
from engine.text.json import encode


class StateWriter(Writer):
    """What the aggregators have counted, to be merged with other states."""

    suffixes: ClassVar[tuple[str, ...]] = (".state.json",)
    states: ClassVar[bool] = True

    def finish(self, result: RunResult) -> None:
        if result.state is not None:
            self.stream.write(encode({"state": result.state}) + b"\n")
