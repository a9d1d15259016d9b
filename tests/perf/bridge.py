"""The embedded Stockfish as a UCI program on standard input and output, for callers that can only drive a program.

`python -m tests.perf.bridge`. A search cannot be stopped, because lines are read only after it has ended.
"""

from __future__ import annotations

import sys

from engine.system.paths import cache_dir
from engine_plugins.evaluators import _fetch, _wasm


def main() -> None:
    program = _wasm.Program(_wasm.load(_fetch.ensure(), _fetch.SHA256, cache_dir() / "compiled"))
    for line in sys.stdin:
        text = line.strip()
        if text == "quit":
            break
        if text and text != "stop":
            for answer in program.command(text):
                sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
