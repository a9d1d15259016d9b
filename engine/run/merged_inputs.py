"""Inputs that are parts of a run, and what they decide about the run that merges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import structs

from engine.errors import ConfigError, InputError
from engine.input.part_checks import check_parts
from engine.input.parts import Parts, no_part, read_parts
from engine.input.sources import Source
from engine.output.files import Targets
from engine.output.names import PLAYER
from engine.plugin import Reader
from engine.run.look_ahead import Known
from engine.run.merged_settings import check_reports_only, chooses_games, state_choices
from engine.run.players import Joined, Wanted
from engine.run.plugin_options import AggregatorChoice, short_name
from engine.settings import Settings

Needed = Literal["all", "some"]
"""Which parts of a run are needed to merge them: all, or those that are there."""


def find_parts(
    sources: Sequence[Source], readers: Mapping[str, Reader], settings: Settings, needed: Needed | None
) -> Parts | None:
    """Return the parts of a run that the inputs are and that are to be merged; None for other inputs.

    * **needed** - which of the parts have to be there; None: the inputs need not be parts.

    Raises InputError.
    """
    try:
        return _find_parts(sources, readers, settings, needed)
    except BaseException:
        for source in sources:
            source.close()
        raise


def _find_parts(
    sources: Sequence[Source], readers: Mapping[str, Reader], settings: Settings, needed: Needed | None
) -> Parts | None:
    parts = read_parts(sources, readers)
    if parts is not None and (needed is not None or parts.states or not chooses_games(settings, parts)):
        check_parts(parts, allow_missing=needed != "all")
        return parts
    if needed is not None:
        raise InputError(no_part(sources, readers))
    return None


def check_outputs_of_shard(settings: Settings, outputs: Sequence[str]) -> None:
    """Check that a shard has no outputs for each player, whose games are in all shards. Raises ConfigError."""
    if settings.shard is not None and any(PLAYER in name for name in outputs):
        raise ConfigError("--shard: a player's games are in all shards; write .jsonl, and {player} when you merge")


def known_of(parts: Parts, settings: Settings) -> tuple[Known, Wanted]:
    """Return what the parts tell of the players, and what was wanted of names."""
    head = parts.head
    joined = None if head.joined is None else Joined(head.joined, head.apart)
    given = structs.replace(settings, players=tuple(head.settings.get("players", ())))
    return Known(head.players, joined), structs.replace(Wanted.of(given), known=joined)


def of_states(
    parts: Parts, names: Sequence[AggregatorChoice] | None, targets: Targets, *, also: Sequence[str] = ()
) -> list[AggregatorChoice]:
    """Return the aggregators whose states are merged, with those that outputs add. Raises ConfigError."""
    check_reports_only(targets.targets)
    chosen = state_choices(parts, names)
    known = {short_name(choice) for choice in chosen}
    return [*chosen, *state_choices(parts, [name for name in dict.fromkeys(also) if name not in known])]
