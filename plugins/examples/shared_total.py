"""Four processes add 100 each; one is killed while it holds the lock, and is replaced. Prints 400.

python plugins/examples/shared_total.py
"""

import os
import signal
from multiprocessing import Process

from engine.shared import SharedCounter

GOAL = 100


def work(counter: SharedCounter, slot: int, *, dies: bool = False) -> None:
    """Add until the slot has 100. What a process that died has added to it counts."""
    while (share := counter.of(slot)) < GOAL:
        if dies and share == GOAL // 2:
            counter.lock.acquire()
            os.kill(os.getpid(), signal.SIGKILL)
        counter.add(slot)


def main() -> None:
    counter = SharedCounter(slots=4)
    processes = [Process(target=work, args=(counter, slot), kwargs={"dies": slot == 1}) for slot in range(4)]
    for process in processes:
        process.start()
    for slot, process in enumerate(processes):
        process.join()
        if process.exitcode == -signal.SIGKILL:
            replacement = Process(target=work, args=(counter, slot))
            replacement.start()
            replacement.join()
    print(counter.value)  # noqa: T201 - a program


if __name__ == "__main__":
    main()
