"""What the page `engine/reading.md` says is read is read so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.reading import SECTIONS

EXAMPLES = [
    pytest.param(section.describe, written, read, id=f"{section.title}: {written}"[:60])
    for section in SECTIONS
    for written, read in section.examples.items()
]


@pytest.mark.parametrize(("describe", "written", "read"), EXAMPLES)
def test_it_is_read_as_the_page_says(describe: Callable[[str], str], written: str, read: str) -> None:
    assert describe(written) == read
