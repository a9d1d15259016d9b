"""The console script, which makes sure that `engine` is the package of this distribution.

A module of the user's own that is called `engine` may come first on `sys.path` (PYTHONPATH, `.pth` files). It
hides the framework, and then only what is called otherwise can say so.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """`engine`, `grandmaster-analysis`."""
    found = importlib.import_module("engine")
    if not hasattr(found, "__path__") or not (Path(found.__path__[0]) / "cli").is_dir():
        place = getattr(found, "__file__", None) or next(iter(found.__path__))
        sys.stderr.write(
            f"error: {place} is called like the package of grandmaster-analysis and comes before it on sys.path; "
            "rename it, or take its folder out of PYTHONPATH\n"
        )
        sys.exit(2)
    importlib.import_module("engine.cli").main()
