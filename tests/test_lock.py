"""requirements.lock pins all that the project needs, and sbom.cdx.json lists it."""

from __future__ import annotations

import json
import re
import tomllib

from engine_plugins.evaluators import _fetch
from tests import lock

PROJECT = tomllib.loads((lock.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = lock.LOCK.read_text(encoding="utf-8")


def test_every_dependency_is_pinned_with_hashes_and_within_its_bounds() -> None:
    pinned = lock.locked(LOCK)
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["embedded"]
    for requirement in wanted:
        [name] = re.findall(r"^[a-z0-9.-]+", requirement)
        assert name.replace(".", "-") in pinned, requirement
        version = [int(part) for part in re.findall(r"\d+", pinned[name.replace(".", "-")][0])]
        bounds = requirement.partition(";")[0]
        assert all(version >= [*map(int, low.split("."))] for low in re.findall(r">=([\d.]+)", bounds)), (
            requirement
        )
        assert all(version < [*map(int, high.split("."))] for high in re.findall(r"<([\d.]+)", bounds)), (
            requirement
        )
    for block in re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block
    assert "://" not in LOCK


def test_what_breaks_with_a_major_version_is_bounded() -> None:
    for requirement in PROJECT["dependencies"]:
        assert "<" in requirement.partition(";")[0], requirement


def test_the_bill_of_materials_is_that_of_the_lock() -> None:
    bill = json.loads(lock.SBOM.read_text(encoding="utf-8"))
    made = lock.bill_of(LOCK)
    for each in (bill, made):  # what is installed here may be older, with another licence in its metadata
        for component in each["components"]:
            if component["type"] == "library":
                component.pop("licenses", None)
    assert bill == made
    stockfish = bill["components"][-1]
    assert stockfish["hashes"] == [{"alg": "SHA-256", "content": _fetch.SHA256}]
    assert all("licenses" in component for component in bill["components"] if component["type"] != "library")
