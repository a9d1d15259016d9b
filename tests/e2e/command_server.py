"""A process that has imported the command already, and forks for every one: `python command_server.py DESCRIPTOR`.

The imports are most of what a short command costs. Each message on the Unix socket with that number is a command:
JSON with its arguments, folder and environment, and the descriptors that become its standard input, output and
error. The answers are its process id and, once it has ended, its exit code. The end of the socket ends the server.

The child leaves the loop and goes on as `python -m engine`: a process of its own, which ends as Python ends.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
from importlib import import_module
from typing import Any

PACKAGES = "engine", "engine_plugins"
ENDING = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def import_package(name: str) -> None:
    """Import a package and all below it, without what needs a library that is missing."""
    try:
        package = import_module(name)
    except ImportError:
        return
    for module in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}."):
        if not module.name.endswith("__main__"):
            import_package(module.name)


def next_command(asked: socket.socket) -> dict[str, Any]:
    """Return a command in a child that is to run it. Does not return in the server."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(asked, 1 << 20, 3)
        if not message:
            sys.exit()
        child = os.fork()
        if not child:
            asked.close()
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
                os.close(descriptor)
            command: dict[str, Any] = json.loads(message)
            return command
        for descriptor in descriptors:
            os.close(descriptor)
        asked.send(str(child).encode())
        asked.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def main() -> None:
    del sys.path[0]  # the folder of this file
    for name in PACKAGES:
        import_package(name)
    assert threading.active_count() == 1, "a child would lack the threads"
    gc.collect()
    gc.freeze()  # or a child's first collection would copy all of it
    # What ends the whole group ends pytest, and that this server.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    command = next_command(socket.socket(fileno=int(sys.argv[1])))
    for number, handler in before.items():
        signal.signal(number, handler)
    os.environ.clear()
    os.environ.update(command["env"])
    os.chdir(command["cwd"])
    sys.argv[1:] = command["arguments"]
    runpy.run_module("engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
