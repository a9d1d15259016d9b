"""One run in every format, for all that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import tables
from .reading import Rows


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run in every format."""
    folder = tmp_path_factory.mktemp("run")
    assert tables.write_all(folder).ok
    return folder


@pytest.fixture(scope="session")
def expected(run: Path) -> dict[str, Rows]:
    expected = tables.expected(run)
    # Not a test of nothing: everything that is awkward is there.
    assert [len(expected[table]) for table in ("plies", "games")] == [1850, 48]
    assert {row["source"] for row in expected["plies"]} == {"searched", "recorded", "input"}
    assert {row["phase"] for row in expected["plies"]} == {"opening", "middlegame", "endgame"}
    assert any(row["mate"] for row in expected["plies"])
    assert any(row["epd_id"] for row in expected["games"])
    assert {row["part"] for row in expected["reports"]} == {"finding", "metric", "point", "cell", "note"}
    return expected
