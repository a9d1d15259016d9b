"""Every test runs with user folders of its own; nothing touches the caller's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.wasm_fixture import stockfish_wasm

__all__ = ["stockfish_wasm"]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ENGINE_")]:
        if name not in ("ENGINE_TEST_DATA", "ENGINE_STOCKFISH_WASM"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ENGINE_HOME", str(tmp_path / "engine-home"))
    monkeypatch.setenv("NO_COLOR", "1")
