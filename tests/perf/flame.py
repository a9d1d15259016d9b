"""Profiles the parent with py-spy: what costs most, as a table; with `--svg FILE` as a flame graph.

`overhead` (the default) is PGN to JSON Lines and two reports with an evaluator that costs nothing, `recorded` is
`[%eval]` to reports, `search` an ordinary run with the evaluator that `engine` finds. py-spy comes with the extra:
pip install -e '.[perf]'. The programs it looks at are its own children, which the kernel allows.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path

from tests.perf import answers, games, report, runs, sides
from tests.perf.report import Table, Unavailable

RATE = 500
"""Samples per second."""
SHOWN = 25
_AROUND = ("(click/", "runpy", "engine/cli/", "engine/__main__.py")
"""Parts of frames that call everything else, so their totals say nothing."""
PLIES = 60


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="overhead", choices=["overhead", "recorded", "search"])
    parser.add_argument("--svg", type=Path, metavar="FILE", help="a flame graph instead of the table")
    parser.add_argument("--games", type=int, default=1_000, metavar="N", help="[1000]")
    parser.add_argument("--workers-too", action="store_true", help="sample the workers as well")


def main(args: argparse.Namespace) -> int:
    """Profile a workload and show the result. Raises `Unavailable` without py-spy, `Failed` when the run fails."""
    spy = shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")
    if spy is None:
        raise Unavailable("py-spy is not installed: pip install -e '.[perf]'")
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        command, extra = _workload(args, folder)
        raw = folder / "stacks"
        format_options = (
            ["--format", "flamegraph", "-o", str(args.svg)] if args.svg else ["--format", "raw", "-o", str(raw)]
        )
        subprocess_options = ["--subprocesses"] if args.workers_too else []
        spying = [spy, "record", "--rate", str(RATE), *format_options, *subprocess_options, "--", *command]
        sides.say(f"py-spy, {RATE} samples a second: {args.what}")
        done = subprocess.run(
            spying, env=runs.environment(extra), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        output = args.svg or raw
        # It says with its exit code how the program ended, and on some systems that it was gone at the end.
        if not output.is_file():
            runs.check(done.returncode or 1, done.stderr, spying)
        if args.svg:
            print(f"{args.svg}: open it in a browser")
        else:
            show(raw.read_text(encoding="utf-8", errors="replace"))
    return 0


def _workload(args: argparse.Namespace, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command to profile and its extra environment variables."""
    source = folder / "games.pgn"
    tail: list[str | Path] = [
        "-q",
        "-y",
        "--progress",
        "none",
        "--no-cache",
        "-j",
        str(args.workers),
        "-o",
        folder / "out.jsonl",
    ]
    count = 50 if args.quick else args.games
    if args.what == "overhead":
        games.random_games(source, count, PLIES)
        prepared = answers.write(source, folder / "answers.json")
        words: list[str | Path] = ["-e", "instant", "--plugin", runs.INSTANT, "-a", "accuracy,judgements"]
        return runs.engine_command("analyze", source, *words, *tail), {"PERF_ANSWERS": str(prepared)}
    if args.what == "recorded":
        games.write_match(source, evals=True, times=max(1, count // 24))
        return runs.engine_command("analyze", source, "-e", "recorded", "--keep-duplicates", *tail[:-2]), {}
    games.write_match(source, 1 if args.quick else 4)
    return runs.engine_command("analyze", source, "-e", args.evaluator or "stockfish", *tail), {}


def show(stacks: str) -> None:
    """Print the functions by their own samples, and by those of everything they call.

    * **stacks** - the stacks in py-spy's raw format."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    total = 0
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        names = [_label(frame) for frame in frames.split(";")]
        total += int(count)
        own[names[-1]] += int(count)
        for name in {name for name in names if not any(part in name for part in _AROUND)}:
            whole[name] += int(count)
    for title, counter in (("by its own time", own), ("by all it calls", whole)):
        table = Table(f"{title}, {total:,} samples", ("function", "own", "with all it calls"))
        for name, _ in counter.most_common(SHOWN):
            table.add(name, f"{own[name] / max(1, total):.1%}", f"{whole[name] / max(1, total):.1%}")
        report.show(report.Report(tables=[table]))


def _label(frame: str) -> str:
    """Return a frame as `function (package/file.py)`, without the folders before the package."""
    function, _, place = frame.partition(" (")
    file = place.rstrip(")").rpartition(":")[0] or place.rstrip(")")
    for root in sorted(sys.path, key=len, reverse=True):
        if root and file.startswith(root + "/"):
            file = file[len(root) + 1 :]
            break
    return f"{function} ({file})"
