"""Data and limits that several tests share."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data"
"""Small data of our own."""
FEW = "[Event ".join((DATA / "classics.pgn").read_text(encoding="utf-8").split("[Event ")[:4])
"""The first three games of classics.pgn, which end in checkmate: 108 positions, 105 of them to search."""
PATIENCE = 300.0
"""Seconds after which a test that waits for something gives up; no machine is that slow."""


def working_file(output: Path) -> Path | None:
    """Return the file that a run is writing for an output; None when there is none."""
    found = list(output.parent.glob(f"{output.name}.engine-*.part"))
    assert len(found) <= 1
    return found[0] if found else None


def shared_data(*parts: str) -> Path:
    """Return a file of the big real data. Skips the test if it is missing, and says what would run it."""
    default = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("ENGINE_TEST_DATA", default), *parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not here; set ENGINE_TEST_DATA to the folder with the big real data")
    return path


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """The work for `size` costs about 16 times that for a sixteenth of it; quadratic work would cost 256 times."""

    def seconds(size: int) -> float:
        started = time.process_time()
        work(size)
        return time.process_time() - started

    assert seconds(size) < 64 * max(seconds(size // 16), 0.005)


def lichess_games() -> list[tuple[Any, Any]]:
    """Return the 500 games that Lichess analysed, each with its figures. Skips the test if they are missing."""
    games = shared_data("lichess-analysed", "games.ndjson").read_text().splitlines()
    expectations = shared_data("lichess-analysed", "derived_expected.ndjson").read_text().splitlines()
    pairs = [(json.loads(game), json.loads(expected)) for game, expected in zip(games, expectations, strict=True)]
    assert len(pairs) == 500
    assert all(game["id"] == expected["id"] for game, expected in pairs)
    return pairs
