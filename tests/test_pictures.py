"""The pictures of README.md show what the program shows today."""

from __future__ import annotations

import html
import re

import pytest

from tests import pictures
from tests.support import DATA


def texts(svg: str) -> list[str]:
    """Return the texts of a picture; how they are drawn is up to rich."""
    return [html.unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


@pytest.mark.parametrize("name", pictures.READMES)
def test_a_picture_is_what_the_command_draws(name: str) -> None:
    """Run `python -m tests.pictures` when the picture is out of date and the new one is right."""
    assert texts((DATA / name).read_text(encoding="utf-8")) == texts(pictures.READMES[name]())


@pytest.mark.parametrize("name", pictures.READMES)
def test_a_picture_loads_nothing(name: str) -> None:
    svg = (DATA / name).read_text(encoding="utf-8")
    assert "@font-face" not in svg
    assert "url(http" not in svg
    assert "<image" not in svg
