"""The end of a run: the scoreboard is checked, the reports are made, the outputs are put into place."""

from __future__ import annotations

from msgspec import structs

from engine.errors import InputError
from engine.model import EvaluatorInfo, Failure, Notice, RunResult
from engine.run.accounts import RunAccounts
from engine.run.delivery import Delivery
from engine.run.finish_words import left_out, missing_tags, wrong_player
from engine.run.merged_accounts import merge_accounts, warnings_of
from engine.run.part_facts import end_of, head_of, state_of
from engine.run.per_player import MAX_PLAYERS
from engine.run.prepare import RunPlan
from engine.workers.scoreboard import Scoreboard, ScoreboardView


def finish(  # noqa: PLR0913 - everything that is open at the end of a run
    plan: RunPlan,
    evaluator: EvaluatorInfo,
    accounts: RunAccounts,
    delivery: Delivery,
    scoreboard: Scoreboard,
    *,
    interrupted: bool,
) -> RunResult:
    """Return the result of a run whose work is done.

    Raises InputError when no input held a readable game, OutputError when an output cannot be written.
    """
    view = _checked_view(accounts, scoreboard, interrupted=interrupted)
    merged = plan.merged
    if merged is not None and plan.selection.games is None and not interrupted:
        merge_accounts(merged, accounts, warnings_of(plan))
    end = None if accounts.digest is None or interrupted else end_of(plan, accounts, delivery.aggregators)
    _check_that_there_were_games(plan, accounts, interrupted=interrupted)
    accounts.say_notes()
    players = delivery.player_outputs
    if players is not None and players.left_out:
        accounts.warn(f"files for the first {MAX_PLAYERS} players only; --player NAME says whose you want")
    reports = delivery.reports()
    for sentence in (*left_out(plan), *delivery.aggregators.joined.sentences()):
        accounts.notice(Notice("note", None, None, None, sentence))
    limits = accounts.follow_up_limits
    result = RunResult(
        reports=reports,
        wins=view.wins,
        best=view.best,
        evaluator=evaluator,
        limit=plan.limit if merged is None else merged.head.limit,
        counts=accounts.counts,
        failures=tuple(accounts.failures),
        notices=tuple(accounts.notices),
        outputs=(),
        interrupted=interrupted,
        adaptive=plan.is_adaptive if merged is None else merged.head.adaptive,
        game=accounts.only_game,
        follow_up_evaluator=accounts.follow_up_evaluator if accounts.counts.follow_ups else None,
        follow_up_limits=tuple(sorted(limits, key=lambda limit: (-limits[limit], str(limit)))),
        players=delivery.aggregators.joined.names,
        kept=None if accounts.games is None else tuple(accounts.games),
    )
    if end is not None:
        head = head_of(plan, evaluator)
        result = structs.replace(result, state=state_of(plan, head, end, accounts, delivery.aggregators))
        result = structs.replace(result, failures=tuple(accounts.failures))
    names = delivery.finish(result)
    return structs.replace(result, failures=tuple(accounts.failures), outputs=tuple(names))


def _checked_view(accounts: RunAccounts, scoreboard: Scoreboard, *, interrupted: bool) -> ScoreboardView:
    """Return the scoreboard, which must equal the recount from the results; a failure is reported if not."""
    recount = accounts.recount
    if interrupted:
        scoreboard.settle(recount.wins, recount.best)
    view = scoreboard.view()
    if (view.wins, view.best) != (recount.wins, tuple(recount.best)):
        difference = (
            f"{view.wins} wins, the results {recount.wins}" if view.wins != recount.wins else "other best scores"
        )
        reason = f"the scoreboard says {difference}; the reports are right, please tell the maintainers"
        accounts.fail(Failure(None, None, None, None, reason))
    return view


def _check_that_there_were_games(plan: RunPlan, accounts: RunAccounts, *, interrupted: bool) -> None:
    """Raise InputError for a wrong file, player or tag; warn of a file without games or without wanted ones."""
    counts = accounts.counts
    names = ", ".join(source.name for source in plan.sources)
    is_broken = accounts.has_broken_input
    if counts.analysed:
        for reason in missing_tags(plan):
            accounts.notice(Notice("warning", names, None, None, f"{reason}; comparisons with it are false"))
    if counts.read == 0 and not is_broken and not interrupted:
        shard = f" of shard {plan.settings.shard}; there are {counts.elsewhere:,}" if counts.elsewhere else ""
        accounts.notice(Notice("warning", names, None, None, f"no game{shard or ' in it'}"))
    elif counts.read and counts.filtered == counts.read and not interrupted:
        reason = f"no game of {counts.read:,} passed the filters"
        if wrong := [*wrong_player(plan), *missing_tags(plan)]:
            raise InputError(f"{names}: {reason}; {'; '.join(wrong)}")
        accounts.notice(Notice("warning", names, None, None, reason))
    elif (counts.damaged or is_broken) and not (
        counts.analysed or counts.variant or counts.filtered or counts.elsewhere or interrupted
    ):
        first = next(notice for notice in accounts.notices if notice.kind == "damaged")
        raise InputError(f"no readable game in {names}: {first.reason}")
