"""The console script. It checks that `engine` is the package of this distribution.

Another module with the name `engine` may come first on `sys.path` (PYTHONPATH, `.pth` files) and hide the
framework, and another distribution may have installed its modules over ours. Only a module with another name can
then report this.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import NoReturn

_OF_ANOTHER = (
    "{} has modules of another distribution ({}): uninstall that, then pip install --force-reinstall "
    "grandmaster-analysis"
)


def main() -> None:
    """Run the command `engine`, also installed as `grandmaster-analysis`."""
    try:
        package = importlib.import_module("engine")
    except ImportError as error:
        _refuse(_OF_ANOTHER.format("the package engine", error))
    if not hasattr(package, "__path__") or not os.path.isdir(os.path.join(package.__path__[0], "cli")):  # noqa: PTH112, PTH118
        location = getattr(package, "__file__", None) or next(iter(package.__path__))
        _refuse(
            f"{location} is called like the package of grandmaster-analysis and comes before it on sys.path; "
            "rename it, or take its folder out of PYTHONPATH, or uninstall the distribution that it belongs to"
        )
    try:
        reason = importlib.import_module("engine.system.installation").why_not_ours()
    except (ImportError, AttributeError) as error:
        reason = _OF_ANOTHER.format(package.__path__[0], error)
    if reason:
        _refuse(reason)
    importlib.import_module("engine.__main__").run()


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"error: {reason}\n")
    sys.exit(2)
