"""The end of a run: the scoreboard is checked, the reports are made, the outputs are put into place."""

from __future__ import annotations

from msgspec import structs

from engine.errors import InputError
from engine.model import EvaluatorInfo, Failure, Notice, RunResult
from engine.run.accounts import RunAccounts
from engine.run.delivery import Delivery
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
    view = _checked_view(plan, accounts, scoreboard, interrupted=interrupted)
    _check_that_there_were_games(plan, accounts, interrupted=interrupted)
    accounts.say_notes()
    players = delivery.player_outputs
    if players is not None and players.left_out:
        accounts.warn(f"files for the first {MAX_PLAYERS} players only; --player NAME says whose you want")
    reports = delivery.reports()
    for sentence in delivery.aggregators.joined.sentences():
        accounts.notice(Notice("note", None, None, None, sentence))
    result = RunResult(
        reports=reports,
        wins=view.wins,
        best=view.best,
        evaluator=evaluator,
        limit=plan.limit,
        counts=accounts.counts,
        failures=tuple(accounts.failures),
        notices=tuple(accounts.notices),
        outputs=(),
        interrupted=interrupted,
        adaptive=plan.settings.search.adaptive,
        game=accounts.only_game,
        players=delivery.aggregators.joined.names,
    )
    names = delivery.finish(result)
    return structs.replace(result, failures=tuple(accounts.failures), outputs=tuple(names))


def _checked_view(
    plan: RunPlan, accounts: RunAccounts, scoreboard: Scoreboard, *, interrupted: bool
) -> ScoreboardView:
    """Return the scoreboard, which must equal the recount from the results; a failure is reported if not."""
    recount = accounts.recount
    if interrupted:
        scoreboard.settle(recount.wins, recount.best)
    view = scoreboard.view()
    if plan.settings.search.adaptive:
        # What a deeper search has corrected downwards may still stand on the board.
        scoreboard.settle(view.wins, recount.best)
        view = scoreboard.view()
    if (view.wins, view.best) != (recount.wins, tuple(recount.best)):
        difference = (
            f"{view.wins} wins, the results {recount.wins}" if view.wins != recount.wins else "other best scores"
        )
        reason = f"the scoreboard says {difference}; the reports are right, please tell the maintainers"
        accounts.fail(Failure(None, None, None, None, reason))
    return view


def _check_that_there_were_games(plan: RunPlan, accounts: RunAccounts, *, interrupted: bool) -> None:
    """Raise InputError for a wrong file; warn of an empty one, and of one of which nothing was wanted."""
    counts = accounts.counts
    names = ", ".join(source.name for source in plan.sources)
    is_broken = accounts.has_broken_input
    if counts.read == 0 and not is_broken and not interrupted:
        accounts.notice(Notice("warning", names, None, None, "no game in it"))
    elif counts.read and counts.filtered == counts.read and not interrupted:
        nearest = plan.selection.seen.nearest() if plan.selection.seen is not None else []
        names_near = ", ".join(f"`{name}`" for name in nearest)
        near = f"; nobody is called that, the nearest names are {names_near}" if nearest else ""
        reason = f"no game of {counts.read:,} passed the filters{near}"
        accounts.notice(Notice("warning", names, None, None, reason))
    elif (counts.damaged or is_broken) and not (
        counts.analysed or counts.variant or counts.filtered or interrupted
    ):
        first = next(notice for notice in accounts.notices if notice.kind == "damaged")
        raise InputError(f"no readable game in {names}: {first.reason}")
