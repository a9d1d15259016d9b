"""Processor cores and memory that this process may use."""

from __future__ import annotations

import os
import select
from pathlib import Path

ATOMIC_WRITE: int = getattr(select, "PIPE_BUF", 512)
"""Bytes that reach a pipe in one piece or not at all; POSIX promises 512."""

CAN_PIN = hasattr(os, "sched_setaffinity")
"""Whether a process can be kept to one core."""


def apply_cpu_settings(slot: int, *, nice: int, pin: bool) -> None:
    """Lower this process's priority and keep it to one core, and with it the programs that it starts.

    What the system does not have is left out.

    * **slot** - the worker's slot, from 1; it chooses the core.
    * **nice** - added to the niceness; 0 leaves it.
    * **pin** - whether to keep to one core.
    """
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    if pin and CAN_PIN:
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[(slot - 1) % len(allowed)]})


def cores() -> int:
    """Return how many cores this process may use, by its affinity and the quota of its control group."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        count = os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(count, quota)) if quota is not None else count


def _cgroup_quota() -> int | None:
    """Return the whole cores that the control group allows, rounded up; None without a quota."""
    for quota_file, period_file in (
        ("/sys/fs/cgroup/cpu.max", None),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    ):
        try:
            words = Path(quota_file).read_text().split()
            if period_file is not None:
                words += Path(period_file).read_text().split()
            quota, period = int(words[0]), int(words[1])
        except (OSError, ValueError, IndexError):
            continue
        if quota > 0 and period > 0:
            return max(1, -(-quota // period))
    return None


def memory() -> int | None:
    """Return the bytes of memory that this process may use; None when the system does not say."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(name).read_text()))
        except (OSError, ValueError):
            continue
    return total
