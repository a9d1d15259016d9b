"""What a shell offers after `engine analyze -a` and other options: names of plugins, profiles, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from engine.contracts.options import describe
from engine.errors import AnalysisError
from engine.loading.registry import Registry
from engine.settings import profiles as profile_files

RESERVED = ("scoreboard", "search")
"""Names in --set that stand for settings of the framework, not for an aggregator."""
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Have the shell offer files."""
    return [CompletionItem(incomplete, type="file")]


def plugins(namespace: str, *others: str, also_files: bool = False) -> Complete:
    """Return what offers the names of the plugins of a kind, and other values."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = _beginning([*_registry(ctx).names(namespace), *others], incomplete)
        return found or (files(ctx, parameter, incomplete) if also_files else [])

    return complete


def aggregators(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer names of aggregators, the last of `wins,acc` and `+acc`."""
    before, comma, last = incomplete.rpartition(",")
    plus = "+" if last.startswith("+") else ""
    names = ["all", *_registry(ctx).names("engine.aggregators")]
    return [CompletionItem(before + comma + plus + name) for name in names if name.startswith(last.lstrip("+"))]


def profiles(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer profiles and files."""
    return _beginning(sorted(profile_files()), incomplete) or files(ctx, parameter, incomplete)


def options(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer `leaks.`, and after it `leaks.min_moves=`."""
    registry = _registry(ctx)
    kinds = [f"engine.{kind}" for kind in ("aggregators", "writers", "readers", "evaluators", "executors")]
    owner, dot, _ = incomplete.rpartition(".")
    if not dot:
        names = dict.fromkeys([*RESERVED, *(name for kind in kinds for name in registry.names(kind))])
        return _beginning([f"{name}." for name in names], incomplete)
    found: list[str] = []
    for kind in kinds:
        if owner in registry.names(kind):
            try:
                found += [f"{owner}.{option.key}=" for option in describe(registry.load(kind, owner).Options)]
            except AnalysisError:
                continue  # a plugin that does not load has no options to offer
    return _beginning(dict.fromkeys(found), incomplete)


def _registry(ctx: click.Context) -> Registry:
    return Registry(ctx.params.get("plugins") or ())


def _beginning(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
