"""The processes below a process: found, adopted when their parents die, and measured (Linux).

On other systems nothing is found, and whoever asks does without.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_adopts_since: list[int] = []
"""The process that adopts orphans; not its forks, which have no children of that kind."""


def adopt_orphans() -> None:
    """Make this process the parent of every process below it whose own parent dies (Linux).

    So a daemon that a program leaves cannot get out of reach. It is for processes that are ours alone: whatever is
    adopted will be killed.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):  # a libc without it
            if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0:
                _adopts_since[:] = [os.getpid()]


def adopts_orphans() -> bool:
    """Return whether this process adopts orphans."""
    return _adopts_since == [os.getpid()]


def adopted(ours: Collection[int]) -> list[int]:
    """Return the orphans that this process has adopted, the dead that nobody has reaped among them.

    What runs in this process's own group was started here, and does not count.

    * **ours** - other processes that were started here.
    """
    if not adopts_orphans():
        return []
    found = []
    for pid in _children(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            if pid not in ours and os.getpgid(pid) != os.getpgrp():
                found.append(pid)
    return found


def descendants(roots: Iterable[int]) -> list[int]:
    """Return processes and all that are below them, parents first."""
    found = dict.fromkeys(roots)
    level = list(found)
    while level:
        level = [child for pid in level for child in _children(pid) if child not in found]
        found.update(dict.fromkeys(level))
    return list(found)


def marked(mark: str) -> list[int]:
    """Return the processes that were started with this text in their environment."""
    wanted = mark.encode()
    found = []
    for entry in _listed(_PROC):
        with contextlib.suppress(OSError, ValueError):
            if wanted in (_PROC / entry / "environ").read_bytes():
                found.append(int(entry))
    return found


def memory_over(limit: int, pids: Collection[int]) -> int:
    """Return the bytes of memory that processes have together if that is more than `limit`, else 0.

    Counted are pages of their own and shared ones, in memory or swapped out, but not files that they map, which
    the system can drop. A page that several processes share counts once among them.
    """
    if sum(_at_most(pid) for pid in pids) <= limit:  # cheap, and counts shared pages several times
        return 0
    total = sum(_proportional(pid) for pid in pids)
    return total if total > limit else 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _listed(_PROC / str(pid) / "task"):
        with contextlib.suppress(OSError):
            found += map(int, (_PROC / str(pid) / "task" / thread / "children").read_text().split())
    return found


def _listed(folder: Path) -> list[str]:
    """Return the entries of a folder in /proc that are numbers."""
    with contextlib.suppress(OSError):
        return [name for name in os.listdir(folder) if name.isdecimal()]  # noqa: PTH208 - names are what is wanted
    return []


def _at_most(pid: int) -> int:
    sizes = _sizes(pid, "status")
    return sizes.get("RssAnon", 0) + sizes.get("RssShmem", 0) + sizes.get("VmSwap", 0)


def _proportional(pid: int) -> int:
    sizes = _sizes(pid, "smaps_rollup")
    if "Pss_Anon" not in sizes:  # Linux before 5.3, or not ours to read
        return _sizes(pid, "status").get("RssAnon", 0)
    return sizes["Pss_Anon"] + sizes.get("Pss_Shmem", 0) + sizes.get("SwapPss", 0)


def _sizes(pid: int, file: str) -> dict[str, int]:
    """Return the sizes in bytes from lines such as `RssAnon:  120 kB`."""
    sizes = {}
    with contextlib.suppress(OSError, ValueError):
        for line in (_PROC / str(pid) / file).read_text().splitlines():
            name, _, value = line.partition(":")
            if value.endswith(" kB"):
                sizes[name] = int(value[:-3]) << 10
    return sizes
