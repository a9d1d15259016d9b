"""Every move in one of eleven classes, from brilliant to blunder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Needs, Options, Request, TopK, keyed
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    best_san,
    interval,
    left_out,
    lost,
    milli,
    numbered,
    share,
    unmilli,
)
from engine_plugins.aggregators._move_classes import class_of, glances, margin_of

_CLASSES = {
    "brilliant": "Brilliant",
    "great": "Great",
    "best": "Best",
    "excellent": "Excellent",
    "good": "Good",
    "book": "Book",
    "forced": "Forced",
    "miss": "Miss",
    "inaccuracy": "Inaccuracy",
    "mistake": "Mistake",
    "blunder": "Blunder",
}
_TOP = ("brilliant", "great", "best")
_UNCHOSEN = ("book", "forced")


class ClassificationOptions(Options, frozen=True):
    """What is searched and how much is listed."""

    great: Annotated[
        bool, Meta(description="Search the second-best move where a move may be great or brilliant.")
    ] = True
    moments: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Rows for brilliant and great moves, and as many for misses."),
    ] = 10
    players: Annotated[
        int, Meta(ge=0, le=100_000, description="Rows of the table of players, those with most moves first.")
    ] = 20


class Classification(Aggregator):
    """How good is each move: brilliant, great, best, excellent, good, book, forced, miss or worse?

    Every move gets the first class below that fits. Losses are Win% of the mover by Lichess's formula
    (scalachess `eval.scala`); inaccuracy, mistake and blunder are Lichess's judgements (lila `Advice.scala`: 5, 10
    or 15 Win%, and rules of their own for mates), so that they agree with every other report. The rest are this
    project's own rules. They resemble those of well-known sites, whose exact rules are not public; the figures
    are not interchangeable.

    1. Forced: the only legal move.
    2. Blunder: judged a blunder.
    3. Book: not judged, and every position from the standard initial one to that after the move lies on the way
       to an opening of the Lichess list (lichess-org/chess-openings). Chess960 and set-up positions have no book.
    4. Miss: the opponent's last move lost at least 10 Win%, and this one, not the best, gives back half of that
       or more.
    5. Mistake, inaccuracy: judged so.
    6. Brilliant: a great move that sacrifices a piece and leaves its player with at least 50 Win%.
    7. Great: the best move by far. A search of the two best moves puts this one first, and the second loses at
       least 10 Win% against it. So the game was not won without it.
    8. Best: the evaluator's best move, a loss of at most 0.5 Win%, or checkmate.
    9. Excellent: a loss under 2 Win%. Good: any other move that is not judged, so mostly under 5 Win%.

    Great and brilliant need that extra search. It is made only for moves of class best at 10 to 97 Win% that are
    no recapture on the square where the opponent has just taken, and only if something is at stake: the move
    sacrifices a piece; or it does not simply win material and captures, gives check, answers a check or follows a
    move that lost at least 5 Win%. A move without the search, or turned off with `great`, stays best.

    A sacrifice lets the opponent take a knight, bishop, rook or queen, for at least 2 points more than the move
    itself took. Points (1, 3, 3, 5, 9) are counted by static exchange: both sides keep taking on one square with
    their cheapest piece, each may stop, and only the first capture has to be legal. Whether the offer can be
    accepted is for the search to say.

    A move counts with an evaluation before and after it; checkmate needs only the one before. EPD lines have no
    moves. With `--player` the opponents in the same games are the baseline, else every player counts as ours.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a classification --player 'Stockfish 1700'

        Moves by class
        Class       Moves  Share  95 %       Opponents  Share
        Brilliant       –      –  –                  –      –
        Great           –      –  –                  –      –
        Best          307  56.7%  52.5-60.9        326  60.3%
        Excellent      48   8.9%  6.8-11.6          53   9.8%
        Good           72  13.3%  10.7-16.4         59  10.9%
        Book           26   4.8%  3.3-6.9           27   5.0%
        Forced          8   1.5%  0.8-2.9            5   0.9%
        Miss            5   0.9%  0.4-2.1            2   0.4%
        Inaccuracy     51   9.4%  7.2-12.2          47   8.7%
        Mistake        11   2.0%  1.1-3.6           10   1.8%
        Blunder        13   2.4%  1.4-4.1           12   2.2%
    """

    Options = ClassificationOptions
    options: ClassificationOptions

    @classmethod
    def needs(cls, options: ClassificationOptions) -> Needs:
        return Needs(evaluations=True)

    players = keyed(Counts())
    """Classes by player in view."""
    opponents = Counts()
    """Classes of all the others."""
    searches = Counts()
    """Follow-up searches that were wanted, and those that were answered."""
    finest = TopK()
    """Brilliant and great moves, by class, then by what the second-best move loses."""
    misses = TopK()
    """By what they gave back."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.finest = TopK(self.options.moments)
        self.misses = TopK(self.options.moments)

    def requests(self, game: AnalysedGame) -> list[Request]:
        if game.epd is not None or not game.view or not self.options.great:
            return []
        return [Request(k, multipv=2) for k, glance in enumerate(glances(game, search=True)) if glance.candidate]

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None or not game.view:
            return
        answers = iter(self.answers(game))
        for k, glance in enumerate(glances(game, search=self.options.great)):
            margin = None
            if glance.candidate:
                answer = next(answers, None)
                margin = margin_of(game, k, answer)
                self.searches.add("wanted")
                self.searches.add("answered", answer is not None)
            kind = class_of(game, k, glance, margin)
            if kind is None:
                continue
            color = game.turn(k)
            if color not in game.view:
                self.opponents.add(kind)
                continue
            self.players[game.player(color)].add(kind)
            self._list(game, k, kind, margin)

    def _list(self, game: AnalysedGame, k: int, kind: str, margin: int | None) -> None:
        number, ply = game.origin.game, game.plies[k]
        if kind in ("brilliant", "great"):
            # Win% is below 100,000, so that every brilliant move comes before the great ones.
            top, worth, score = self.finest, margin or 0, (margin or 0) + (1_000_000 if kind == "brilliant" else 0)
        elif kind == "miss":
            top, worth = self.misses, lost(ply) or 0
            score = worth
        else:
            return
        if top.admits(score, number, k):
            wins = (milli(ply.win_before or 0), milli(ply.win_after or 0))
            player, best = game.player(game.turn(k)), best_san(game, k) if kind == "miss" else ply.san
            top.add(score, number, k, number, numbered(game, k), player, kind, *wins, worth, best)

    def report(self) -> Report:
        ours = Counts()
        for counts in self.players.values():
            ours.merge(counts)
        chosen = _chosen(ours)
        found = ("brilliant", "great")
        metrics = {
            "moves": Metric(ours.total, "Moves"),
            "best_share": Metric(share(_best(ours), chosen), "Best or better, of own choices", "percent"),
            **{kind: Metric(self._known(kind, ours), _CLASSES[kind]) for kind in found},
            "misses": Metric(ours["miss"], "Misses"),
            "searches": Metric(self.searches["answered"], "Follow-up searches"),
        }
        return Report(
            title="Move classes",
            metrics=metrics,
            tables=(self._classes(ours), self._players(), self._moments()),
            notes=tuple(self._notes(ours)),
        )

    def _known(self, kind: str, counts: Counts) -> int | None:
        """How many; None for great and brilliant moves that were never looked for."""
        unsearched = self.searches["wanted"] and not self.searches["answered"]
        unknown = kind in ("brilliant", "great") and (unsearched or not self.options.great)
        return None if unknown else counts[kind]

    def _notes(self, ours: Counts) -> Iterator[str]:
        yield "Own rules: by Win% lost, best up to 0.5, excellent under 2, then good; Lichess's judgements below."
        yield "Great: the second-best move loses 10 Win% or more. Brilliant: great, and it sacrifices a piece."
        yield "Miss: gives back at least half of 10 Win% or more that the opponent has just lost."
        yield "Best % is the share of best, great and brilliant in the moves that are neither book nor forced."
        yield "Worth: Win% that the second-best move would have lost, and for a miss what the move lost."
        wanted, answered = self.searches["wanted"], self.searches["answered"]
        if not self.options.great:
            yield "Follow-up searches are turned off, so no move is great or brilliant."
        elif wanted > answered:
            unsearched = f"{wanted - answered:,} of {wanted:,} moves that may be great or brilliant"
            yield f"{unsearched} were not searched again; they count as best."
        finest = ours["brilliant"] + ours["great"] - len(self.finest.entries())
        yield from left_out("brilliant and great moves", finest, "classification.moments")
        yield from left_out("misses", ours["miss"] - len(self.misses.entries()), "classification.moments")
        yield from left_out("players", len(self.players) - self.options.players, "classification.players")
        if not ours.total:
            yield NO_EVALUATIONS

    def _classes(self, ours: Counts) -> ReportTable:
        columns = (
            Column("class", "Class"),
            Column("moves", "Moves", "int"),
            Column("share", "Share", "percent"),
            Column("interval", "95 %"),
            Column("opponent_moves", "Opponents", "int"),
            Column("opponent_share", "Share", "percent"),
        )
        rows: list[tuple[Cell, ...]] = []
        for kind, label in _CLASSES.items():
            cells: list[Cell] = []
            for counts in (ours, self.opponents):
                found = self._known(kind, counts) if counts.total else None
                known = found is not None
                cells += [found, share(counts[kind], counts.total) if known else None]
                if counts is ours:
                    cells.append(interval(counts[kind], counts.total) if known else None)
            rows.append((label, *cells))
        return ReportTable("classes", "Moves by class", columns, tuple(rows) if ours.total else ())

    def _players(self) -> ReportTable:
        columns = (
            PLAYER,
            Column("moves", "Moves", "int"),
            Column("best", "Best %", "percent"),
            Column("interval", "95 %"),
            Column("brilliant", "!!", "int"),
            Column("great", "!", "int"),
            Column("misses", "Misses", "int"),
            Column("blunders", "Blunders", "int"),
        )
        ranked = sorted(self.players.items(), key=lambda item: (-item[1].total, item[0]))
        rows: list[tuple[Cell, ...]] = []
        for name, counts in ranked[: self.options.players]:
            best, chosen = _best(counts), _chosen(counts)
            kinds = (self._known(kind, counts) for kind in ("brilliant", "great", "miss", "blunder"))
            rows.append((name, counts.total, share(best, chosen), interval(best, chosen), *kinds))
        return ReportTable("players", "By player", columns, tuple(rows))

    def _moments(self) -> ReportTable:
        columns = (
            GAME,
            Column("move", "Move", "move"),
            PLAYER,
            Column("class", "Class"),
            Column("win_before", "Win% before", "percent"),
            Column("win_after", "after", "percent"),
            Column("worth", "Worth", "percent"),
            Column("best", "Best move", "move"),
        )
        rows = tuple(
            (number, move, player, _CLASSES[str(kind)], unmilli(before), unmilli(after), unmilli(worth), best)
            for entry in (*self.finest.entries(), *self.misses.entries())
            for number, move, player, kind, before, after, worth, best in (entry.cells,)
        )
        return ReportTable("moments", "Finest moves and misses", columns, rows)


def _best(counts: Counts) -> int:
    return sum(counts[kind] for kind in _TOP)


def _chosen(counts: Counts) -> int:
    """Moves that the player had to find."""
    return counts.total - sum(counts[kind] for kind in _UNCHOSEN)
