"""The progress of the trainer as a file: taken along, and refused where it is not what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.writers.trainer_tab import DAY, KEY, START, Trainer, files, new

__all__ = ["files", "new"]

GOOD = [2, -1, 8.2956, 1.0, START + DAY, START, 1, 0]
NAME = "8/P6k/8/8/8/8/7K/8 w - -"


def progress(**changes: Any) -> str:
    whole = {"format": "engine.trainer/1", "limit": 20, "day": "2026-11-20", "fresh": 1, "cards": {NAME: GOOD}}
    return json.dumps({**whole, **changes})


HOSTILE = {
    "no JSON": "<script>",
    "no object": "null",
    "a list": "[]",
    "another format": progress(format="engine.trainer/2"),
    "a limit": progress(limit="20"),
    "a day": progress(day=["2026-11-20"]),
    "cards": progress(cards=[]),
    "a name": progress(cards={"<img src=x onerror=alert(1)>": GOOD}),
    "a prototype": progress().replace(json.dumps(NAME), '"__proto__"'),
    "an object": progress(cards={NAME: {"state": 2}}),
    "a state": progress(cards={NAME: [4, *GOOD[1:]]}),
    "a step": progress(cards={NAME: [1, 2, *GOOD[2:]]}),
    "stability": progress(cards={NAME: [2, -1, 0, *GOOD[3:]]}),
    "infinity": progress(cards={NAME: [2, -1, 0, *GOOD[3:]]}).replace("0, 1.0", "1e999, 1.0"),
    "difficulty": progress(cards={NAME: [2, -1, 8.3, 11, *GOOD[4:]]}),
    "due before the review": progress(cards={NAME: [2, -1, 8.3, 1, START - 1, START, 1, 0]}),
    "reviews": progress(cards={NAME: [*GOOD[:6], 0, 0]}),
    "more": progress(cards={NAME: [*GOOD, 1]}),
}


@pytest.mark.slow
def test_progress_goes_into_a_file_and_comes_back(
    new: Callable[..., Trainer], files: Path, tmp_path: Path
) -> None:
    one, other = new(), new()
    one.open(files / "mixed.html")
    one.play("Re8")
    one.play("Rxe8")
    one.rate(4)
    with one.page.expect_download() as download:
        one.page.click("#t-export")
    file = tmp_path / download.value.suggested_filename
    assert file.name == "training-progress.json"
    download.value.save_as(file)
    assert json.loads(file.read_text()) == one.stored()
    other.open(files / "mixed.html")
    assert other.summary == ["0", "5", "0 of 5"]
    other.page.set_input_files("#t-import", file)
    other.page.locator("#t-kept", has_text="Imported: 1 position, 1 newer").wait_for()
    assert other.summary == ["0", "4", "1 of 5"]
    assert other.stored()["cards"] == one.stored()["cards"]
    # The same again is nothing newer.
    other.page.set_input_files("#t-import", file)
    other.page.locator("#t-kept", has_text="0 newer than here").wait_for()


@pytest.mark.slow
def test_hostile_files_are_refused_with_a_sentence(new: Callable[..., Trainer], files: Path) -> None:
    one = new()
    one.open(files / "promotion.html")

    def tried(text: str) -> str:
        file = {"name": "progress.json", "mimeType": "application/json", "buffer": text.encode()}
        one.page.evaluate("document.getElementById('t-kept').textContent = ''")
        one.page.set_input_files("#t-import", file)
        one.page.locator("#t-kept", has_text=".").wait_for()
        return str(one.page.text_content("#t-kept"))

    for what, text in HOSTILE.items():
        said = tried(text)
        assert said.startswith("Not imported, nothing has changed. "), what
        assert said.endswith("."), what
        assert one.page.evaluate(f"localStorage.getItem('{KEY}')") is None, what
    assert tried(progress()) == "Imported: 1 position, 1 newer than here."
    assert one.summary == ["0", "0", "1 of 1"]
    # What stands in the browser is not believed either.
    one.page.evaluate(f"localStorage.setItem('{KEY}', '<script>')")
    one.page.reload()
    assert "could not be read. It is not JSON." in one.page.inner_text("#t-trouble")
    assert one.page.evaluate(f"localStorage.getItem('{KEY}.damaged')") == "<script>"
    assert one.summary == ["0", "1", "0 of 1"]
