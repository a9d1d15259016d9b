"""Do parts belong together? Whatever does not is said with the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.errors import InputError
from engine.input.parts import Parts
from engine.input.shards import Shard, parse_shard
from engine.model.parts import PartHead
from engine.text.json import encode

_NAMED = 12
"""Missing shards that are named."""
_SHOWN = 80
"""Characters of a setting that are shown."""


def check_parts(parts: Parts, *, allow_missing: bool) -> None:
    """Check that the parts are of one run and that all are there, and keep which are not in `Parts.missing`.

    Raises `InputError` for parts of runs with other settings, versions or inputs, for a shard that is there twice,
    and unless `allow_missing`, for one that is not there.
    """
    heads = parts.heads
    first_name, first = heads[0]
    for name, head in heads[1:]:
        for difference in _differences(first, head):
            raise InputError(f"{first_name} and {name} are parts of different runs: {difference}")
    shards: dict[Shard, str] = {}
    for name, head in heads:
        shard = parse_shard(head.shard)
        if shard in shards:
            raise InputError(f"shard {shard} is there twice, {shards[shard]} and {name}; leave one out")
        shards[shard] = name
    of = next(iter(shards)).of
    parts.missing = [shard for shard in (Shard(k, of) for k in range(1, of + 1)) if shard not in shards]
    if parts.missing and not allow_missing:
        raise InputError(
            f"{missing_words(parts.missing)}; run `engine analyze` with each of them for --shard, or merge what "
            "is there with --allow-missing"
        )


def missing_words(missing: Sequence[Shard]) -> str:
    """Return which shards are missing, in words."""
    named = ", ".join(str(shard) for shard in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
    return f"shard {named} is missing" if len(missing) == 1 else f"shards {named}{more} are missing"


def _differences(first: PartHead, head: PartHead) -> Iterator[str]:
    if first.version != head.version:
        yield f"versions {first.version} and {head.version} of the framework; make all with the same"
    own, other = parse_shard(first.shard), parse_shard(head.shard)
    if own.of != other.of:
        yield f"shards {own} and {other}; their numbers of shards differ"
    for name in sorted({*first.settings, *head.settings}):
        values = [each.settings.get(name) for each in (first, head)]
        if values[0] != values[1]:
            said = " and ".join(_shown(value) for value in values)
            yield f"{name.replace('_', ' ')} {said}; make all shards with the same command"
    if first.evaluator.fingerprint != head.evaluator.fingerprint:
        names = [f"{each.evaluator.name} {each.evaluator.version}".strip() for each in (first, head)]
        how = " and ".join(names) if names[0] != names[1] else f"two builds or options of {names[0]}"
        yield f"the evaluators are {how}; make all with the same"
    if (first.limit, first.adaptive) != (head.limit, head.adaptive):
        yield f"limits {first.limit.words} and {head.limit.words}; make all shards with the same"
    if len(first.inputs) != len(head.inputs):
        yield f"{len(first.inputs):,} and {len(head.inputs):,} input files; make all of the same files"
    if (first.players, first.joined, first.apart) != (head.players, head.joined, head.apart):
        yield "other players are meant, because the inputs differ; make all of the same files"


def _shown(value: Any) -> str:
    text = encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
