"""Every page ends with a real table, and it is what the aggregator says today."""

from __future__ import annotations

import inspect

import pytest

from engine.loading.registry import OURS, Registry
from tests.pages import EXAMPLES, page


def test_every_aggregator_has_an_example() -> None:
    described = Registry().describe("engine.aggregators")
    assert sorted(info.name for info in described if info.distribution == OURS) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_what_the_aggregator_says(name: str) -> None:
    """Run `python -m tests.pages` when the example is out of date and the new one is right."""
    cls = Registry().load("engine.aggregators", f"{OURS}:{name}")
    assert (inspect.getdoc(cls) or "").endswith(page(name))
