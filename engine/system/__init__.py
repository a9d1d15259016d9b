"""The only package that uses more of the operating system than Python promises everywhere.

Linux is tested. macOS uses the same calls as far as it has them, untested. Windows uses the guarded fallbacks:
`multiprocessing`'s own locks instead of ones that the kernel releases, and no UCI programs (`can_drive_programs`).
Tests take `fcntl` and `resource` away and analyse a file with what is left.
"""

from engine.system.anonymous import close_array, shared_array
from engine.system.children import start_child
from engine.system.clock import AwakeClock
from engine.system.descendants import adopt_orphans, is_stopped
from engine.system.heap import give_back, keep_heap_small
from engine.system.hosts import hidden_by, why_no_children
from engine.system.locks import KernelLock, lock_file
from engine.system.probes import (
    why_no_locks,
    why_no_semaphores,
    why_no_temporary_files,
    why_nothing_shared,
)
from engine.system.processes import (
    blame,
    collect_seldom,
    end_with_parent,
    ending_signals,
    is_from_outside,
    leave_signals_to_parent,
    name_signal,
    start_apart,
    without_main,
)
from engine.system.programs import Guard, can_drive_programs
from engine.system.queues import abandon, close_reader, task_queue
from engine.system.resources import ATOMIC_WRITE, CAN_PIN, apply_cpu_settings, cores, memory
from engine.system.waiter import Waiter, readiness

__all__ = [
    "ATOMIC_WRITE",
    "CAN_PIN",
    "AwakeClock",
    "Guard",
    "KernelLock",
    "Waiter",
    "abandon",
    "adopt_orphans",
    "apply_cpu_settings",
    "blame",
    "can_drive_programs",
    "close_array",
    "close_reader",
    "collect_seldom",
    "cores",
    "end_with_parent",
    "ending_signals",
    "give_back",
    "hidden_by",
    "is_from_outside",
    "is_stopped",
    "keep_heap_small",
    "leave_signals_to_parent",
    "lock_file",
    "memory",
    "name_signal",
    "readiness",
    "shared_array",
    "start_apart",
    "start_child",
    "task_queue",
    "why_no_children",
    "why_no_locks",
    "why_no_semaphores",
    "why_no_temporary_files",
    "why_nothing_shared",
    "without_main",
]
