"""A notebook, run headless."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from engine.testing.fake_uci import fake_uci
from tests.support import FEW, PATIENCE

CELLS = f"""
import engine
---
analyzer = engine.Analyzer(workers=2)
result = analyzer.analyze({FEW!r}, nodes=20, progress=engine.ProgressLine())
---
result.reports["accuracy"]
---
async with engine.AsyncAnalyzer(workers=1) as other:
    found = await other.evaluate("startpos", nodes=30)
found.nodes
---
run = analyzer.submit("1. e4 e5 *", nodes=20)
run.result()
run
---
analyzer.close()
result
""".split("---\n")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_notebook_shows_progress_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_uci(tmp_path / "bin", filename="stockfish", delay=0.002)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    asyncio.run(NotebookClient(notebook, timeout=PATIENCE, coalesce_streams=True).async_execute())
    outputs = [cell.outputs for cell in notebook.cells]
    assert outputs[0] == []
    [progress] = outputs[1]
    assert (progress.output_type, progress.name) == ("stream", "stdout")
    assert "100%  games 3  positions 105 of 105" in progress.text
    assert "<caption>" in outputs[2][0].data["text/html"]
    assert outputs[3][0].data["text/plain"] == "30"
    assert "Run: done, 1 game, 3 positions" in outputs[4][0].data["text/html"]
    page = outputs[5][0].data["text/html"]
    assert "3 games, 105 positions" in page
    assert "Accuracy" in page
