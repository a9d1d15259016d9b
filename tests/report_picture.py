"""Make the pictures of the HTML report and of `engine serve` in README.md: `python -m tests.report_picture`.

Writes the report of the match in `tests/data`, opens a game of it in Chromium, and saves a screenshot as
`tests/data/report.png`; serves the match, and saves the overview of a player as `tests/data/serve.png`. Needs the
extras `browser` and `web`, and Debian's `chromium`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
PLACE = "game=16&ply=40"
OVERVIEW = "?player=Stockfish+1400"
ENGINE = (sys.executable, "-m", "engine")
MATCH = str(DATA / "match.jsonl.zst")


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1200, "height": 820})
        _report(page, Path(folder, "report.html"))
        with _served(Path(folder)) as address:
            page.goto(address + OVERVIEW)
            while page.get_by_text("the run goes on").count():
                page.reload()
            page.wait_for_selector("body:not(:has([data-stream]:not([data-stream=''])))")
            page.screenshot(path=DATA / "serve.png")
        browser.close()


def _report(page: Any, report: Path) -> None:
    command = [*ENGINE, "analyze", MATCH, "-o", str(report), "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    page.goto(f"{report.as_uri()}#{PLACE}")
    page.wait_for_selector("#board use")
    page.screenshot(path=DATA / "report.png")


@contextlib.contextmanager
def _served(home: Path) -> Iterator[str]:
    """Serve the match, and yield the address of its pages."""
    command = [*ENGINE, "serve", MATCH, "--no-browser"]
    environment = {**os.environ, "ENGINE_HOME": str(home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[0]
        finally:
            server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
