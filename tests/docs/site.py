"""The documentation site: the Markdown files, a page for every plugin, and the API reference by pdoc.

It refers to nothing outside of itself and can be read from the disk.
"""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

import pdoc.doc
import pdoc.render
from msgspec import Struct

from tests.docs import pages
from tests.docs.pages import Entry, Page
from tests.docs.regions import ROOT, markdown_files, public_modules

TEMPLATES = Path(__file__).with_name("templates")
GUIDES = {
    "README.md": "Start",
    "configs/README.md": "Profiles",
    "engine/commands.md": "Commands",
    "plugins/engine_plugins/writers/README.md": "Columns of outputs",
    "plugins/queries.md": "Ten questions for DuckDB",
    "plugins/shards.md": "One run on several machines",
    "plugins/clusters.md": "A cluster of your own machines",
    "plugins/fishnet.md": "Clients of fishnet",
    "engine/serve.md": "The pages of engine serve",
    "engine/embedding.md": "Embedding",
    "plugins/README.md": "Writing a plugin",
    "plugins/examples/engine-example/README.md": "Example of plugins",
    "engine/README.md": "The map",
    "engine/where.md": "Where do I change …?",
    "engine/shared-memory.md": "Shared memory",
    "engine/why.md": "Why it is as it is",
    "engine/reading.md": "What is read",
    "engine/faults.md": "What happens when …",
    "tests/README.md": "Tests",
    "tests/perf/README.md": "Measurements",
    ".github/CONTRIBUTING.md": "Contributing",
    "CHANGELOG.md": "Changelog",
}
"""The Markdown files of the site in the order of its navigation, with the words that it uses."""


class Section(Struct, frozen=True):
    """A part of the navigation."""

    title: str
    entries: list[Entry]


def address_of(path: Path) -> str:
    """Return where a Markdown or source file of the repository is in the site."""
    name = path.relative_to(ROOT)
    if name.suffix == ".md":
        folder = "guide" / name.parent if name.parent != Path() else Path()
        stem = "index" if name.name == "README.md" else name.stem.lower()
        return (folder / f"{stem}.html").as_posix().replace(".github", "github")
    return f"source/{name}.html"


def build(folder: Path) -> int:
    """Build the site in a folder, which is emptied first, and return how many pages it has."""
    shutil.rmtree(folder, ignore_errors=True)
    documents = {path: GUIDES[str(path.relative_to(ROOT))] for path in _documents()}
    site = {path: address_of(path) for path in documents}
    sources = []
    for path in pages.linked_files(list(documents)):
        if path.is_dir():
            site[path] = site[path / "README.md"]
        elif path.suffix in pages.IMAGES:
            site[path] = f"images/{path.name}"
            _write(folder / site[path], path.read_bytes())
        else:
            site[path] = address_of(path)
            sources.append(pages.source_page(path, site[path]))
    guides = [pages.rendered(path.read_text(encoding="utf-8"), site[path], path, site) for path in documents]
    plugins = pages.plugin_pages()
    entries = [Entry(title, site[path]) for path, title in documents.items()]
    modules = {name: documented(name) for name in reference()}
    navigation = [
        Section("Guide", entries),
        *(
            Section(f"{kind.capitalize()}s", [Entry(p.title, p.address) for p in ps])
            for kind, ps in plugins.items()
        ),
        Section("API reference", [Entry(name, f"{name.replace('.', '/')}.html") for name in modules]),
    ]
    _configure(navigation)
    everything = [*guides, *sources, *(page for members in plugins.values() for page in members)]
    for page in everything:
        _write(folder / page.address, _framed(page).encode())
    for name, module in modules.items():
        _write(folder / f"{name.replace('.', '/')}.html", pdoc.render.html_module(module, modules).encode())
    _write(folder / "search.js", pdoc.render.search_index(modules).encode())
    return len(everything) + len(modules)


def _documents() -> list[Path]:
    """The Markdown files of the site, in the order of `GUIDES`. KeyError for a file that it does not name."""
    there = {str(path.relative_to(ROOT)): path for path in markdown_files() if "_TEMPLATE" not in str(path)}
    order = list(GUIDES)
    return [there[name] for name in sorted(there, key=order.index)]


def reference() -> list[str]:
    """Return the modules of the API reference: the public ones, and what plugins may import besides."""
    positions = [f"engine.positions.{name}" for name in ("fen", "landmarks", "openings", "phases")]
    return [*public_modules(), "engine.testing.fake_uci", *positions, "engine.text.format"]


def _entries(members: list[Page]) -> list[Entry]:
    return [Entry(page.title, page.address) for page in members]


def _configure(navigation: list[Section]) -> None:
    pdoc.render.configure(docformat="markdown", template_directory=TEMPLATES, show_source=True)
    env = pdoc.render.env
    env.globals["navigation"] = navigation
    env.globals["relative"] = pages.relative


def _framed(page: Page) -> str:
    return pdoc.render.env.get_template("page.html.jinja2").render(page=page, address=page.address)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def documented(name: str) -> pdoc.doc.Module:
    """Return what pdoc knows of a module. Names that are loaded on first use are loaded: pdoc would miss them."""
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        setattr(module, public, getattr(module, public))
    return pdoc.doc.Module(module)
