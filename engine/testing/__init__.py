"""For people who test their own plugins: builders, example games, a check for each kind.

The fake UCI program is `engine.testing.fake_uci.fake_uci`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.testing.broken_law import BrokenLaw
    from engine.testing.builders import analysed_game
    from engine.testing.conformance import check_aggregator
    from engine.testing.evaluators import check_evaluator
    from engine.testing.examples import example_games
    from engine.testing.executors import check_executor
    from engine.testing.readers import check_reader
    from engine.testing.writers import check_writer

__all__ = [
    "BrokenLaw",
    "analysed_game",
    "check_aggregator",
    "check_evaluator",
    "check_executor",
    "check_reader",
    "check_writer",
    "example_games",
]

_HOMES = {
    "BrokenLaw": "broken_law",
    "analysed_game": "builders",
    "check_aggregator": "conformance",
    "check_evaluator": "evaluators",
    "check_executor": "executors",
    "check_reader": "readers",
    "check_writer": "writers",
    "example_games": "examples",
}


def __getattr__(name: str) -> Any:
    # Late, because the fake UCI program is a module of this package and has to start fast.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
