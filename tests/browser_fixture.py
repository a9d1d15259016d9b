"""Fixtures with a real browser for tests that open the HTML report, and axe-core to check it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import leaks
from tests.processes import descendants
from tests.support import PATIENCE

AXE = "axe-core@4.10.3"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "pip install -e '.[browser]' runs the tests that need a browser"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield a running browser (playwright's `Browser`): Debian's Chromium, or the one that playwright installed.

    Its scope is the module: while it runs, the thread has playwright's event loop, and other tests need their own.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason=NO_BROWSER)
    path = next((program for name in CHROMIUM if (program := shutil.which(name))), None)
    # Chromium's sandbox does not work for root, as whom containers run tests; the pages are our own.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    arguments.append("--disable-gpu")  # nobody looks, and what stands in for one takes time
    before = set(descendants(os.getpid()))
    with sync_api.sync_playwright() as playwright:
        leaks.HELPERS |= set(descendants(os.getpid())) - before
        try:
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
        except sync_api.Error as error:
            pytest.skip(f"`apt install chromium` or `playwright install chromium` runs this: {error.message[:80]}")
        yield browser
        browser.close()
    leaks.HELPERS.clear()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the source of axe-core, fetched with npm into pytest's cache. Skips the test if that fails.

    Processes that test side by side share the cache, so each fetches into a folder of its own.
    """
    pytest.importorskip("playwright.sync_api", reason=NO_BROWSER)
    cache = getattr(request.config, "cache", None)
    npm = shutil.which("npm")
    if npm is None or cache is None:
        pytest.skip("npm on the PATH runs the accessibility test, which fetches axe-core with it")
    script = cache.mkdir("axe") / f"{AXE}.js"
    if not script.exists():
        folder = tmp_path_factory.mktemp("axe")
        command = [npm, "install", "--silent", "--ignore-scripts", "--prefix", str(folder), AXE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode:
            pytest.skip(f"a network runs this; npm could not fetch axe-core: {done.stderr.strip()[:80]}")
        whole = script.with_suffix(f".{os.getpid()}")
        shutil.copyfile(folder / "node_modules" / "axe-core" / "axe.min.js", whole)
        whole.replace(script)
    return str(script.read_text(encoding="utf-8"))
