"""The cost of embedding: resources left by 100 analyses, blocks of a web server's event loop, and the time of an
evaluation beside a batch.

    python -m tests.perf.embedding
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn

import engine
from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import DATA

CLASSICS = DATA / "classics.pgn"
NO_CACHE = engine.Settings(cache="")
CLIENTS = """
import http.client, sys
from concurrent.futures import ThreadPoolExecutor
body = open(sys.argv[2], "rb").read()
def ask(k):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=300)
    connection.request("POST", "/analyze", body + b"\\n" * k)
    answer = connection.getresponse().read()
    assert b'{"reports"' in answer, answer[-200:]
with ThreadPoolExecutor(20) as clients:
    list(clients.map(ask, range(20)))
"""


def resources_held() -> str:
    """Describe what this process holds: child processes, threads, descriptors, and resident memory in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    size = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    below, descriptors = len(processes.descendants(os.getpid())), len(list(Path("/proc/self/fd").iterdir()))
    return f"{below} processes, {threading.active_count()} threads, {descriptors} descriptors, {size:.1f} MiB"


def measure_leaks(fake: str) -> None:
    print(f"before:               {resources_held()}")
    with engine.Analyzer(evaluator=fake, workers=2, settings=NO_CACHE) as first:
        for k in range(101):
            if k in (1, 11, 51):
                print(f"after {k:>3} analyses:   {resources_held()}")
            first.analyze(CLASSICS, nodes=10 + k)
        print(f"after 101 analyses:   {resources_held()}")
        with engine.Analyzer(evaluator=fake, workers=2, settings=NO_CACHE) as second:
            runs = [analyzer.submit(CLASSICS, nodes=500) for analyzer in (first, second)]
            wins = [run.result().wins for run in runs]
            print(f"two Analyzers at once: {resources_held()}, {wins} wins")
    print(f"closed:               {resources_held()}")


def measure_evaluate(fake: str) -> None:
    with engine.Analyzer(evaluator=fake, workers=2, settings=NO_CACHE) as analyzer:
        began = time.perf_counter()
        analyzer.evaluate(nodes=10)
        cold = time.perf_counter() - began
        run = analyzer.submit(CLASSICS, nodes=10)
        analyzer.evaluate(nodes=10)
        seconds = []
        while not run.done and len(seconds) < 50:
            began = time.perf_counter()
            analyzer.evaluate(nodes=10)
            seconds.append(time.perf_counter() - began)
        run.cancel()
    median = sorted(seconds)[len(seconds) // 2]
    print(f"evaluate(): {cold:.2f} s cold; beside a batch, searches of 20 ms: median {1000 * median:.0f} ms")


async def measure_loop() -> None:
    """Measure blocks of the event loop: it serves the example web server to twenty clients in another process."""
    sys.path.insert(0, "plugins/examples")
    import web

    server = uvicorn.Server(uvicorn.Config(web.app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it offers nothing to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    waits: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.001)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(5)
    print(f"nobody asks: longest waits of the loop: {[round(1000 * wait, 1) for wait in sorted(waits)[-3:]]} ms")
    for attempt in ("first", "again", "again"):
        waits.clear()
        began = time.perf_counter()
        clients = await asyncio.create_subprocess_exec(sys.executable, "-c", CLIENTS, str(port), str(CLASSICS))
        assert await clients.wait() == 0
        longest = [round(1000 * wait, 1) for wait in sorted(waits)[-3:]]
        took = time.perf_counter() - began
        print(f"20 clients at once, {attempt}: {took:.1f} s; longest blocks of the loop: {longest} ms")
    watching.cancel()
    server.should_exit = True
    await serving


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ENGINE_HOME"] = folder
        os.environ["PATH"] = f"{fake_uci(Path(folder) / 'bin', filename='stockfish').parent}:{os.environ['PATH']}"
        fake = str(fake_uci(Path(folder) / "fake"))
        measure_leaks(fake)
        measure_evaluate(str(fake_uci(Path(folder) / "slow", delay=0.02)))
        asyncio.run(measure_loop())


if __name__ == "__main__":
    main()
