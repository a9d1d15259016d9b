"""A cluster on this machine, for runs that name none: Dask's LocalCluster in a process of its own.

The process waits for the end of its input, which comes when the client closes it, and also when the client is
killed. Then it kills the workers, removes its files and ends. If it is killed itself, the workers end by
themselves, since Dask ends a worker whose nanny is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine import system
from engine.errors import EvaluatorError

_START_SECONDS = 120.0
"""Seconds after which a cluster that has not started is given up."""
_END_SECONDS = 3.0


class LocalCluster:
    """The process that has the scheduler, and the parent of the workers."""

    def __init__(self, workers: int) -> None:
        """Begin to start it, without waiting. Raises EvaluatorError."""
        self._folder = tempfile.mkdtemp(prefix="engine-dask-")
        command = [sys.executable, "-m", __name__, str(workers), self._folder]
        try:
            # Ctrl-C is for the client, which then ends it. It ends without tidying up, and multiprocessing, which
            # then does so, would say it.
            variables = {"PYTHONWARNINGS": "ignore", "DASK_TEMPORARY_DIRECTORY": self._folder}
            self._process = system.start_apart(command, {**os.environ, **variables})
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EvaluatorError(f"no process for a cluster can be started: {error.strerror or error}") from error

    def address(self) -> str:
        """Wait for the scheduler and return its address. Raises EvaluatorError."""
        assert self._process.stdout is not None
        ready = select.select([self._process.stdout], [], [], _START_SECONDS)[0]
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise EvaluatorError("the cluster on this machine did not start; --executor local needs none")
        return line.decode().strip()

    def close(self) -> None:
        """End all its processes. May be called twice."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def main(workers: int, folder: str) -> None:
    """Run as the process of the cluster, until its input ends."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    asyncio.run(_serve(workers, folder))


async def _serve(workers: int, folder: str) -> None:
    from distributed import LocalCluster as DaskCluster

    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    starting = asyncio.ensure_future(_started(DaskCluster, workers, folder))
    ending = asyncio.ensure_future(ended.wait())
    await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
    nannies = []
    if starting.done():
        cluster = starting.result()
        print(cluster.scheduler_address, flush=True)  # noqa: T201 - to the client
        await ended.wait()
        nannies = list(cluster.workers.values())
    for nanny in nannies:
        if pid := getattr(nanny, "pid", None):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # workers that are only starting end when they notice


async def _started(cluster: Any, workers: int, folder: str) -> Any:
    return await cluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,  # evaluators have limits of their own
        local_directory=folder,
        silence_logs=logging.CRITICAL,
        asynchronous=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), str(Path(sys.argv[2])))
