"""Evaluators of the fake program, closed after each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.contracts.options import parse_options
from engine.testing.fake_uci import fake_uci
from engine_plugins.evaluators.uci import Uci
from tests.plugins.evaluators.uci_rig import Make, end_of_all


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stands in the environment of every process that the test starts."""
    mark = f"UCI_TEST_MARK={tmp_path}"
    monkeypatch.setenv(*mark.split("=", 1))
    return mark


@pytest.fixture
def make(tmp_path: Path, mark: str) -> Iterator[Make]:
    """Makes evaluators of a fake program; afterwards closes them and looks for what is left."""
    made: list[Uci] = []

    def new(*, evaluator: dict[str, Any] | None = None, **behaviour: Any) -> Uci:
        path = fake_uci(tmp_path / f"fake{len(made)}", **behaviour)
        uci = Uci(parse_options(Uci.Options, {"path": str(path), **(evaluator or {})}, "uci"))
        made.append(uci)
        return uci

    yield new
    for uci in made:
        uci.close()
    if sys.platform == "linux":
        assert end_of_all(mark)
