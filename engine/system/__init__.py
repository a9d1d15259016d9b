"""The only package that uses more of the operating system than Python promises everywhere.

Linux is tested. macOS uses the same calls as far as it has them, untested. Windows uses the guarded fallbacks:
`multiprocessing`'s own locks instead of ones that the kernel releases, and no UCI programs (`can_drive_programs`).
Tests take `fcntl` and `resource` away and analyse a file with what is left.
"""

from engine.system.clock import AwakeClock
from engine.system.hosts import hidden_by, why_no_children
from engine.system.locks import KernelLock, lock_file
from engine.system.processes import (
    blame,
    collect_seldom,
    end_with_parent,
    ending_signals,
    is_from_outside,
    is_stopped,
    leave_signals_to_parent,
    name_signal,
    without_main,
)
from engine.system.programs import (
    can_drive_programs,
    has_ended,
    kill_group,
    leave_no_core,
    limit_memory,
    start_guard,
    start_in_group,
)
from engine.system.queues import abandon, close_reader, task_queue
from engine.system.resources import ATOMIC_WRITE, CAN_PIN, apply_cpu_settings, cores, memory
from engine.system.waiter import Waiter

__all__ = [
    "ATOMIC_WRITE",
    "CAN_PIN",
    "AwakeClock",
    "KernelLock",
    "Waiter",
    "abandon",
    "apply_cpu_settings",
    "blame",
    "can_drive_programs",
    "close_reader",
    "collect_seldom",
    "cores",
    "end_with_parent",
    "ending_signals",
    "has_ended",
    "hidden_by",
    "is_from_outside",
    "is_stopped",
    "kill_group",
    "leave_no_core",
    "leave_signals_to_parent",
    "limit_memory",
    "lock_file",
    "memory",
    "name_signal",
    "start_guard",
    "start_in_group",
    "task_queue",
    "why_no_children",
    "without_main",
]
