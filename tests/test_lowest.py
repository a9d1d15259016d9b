"""The lowest versions of the dependencies, with which `.ci/run` runs some tests."""

from __future__ import annotations

import tomllib

import pytest

from tests.lowest import ROOT, lowest


def test_every_dependency_has_a_lowest_version() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    constraints = lowest(dependencies)
    assert len(constraints) == len(dependencies)
    assert "click==8.4" in constraints
    assert "backports.zstd==1.0 ; python_version < '3.14'" in constraints


@pytest.mark.parametrize("dependency", ["chess", "chess<2", "chess==1.11"])
def test_a_dependency_without_one_is_refused(dependency: str) -> None:
    with pytest.raises(ValueError, match="no lower bound"):
        lowest([dependency])
