"""Groups of moves in which a player loses more than the opponents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Moments, Needs, Options, Sum, keyed
from engine_plugins.aggregators._common import NO_EVALUATIONS, left_out, lost, mean, milli, other, reach

_CLOCK = ((10, "under 10%"), (25, "10-25%"), (50, "25-50%"), (1000, "50% and more"))
"""Clock left before a move, in percent of base time + 40 increments; upper bounds."""
_STANDING = ((20, "lost (under 20)"), (40, "worse (20-40)"), (60, "level (40-60)"), (80, "better (60-80)"))
"""The mover's Win% before a move; upper bounds."""
_WON = "won (80 and more)"
_STRENGTH = (
    (-199, "200 and more below"),
    (-99, "100-199 below"),
    (100, "about equal"),
    (200, "100-199 above"),
)
"""The opponent's rating minus ours; upper bounds, exclusive."""
_STRONGEST = "200 and more above"
_PIECES = {"N": "knight", "B": "bishop", "R": "rook", "Q": "queen", "K": "king", "O": "castling"}
_DIMENSIONS = {
    "phase": ("By phase", ("opening", "middlegame", "endgame")),
    "clock": ("By clock left", tuple(name for _, name in _CLOCK)),
    "piece": ("By piece moved", ("pawn", *_PIECES.values())),
    "standing": ("By Win% before the move", (*(name for _, name in _STANDING), _WON)),
    "strength": ("By opponent's rating", (*(name for _, name in _STRENGTH), _STRONGEST)),
    "color": ("By colour", ("white", "black")),
    "opening": ("By opening", ()),
    "month": ("By month", ()),
}
"""Title by key, and the groups in their order where the order is fixed."""
_NEARLY_ALL = 60
"""Percent of the moves; a group with more says little about itself."""
_MONTH = 7
"""Number of characters in `2026.11`."""
_WHOLE = 100_000
"""The whole clock in thousandths of a percent; a player who was given time can have more."""


class LeaksOptions(Options, frozen=True):
    """Options of `leaks`."""

    min_moves: Annotated[
        int, Meta(ge=2, le=1_000_000, description="Moves that a group needs on each side to be ranked.")
    ] = 50
    ranked: Annotated[int, Meta(ge=0, le=1000, description="Rows of the table of leaks.")] = 10
    openings: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of openings.")] = 20


