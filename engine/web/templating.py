"""Templates of the server's pages: those of this package, and the parts that they share with reports in files."""

from __future__ import annotations

import functools
from importlib import resources

import jinja2
from markupsafe import Markup

from engine.text.format import cell, count
from engine.web.pages.pieces import symbols

_ENDING = ".html.jinja"
_FOLDERS = (resources.files("engine.web") / "templates", resources.files("engine.web.pages"))


def template(name: str) -> jinja2.Template:
    """Return a template by its name, `layout.html.jinja`. Text in it is never interpreted as HTML."""
    return _environment().get_template(name)


def load_templates() -> None:
    """Load all templates of pages, so that no visitor waits for it."""
    for file in _FOLDERS[0].iterdir():
        if file.name.endswith(_ENDING):
            template(file.name)
    template(f"parts{_ENDING}")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["symbols"] = Markup(symbols())  # noqa: S704 - our own drawings
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["counted"] = count
    environment.filters["dashed"] = lambda date: date.replace(".", "-")  # as in filters and in reports
    environment.filters["clock"] = lambda seconds: cell(seconds, "duration")
    return environment


def _text(name: str) -> str | None:
    for folder in _FOLDERS:
        file = folder.joinpath(*name.split("/"))
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return None
