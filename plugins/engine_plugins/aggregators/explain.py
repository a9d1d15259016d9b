"""Why judged moves were bad, as far as the board or an evaluation proves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.analysis.reasons import explanations
from engine.model import (
    AnalysedGame,
    Cell,
    Column,
    Explanation,
    Finding,
    Metric,
    Reference,
    Remark,
    Report,
    ReportTable,
)
from engine.plugin import Aggregator, Counts, Moments, Needs, Options, TopK, keyed
from engine_plugins.aggregators._common import (
    NO_EVALUATIONS,
    PLAYER,
    PLAYERS,
    Players,
    leading,
    left_out,
    lost,
    mean,
    share,
)
from engine_plugins.aggregators._references import SHOWN, table_of, to_moves

_JUDGED = (("inaccuracy", "Inaccuracies"), ("mistake", "Mistakes"), ("blunder", "Blunders"))
_GROUPS = (
    ("mates", "Mates", ("allowed mate", "missed mate")),
    ("hung", "Hung", ("hung piece",)),
    ("allowed", "Allowed", ("allowed",)),
    ("missed", "Missed", ("missed", "did not")),
)
"""Columns of the table of players: key, label and how the reasons that count begin; the first that fits counts."""
_WORDS = {
    "fork": "fork",
    "pin": "pin",
    "skewer": "skewer",
    "discoveredAttack": "discovered attack",
    "trappedPiece": "trapped piece",
    "backRankMate": "back-rank mate",
}
"""What a motif makes of `allowed tactic` and `missed mate`."""
_SAID = "explained"


class ExplainOptions(Options, frozen=True):
    """Options of `explain`."""

    players: Players = PLAYERS


class Explain(Aggregator):
    """Why moves were bad: what they hung, allowed and missed, as far as it is proved.

    Each judged move, an inaccuracy, mistake or blunder, gets at most one sentence, such as *Hangs the knight on
    f6: 24. Bxf6 wins it.* The annotated PGN and the page of the game show it beside the move. Every claim is
    proved: a mate by the evaluation, and material by a line of the evaluator up to a position in which nothing of
    the side that wins hangs. Where the input has evaluations and no lines, the moves that followed in the game
    serve, up to the first that is judged bad. Where nothing is proved, nothing is said. `engine.explain` is the
    same for programs.

    The reasons are *allowed mate* and *missed mate*; *hung piece* (the answer takes it), and *allowed tactic* for
    other answers that win material; *did not take*, *did not take back* and *missed tactic*; *allowed promotion*
    and *missed promotion*; *won less* and *lost more* (the best line wins more or loses less); *allowed draw* (by
    repetition); *stalemate*; *allowed threat* and *missed threat*, by the first move of a line that wins nothing;
    *left the book* (the best move is in a known opening); and *short of time* where nothing else is known: under
    10 seconds and under 10% of the clock. A fork, pin, skewer, discovered attack, trapped piece or back-rank mate
    takes the place of *tactic* and *mate*. Of several reasons the first one counts: mates before all others, and
    of what was allowed and missed, what costs most material.

    With `--player`, only that player's moves are counted.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a explain

        Reasons
        Reason             Moves  Share  Games  Lost, mean (Win% a move)
        short of time         44  20.7%     17                     12.47
        allowed tactic        33  15.5%     18                     12.27
        missed threat         29  13.6%     13                      9.78
        allowed mate          25  11.7%     21                      0.29
        missed tactic         22  10.3%     13                     10.72
        allowed threat        15   7.0%     11                      7.81
        did not take back      7   3.3%      7                     19.33
        hung piece             6   2.8%      5                     16.91
        … 11 more
        --show explain:reasons=ROW prints the moves that lost most Win%; the game's page says why each
        was bad.
        By player
        Player          Judged  Explained  Mates  Hung  Allowed  Missed
        Stockfish 1400      90         70     16     3       21      19
        Stockfish 1700      80         65      5     1       20      21
        Stockfish 2000      75         57      7     2       16      15
        Stockfish 2300      29         21      1     0        3       9
        Units: Judged, Explained, Mates, Hung, Allowed, Missed: moves.
        Mates: allowed or missed. Hung: the answer takes the piece. Allowed: the answer wins or
        threatens something else. Missed: the best move does. Those with the most judged moves come
        first.
    """

    Options = ExplainOptions
    options: ExplainOptions
    order = 25

    @classmethod
    def needs(cls, options: ExplainOptions) -> Needs:
        return Needs(evaluations=True)

    judged = Counts()
    """Number of judged moves by judgement, and of those that are explained: `blunder`, `blunder explained`."""
    judged_examples = keyed(TopK(SHOWN))
    """The moves of a judgement that lost most."""
    moves = Counts()
    """Number of moves that could be judged, under `moves`."""
    reasons = keyed(Moments())
    """Thousandths of Win% lost by the moves of each reason."""
    games = Counts()
    """Number of games with a move of a reason."""
    examples = keyed(TopK(SHOWN))
    """The moves of a reason that lost most."""
    players = keyed(Counts(), by="player")
    """Number of judged and of explained moves, and of those of each group of reasons."""
    player_examples = keyed(TopK(SHOWN), by="player")
    """A player's judged moves that lost most."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._latest: tuple[AnalysedGame, tuple[Explanation, ...]] | None = None
        """The game seen last, and its explanations."""

    def add(self, game: AnalysedGame) -> None:
        plies = [k for color in game.view for k in game.turns(color)]
        self.moves.add("moves", sum(game.plies[k].accuracy is not None for k in plies))
        judged = [k for k in plies if game.plies[k].judgement is not None]
        if not judged:
            return
        found = {one.ply: one for one in self._explanations(game)}
        for k in judged:
            judgement, name = game.plies[k].judgement, game.player(game.turn(k))
            self.judged.add(str(judgement))
            for top in (self.judged_examples[str(judgement)], self.player_examples[name]):
                top.add(lost(game.plies[k]) or 0, game.origin.game, k)
            self.players[name].add("judged")
            if k in found:
                self.judged.add(f"{judgement} {_SAID}")
                self._count(game, k, name, reason_of(found[k]))
        for reason in {reason_of(found[k]) for k in judged if k in found}:
            self.games.add(reason)

    def _count(self, game: AnalysedGame, k: int, name: str, reason: str) -> None:
        cost = lost(game.plies[k]) or 0
        self.reasons[reason].add(cost)
        counts = self.players[name]
        counts.add(_SAID)
        for key, _, beginnings in _GROUPS:
            if reason.startswith(beginnings):
                counts.add(key)
                break
        self.examples[reason].add(cost, game.origin.game, k)

    def remarks(self, game: AnalysedGame) -> list[Remark]:
        return [Remark(one.ply, one.sentence) for one in self._explanations(game)]

    def _explanations(self, game: AnalysedGame) -> tuple[Explanation, ...]:
        """Return the explanations of a game, which are found once though two methods want them."""
        if self._latest is None or self._latest[0] is not game:
            self._latest = game, explanations(game)
        return self._latest[1]

    def report(self) -> Report:
        total, said = self._number(""), self._number(f" {_SAID}")
        grave, grave_said = (
            sum(self.judged[f"{kind}{end}"] for kind in ("mistake", "blunder")) for end in ("", f" {_SAID}")
        )
        listed, number = leading(self.players.each(), self.options.players, lambda item: item[1]["judged"])
        return Report(
            title="Why moves were bad",
            metrics={
                "judged": Metric(total, "Judged moves"),
                "explained": Metric(said, "Explained"),
                "share": Metric(share(said, total), "Share explained", "percent"),
                "grave": Metric(share(grave_said, grave), "Of mistakes and blunders", "percent"),
            },
            tables=(self._reasons(said), self._judgements(), self._players(listed)),
            notes=tuple(self._notes(number - len(listed))),
            findings=tuple(self._findings(total, said)),
        )

    def _number(self, end: str) -> int:
        return sum(self.judged[f"{kind}{end}"] for kind, _ in _JUDGED)

    def _ranked(self) -> list[tuple[str, Moments]]:
        return sorted(self.reasons.items(), key=lambda item: (-item[1].n, item[0]))

    def _findings(self, total: int, said: int) -> Iterator[Finding]:
        if not total:
            return
        yield Finding(
            f"{said:,} of {total:,} judged moves are explained ({100 * said / total:.0f}%).", table="judgements"
        )
        for key, losses in self._ranked()[:1]:
            yield Finding(
                f"The most frequent reason: {key}, {losses.n:,} of them ({100 * losses.n / said:.0f}%).",
                references=to_moves(self.examples.get(key)),
                table="reasons",
            )

    def _reasons(self, said: int) -> ReportTable:
        columns = (
            Column("reason", "Reason"),
            Column("moves", "Moves", "int"),
            Column("share", "Share", "percent"),
            Column("games", "Games", "int"),
            Column("lost", "Lost, mean", "float", "Win% a move"),
        )
        rows: list[tuple[tuple[Cell, ...], tuple[Reference, ...]]] = []
        for reason, losses in self._ranked():
            cells = losses.n, share(losses.n, said), self.games[reason], mean(losses.sum, losses.n, 1000)
            rows.append(((reason, *cells), to_moves(self.examples.get(reason))))
        reading = "A row leads to the moves that lost most Win%; the game's page says why each was bad."
        return table_of("reasons", "Reasons", columns, rows, reading)

    def _judgements(self) -> ReportTable:
        columns = (
            Column("judgement", "Judgement"),
            Column("moves", "Moves", "int"),
            Column("explained", "Explained", "int"),
            Column("share", "Share", "percent"),
        )
        rows: list[tuple[tuple[Cell, ...], tuple[Reference, ...]]] = []
        for kind, label in _JUDGED[::-1]:
            number, said = self.judged[kind], self.judged[f"{kind} {_SAID}"]
            if not number:
                continue
            cells = label, number, said, share(said, number)
            rows.append((cells, to_moves(self.judged_examples.get(kind))))
        reading = (
            "Moves of which the board or an evaluation proves why they were bad. A row leads to those that lost"
            " most Win%, explained or not."
        )
        return table_of("judgements", "How many are explained", columns, rows, reading)

    def _players(self, listed: list[tuple[str, Counts]]) -> ReportTable:
        groups = tuple(Column(key, label, "int", "moves") for key, label, _ in _GROUPS)
        columns = (
            PLAYER,
            Column("judged", "Judged", "int", "moves"),
            Column("explained", "Explained", "int", "moves"),
            *groups,
        )
        keys = ("judged", _SAID, *(key for key, _, _ in _GROUPS))
        rows: list[tuple[tuple[Cell, ...], tuple[Reference, ...]]] = []
        for name, counts in listed:
            rows.append(((name, *(counts[key] for key in keys)), to_moves(self.player_examples.get(name))))
        reading = (
            "Mates: allowed or missed. Hung: the answer takes the piece. Allowed: the answer wins or threatens "
            "something else. Missed: the best move does. Those with the most judged moves come first."
        )
        return table_of("players", "By player", columns, rows, reading)

    def _notes(self, players_left_out: int) -> Iterator[str]:
        if not self.moves["moves"]:
            yield NO_EVALUATIONS
        yield from left_out("players", players_left_out, "explain.players")


def reason_of(found: Explanation) -> str:
    """Return the reason for people: the kind, with the motif where there is one: `missed fork`."""
    word = _WORDS.get(found.motif)
    return found.kind if word is None else f"{found.kind.split()[0]} {word}"