class Leaks(Aggregator):
    """Why do I lose? Where you give away more than your opponents do in the same games.

    Every move with an evaluation before and after it belongs to one group of each kind: the phase of the game, the
    clock left before the move, the piece moved, the Win% before the move, the opponent's rating, your colour, the
    opening and the month. The figure of a group is the Win% lost per 100 moves; 100 is one whole game thrown from
    a certain win to a certain loss. A move that gains Win% counts as a loss of 0.

    The baseline is the moves of your opponents in the same games and the same group, so that positions that are
    hard for everybody do not count against you. *More* is your figure minus theirs, with its 95% interval (two
    means, normal approximation; the moves of one game are treated as independent, which makes it a little too
    narrow). *Cost* is this difference times the share of your moves that are in the group: Win% per 100 of all
    your moves. Leaks are ranked by cost. A group with fewer than `min_moves` moves on either side is not ranked.
    When many groups are compared, one in twenty differs by chance, so trust a group with an interval above 0 and
    many moves.

    Name a player with `--player`. Without it there are no opponents, and every group is compared with the average
    of all moves.

    The clock left is in percent of base time + 40 increments, as in Lichess's Insights, before the move; of daily
    games, in percent of the time for a move. Win% is Lichess's.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a leaks --player 'Stockfish 1700'

        Leaks, greatest cost first
        Kind      Group                      Moves    Lost  Theirs   More       ±   Cost
        strength  200 and more above           327  220.43  149.31  71.12   69.94  43.39
        piece     pawn                         145  243.37  152.53  90.83   90.31  24.57
        phase     endgame                      190   79.28   44.30  34.99   39.26  12.40
        opening   Caro-Kann Defense (White)     56  178.32   90.69  87.63  102.00   9.15
        clock     under 10%                    358  184.82  171.93  12.89   74.38   8.61
        opening   Sicilian Defense (Black)      56  239.45  159.21  80.24  167.98   8.38
        … 4 more
        By clock left
        Group         Moves    Lost  Theirs    More       ±   Cost
        under 10%       358  184.82  171.93   12.89   74.38   8.61
        10-25%           45  276.63  311.55  -34.92  300.29  -2.93
        25-50%           64  300.85  288.38   12.46  158.22   1.49
        50% and more     69  196.06  183.62   12.44   85.36   1.60
    """

    Options = LeaksOptions
    options: LeaksOptions
    order = 10

    @classmethod
    def needs(cls, options: LeaksOptions) -> Needs:
        return Needs(evaluations=True)

    games = Sum()
    # The keys of these states are kind and group, `phase|endgame`; the values are thousandths of Win% lost.
    ours = keyed(Moments())
    theirs = keyed(Moments())

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        self.games.add()
        lefts = _clocks_before(game)
        for k, ply in enumerate(game.plies):
            loss = lost(ply)
            if loss is None:
                continue
            mover = game.turn(k)
            viewed = mover if mover in game.view else other(mover)
            side = self.ours if mover == viewed else self.theirs
            side["all|"].add(loss)
            for group in _groups(game, k, viewed, lefts[k]):
                side[group].add(loss)

    def report(self) -> Report:
        groups = [self._group(kind, name) for kind in _DIMENSIONS for name in self._names(kind)]
        everything = self._group("all", "")
        ranked = self._ranked(groups)
        return Report(
            title="Leaks",
            metrics={
                "lost": Metric(everything.rate, "Win% lost per 100 moves", "float"),
                "opponents": Metric(everything.baseline if self.theirs else None, "Opponents", "float"),
                "moves": Metric(everything.ours.n, "Moves"),
                "games": Metric(self.games.value, "Games"),
            },
            tables=(
                ReportTable("leaks", "Leaks, greatest cost first", _COLUMNS, tuple(map(_ranked_row, ranked))),
                *(self._table(kind, title, groups) for kind, (title, _) in _DIMENSIONS.items()),
            ),
            notes=(*self._sentences(ranked), *self._notes(everything)),
        )

    def _names(self, kind: str) -> list[str]:
        fixed = _DIMENSIONS[kind][1]
        names = {key.partition("|")[2] for key, _ in self.ours.items() if key.startswith(f"{kind}|")}
        if fixed:
            return [name for name in fixed if name in names]
        if kind == "opening":
            ranked = sorted(names, key=lambda name: (-self.ours.get(f"opening|{name}").n, name))
            return ranked[: self.options.openings]
        return sorted(names, reverse=True)

    def _group(self, kind: str, name: str) -> _Group:
        key = f"{kind}|{name}"
        everyone = None if self.theirs else mean(100 * self.ours.get("all|").sum, self.ours.get("all|").n, 1000)
        share = mean(100 * self.ours.get(key).n, self.ours.get("all|").n)
        return _Group(kind, name, self.ours.get(key), self.theirs.get(key), everyone, share)

    def _ranked(self, groups: list[_Group]) -> list[_Group]:
        """Return the groups with enough moves that cost something, the greatest cost first."""
        minimum = self.options.min_moves
        large = [
            group
            for group in groups
            if group.ours.n >= minimum and (group.theirs.n >= minimum or group.everyone is not None)
        ]
        costly = [group for group in large if (group.cost or 0) > 0]
        return sorted(costly, key=lambda group: (-(group.cost or 0), group.kind, group.name))[
            : self.options.ranked
        ]

    def _table(self, kind: str, title: str, groups: list[_Group]) -> ReportTable:
        return ReportTable(kind, title, _COLUMNS[1:], tuple(_row(group) for group in groups if group.kind == kind))

    def _sentences(self, ranked: list[_Group]) -> Iterator[str]:
        """Yield at most three sentences, on leaks whose interval is above 0."""
        if not self.theirs:
            return
        sure = [group for group in ranked if group.more is not None and group.more > (group.error or 0)]
        for group in _most_telling(sure):
            yield (
                f"{group.words}: {group.rate:.0f} Win% lost per 100 moves, the opponents {group.baseline:.0f} "
                f"({group.more:+.0f} ± {group.error:.0f}, {group.ours.n:,} moves, {group.share:.0f}% of all)."
            )
        if ranked and not sure:
            yield "No leak is sure: every interval includes 0. More games would narrow them."

    def _notes(self, everything: _Group) -> Iterator[str]:
        if not everything.ours.n:
            yield NO_EVALUATIONS
            return
        if not self.theirs:
            yield "Compared with the average of all moves; --player NAME compares a player with the opponents."
        for kind, data in (("clock", "clocks"), ("strength", "ratings"), ("opening", "named openings")):
            if not self._names(kind):
                yield f"No data by {kind}: the games have no {data}."
        openings = sum(key.startswith("opening|") for key, _ in self.ours.items())
        yield from left_out("openings", openings - len(self._names("opening")), "leaks.openings")


def _most_telling(groups: list[_Group]) -> list[_Group]:
    """Return three groups, if possible of different kinds and without nearly all of the moves."""
    telling = [group for group in groups if (group.share or 0) <= _NEARLY_ALL]
    first = {group.kind: group for group in reversed(telling)}
    chosen = [group for group in telling if first[group.kind] is group]
    chosen += [group for group in (*telling, *groups) if group not in chosen]
    return chosen[:3]


