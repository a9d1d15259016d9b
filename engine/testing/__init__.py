"""For people who test their own plugins: builders, example games, the conformance check.

The fake UCI program is `engine.testing.fake_uci.fake_uci`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.testing.broken_law import BrokenLaw
    from engine.testing.builders import analysed_game
    from engine.testing.conformance import check_aggregator
    from engine.testing.examples import example_games

__all__ = ["BrokenLaw", "analysed_game", "check_aggregator", "example_games"]

_HOMES = {
    "BrokenLaw": "broken_law",
    "analysed_game": "builders",
    "check_aggregator": "conformance",
    "example_games": "examples",
}


def __getattr__(name: str) -> Any:
    # Late, because the fake UCI program is a module of this package and has to start fast.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
