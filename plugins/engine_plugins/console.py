"""The console script. It checks that `engine` is the package of this distribution.

Another module with the name `engine` may come first on `sys.path` (PYTHONPATH, `.pth` files) and hide the
framework. Only a module with another name can then report this.
"""

from __future__ import annotations

import importlib
import os
import sys


def main() -> None:
    """Run the command `engine`, also installed as `grandmaster-analysis`."""
    package = importlib.import_module("engine")
    if not hasattr(package, "__path__") or not os.path.isdir(os.path.join(package.__path__[0], "cli")):  # noqa: PTH112, PTH118
        location = getattr(package, "__file__", None) or next(iter(package.__path__))
        sys.stderr.write(
            f"error: {location} is called like the package of grandmaster-analysis and comes before it on "
            "sys.path; rename it, or take its folder out of PYTHONPATH\n"
        )
        sys.exit(2)
    importlib.import_module("engine.__main__").run()
