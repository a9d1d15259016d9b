"""A run in which nothing is searched: games are analysed by the batch in other processes."""

from __future__ import annotations

from collections import deque

from engine.input.games import FilteredGame, select_games
from engine.input.sources import BrokenSource, NoGameYet
from engine.run.batches import BatchJob, BatchPool, BatchResult, batches
from engine.run.started import Parts, StartedRun


class RecordedRun(StartedRun):
    """One run over games whose evaluations stand in the input."""

    def __init__(self, parts: Parts, *, games_wanted: bool) -> None:
        """`games_wanted`: whether an output or a listener takes the games themselves."""
        super().__init__(parts)
        self._games_wanted = games_wanted

    def _work(self) -> None:
        settings = self._plan.settings
        pool = BatchPool(self._job(), workers=self._plan.workers, start_method=settings.start_method)
        try:
            self._drive(pool)
            self._report(pool, last=True)
        finally:
            pool.close()

    def _job(self) -> BatchJob:
        plan, evaluator = self._plan, self._evaluators.main
        return BatchJob(
            plugins=plan.registry.files,
            aggregators=tuple(choice for choice in plan.aggregator_plan.chosen if isinstance(choice, str)),
            options=plan.aggregator_plan.options,
            players=plan.settings.players,
            search=plan.settings.search,
            evaluator=evaluator.info,
            reads_input=evaluator.reads_input,
            winning_cp=plan.settings.scoreboard.winning_cp,
            size=plan.settings.scoreboard.size,
            games_wanted=self._games_wanted,
            labels_wanted=self._accounts.keeps_labels,
            nice=plan.settings.nice,
        )

    def _drive(self, pool: BatchPool) -> None:
        plan, progress = self._plan, self._progress
        items = batches(select_games(plan.sources, plan.readers, plan.selection))
        line: deque[FilteredGame | BrokenSource | None] = deque()
        """Everything that was read, in input order: None stands for a batch."""
        while not progress.exhausted or line:
            if self._stopping and not progress.exhausted:
                self._interrupted = progress.exhausted = True
            while not progress.exhausted and pool.has_room():
                item = next(items, None)
                if item is None:
                    progress.exhausted = True
                elif isinstance(item, list):
                    pool.submit(item)
                    line.append(None)
                elif isinstance(item, NoGameYet):
                    break
                else:
                    line.append(item)
            if line:
                head = line.popleft()
                if head is None:
                    self._merge(pool.next())
                else:
                    self._accounts.pass_over(head)
            self._report(pool)

    def _merge(self, batch: BatchResult) -> None:
        accounts, delivery = self._accounts, self._delivery
        accounts.merge(batch.counts, batch.notices)
        self._scoreboard.record_batch(batch.counts.positions, batch.recount.wins, batch.recount.best)
        accounts.recount.merge(batch.recount)
        for label in batch.labels:
            accounts.labels.know(*label)
        delivery.aggregators.take(batch.states, batch.crashes, batch.unevaluated)
        for item in batch.items:
            if item.game is not None:
                delivery.write(item.game)
                accounts.left(item.game)
            elif item.skipped is not None:
                delivery.write_skipped(item.skipped)
