"""Print the lowest versions that pyproject.toml declares: `python -m tests.lowest > FILE; pip install -c FILE .`.

`.ci/run` installs these into an environment of their own and runs a fast part of the tests with them.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lowest(dependencies: list[str]) -> list[str]:
    """Return a constraint for each dependency: the version after `>=`, with its marker.

    Raises ValueError for one without a lower bound.
    """
    constraints = []
    for dependency in dependencies:
        requirement, semicolon, marker = dependency.partition(";")
        found = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*>=\s*([0-9][0-9a-z.]*)\s*(?:,.*)?", requirement)
        if found is None:
            raise ValueError(f"{dependency}: no lower bound")
        constraints.append(f"{found[1]}=={found[2]}{semicolon and f' ;{marker}'}")
    return constraints


def main() -> int:
    """Run the command and return its exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print(*lowest(project["dependencies"]), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
