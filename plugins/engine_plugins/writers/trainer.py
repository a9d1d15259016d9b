"""HTML: the trainer, one page that opens from the disk and asks the positions of a run until they are known.

`-o training.html`, or `NAME.training.html`, makes cards of the aggregators `mistakes` and `puzzles`, which it adds
to the run; a position that occurs twice is one card. A card is solved on the board, with mouse, touch or keyboard,
or by typing the move. All moves that the report accepts are right, and so is every move that mates. There are two
hints, and the solution with the reason. Theme, phase, opening and cost choose the cards. A row with a move that is
not legal is left out, which the page says; where there is no card it says why.

FSRS 6 decides when a card comes again, with its default parameters, for a retention of 90% and without chance.
Cards that are due come first, then new ones, 20 a day unless the page is told another number. After a right
answer one says how well one knew it; showing the solution counts as *Again*.

The browser keeps the progress by position, so that a page of later games goes on with it. A browser may keep it by
file for files on the disk: export and import take it along. Like the report, the page loads nothing, and text
from games is never interpreted as HTML. The HTML report has the same trainer; `--set html.trainer=false` leaves it
out.

The page has 80 kB, and 0.4 kB for each card; `--set mistakes.positions=500` makes more of them.
"""

from __future__ import annotations

from typing import ClassVar

from engine.model import RunResult
from engine.plugin import Writer


class TrainerHtml(Writer):
    """The trainer: positions to solve on a board, repeated until they are known, in one file."""

    suffixes: ClassVar[tuple[str, ...]] = (".training.html",)
    names: ClassVar[tuple[str, ...]] = ("training.html",)
    reports: ClassVar[tuple[str, ...]] = ("mistakes", "puzzles")

    def finish(self, result: RunResult) -> None:
        from engine.web.pages import page
        from engine.web.pages.trainer.cards import deck

        names = self.info.player or ", ".join(self.info.players)
        cards = deck(result.reports, result.counts.analysed)
        title = f"Training positions of {names}" if names else "Training positions"
        self.stream.write(page.trainer(cards, title=title, interrupted=result.interrupted))
