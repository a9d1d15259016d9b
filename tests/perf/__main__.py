"""The command line of all measurements: `python -m tests.perf NAME [options]`, `python -m tests.perf all`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from engine import system
from engine.errors import AnalysisError
from engine.settings import parse_count
from tests.perf import machine, report, sides
from tests.perf.report import Failed, Report, Unavailable

BENCHMARKS = {
    "saturation": "saturation",
    "overhead": "overhead",
    "peers": "peers",
    "cold-start": "cold_start",
    "cache": "cache",
    "memory": "memory",
    "names": "names",
    "million": "million",
    "filter": "filtering",
    "recorded": "recorded",
    "shards": "shards",
    "scale": "scale",
    "units": "units",
    "reconcile": "reconcile",
    "openings": "openings",
    "accuracy-scale": "accuracy_scale",
    "baseline": "baseline",
    "shared": "shared",
    "leaks": "leaks",
    "budget": "budget",
    "puzzles": "known_puzzles",
    "explain": "explain",
    "themes": "themes",
    "difficulty": "difficulty",
    "cluster": "cluster",
    "serve-soak": "serve_soak",
    "viewers": "viewers",
}
"""Command and module. Each module has `options(parser)` and `run(args) -> Report`; its docstring is its help."""

OTHERS = {"all": "everything", "profile": "flame"}
"""Commands that are not benchmarks: they have `main(args) -> exit code` instead of `run`."""

ENDED, MISSING = 1, 3


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code: 0, 1 for a failure, 2 for wrong usage, 3 for something missing."""
    if not argv or argv[0] in ("-h", "--help"):
        print(_overview())
        return 0
    name, words = argv[0], argv[1:]
    if name not in {**BENCHMARKS, **OTHERS}:
        print(f"no benchmark is called {name!r}\n\n{_overview()}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.perf.{({**BENCHMARKS, **OTHERS})[name]}")
    args = _parser(name, module).parse_args(words)
    command = shlex.join(["python", "-m", "tests.perf", name, *words])
    try:
        if name in OTHERS:
            report.show_head(command, machine.describe())
            return int(module.main(args))
        measure(name, module, args, command)
    except (Unavailable, Failed, AnalysisError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        if args.json is not None:
            Report(name=name, command=command, failed=str(error)).save(args.json)
        return MISSING if isinstance(error, Unavailable) else ENDED
    except KeyboardInterrupt:
        return 130
    return 0


def measure(name: str, module: ModuleType, args: argparse.Namespace, command: str) -> Report:
    """Run a benchmark, print its report, and save it as JSON in the file that `--json` names."""
    where = machine.describe()
    report.show_head(command, where)
    started = time.monotonic()
    result: Report = module.run(args)
    result.name, result.command, result.machine, result.quick = name, command, where, args.quick
    result.seconds = round(time.monotonic() - started, 1)
    report.show(result)
    sides.say(f"{name}: {result.seconds:.0f} s in all")
    if args.json is not None:
        result.save(args.json)
    return result


def _parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m tests.perf {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="little work, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every measurement here")
    parser.add_argument("--rounds", type=_positive, help="how often each side is measured")
    parser.add_argument("-e", "--evaluator", metavar="NAME|PATH", help="default: what engine finds")
    parser.add_argument("-j", "--workers", type=_positive, default=system.cores(), help="default: all cores")
    module.options(parser)
    return parser


def _positive(text: str) -> int:
    number = parse_count(text)
    if number < 1:
        raise ValueError(text)
    return number


def _overview() -> str:
    lines = ["python -m tests.perf NAME [options]      (NAME --help says more)", ""]
    for name, module in {**BENCHMARKS, **OTHERS}.items():
        about = (importlib.import_module(f"tests.perf.{module}").__doc__ or "").splitlines()[0]
        lines.append(f"  {name:<15} {about}")
    return "\n".join(lines)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
