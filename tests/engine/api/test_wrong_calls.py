"""Wrong calls of the library, each with what is said. None of them is taken for another call, or ignored."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chess
import chess.variant
import pytest

import engine
from engine.errors import AnalysisError, ArgumentError, ConfigError
from engine.settings import Search, Settings
from tests.engine.api.rig import MINI

GIVEN_TO = "it is given to analyze and submit"
UNKNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("analyze", {"node": 500}, "analyze takes no 'node'; did you mean 'nodes'?"),
    ("analyze", {"evaluater": "x"}, "analyze takes no 'evaluater'; did you mean 'evaluator'?"),
    (
        "analyze",
        {"players": ("Me",)},
        "'players'; it is a field of settings=Settings(players=...)",
    ),
    (
        "analyze",
        {"source": MINI},
        "no 'source': it is given without its name, as the first argument",
    ),
    ("evaluate", {"node": 500}, "evaluate takes no 'node'; did you mean 'nodes'?"),
    ("Analyzer", {"nodes": 500}, f"Analyzer takes no 'nodes': {GIVEN_TO}"),
    ("Analyzer", {"worker": 2}, "Analyzer takes no 'worker'; did you mean 'workers'?"),
    ("Analyzer.analyze", {"node": 500}, "Analyzer.analyze takes no 'node'; did you mean 'nodes'?"),
    ("Analyzer.submit", {"node": 500}, "Analyzer.submit takes no 'node'; did you mean 'nodes'?"),
    (
        "Analyzer.submit",
        {"evaluator": "x"},
        "Analyzer.submit takes no 'evaluator': it belongs to the Analyzer: engine.Analyzer(evaluator=...)",
    ),
    (
        "Analyzer.analyze",
        {"workers": 2},
        "Analyzer.analyze takes no 'workers': they belong to the Analyzer: engine.Analyzer(workers=...)",
    ),
    ("Analyzer.submit", {"stop": None}, "ended by Run.cancel"),
    ("Analyzer.evaluate", {"evaluator": "x"}, "it belongs to the Analyzer"),
    ("Analyzer.evaluate", {"zzz": 1}, "Analyzer.evaluate takes no 'zzz'; there are moves, nodes, depth"),
    ("AsyncAnalyzer", {"nodes": 500}, f"AsyncAnalyzer takes no 'nodes': {GIVEN_TO}"),
    ("AsyncAnalyzer.analyze", {"node": 500}, "AsyncAnalyzer.analyze takes no 'node'; did you mean 'nodes'?"),
    ("AsyncAnalyzer.submit", {"workers": 2}, "they belong to the Analyzer"),
    ("AsyncAnalyzer.evaluate", {"evaluator": "x"}, "it belongs to the Analyzer"),
    ("Settings", {"player": ("Me",)}, "Settings has no 'player'; did you mean 'players'?"),
    ("Settings", {"nodes": 500}, "Settings has no 'nodes'; it belongs to limit=Limit(nodes=...)"),
    ("Settings", {"chunk": 5}, "Settings has no 'chunk'; it belongs to search=Search(chunk=...)"),
    ("Search", {"polcy": "fresh"}, "Search has no 'polcy'; did you mean 'policy'?"),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("analyze", {"nodes": "500"}, "limit: nodes: '500' is not a whole number or None"),
    ("analyze", {"nodes": 0}, "limit: nodes: 0 is not allowed"),
    ("analyze", {"workers": "2"}, "workers: '2' is not a whole number or None"),
    ("analyze", {"workers": 0}, "workers: 0 is not allowed"),
    ("analyze", {"evaluator": 5}, "evaluator: 5 is not a name, the path of a UCI program, or an engine.plugin"),
    ("analyze", {"settings": {"workers": 2}}, "settings: {'workers': 2} is not an engine.Settings"),
    ("analyze", {"output": io.BytesIO()}, "output: a file object (BytesIO) cannot be written to"),
    ("analyze", {"output": [io.StringIO()]}, "output: a file object (StringIO) cannot be written to"),
    ("analyze", {"output": 5}, "output: 5 is neither a path nor a sequence of paths"),
    ("analyze", {"output": [5]}, "output: 5 is neither a path nor a sequence of paths"),
    ("analyze", {"output_format": 5}, "output_format: 5 is not a text or None"),
    ("analyze", {"force": "no"}, "force: 'no' is not True or False"),
    ("analyze", {"stop_after": "8h"}, "stop_after: '8h' is not a number or None"),
    ("analyze", {"stop_after": -1}, "stop_after: -1 is not allowed"),
    ("analyze", {"progress": 5}, "progress: 5 is not a function that takes a Snapshot"),
    ("analyze", {"stop": 5}, "stop: 5 is not a threading.Event"),
    ("analyze", {"aggregators": 5}, "aggregators: 5 is neither the name of an aggregator nor"),
    ("analyze", {"aggregators": [str]}, "aggregators: <class 'str'> is neither the name of an aggregator nor"),
    ("Analyzer.submit", {"games": "yes"}, "games: 'yes' is not True or False"),
    ("Analyzer.submit", {"progress": 5}, "progress: 5 is not a function"),
    ("Analyzer.analyze", {"output": io.BytesIO()}, "output: a file object (BytesIO)"),
    ("Analyzer.analyze", {"settings": Settings(workers=7)}, "settings: workers=7 belongs to the Analyzer"),
    ("AsyncAnalyzer.submit", {"force": "no"}, "force: 'no' is not True or False"),
    ("evaluate", {"moves": 5}, "moves: 5 is neither a text nor a sequence of moves"),
    ("evaluate", {"moves": [5]}, "moves: 5 is no move: it is a text in UCI or SAN, or a chess.Move"),
    ("evaluate", {"moves": chess.Move.null()}, "is neither a text nor a sequence of moves"),
    ("evaluate", {"moves": [chess.Move.from_uci("e2e5")]}, "'e2e5' is not a legal move after the start"),
    ("evaluate", {"moves": "e4 0000"}, "'0000' is not a legal move after e2e4"),
    ("evaluate", {"evaluator_options": [1]}, "evaluator_options: [1] is not a dict"),
    (
        "Settings",
        {"players": "Me"},
        "'Me' is a single text, and a tuple of texts is meant: players=('Me',)",
    ),
    ("Settings", {"aggregators": "wins"}, "aggregators: 'wins' is a single text"),
    ("Settings", {"plugins": "x.py"}, "plugins: 'x.py' is not a tuple; one plugin is given as plugins=('x.py',)"),
    ("Settings", {"plugins": (int,)}, "plugins: int is not a path or a class of engine.plugin"),
    ("Settings", {"executor": 5}, "executor: 5 is not a name or a class of engine.plugin.Executor"),
    ("Settings", {"filter": 5}, "filter: 5 is not a text or None"),
    ("Settings", {"verify": 1.5}, "verify: 1.5 is not allowed: expected float <= 1.0"),
    ("Settings", {"max_games": "5"}, "max_games: '5' is not a whole number or None"),
    ("Settings", {"start_method": "fork"}, "start_method: 'fork' is not 'spawn' or 'forkserver'"),
    ("Settings", {"limit": 5}, "limit: 5 is not a Limit"),
    ("Settings", {"limit": engine.Limit(nodes="5")}, "is not a Limit (expected int | null, got str - at $.nodes)"),  # type: ignore[arg-type]
    ("Settings", {"limit": engine.Limit(nodes=0)}, "expected int >= 1 - at $.nodes"),
    ("Settings", {"limit": engine.Limit()}, "limit: it needs nodes, depth or time"),
    ("Settings", {"search": engine.Limit(nodes=5)}, "is not a Search"),
    ("Settings", {"search": {"polcy": 1}}, "is not a Search (object contains unknown field polcy)"),
    ("Settings", {"writer_options": {"pgn": 5}}, "writer_options: {'pgn': 5} is not a dict"),
    ("Search", {"chunk": 0}, "chunk: 0 is not allowed: expected int >= 1"),
    ("Search", {"chunk": "5"}, "chunk: '5' is not a whole number"),
]


def call(name: str, **keywords: Any) -> None:
    """Make a call of the library by its name."""
    if name in ("analyze", "evaluate"):
        first = "startpos" if name == "evaluate" else MINI
        getattr(engine, name)(first, **{"evaluator": "nobody-of-this-name", **keywords})
    elif name in ("Settings", "Search", "Analyzer", "AsyncAnalyzer"):
        {"Settings": Settings, "Search": Search}.get(name, getattr(engine, name, None))(**keywords)  # type: ignore[misc]
    elif name.startswith("Analyzer."):
        with engine.Analyzer(workers=1, evaluator="nobody-of-this-name") as analyzer:
            getattr(analyzer, name.partition(".")[2])("startpos", **keywords)
    else:

        async def main() -> None:
            async with engine.AsyncAnalyzer(workers=1, evaluator="nobody-of-this-name") as analyzer:
                await getattr(analyzer, name.partition(".")[2])("startpos", **keywords)

        asyncio.run(main())


def named(case: tuple[str, dict[str, Any], str]) -> str:
    """Return an id that is the same in every process: without the addresses of objects."""
    values = "-".join(f"{key}={value}" for key, value in case[1].items())
    return f"{case[0]}-{re.sub(' at 0x[0-9a-f]+', '', values)}"[:60]


@pytest.mark.parametrize("case", UNKNOWN, ids=named)
def test_unknown_names(case: tuple[str, dict[str, Any], str]) -> None:
    name, keywords, words = case
    with pytest.raises(ArgumentError) as caught:
        call(name, **keywords)
    assert words in caught.value.message
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("case", WRONG, ids=named)
def test_wrong_values(case: tuple[str, dict[str, Any], str]) -> None:
    name, keywords, words = case
    with pytest.raises(ConfigError) as caught:
        call(name, **keywords)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (engine.analyze, "analyze: missing a required argument: 'source'"),
        (lambda: engine.analyze(MINI, 500), "analyze: too many positional arguments"),
        (lambda: engine.analyze(5), "a source is a path, PGN text"),
        (lambda: engine.analyze(chess.variant.AtomicBoard()), "a board of atomic: only standard chess"),
        (lambda: engine.evaluate(5), "5 is no position: it is a FEN, 'startpos' or a chess.Board"),
        (lambda: engine.evaluate(chess.variant.AtomicBoard()), "a board of atomic: only standard chess"),
        (lambda: engine.Analyzer("stockfish"), "Analyzer: too many positional arguments"),
    ],
)
def test_wrong_first_arguments(wrong: Callable[[], object], words: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        wrong()
    assert words in caught.value.message


def test_what_is_meant_is_taken() -> None:
    """A list for a tuple, a path for its text, a dict for the settings of the search."""
    settings = Settings(players=["Me"], cache=Path("c"), plugins=[Path("p.py")], search={"chunk": 5})  # type: ignore[arg-type]
    assert (settings.players, settings.cache, settings.plugins) == (("Me",), "c", ("p.py",))
    assert settings.search.chunk == 5
