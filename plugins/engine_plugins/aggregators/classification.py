"""Moves by class: eleven classes, from brilliant to blunder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Column, Finding, Metric, Reference, Report, ReportTable
from engine.plugin import Aggregator, Counts, Needs, Options, Request, TopK, keyed
from engine.text.format import count
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    adding,
    best_san,
    interval,
    leading,
    left_out,
    lost,
    milli,
    numbered,
    share,
    unmilli,
)
from engine_plugins.aggregators._move_classes import class_of, glances, margin_of
from engine_plugins.aggregators._references import SHOWN, possessive, to_moves

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
_FINEST = ("brilliant", "great")
_UNCHOSEN = ("book", "forced")


class ClassificationOptions(Options, frozen=True):
    """Options of `classification`."""

    great: Annotated[
        bool, Meta(description="Search the two best moves of a position if the move may be great or brilliant.")
    ] = True
    moments: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Rows for brilliant and great moves; misses have as many rows."),
    ] = 10
    players: Annotated[
        int,
        Meta(ge=0, le=100_000, description="Rows of the table of players; those with the most moves come first."),
    ] = 20


class Classification(Aggregator):
    """How good is each move: brilliant, great, best, excellent, good, book, forced, miss or worse?

    Every move gets the first class of the list below that fits. Losses are in Win% of the mover, by Lichess's
    formula (scalachess `eval.scala`). Inaccuracy, mistake and blunder are Lichess's judgements (lila
    `Advice.scala`: 5, 10 or 15 Win%, with special rules for mates), so they agree with the other reports. The
    other classes follow rules of this project. They resemble those of well-known sites, whose exact rules are not
    public, so the figures cannot be compared.

    1. Forced: the only legal move.
    2. Blunder: Lichess judges it a blunder.
    3. Book: it is not judged, and every position from the standard initial position to the one after the move
       leads to an opening of the Lichess list (lichess-org/chess-openings). Chess960 games and set-up positions
       have no book moves.
    4. Miss: the opponent's last move lost at least 10 Win%, and this move, which is not the best, gives back at
       least half of that.
    5. Mistake, inaccuracy: Lichess judges it so.
    6. Brilliant: a great move that sacrifices a piece by choice and leaves the player with at least 50 Win%.
    7. Great: by far the best move. A search of the two best moves puts it first, and the second move loses at
       least 10 Win% against it, so the game was not won without it.
    8. Best: the evaluator's best move, a move that loses at most 0.5 Win%, or checkmate.
    9. Excellent: a loss of less than 2 Win%. Good: any other move that is not judged, so mostly a loss of less
       than 5 Win%.

    Great and brilliant moves need a follow-up search. It is made only if the move is of class best, the Win%
    before it is 10 to 97, there are at least three other legal moves, it does not recapture on the square where
    the opponent has just taken, and something is at stake: the move sacrifices a piece, or it does not simply win
    material and is a capture, a check, an answer to a check or an answer to a move that lost at least 5 Win%.
    Other moves stay best, and all do if `great` is false.

    A sacrifice allows the opponent to take a knight, bishop, rook or queen and to win at least 2 points more than
    the move itself took. Points (1, 3, 3, 5, 9) are counted by static exchange: both sides take on one square with
    their cheapest piece for as long as they like, and only the first capture must be legal. The search shows
    whether the opponent can afford to take. It is a choice if the player was not in check, the move is no
    promotion, and at least three other legal moves give no points away. freechess and wintrchess-lib also exclude
    checks and promotions; Chesskit and wintrchess-lib, like this report, positions that are won anyway.

    A move counts if it has an evaluation before and after it; checkmate needs only the evaluation before it. EPD
    lines have no moves. With `--player`, the opponents in the same games are the baseline; without it, all players
    count as ours.

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
        95 %: interval of the share. --show classification:classes=ROW prints examples: brilliant and
        great moves whose second-best move loses most; best moves after the opponent's costliest; book
        moves deepest in the game; forced moves in the most even positions; of the other classes, those
        that lost most Win%.
    """

    Options = ClassificationOptions
    options: ClassificationOptions
    order = 350

    @classmethod
    def needs(cls, options: ClassificationOptions) -> Needs:
        return Needs(evaluations=True)

    players = keyed(Counts(), by="player")
    """Number of moves of each class, by player in view."""
    opponents = Counts()
    """Number of moves of each class by all other players."""
    searches = Counts()
    """Number of follow-up searches that were requested, and of those that were answered."""
    finest = TopK()
    """Brilliant and great moves by class, then by the Win% that the second-best move loses."""
    misses = TopK()
    """Misses by the Win% that they gave back."""
    examples = keyed(TopK(SHOWN))
    """Moves in view by class and `_worth`."""
    player_examples = keyed(TopK(SHOWN), by="player")
    """Brilliant and great moves, then those that lost most Win%, by player in view."""

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
                self.searches.add("requested")
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
            worth, number = _worth(game, k, kind, margin), game.origin.game
            finest = worth + 1_000_000 if kind in _FINEST else lost(game.plies[k]) or 0
            for top, score in ((self.examples[kind], worth), (self.player_examples[game.player(color)], finest)):
                if top.admits(score, number, k):
                    top.add(score, number, k)

    def _list(self, game: AnalysedGame, k: int, kind: str, margin: int | None) -> None:
        number, ply = game.origin.game, game.plies[k]
        if kind in ("brilliant", "great"):
            # A margin is below 1,000,000, so that every brilliant move comes before the great moves.
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
        listed, number = leading(
            adding(self.players.each(), ours), self.options.players, lambda item: item[1].total
        )
        chosen = _chosen(ours)
        metrics = {
            "moves": Metric(ours.total, "Moves"),
            "best_share": Metric(share(_best(ours), chosen), "Best or better, of own choices", "percent"),
            **{kind: Metric(self._known(kind, ours), _CLASSES[kind]) for kind in ("brilliant", "great")},
            "misses": Metric(self._known("miss", ours), "Misses"),
            "searches": Metric(self.searches["answered"], "Follow-up searches"),
        }
        return Report(
            title="Move classes",
            metrics=metrics,
            tables=(self._classes(ours), self._players(listed), self._moments()),
            notes=tuple(self._notes(ours, number)),
            findings=tuple(self._findings(ours, listed[0][0] if number == 1 and listed else None)),
        )

    def _findings(self, ours: Counts, only: str | None) -> Iterator[Finding]:
        """Yield how often moves were the best, and how many were brilliant, great or missed a chance."""
        chosen = _chosen(ours)
        if not chosen:
            return
        theirs, baseline = _chosen(self.opponents), ""
        if theirs:
            baseline = f", the opponents' in {100 * _best(self.opponents) / theirs:.1f}%"
        whose = f"{possessive(only)} choices were" if only else "Choices were"
        yield Finding(
            f"{whose} the best move in {100 * _best(ours) / chosen:.1f}% of {chosen:,} cases{baseline}.",
            table="classes",
        )
        finest = [(kind, self._known(kind, ours)) for kind in _FINEST]
        known = [f"{number:,} {kind}" for kind, number in finest if number]
        if known:
            tops = [entry for kind in _FINEST for entry in to_moves(self.examples.get(kind))]
            yield Finding(f"Moves of note: {' and '.join(known)}.", None, tuple(tops[:SHOWN]), "moments")
        if ours["miss"]:
            yield Finding(
                f"After an opponent's error, {count(ours['miss'], 'move')} gave at least half of the gift back.",
                None,
                to_moves(self.examples.get("miss")),
                "moments",
            )

    def _known(self, kind: str, counts: Counts) -> int | None:
        """Return the number of moves of a class; None without moves, or if great ones were not searched."""
        if not counts.total:
            return None
        unsearched = self.searches["requested"] and not self.searches["answered"]
        unknown = kind in ("brilliant", "great") and (unsearched or not self.options.great)
        return None if unknown else counts[kind]

    def _notes(self, ours: Counts, players: int) -> Iterator[str]:
        yield "Own rules: by Win% lost, best up to 0.5, excellent under 2, then good; Lichess's judgements below."
        yield "Great: the second-best move loses 10 Win% or more. Brilliant: and a piece is sacrificed by choice."
        yield (
            "Miss: gives back at least half of 10 Win% or more that the opponent has just lost. It is no "
            "inaccuracy, mistake or blunder as well, so there are fewer of those than in judgements."
        )
        yield "Best % is the share of best, great and brilliant in the moves that are neither book nor forced."
        requested, answered = self.searches["requested"], self.searches["answered"]
        if not self.options.great:
            yield "Follow-up searches are turned off, so no move is great or brilliant."
        elif requested > answered:
            unsearched = f"{requested - answered:,} of {count(requested, 'move')} that may be great or brilliant"
            were, they = ("was", "it counts") if requested - answered == 1 else ("were", "they count")
            yield f"{unsearched} {were} not searched again; {they} as best."
        finest = ours["brilliant"] + ours["great"] - len(self.finest.entries())
        yield from left_out("brilliant and great moves", finest, "classification.moments")
        yield from left_out("misses", ours["miss"] - len(self.misses.entries()), "classification.moments")
        yield from left_out("players", players - self.options.players, "classification.players")
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
                number = self._known(kind, counts) if counts.total else None
                known = number is not None
                cells += [number, share(counts[kind], counts.total) if known else None]
                if counts is ours:
                    cells.append(interval(counts[kind], counts.total) if known else None)
            rows.append((label, *cells))
        references = tuple(to_moves(self.examples.get(kind)) for kind in _CLASSES)
        reading = (
            "95 %: interval of the share. Rows lead to examples: brilliant and great moves whose second-best move"
            " loses most; best moves after the opponent's costliest; book moves deepest in the game; forced moves"
            " in the most even positions; of the other classes, those that lost most Win%."
        )
        if not ours.total:
            rows, references = [], ()
        return ReportTable("classes", "Moves by class", columns, tuple(rows), references, reading)

    def _players(self, listed: list[tuple[str, Counts]]) -> ReportTable:
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
        rows: list[tuple[Cell, ...]] = []
        for name, counts in listed:
            best, chosen = _best(counts), _chosen(counts)
            kinds = (self._known(kind, counts) for kind in ("brilliant", "great", "miss", "blunder"))
            rows.append((name, counts.total, share(best, chosen), interval(best, chosen), *kinds))
        references = tuple(to_moves(self.player_examples.get(name)) for name, _ in listed)
        reading = (
            "Best %: best, great and brilliant among the moves that are neither book nor forced, with a 95%"
            " interval. A row leads to brilliant and great moves, then those that lost most Win%."
        )
        return ReportTable("players", "By player", columns, tuple(rows), references, reading)

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
        entries = (*self.finest.entries(), *self.misses.entries())
        rows = tuple(
            (number, move, player, _CLASSES[str(kind)], unmilli(before), unmilli(after), unmilli(worth), best)
            for entry in entries
            for number, move, player, kind, before, after, worth, best in (entry.cells,)
        )
        references = tuple((Reference(entry.game, entry.ply),) for entry in entries)
        reading = "Worth: Win% that the second-best move would have lost, and for a miss what the move lost."
        return ReportTable("moments", "Finest moves and misses", columns, rows, references, reading)


def _worth(game: AnalysedGame, k: int, kind: str, margin: int | None) -> int:
    """Return by what a move is an example of its class: thousandths of Win%, or the ply of a book move."""
    if kind in _FINEST:
        return margin or 0
    if kind == "best":
        return (lost(game.plies[k - 1]) if k else None) or 0
    if kind == "book":
        return k
    if kind == "forced":
        return -abs(milli(game.plies[k].win_before or 0) - 50_000)
    return lost(game.plies[k]) or 0


def _best(counts: Counts) -> int:
    return sum(counts[kind] for kind in _TOP)


def _chosen(counts: Counts) -> int:
    """Return the number of moves that were the player's own choice."""
    return counts.total - sum(counts[kind] for kind in _UNCHOSEN)
