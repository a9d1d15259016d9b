"""The documentation site is built without a warning, is complete, and refers to nothing outside of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import pytest

from engine.loading.pages import page_of
from engine.loading.registry import CONTRACTS, Registry, kind_of
from tests.docs.regions import markdown_files, public_modules

pytest.importorskip("pdoc")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]


class Reader(HTMLParser):
    """A parsed page: its ids, links, loaded addresses and words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        """Addresses that a browser loads by itself."""
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name == "href" and value:
                (self.links if tag == "a" else self.loaded).append(value)
            elif name in {"src", "srcset", "data", "poster"} and value:
                self.loaded.append(value)

    def handle_data(self, data: str) -> None:
        self.words += data.split()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, which the first worker builds for all."""
    fcntl = pytest.importorskip("fcntl", reason="workers share the site through a lock of POSIX")
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / "site"
    with (root / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            command = [sys.executable, "-W", "error", "-m", "tests.docs", "site", str(folder)]
            ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
            assert (ran.returncode, ran.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Reader]:
    return {path: Reader(path) for path in site.rglob("*.html")}


def test_every_link_leads_somewhere(pages: dict[Path, Reader]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            if link.startswith(("http:", "https:", "data:")):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            # The page of a package is at engine.html, and some of what it links to below engine/.
            if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in pages[target].ids):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Reader]) -> None:
    for path, page in pages.items():
        assert [link for link in page.loaded if link.startswith(("http", "//"))] == [], path
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text, path
        assert "url(http" not in text, path


def test_every_public_name_is_in_the_reference(site: Path, pages: dict[Path, Reader]) -> None:
    for module in public_modules():
        page = pages[site / f"{module.replace('.', '/')}.html"]
        names = import_module(module).__all__
        assert names
        assert set(names) <= page.ids, module


def test_every_plugin_has_its_page(site: Path, pages: dict[Path, Reader]) -> None:
    registry = Registry()
    for namespace in CONTRACTS:
        for name in registry.names(namespace):
            page = pages[site / "plugins" / kind_of(namespace) / f"{name}.html"]
            shown = page_of(registry.load(namespace, name))
            assert " ".join(shown.partition("\n")[0].replace("`", "").split()[:3]) in " ".join(page.words), name


def test_every_document_is_a_page(site: Path, pages: dict[Path, Reader]) -> None:
    from tests.docs.site import address_of

    for path in markdown_files():
        assert site / address_of(path) in pages, path
