"""The processes below a process: found, adopted when their parents die, and measured (Linux).

On other systems nothing is found, and whoever asks does without.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterable

_PR_SET_CHILD_SUBREAPER = 36
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
    return [int(entry) for entry in _numbers("/proc") if wanted in _read(f"/proc/{entry}/environ")]


def is_stopped(pid: int) -> bool:
    """Return whether a process has been stopped (SIGSTOP) and not by a debugger; False where that is not told."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1] == [b"T"]


def memory_over(limit: int, pids: Collection[int]) -> int:
    """Return the bytes of memory that processes have together if that is more than `limit`, else 0.

    Counted are pages of their own and shared ones, in memory or swapped out, but not files that they map, which
    the system can drop. A page that several processes share counts once among them.
    """
    if sum(_at_most(pid) for pid in pids) <= limit:  # cheap, and counts shared pages several times
        return 0
    total = sum(_proportional(pid) for pid in pids)
    return total if total > limit else 0


# Read five times a second for each worker, hence without pathlib.


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _numbers(f"/proc/{pid}/task"):
        found += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _at_most(pid: int) -> int:
    return sum(_sizes(pid, "status", "RssAnon", "RssShmem", "VmSwap"))


def _proportional(pid: int) -> int:
    names = ("Pss_Anon", "Pss_Shmem", "SwapPss")
    sizes = _sizes(pid, "smaps_rollup", *names)
    # Linux before 5.3, or not ours to read: at least what is its own.
    return sum(sizes if len(sizes) == len(names) else _sizes(pid, "status", "RssAnon"))


def _sizes(pid: int, file: str, *names: str) -> list[int]:
    """Return the sizes in bytes from lines such as `RssAnon:  120 kB`, as far as there are such lines."""
    text = b"\n" + _read(f"/proc/{pid}/{file}")
    lines = [text.partition(f"\n{name}:".encode())[2].partition(b" kB")[0] for name in names]
    return [int(line) << 10 for line in lines if line]


def _numbers(folder: str) -> list[str]:
    """Return the entries of a folder in /proc that are numbers."""
    with contextlib.suppress(OSError):
        return [name for name in os.listdir(folder) if name.isdecimal()]  # noqa: PTH208 - see above
    return []


def _read(path: str) -> bytes:
    """Return the content of a file in /proc; nothing if it cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:
        return file.read()
    return b""
