"""What is said at the end of a run about names and tags that nobody has, and games that may be wanted too."""

from __future__ import annotations

from collections.abc import Iterator

from engine.input.seen_names import SeenNames
from engine.run.prepare import RunPlan
from engine.text.format import count

MAX_NAMED = 5
"""Names that are said to be left out, at most."""


def wrong_player(plan: RunPlan) -> Iterator[str]:
    """Yield, in words, that nobody has the name that was asked for, and whose names are near."""
    seen = plan.selection.seen
    if seen is not None and not seen.found:
        yield nobody_called(plan.settings.players[0], seen)


def nobody_called(player: str, seen: SeenNames) -> str:
    """Return, in words, that nobody has a name.

    * **player** - the name.
    * **seen** - the names that there are.
    """
    nearest = [f"`{name}`" for name in seen.nearest()]
    verb = "names are" if len(nearest) > 1 else "name is"
    near = f", the nearest {verb} {', '.join(nearest)}" if nearest else ""
    return f"nobody is called `{player}`{near}"


def missing_tags(plan: RunPlan) -> list[str]:
    """Return, in words, which tags the filter compares that no game has."""
    if plan.merged is not None:
        return [tag for _, end in plan.merged.ends[:1] for tag in end.missing_tags]
    return plan.selection.seen_tags.missing() if plan.selection.seen_tags is not None else []


def left_out(plan: RunPlan) -> Iterator[str]:
    """Yield whose games may be the player's too, when that was not known before the first of them."""
    if plan.merged is not None:
        yield from (reason for _, end in plan.merged.ends[:1] for reason in end.left_out)
    if plan.known.joined is not None or plan.selection.seen is None:
        return
    for name, games, player in plan.selection.seen.maybe()[:MAX_NAMED]:
        yield (
            f"`{name}` ({count(games, 'game')}) may be `{player}` too, and is left out, because the input is read "
            f"only once; --same '{player}={name}' takes it"
        )
