"""`engine doctor`."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from engine import system
from engine.cache.store import Cache, default_path
from engine.cli import live, values
from engine.errors import AnalysisError
from engine.loading import evaluators
from engine.loading.registry import CONTRACTS, Registry
from engine.run.speed import measure_speed, measure_speeds
from engine.settings import build_settings
from engine.system import installation, paths
from engine.text.logs import shown_logs


@click.command("doctor", short_help="Say which evaluator would be used, how fast it is, and what is wrong.")
@values.evaluator_options
@values.verbose_option
@click.pass_context
def command(ctx: click.Context, /, **flags: Any) -> None:
    """Say which evaluator would be used and why, how fast it is, and what is wrong. Exit code 3 without one."""
    with shown_logs(values.log_level(flags)):
        settings = build_settings({"evaluator_options": values.evaluator_options_in(flags)})
        _say(
            "version",
            f"{version('grandmaster-analysis')}, Python {platform.python_version()}, {platform.platform()}",
        )
        _print_machine()
        lacking = _print_system()
        _print_folders()
        broken = _print_plugins()
        replaced = installation.why_not_ours(thorough=True)
        if replaced:
            _say("package", f"NOT OURS ALONE: {replaced}")
        try:
            _print_evaluator(flags["evaluator"] or settings.evaluator_name, settings.evaluator_options)
        except AnalysisError as error:
            _say("evaluator", f"NONE: {error.message}")
            ctx.exit(3)
    ctx.exit(1 if broken or lacking or replaced else 0)


def _say(label: str, text: str) -> None:
    click.echo(f"{label:<12}{live.clean(text)}")


def _print_machine() -> None:
    allowed, present = system.cores(), os.cpu_count() or 1
    limited = "" if allowed == present else f" of {present} (affinity or control group)"
    _say("cores", f"{allowed} allowed{limited}")
    memory = system.memory()
    _say("memory", f"{memory / 2**30:.1f} GiB" if memory else "unknown")


def _print_system() -> bool:
    """Print what a run needs of the system, and what to do where that is missing; return whether no run can be."""
    unshared, semaphores = system.why_nothing_shared(), system.why_no_semaphores()
    temporary = system.why_no_temporary_files()
    if unshared:
        _say("sharing", f"IMPOSSIBLE between processes: {unshared}; TMPDIR names a folder on a local disk")
    elif semaphores:
        _say("sharing", f"memory and locks work; NO SEMAPHORES: {semaphores}")
        _say("", "a plugin that uses multiprocessing's own locks cannot work; /dev/shm as a tmpfs would mend it")
    else:
        _say("sharing", "memory, locks and semaphores work")
    if temporary:
        _say("temporary", f"NO FOLDER for temporary files: {temporary}")
        _say("", "-o FILE.sqlite and the start method forkserver need one; TMPDIR=FOLDER names it")
    else:
        _say("temporary", tempfile.gettempdir())
    encoding = (sys.stdout.encoding if sys.stdout is not None else None) or "unknown"
    names = sys.getfilesystemencoding()
    _say("output", encoding if names == encoding else f"{encoding}, names of files {names}")
    if not encoding.lower().startswith("utf"):
        _say("", "what it has no character for is shown as ?; LC_ALL=C.UTF-8, or PYTHONUTF8=1, shows all")
    return bool(unshared)


def _print_folders() -> None:
    for name, folder in (
        ("cache", paths.cache_dir()),
        ("data", paths.data_dir()),
        ("settings", paths.config_dir()),
    ):
        _say(name, f"{folder}{_state(folder)}")
    path = default_path()
    if path.exists():
        cache = Cache(path)
        info = cache.info()
        _say("", cache.notice or f"{info.units:,} units, {info.bytes / 2**20:.1f} MiB in {path.name}")
        cache.close()


def _state(folder: Path) -> str:
    if not folder.exists():
        return " (not made yet)"
    if not os.access(folder, os.W_OK):
        return " (NOT WRITABLE)"
    reason = system.why_no_locks(folder)
    return f" (NO LOCKS: {reason}; ENGINE_HOME names a folder on another disk)" if reason else ""


def _print_plugins() -> bool:
    """Print how many plugins there are, and the broken ones; return whether one is broken."""
    registry = Registry()
    infos = [info for namespace in CONTRACTS for info in registry.describe(namespace)]
    broken = [info for info in infos if info.broken]
    _say("plugins", f"{len(infos)}, {len(broken)} broken")
    for info in broken:
        _say("", f"BROKEN {info.namespace} {info.name} ({info.distribution} {info.version}): {info.summary}")
    return bool(broken)


def _print_evaluator(name: str, options: dict[str, object]) -> None:
    """Print which evaluator is used, and why, and measure its speed. Raises AnalysisError without one."""
    choice = evaluators.choose(Registry(), name, options)
    info = choice.info
    _say("evaluator", f"{info.name} ({info.why or 'named'})")
    _say("", f"version {info.version}, fingerprint {info.fingerprint[:16]}, plays {', '.join(info.variants)}")
    if choice.spec is None:
        return
    speed = measure_speed(choice.spec)
    cores = system.cores()
    speeds = measure_speeds(choice.spec, cores)
    _say("speed", f"{live.short(speed)} nodes/s on one core, {live.short(sum(speeds))} on all {cores}")
    if len(speeds) < cores:
        _say("", f"NOT ALL: {cores - len(speeds)} of {cores} processes did not answer")
