"""Links and headings of Markdown files, read by the parser that also renders them for the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.regions import ROOT

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
_SCHEME = re.compile(r"[a-z]+:")


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def text_of(token: Token) -> str:
    """Return the plain text of an inline token."""
    return "".join(child.content for child in token.children or () if child.type in {"text", "code_inline"})


def headings(tokens: list[Token]) -> Iterator[tuple[int, str, Token]]:
    """Find the headings of a document: level, plain text and the opening token."""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            yield int(opening.tag[1]), text_of(inline), opening


def links(tokens: list[Token]) -> Iterator[Token]:
    """Find the tokens of links and images."""
    for token in tokens:
        for child in token.children or ():
            if child.type in {"link_open", "image"}:
                yield child


def target_of(link: Token) -> str:
    """Return the address of a link or image."""
    return str(link.attrGet("href" if link.type == "link_open" else "src"))


def is_external(target: str) -> bool:
    """Whether a link leads out of the repository."""
    return bool(_SCHEME.match(target))


def broken(path: Path) -> list[str]:
    """Return the links of a Markdown file that lead nowhere, within the repository."""
    wrong = []
    for link in links(PARSER.parse(path.read_text(encoding="utf-8"))):
        target = target_of(link)
        if is_external(target):
            continue
        file, _, anchor = target.partition("#")
        destination = (path.parent / file).resolve() if file else path
        exists = destination.exists() and destination.is_relative_to(ROOT)
        if not exists or (anchor and anchor not in anchors(destination)):
            wrong.append(target)
    return wrong


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a Markdown file."""
    return {slug(text) for _, text, _ in headings(PARSER.parse(path.read_text(encoding="utf-8")))}
