"""A process that stores units and says which are stored: `cache_writer.py FILE NAME COUNT [BYTES]`.

It says `open` and waits for a line before it opens the cache, prints each number once `put` has returned, and at
the end the notice. No file that it writes may become larger than BYTES: a full disk, without one.
"""

from __future__ import annotations

import hashlib
import itertools
import signal
import sys
from pathlib import Path

from engine.cache.store import Cache
from engine.model import Evaluation, Score


def key(name: str, n: int) -> bytes:
    return hashlib.blake2b(f"{name} {n}".encode(), digest_size=16).digest()


def value(name: str, n: int) -> tuple[Evaluation, ...]:
    """Large and small ones, each different from all others."""
    pv = ("e2e4", "e7e5") * 6
    return tuple(Evaluation(Score(cp=n * 100 + k), pv, len(name), n) for k in range(12 if n % 3 else 1))


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    say("open")
    sys.stdin.readline()
    if len(sys.argv) > 4:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
    cache = Cache(path)
    for n in range(count) if count else itertools.count():
        cache.put([(key(name, n), value(name, n))])
        assert cache.get(key(name, n)) == value(name, n)
        say(n)
    cache.close()
    say(cache.notice)


if __name__ == "__main__":
    main()
