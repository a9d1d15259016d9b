"""Fixture with the real Stockfish 19 lite, for tests marked `stockfish`."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import EvaluatorError
from engine_plugins.evaluators import _fetch


@pytest.fixture(scope="session")
def stockfish_wasm(request: pytest.FixtureRequest) -> Path:
    """Return the verified file: ENGINE_STOCKFISH_WASM, the user's own, or one fetched into pytest's cache.

    Skips the test if there is none."""
    cache = getattr(request.config, "cache", None)
    try:
        if _fetch.find() is not None or cache is None:
            return _fetch.ensure(patient=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ENGINE_HOME", str(cache.mkdir("stockfish")))
            return _fetch.ensure(patient=True)
    except EvaluatorError as error:
        pytest.skip(f"set ENGINE_STOCKFISH_WASM, or provide npm and a network: {error}")
