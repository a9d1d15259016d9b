"""What other processes are told of a run, whose games they analyse by the batch."""

from __future__ import annotations

import msgspec

from engine.run.batches import BatchJob
from engine.run.prepare import RunPlan
from engine.run.started import Evaluators, Parts


def can_be_shared_out(plan: RunPlan, evaluators: Evaluators) -> bool:
    """Whether other processes can have the run's plugins and do all that is done with a game when it is known."""
    return (
        (evaluators.follow_ups is None or not plan.aggregators.following_up())
        and plan.player_templates is None
        and all(isinstance(choice, str) for choice in plan.aggregator_plan.chosen)
        and not plan.registry.given
        and plan.workers > 1
    )


def batch_job(parts: Parts, *, searched: bool, games_wanted: bool) -> BatchJob:
    """Return the job; from now on the outputs take encoded games, where their writers can.

    * **searched** - whether the batches are of games that the run has searched.
    * **games_wanted** - whether a listener takes the games themselves.
    """
    plan, evaluator, outputs = parts.plan, parts.evaluators.main, parts.delivery.outputs
    encoders = outputs.encode_elsewhere()
    return BatchJob(
        plugins=plan.registry.files,
        readers={name: msgspec.to_builtins(options) for name, options in plan.plugin_options.readers.items()},
        aggregators=tuple(choice for choice in plan.aggregator_plan.chosen if isinstance(choice, str)),
        options=plan.aggregator_plan.options,
        players=plan.settings.players,
        search=plan.settings.search,
        evaluator=evaluator.info,
        reads_input=evaluator.reads_input,
        winning_cp=plan.settings.scoreboard.winning_cp,
        size=plan.settings.scoreboard.size,
        games_wanted=games_wanted or outputs.takes_games(),
        encoders=encoders,
        labels_wanted=parts.accounts.keeps_labels,
        searched=searched,
        nice=plan.settings.nice,
    )
