"""Make the picture of the HTML report in README.md: `python -m tests.report_picture`.

Writes the report of the match in `tests/data`, opens a game of it in Chromium, and saves a screenshot as
`tests/data/report.png`. Needs the extra `browser` and Debian's `chromium`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).parent / "data"
PLACE = "game=16&ply=40"


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder, "report.html")
        command = [
            sys.executable,
            "-m",
            "engine",
            "analyze",
            str(DATA / "match.jsonl.zst"),
            "-o",
            str(report),
            "-q",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1200, "height": 820})
        page.goto(f"{report.as_uri()}#{PLACE}")
        page.wait_for_selector("#board use")
        page.screenshot(path=DATA / "report.png")
        browser.close()


if __name__ == "__main__":
    main()
