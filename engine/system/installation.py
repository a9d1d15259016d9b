"""Is the package `engine` on this machine whole and ours? Another distribution may install one of the same name.

pip overwrites the files of one distribution with those of another without a word, and removes them when the other
is uninstalled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

_OURS = "grandmaster-analysis"
_PACKAGE = "engine/"
_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
"""The folder that `engine` is in."""


def claimants() -> list[str]:
    """Return the other distributions that have installed modules into `engine`, from the records of all."""
    from importlib import metadata  # 15 ms, which a command that has nothing to say need not wait for

    names = set()
    for distribution in metadata.distributions():
        name = distribution.name
        if (
            name
            and name.lower().replace("_", "-") != _OURS
            and any(_modules(distribution.read_text("RECORD") or ""))
        ):
            names.add(name)
    return sorted(names)


def changed_modules() -> list[str]:
    """Return those of our installed modules that are missing, or have another size than when they were installed.

    Nothing of an editable installation, whose modules are where they are written.
    """
    changed = []
    for path, size in _modules(_our_record()):
        try:
            same = not size or os.stat(os.path.join(_FOLDER, path)).st_size == int(size)  # noqa: PTH116, PTH118
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
    missing = [path for path in changed if not os.path.exists(os.path.join(_FOLDER, path))]  # noqa: PTH110, PTH118
    if missing:
        return f"{missing[0]} is missing, as after another package `engine` was uninstalled: {mend[5:]}"
    return f"{changed[0]} is not what was installed: {mend[5:]} puts it back" if changed and thorough else ""


def _our_record() -> str:
    """Return the list of our files that pip keeps beside them; empty where there is none."""
    for entry in os.listdir(_FOLDER):  # noqa: PTH208 - see `claimants`
        if entry.startswith(f"{_OURS.replace('-', '_')}-") and entry.endswith(".dist-info"):
            try:
                with open(os.path.join(_FOLDER, entry, "RECORD"), encoding="utf-8") as file:  # noqa: PTH118
                    return file.read()
            except OSError:
                return ""
    return ""


def _modules(record: str) -> Iterator[tuple[str, str]]:
    """Yield path and size of the modules in `engine` of a record; their names have no commas."""
    for line in record.splitlines():
        if line.startswith(_PACKAGE):
            path, _, rest = line.partition(",")
            if path.endswith(".py"):
                yield path, rest.rpartition(",")[2]
