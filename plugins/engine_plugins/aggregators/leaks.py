"""Groups of moves in which a player is weaker than elsewhere, beside the opponents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Column, Metric, Reference, Report, ReportTable
from engine.plugin import Aggregator, Counts, JointMoments, Needs, Options, Sum, TopK, keyed
from engine_plugins.aggregators._common import NO_EVALUATIONS, left_out
from engine_plugins.aggregators._leak_charts import charts
from engine_plugins.aggregators._leak_figures import OURS, THEIRS, Group, figures, rate
from engine_plugins.aggregators._leak_groups import ALL, KINDS, parts
from engine_plugins.aggregators._leak_words import WORDS, findings, ranked, reading

_UNIT = "Win% per 100 moves"
_ALIKE = 5
"""Games with one and the same result that are no chance."""
_MOVES = 5
"""Worst moves that are kept of a group."""


class LeaksOptions(Options, frozen=True):
    """Options of `leaks`."""

    min_moves: Annotated[
        int, Meta(ge=2, le=1_000_000, description="Moves that a group needs on each side to be ranked.")
    ] = 50
    ranked: Annotated[int, Meta(ge=0, le=1000, description="Rows of the table of leaks.")] = 10
    openings: Annotated[
        int, Meta(ge=0, le=10_000, description="Openings that are compared and listed, those with the most moves.")
    ] = 20


class Leaks(Aggregator):
    """Why do I lose? Where you are weaker than elsewhere, measured by your opponents in the same games.

    Every move with an evaluation before and after it belongs to one group of each kind: the phase of the game, the
    clock left before the move, the piece moved, the Win% before the move, the opening, the opponent's rating, your
    colour and the month. The figure of a group is the Win% lost per 100 moves; 100 is one whole game thrown from
    a certain win to a certain loss. A move that gains Win% counts as a loss of 0.

    Your figure minus that of your opponents in the same group is more than 0 where you lose more than they do;
    positions that are hard for everybody do not count against you. *Weaker* is this difference minus the same over
    all moves, since a player who loses more than the opponents everywhere is not weaker in every group. ± is half
    of its 95% interval. *Cost* is weaker times the share of your moves that are in the group: Win% per 100 of all
    your moves.

    The moves of one game depend on each other, and yours on your opponent's. So intervals are by game: they follow
    from sums over games (linearised ratios, games as clusters, Student's t with the games as degrees of freedom;
    few long games count as fewer).

    Many groups are compared, and some differ by chance. *Sure*: if you were equally strong everywhere, a report
    would call anything sure in at most 5% of cases (Holm). *Likely*: of what is sure or likely, at most one in
    five is expected to be false (Benjamini and Hochberg), and the 95% interval of each leaves out 0. Everything
    else *may be chance*. `python -m tests.perf leaks` tries this with the sides of each game swapped at random.
    Leaks are ranked by this word, then by cost.

    A group with fewer than `min_moves` moves on either side, or in one game only, is not compared. The opponent's
    rating, colour and month never are: everybody loses more than a stronger opponent, and as Black, and a month is
    nothing to work on.

    Name a player with `--player`. Without it there are no opponents, and every group is compared with all moves,
    except by Win% before the move: in a lost position little can be lost.

    The clock left is in percent of base time + 40 increments, as in Lichess's Insights, before the move; of daily
    games, in percent of the time for a move. Win% is Lichess's.

    Each row refers to the worst moves of its group, at most one of a game.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a leaks --player 'Stockfish 1700'

        Leaks, the most certain first, then by cost
        Kind      Group              Moves  Games    Lost  Theirs  Weaker       ±   Cost  Certainty
        piece     pawn                 145     12  243.37  152.53   82.67   99.57  22.36  may be chance
        phase     endgame              190     11   79.28   44.30   26.82   67.00   9.51  may be chance
        piece     king                  58     10  119.50   53.74   57.60  192.93   6.23  may be chance
        standing  won (80 and more)    159      6  104.81   78.97   17.68  176.44   5.25  may be chance
        piece     knight                76     12  261.10  218.55   34.38  178.66   4.88  may be chance
        piece     rook                  93     12  173.17  142.89   22.11  102.56   3.84  may be chance
        … 3 more
        Units: Lost, Theirs, Weaker, ±, Cost: Win% per 100 moves.
        Weaker: lost less theirs, less the same over all moves, ± its 95% interval by game; below 0 is
        stronger. Cost: weaker times the share of the moves. The moves are the worst of the group, at
        most one of a game. Sure: if nothing were weak, a report would call anything sure in at most 5%
        of cases (Holm). Likely: of what is sure or likely, at most one in five is expected to be false
        (Benjamini and Hochberg), and the 95% interval of each leaves out 0.
        By clock left
        Group         Moves  Games    Lost  Theirs  Weaker       ±   Cost  Certainty
        under 10%       358     12  184.82  171.93    4.72   40.45   3.15  may be chance
        10-25%           45     12  276.63  311.55  -43.08  396.46  -3.62  –
        25-50%           64     12  300.85  288.38    4.29  170.36   0.51  may be chance
        50% and more     69     12  196.06  183.62    4.28   75.19   0.55  may be chance
    """

    Options = LeaksOptions
    options: LeaksOptions
    order = 10

    @classmethod
    def needs(cls, options: LeaksOptions) -> Needs:
        return Needs(evaluations=True)

    games = Sum()
    # The keys of these states are kind and group, `phase|endgame`.
    sums = keyed(JointMoments(8))
    """Thousandths of Win% lost and moves, ours and theirs, in the group and in all moves of the same games."""
    played = Counts()
    """Games in which we made moves of the group."""
    worst = keyed(TopK(_MOVES))
    """Our worst moves, at most one of a game."""
    together = Counts()
    """Our moves by their phase, clock, piece and standing, joined by `&`."""

    results = Counts()
    """Games by our points, where one side is ours."""

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        self.games.add()
        if len(game.view) == 1:
            self.results.add(str(game.points(game.view[0])))
        groups, cells = parts(game)
        if not groups:
            return
        everything = groups[ALL].sums
        for key, part in groups.items():
            self.sums[key].add(*part.sums, *everything)
            if part.moves:
                self.played.add(key)
            if part.worst_ply >= 0:
                self.worst[key].add(part.worst, game.origin.game, part.worst_ply)
        for cell, number in cells.items():
            self.together.add("&".join(cell), number)

    def report(self) -> Report:
        sums, everything = dict(self.sums.each()), self.sums.get(ALL)
        alone = not everything.sums[3]
        groups = figures(sums, dict(self.played.each()), self.options.min_moves, self.options.openings)
        moves = everything.sums[1]
        if self._chosen_by_result:
            groups = [group._replace(certainty=group.certainty and "may be chance") for group in groups]
        return Report(
            title="Leaks",
            metrics=self._metrics(everything),
            tables=tuple(self._tables(groups, alone=alone)),
            notes=tuple(self._notes(groups, moves, alone=alone)),
            findings=tuple(findings(groups, moves, self.options.min_moves, self._shared, self._references)),
            charts=tuple(charts(groups, sums, self._references, alone=alone)),
        )

    @property
    def _chosen_by_result(self) -> bool:
        """Whether all games ended alike, so that they look as if they had been chosen for it."""
        [(result, games), *others] = self.results.most_common(2) or [("", 0)]
        return games >= _ALIKE and not others and result != "None"

    def _metrics(self, everything: JointMoments) -> dict[str, Metric]:
        ours, theirs = rate(everything, OURS), rate(everything, THEIRS)
        return {
            "lost": Metric(ours and ours.value, "Lost", "float", _UNIT),
            "opponents": Metric(theirs and theirs.value, "Lost by the opponents", "float", _UNIT),
            "moves": Metric(everything.sums[1], "Moves"),
            "games": Metric(self.games.value, "Games"),
        }

    def _tables(self, groups: Sequence[Group], *, alone: bool) -> Iterator[ReportTable]:
        """Yield the tables that have rows."""
        leaks = ranked(groups)[: self.options.ranked]
        if leaks:
            yield ReportTable(
                "leaks",
                "Leaks, the most certain first, then by cost",
                (Column("kind", "Kind"), *_columns(alone=alone)),
                tuple((group.kind, *_row(group, alone=alone)) for group in leaks),
                tuple(map(self._references, leaks)),
                f"{reading(alone=alone, compared=True)} {WORDS}",
            )
        for key, kind in KINDS.items():
            rows = [group for group in groups if group.kind == key]
            if rows:
                compared = kind.compared_alone if alone else kind.compared
                yield ReportTable(
                    key,
                    kind.title,
                    _columns(alone=alone),
                    tuple(_row(group, alone=alone) for group in rows),
                    tuple(map(self._references, rows)),
                    reading(alone=alone, compared=compared),
                )

    def _references(self, group: Group) -> tuple[Reference, ...]:
        return tuple(Reference(move.game, move.ply) for move in self.worst.get(group.key).entries())

    def _shared(self, first: Group, second: Group) -> int:
        """Return how many of our moves are in both groups, or how many must be, since openings are not crossed."""
        if first.kind == second.kind:
            return 0
        if "opening" in (first.kind, second.kind):
            return max(0, first.moves + second.moves - self.sums.get(ALL).sums[1])
        cells = ((key.split("&"), number) for key, number in self.together.each())
        return sum(number for cell, number in cells if first.key in cell and second.key in cell)

    def _notes(self, groups: Sequence[Group], moves: int, *, alone: bool) -> Iterator[str]:
        if not moves:
            yield NO_EVALUATIONS
            return
        if self._chosen_by_result:
            yield (
                "All of these games ended alike. Games that are chosen by their result look weak or strong where "
                "they were decided, so nothing is called sure; without the filter, it can be."
            )
        if alone:
            yield "Compared with all moves; --player NAME compares a player with the opponents."
        found = {group.kind for group in groups}
        for kind, data in (("clock", "clocks"), ("strength", "ratings"), ("opening", "named openings")):
            if kind not in found:
                yield f"No data by {kind}: the games have no {data}."
        openings = sum(1 for _ in self.played.each("opening|"))
        listed = sum(group.kind == "opening" for group in groups)
        yield from left_out("openings", openings - listed, "leaks.openings")


def _columns(*, alone: bool) -> tuple[Column, ...]:
    return (
        Column("group", "Group"),
        Column("moves", "Moves", "int"),
        Column("games", "Games", "int"),
        Column("lost", "Lost", "float", _UNIT),
        *(() if alone else (Column("opponents", "Theirs", "float", _UNIT),)),
        Column("weaker", "Weaker", "float", _UNIT),
        Column("interval", "±", "float", _UNIT),
        Column("cost", "Cost", "float", _UNIT),
        Column("certainty", "Certainty"),
    )


def _row(group: Group, *, alone: bool) -> tuple[Cell, ...]:
    theirs = () if alone else (group.opponents,)
    name = group.name.replace(".", "-") if group.kind == "month" else group.name  # as in all reports
    counts = name, group.moves, group.games
    return (*counts, group.lost, *theirs, group.weaker, group.error, group.cost, group.certainty)