class _Group(NamedTuple):
    """Our moves in one group and those of the opponents."""

    kind: str
    name: str
    ours: Moments
    theirs: Moments
    everyone: float | None
    """Win% lost per 100 of all moves, the baseline if there are no opponents; else None."""
    share: float | None
    """Share of all our moves in percent."""

    @property
    def rate(self) -> float | None:
        """Win% that we lost per 100 moves."""
        return mean(100 * self.ours.sum, self.ours.n, 1000)

    @property
    def baseline(self) -> float | None:
        """Win% that the opponents lost per 100 moves."""
        if self.everyone is not None:
            return self.everyone
        return mean(100 * self.theirs.sum, self.theirs.n, 1000)

    @property
    def more(self) -> float | None:
        """Difference of `rate` and `baseline`."""
        rate, baseline = self.rate, self.baseline
        return None if rate is None or baseline is None else round(rate - baseline, 3)

    @property
    def error(self) -> float | None:
        """Half of the 95% interval of `more`."""
        ours = reach(self.ours, 10)
        theirs = 0.0 if self.everyone is not None else reach(self.theirs, 10)
        return None if ours is None or theirs is None else round((ours**2 + theirs**2) ** 0.5, 3)

    @property
    def cost(self) -> float | None:
        """Win% that the difference costs per 100 of all our moves."""
        return None if self.more is None or self.share is None else round(self.more * self.share / 100, 3)

    @property
    def words(self) -> str:
        """The group as the beginning of a sentence."""
        return {
            "phase": f"In the {self.name}",
            "clock": f"With {self.name} of the clock left",
            "piece": "When castling" if self.name == "castling" else f"With {self.name} moves",
            "standing": f"In positions that are {self.name.split(' (')[0]}",
            "strength": f"Against opponents rated {self.name}",
            "color": f"With {self.name.title()}",
            "opening": f"In the {self.name}",
            "month": f"In {self.name}",
        }[self.kind]


_COLUMNS = (
    Column("kind", "Kind"),
    Column("group", "Group"),
    Column("moves", "Moves", "int"),
    Column("lost", "Lost", "float"),
    Column("opponents", "Theirs", "float"),
    Column("more", "More", "float"),
    Column("interval", "±", "float"),
    Column("cost", "Cost", "float"),
)
"""Columns of the tables; all figures but `moves` are Win% per 100 moves."""


def _row(group: _Group) -> tuple[Cell, ...]:
    return (group.name, group.ours.n, group.rate, group.baseline, group.more, group.error, group.cost)


def _ranked_row(group: _Group) -> tuple[Cell, ...]:
    return (group.kind, *_row(group))


def _groups(game: AnalysedGame, k: int, viewed: Color, left: int | None) -> Iterator[str]:
    """Yield the groups of a move. Colour, ratings and opening are seen from the side of the `viewed` player.

    `left` is the mover's clock before the move in thousandths of a percent.
    """
    ply = game.plies[k]
    assert ply.win_before is not None
    yield f"phase|{game.phase(k)}"
    yield f"piece|{_PIECES.get(ply.san[0], 'pawn')}"
    yield f"standing|{_band(milli(ply.win_before), _STANDING, _WON, 1000)}"
    yield f"color|{viewed}"
    if left is not None:
        yield f"clock|{_band(left, _CLOCK, _CLOCK[-1][1], 1000)}"
    ours, theirs = game.rating(viewed), game.rating(other(viewed))
    if ours is not None and theirs is not None:
        yield f"strength|{_band(theirs - ours, _STRENGTH, _STRONGEST, 1)}"
    if game.opening is not None:
        yield f"opening|{game.opening.name.partition(':')[0]} ({viewed.title()})"
    date = game.headers.get("UTCDate") or game.headers.get("Date", "")
    if len(date) >= _MONTH and date[:4].isdigit() and date[5:7].isdigit():
        yield f"month|{date[:4]}.{date[5:7]}"


def _band(value: int, bands: tuple[tuple[int, str], ...], last: str, unit: int) -> str:
    return next((name for bound, name in bands if value < bound * unit), last)


def _clocks_before(game: AnalysedGame) -> list[int | None]:
    """Return the mover's clock before each move in thousandths of a percent; None where it is not known."""
    timing = game.timing()
    lefts: list[int | None] = [None] * len(game.plies)
    for k, ply in enumerate(game.plies):
        control = timing.white if game.turn(k) == "white" else timing.black
        if control is None or control.whole <= 0 or ply.clock is None:
            continue
        if control.kind == "move":
            before: float | None = control.base
        elif k >= 2:  # noqa: PLR2004 - each side's first move has none before it
            before = game.plies[k - 2].clock
        else:  # a game that begins with a later clock does not say what it was before
            before = control.base if ply.clock >= control.base / 2 else None
        if before is not None:
            lefts[k] = min(milli(100 * before / control.whole), _WHOLE)
    return lefts
