"""The accounts of merged parts: what the whole run would have counted, noticed and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TypeVar

from msgspec import structs

from engine.input.part_checks import missing_words
from engine.input.parts import Parts, file_names
from engine.input.shards import InputDigest
from engine.loading.registry import OURS
from engine.model import Failure, Notice, RunCounts
from engine.model.parts import NotedGames, PartEnd, PlacedNotice
from engine.run.accounts import MAX_NOTICES, RunAccounts
from engine.run.notices import Notes
from engine.run.prepare import RunPlan

RECORDED = "recorded"
"""The evaluator of a run that searches nothing."""
_OWN = frozenset({"elsewhere", "notices", "seconds"})
"""Counts that do not add up."""
_Filed = TypeVar("_Filed", Notice, Failure)


def merge_accounts(parts: Parts, accounts: RunAccounts, said: Sequence[str]) -> None:
    """Put the accounts of the parts in the place of those of the run that has merged them.

    * **parts** - the parts, read to their ends.
    * **accounts** - those of the merge: its recount and its own failures stay.
    * **said** - warnings of the merge itself, which stay too.
    """
    ends = [_renamed(parts, name, end) for name, end in parts.ends]
    own, own_warnings = accounts.counts, [each for each in accounts.notices if each.reason in said]
    accounts.counts = _counts(ends)
    accounts.counts.seconds = own.seconds
    if parts.parts and own.analysed != accounts.counts.analysed:
        reason = f"{accounts.counts.analysed:,} games were written to the parts, and {own.analysed:,} can be read"
        accounts.fail(Failure(None, None, None, None, f"{reason}; make the parts again"))
    _merge_notices(ends, accounts, own_warnings)
    accounts.notes = Notes()
    accounts.notes.merge(sorted((noted for end in ends for noted in end.noted), key=_first_game))
    failures = sorted({failure for end in ends for failure in end.failures}, key=_failed_game)
    accounts.failures[:0] = failures
    accounts.follow_up_evaluator = next(filter(None, (end.follow_up_evaluator for end in ends)), None)
    accounts.follow_up_limits = Counter()
    for end in ends:
        accounts.follow_up_limits.update(dict(end.follow_up_limits))
    accounts.digest = InputDigest(ends[0].games, ends[0].checksum)


def warnings_of(plan: RunPlan) -> list[str]:
    """Return, in words, what is not in the parts that are merged."""
    parts = plan.merged
    assert parts is not None
    warnings = []
    if parts.missing:
        warnings.append(f"{missing_words(parts.missing)}: their games are in nothing here")
    if parts.head.version != version(OURS):
        warnings.append(f"made by version {parts.head.version} and merged by {version(OURS)}: figures may differ")
    searched = parts.head.evaluator.name != RECORDED
    asking = [
        name
        for name in plan.aggregators.following_up()
        if name not in parts.head.aggregators and (searched or name not in plan.only_shown)
    ]
    if asking and parts.parts:
        names = ", ".join(asking)
        warnings.append(f"{names}: no follow-up searches, which the shards make with -a +{',+'.join(asking)}")
    return warnings


def _counts(ends: Sequence[PartEnd]) -> RunCounts:
    total = RunCounts()
    for name in RunCounts.__struct_fields__:
        if name not in _OWN:
            setattr(total, name, sum(getattr(end.counts, name) for end in ends))
    return total


def _merge_notices(ends: Sequence[PartEnd], accounts: RunAccounts, own: Sequence[Notice]) -> None:
    """Put the notices of all parts in order, after `own`; those about no game are in each part, and said once."""
    shared: dict[Notice, int] = {}
    placed: list[PlacedNotice] = []
    number = 0
    for end in ends:
        of_games = [one for one in end.notices if one.notice.game is not None]
        placed += of_games
        number += end.counts.notices - (len(end.notices) - len(of_games))
        for one in end.notices:
            if one.notice.game is None:
                shared.setdefault(one.notice, one.after)
    placed += [PlacedNotice(after, notice) for notice, after in shared.items()]
    placed = [*(PlacedNotice(0, notice) for notice in own), *sorted(placed, key=notice_place)][:MAX_NOTICES]
    accounts.notices = [one.notice for one in placed]
    accounts.noticed_after = [one.after for one in placed]
    accounts.counts.notices = number + len(shared) + len(own)


def notice_place(placed: PlacedNotice) -> tuple[int, bool]:
    """Return where a notice stands among others: that about a game at the game, others after those before them."""
    game = placed.notice.game
    return (placed.after, True) if game is None else (game, False)


def _renamed(parts: Parts, name: str, end: PartEnd) -> PartEnd:
    """Return the end of a part with the names of files that the first part has."""
    head = next(head for file, head in parts.heads if file == name)
    names = file_names(head, parts.head)
    if not names:
        return end
    return structs.replace(
        end,
        notices=tuple(structs.replace(one, notice=_with_name(one.notice, names)) for one in end.notices),
        failures=tuple(_with_name(failure, names) for failure in end.failures),
        noted=tuple(_noted(noted, names) for noted in end.noted),
    )


def _with_name(one: _Filed, names: Mapping[str, str]) -> _Filed:
    return structs.replace(one, file=names.get(one.file, one.file)) if one.file is not None else one


def _noted(noted: NotedGames, names: Mapping[str, str]) -> NotedGames:
    file = noted.origin.file
    return structs.replace(noted, origin=structs.replace(noted.origin, file=names.get(file, file)))


def _first_game(noted: NotedGames) -> int:
    return noted.origin.game


def _failed_game(failure: Failure) -> tuple[int, str]:
    return failure.game or 0, failure.reason
