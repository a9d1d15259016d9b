"""Size and opening time of the HTML report: `python -m tests.perf.html_report GAMES.jsonl.zst [...]`.

Writes a report of games that are analysed already, at most 1,000, opens it in Chromium from the disk, and prints
bytes, seconds to write it, the peak memory of the writing process, and how long until the overview is shown, until
a game's page is there, and until one more move is. Medians of five, each in a tab of its own. Needs the extra
`browser` and Chromium.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.perf import runs

TIMES = 5
OVERVIEW = "performance.getEntriesByType('navigation')[0].loadEventEnd"
OPEN = """number => new Promise(done => {
    const start = performance.now();
    location.hash = `game=${number}`;
    const look = () => document.querySelector('#board use')
        ? requestAnimationFrame(() => done(performance.now() - start)) : setTimeout(look);
    setTimeout(look);
})"""
STEP = """() => new Promise(done => {
    const start = performance.now();
    document.getElementById('on').click();
    requestAnimationFrame(() => done(performance.now() - start));
})"""


def write(source: list[str], target: Path) -> tuple[float, float]:
    """Write the report; return the seconds and the peak memory in MiB."""
    command = [sys.executable, "-m", "engine", "analyze", *source, "--limit", "1000", "-o", str(target), "-q"]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, runs.peak_memory(process.pid))
            time.sleep(0.05)
    return time.monotonic() - started, peak / 1024


def open_times(browser: Any, page_file: Path) -> tuple[float, float, float]:
    """Return the milliseconds to the overview, to a game and to the next move."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(page_file.as_uri())
    overview = page.evaluate(OVERVIEW)
    number = page.evaluate("Number(document.querySelector('#game-table tbody tr:last-child').id.slice(4))")
    game, step = page.evaluate(OPEN, number), page.evaluate(STEP)
    context.close()
    return overview, game, step


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        target = Path(folder) / "report.html"
        seconds, peak = write(sys.argv[1:], target)
        files = sorted(Path(folder).glob("*.html"))
        games = target.read_text(encoding="utf-8").count('<tr id="row-')
        size = target.stat().st_size
        print(f"{games:,} games in {len(files)} file(s): {size:,} bytes, {size / max(games, 1):,.0f} a game")
        print(f"written in {seconds:.1f} s, peak of the process {peak:.1f} MiB")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        times = [open_times(browser, target) for _ in range(TIMES)]
        browser.close()
    overview, game, step = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"opened: overview {overview:.0f} ms, a game {game:.0f} ms, the next move {step:.0f} ms")


if __name__ == "__main__":
    main()
