"""The pages of the site that are not the API reference: Markdown files, plugins, and source files they link to."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.util import ClassNotFound

from engine.contracts.options import NoOptions, describe
from engine.loading.pages import page_of
from engine.loading.registry import CONTRACTS, Registry, kind_of
from engine.plugin import Needs
from tests.docs import links
from tests.docs.regions import ROOT

STYLE = HtmlFormatter(cssclass="pdoc-code codehilite", wrapcode=True)
IMAGES = {".png", ".svg"}


class Entry(Struct, frozen=True):
    """A line of the navigation."""

    title: str
    address: str
    """Path of the HTML file below the folder of the site."""


class Heading(Struct, frozen=True):
    """A heading within a page, for its table of contents."""

    title: str
    anchor: str


class Page(Struct, frozen=True):
    """A page as the template shows it."""

    title: str
    address: str
    body: str
    """HTML."""
    headings: Sequence[Heading] = ()


def _fence(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return coloured(tokens[index].content, tokens[index].info.strip())


def coloured(code: str, language: str) -> str:
    """Return code as HTML with syntax highlighting; plain for a language that nobody knows."""
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    return highlight(code, lexer, STYLE)


RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")
RENDERER.add_render_rule("fence", _fence)
RENDERER.add_render_rule("code_block", _fence)


def rendered(text: str, address: str, file: Path | None, site: dict[Path, str]) -> Page:
    """Render Markdown as a page.

    * **text** - the Markdown.
    * **address** - where the page is in the site.
    * **file** - the Markdown file that relative links start from; None when there are none.
    * **site** - the address of every file that is in the site.
    """
    tokens = RENDERER.parse(text)
    found = []
    title = ""
    for level, words, opening in links.headings(tokens):
        opening.attrSet("id", links.slug(words))
        if level == 1:
            title = title or words
        elif level == 2:
            found.append(Heading(words, links.slug(words)))
    for link in links.links(tokens):
        target = links.target_of(link)
        if file and not links.is_external(target) and not target.startswith("#"):
            name, _, anchor = target.partition("#")
            path = (file.parent / name).resolve()
            if path not in site:
                warnings.warn(f"{file}: the link to {target} leads nowhere", stacklevel=2)
                continue
            moved = relative(site[path], address)
            attribute = "href" if link.type == "link_open" else "src"
            link.attrSet(attribute, moved + (f"#{anchor}" if anchor else ""))
    return Page(title, address, RENDERER.renderer.render(tokens, RENDERER.options, {}), found)


def relative(target: str, address: str) -> str:
    """Return the way from one page of the site to another."""
    return Path(os.path.relpath(target, Path(address).parent)).as_posix()


def linked_files(documents: Sequence[Path]) -> list[Path]:
    """Return the files and folders of the repository that Markdown files link to, other than Markdown files."""
    found: dict[Path, None] = {}
    for path in documents:
        for link in links.links(links.PARSER.parse(path.read_text(encoding="utf-8"))):
            name = links.target_of(link).partition("#")[0]
            if name and not links.is_external(name):
                found[(path.parent / name).resolve()] = None
    return [path for path in found if path.suffix != ".md"]


def source_page(path: Path, address: str) -> Page:
    """Return a page that shows a source file."""
    title = str(path.relative_to(ROOT))
    code = highlight(path.read_text(encoding="utf-8"), get_lexer_for_filename(path.name), STYLE)
    return Page(title, address, f"<h1>{title}</h1>\n{code}")


# -- plugins -------------------------------------------------------------------------------------------------


def plugin_text(namespace: str, name: str, cls: Any) -> str:
    """Return what `engine plugins show NAME` prints of a plugin, as Markdown."""
    parts = [f"# {name} ({kind_of(namespace)})", page_of(cls)]
    rows = [
        f"| `{option.key}` | {_cell(option.type)} | {_cell(option.default)} | {_cell(option.description)} |"
        for option in describe(getattr(cls, "Options", NoOptions))
    ]
    if rows:
        head = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
        parts += ["## Options", "\n".join([*head, *rows])]
    if hasattr(cls, "needs"):
        plain = msgspec.to_builtins(Needs())
        special = msgspec.to_builtins(cls.needs(cls.Options()))
        words = ", ".join(f"{key} {value}" for key, value in special.items() if value != plain.get(key))
        parts += [f"Needs: {words or 'nothing special of the search'}."]
    if suffixes := getattr(cls, "suffixes", ()):
        parts += ["File names end in " + ", ".join(f"`{suffix}`" for suffix in suffixes) + "."]
    return "\n\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def plugin_pages() -> dict[str, list[Page]]:
    """Return the pages of our plugins, by kind."""
    registry = Registry()
    found: dict[str, list[Page]] = {}
    for namespace in CONTRACTS:
        kind = kind_of(namespace)
        for name in registry.names(namespace):
            text = plugin_text(namespace, name, registry.load(namespace, name))
            page = rendered(text, f"plugins/{kind}/{name}.html", None, {})
            found.setdefault(kind, []).append(msgspec.structs.replace(page, title=name))
    return found
