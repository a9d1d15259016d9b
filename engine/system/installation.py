"""Is the package `engine` on this machine whole and ours? Another distribution may install one of the same name.

pip overwrites the files of one distribution with those of another without a word, and removes them when the other
is uninstalled.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from importlib import metadata

_OURS = "grandmaster-analysis"
_PACKAGE = "engine/"


def claimants() -> list[str]:
    """Return the other distributions that have installed modules into `engine`, from the records of all."""
    names = set()
    for distribution in metadata.distributions():
        name = distribution.name
        if name and name.lower().replace("_", "-") != _OURS and any(_modules(distribution)):
            names.add(name)
    return sorted(names)


def changed_modules() -> list[str]:
    """Return those of our installed modules that are missing, or have another size than when they were installed.

    Nothing of an editable installation, whose modules are where they are written.
    """
    try:
        ours = metadata.distribution(_OURS)
    except metadata.PackageNotFoundError:
        return []
    changed = []
    for path, size in _modules(ours):
        try:
            same = not size or os.stat(str(ours.locate_file(path))).st_size == int(size)  # noqa: PTH116 - many
        except (OSError, ValueError):
            same = False
        if not same:
            changed.append(path)
    return changed


def why_not_ours(*, thorough: bool = False) -> str:
    """Return what is wrong with the package and what to do about it; empty when nothing is.

    * **thorough** - whether a distribution counts too that has changed no module of ours, and a module that no
      other distribution has changed. Looking for these takes longer.
    """
    changed = changed_modules()
    others = claimants() if changed or thorough else []
    mend = f"then pip install --force-reinstall {_OURS}"
    if others:
        what = f"replaced {changed[0]}" if changed else "installs a package `engine` too"
        return f"{', '.join(others)} {what}: pip uninstall {' '.join(others)}, {mend}"
    missing = [path for path in changed if not os.path.exists(str(metadata.distribution(_OURS).locate_file(path)))]  # noqa: PTH110
    if missing:
        return f"{missing[0]} is missing, as after another package `engine` was uninstalled: {mend[5:]}"
    return f"{changed[0]} is not what was installed: {mend[5:]} puts it back" if changed and thorough else ""


def _modules(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Yield path and size of the modules in `engine` that a distribution has installed."""
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        if row and row[0].startswith(_PACKAGE) and row[0].endswith(".py"):
            yield row[0], row[2] if len(row) > 2 else ""  # noqa: PLR2004 - path, hash, size
