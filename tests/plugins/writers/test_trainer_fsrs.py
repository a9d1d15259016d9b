"""The trainer's spaced repetition is that of the PyPI package `fsrs`: its script beside the package."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.plugins.writers.node import run_scripts

START = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
DAYS = 60
DRIVER = """
const answer = data.map((reviews) => {
  let memory = null;
  return reviews.map(([rating, now]) => (memory = review(memory, rating, now)));
});
"""


def run(sequences: list[list[tuple[int, int]]]) -> list[list[dict[str, Any]]]:
    """Return the memories that the script has after each review: rating, and time in milliseconds."""
    answers: list[list[dict[str, Any]]] = run_scripts(["trainer/script/fsrs.js"], DRIVER, sequences)
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
