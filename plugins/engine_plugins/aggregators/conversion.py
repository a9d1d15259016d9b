"""How often won positions were won, lost positions saved and errors punished."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from engine.model import (
    AnalysedGame,
    Certainty,
    Color,
    Finding,
    Metric,
    Report,
)
from engine.plugin import Aggregator, Counts, JointMoments, Needs, Options, Sum, TopK, certainties, keyed
from engine.text.format import count
from engine_plugins.aggregators._common import (
    NO_EVALUATIONS,
    PLAYERS,
    Players,
    Rows,
    interval,
    leading,
    left_out,
    lost,
    milli,
    numbered,
    other,
    share,
)
from engine_plugins.aggregators._conversion_tables import (
    ERRORS,
    answer_table,
    game_table,
    outcome_table,
    player_table,
    saved,
)
from engine_plugins.aggregators._references import to_moves
from engine_plugins.aggregators._shares import difference

_COLORS: tuple[Color, ...] = ("white", "black")
_ENDS = {1.0: "won", 0.5: "drawn", 0.0: "lost"}
_ALL = 100_000
"""Win% 100 in thousandths."""
_COMPARED = 20
"""Winning games that each side needs to be compared."""


class ConversionOptions(Options, frozen=True):
    """Options of `conversion`."""

    won: Annotated[
        int, Meta(ge=55, le=97, description="Win% from which a position is winning; 100 - `won` is losing.")
    ] = 80
    games: Rows = 10
    players: Players = PLAYERS


class Conversion(Aggregator):
    """Are won positions won, lost ones saved, and errors punished?

    A player was winning in a game if the player's Win% was `won` or more in any of its positions, and losing if it
    was 100 - `won` or less in any of them; the last position of the game counts too. Win% is Lichess's, 50 + 50 ×
    (2 / (1 + exp(-0.00368208 × centipawns)) - 1), with the centipawns clamped to ±1000, so it never exceeds 97.5.
    A position counts if a position next to it has an evaluation as well. A winning game is converted if it was
    won, and thrown away if it was lost. A losing game is saved if it was drawn or won, and a comeback if it was
    won. The tag `Result` decides, so a result by time or by resignation counts like any other. Unfinished games do
    not count here; the report says how many there are.

    An error is a mistake or a blunder by Lichess's rules. It is punished if the answer is neither of them, and let
    off if the answer is an error too. Lichess's Insights call the share of the opponents' errors that we punished
    *awareness*, and the share of our errors that were let off *luck* (lila `PovToEntry.scala`). Mate is a good
    answer. Errors in unfinished games count; errors without an answer, or with an answer that has no evaluation,
    do not.

    The most dramatic games are ranked by the gap between Win% and result, a win being 100 and a draw 50: how far
    the best Win% of a player was above the result (let slip), or the worst Win% below it (escaped). Ties go to the
    larger turn, then the earlier game. The table has one row for each game that was winning and not won, or losing
    and not lost. "Turned by" is the move after that position that took the Win% furthest towards the result. It is
    empty if the last position was still as clear, for example because the player ran out of time.

    With `--player`, only that player's colours count, and the opponents in the same games are shown for
    comparison; without it, every player counts. Intervals are Wilson's at 95%.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a conversion --player 'Stockfish 1700'

        How they stood and how it ended
        Side       Stood    Games     Won  95%         Drawn   Lost  95%
        ours       winning      6   83.3%  43.6-97.0   16.7%   0.0%  0.0-39.0
        ours       losing       7   14.3%  2.6-51.3     0.0%  85.7%  48.7-97.4
        ours       both         1  100.0%  20.7-100.0   0.0%   0.0%  0.0-79.3
        ours       neither      0       –  –               –      –  –
        opponents  winning      7   85.7%  48.7-97.4    0.0%  14.3%  2.6-51.3
        opponents  losing       6    0.0%  0.0-39.0    16.7%  83.3%  43.6-97.0
        … 2 more
        Winning is a Win% of 80 or more at some time, losing 20 or less. A row leads first to winning
        games that were not won and losing ones that were saved, where they turned.
        Most dramatic games
        Game  Player          What       Win%  Ended  Turned by  Before  After
          17  Stockfish 1700  escaped   15.3%  won    19... O-O   29.7%  90.9%
           8  Stockfish 1700  let slip  95.1%  drawn  24... Ne1   87.1%  45.7%
        Win% is the best that the player had (let slip) or the worst (escaped); --show
        conversion:games=ROW prints the move that turned the game, or to its end.
    """

    Options = ConversionOptions
    options: ConversionOptions
    order = 330

    @classmethod
    def needs(cls, options: ConversionOptions) -> Needs:
        return Needs(evaluations=True)

    finished = Sum()
    unfinished = Sum()
    players = keyed(keyed(Counts()), by="player")
    """Number of games by player, standing and result."""
    outcomes = keyed(keyed(Counts()))
    """Number of games by side, standing and result."""
    conversions = JointMoments(4)
    """Games won and games that stood winning, of ours and of the opponents, in each game."""
    replies = keyed(Counts())
    """Number of errors, and of those punished, by the side that answered; the key `errors` has our own errors."""
    games = TopK()
    examples = keyed(TopK(5))
    """Games by side and standing, with the move that turned them: winning ones that were not won first, and losing
    ones that were saved; and answers to errors, by side and kind of error: `ours|winning`, `ours|blunder`."""
    slipped = keyed(TopK(5), by="player")
    """Winning games by player, those that were not won first."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = TopK(self.options.games)

    def add(self, game: AnalysedGame) -> None:
        wins = _wins(game)
        if all(win is None for win in wins):
            return
        self._answers(game)
        if game.result == "*":
            self.unfinished.add()
            return
        self.finished.add()
        counts = {"ours": [0, 0], "opponents": [0, 0]}
        for color in _COLORS:
            if self._outcome(game, color, _view(wins, color)):
                side = counts["ours" if color in game.view else "opponents"]
                side[0] += game.points(color) == 1
                side[1] += 1
        self.conversions.add(*counts["ours"], *counts["opponents"])
        self._drama(game, wins)

    def _answers(self, game: AnalysedGame) -> None:
        for k in range(len(game.plies) - 1):
            kind, answer = game.plies[k].judgement, game.plies[k + 1]
            known = answer.accuracy is not None or answer.san.endswith("#")
            if kind not in ERRORS or not known:
                continue
            keys = ["ours" if game.turn(k + 1) in game.view else "opponents"]
            if game.turn(k) in game.view:
                keys.append("errors")
            for key in keys:
                self.replies[key].add(kind)
                self.replies[key].add(f"{kind}_punished", int(answer.judgement not in ERRORS))
            cost = (lost(answer) or 0) if answer.judgement in ERRORS else -1
            self.examples[f"{keys[0]}|{kind}"].add(cost, game.origin.game, k + 1)

    def _outcome(self, game: AnalysedGame, color: Color, wins: list[int | None]) -> bool:
        """Count one side of a game, and return whether it stood winning."""
        points = game.points(color) or 0.0
        end = _ENDS[points]
        known = [win for win in wins if win is not None]
        winning, losing = max(known) >= self._won, min(known) <= _ALL - self._won
        standings = ["all"]
        standings += ["winning"] if winning else []
        standings += ["losing"] if losing else []
        standings += ["both"] if winning and losing else [] if winning or losing else ["neither"]
        ours = color in game.view
        for standing in standings:
            self.outcomes["ours" if ours else "opponents"][standing].add(end)
            if ours:
                self.players[game.player(color)][standing].add(end)
        side, number = "ours" if ours else "opponents", game.origin.game
        if winning == losing:
            best = max(known)
            self.examples[f"{side}|{standings[-1]}"].add(best - min(known), number, wins.index(best))
        if winning:
            gap = max(known) - round(_ALL * points)
            states = [self.examples[f"{side}|winning"], *([self.slipped[game.player(color)]] if ours else [])]
            if any(state.admits(gap, number, 0) for state in states):
                ply = _slip(wins, self._won) if points < 1 else wins.index(max(known))
                for state in states:
                    state.add(gap, number, ply)
        elif ours:
            self.slipped[game.player(color)].add(-_ALL, number, len(game.plies))
        if losing:
            gap = round(_ALL * points) - min(known)
            saves = self.examples[f"{side}|losing"]
            if saves.admits(gap, number, 0):
                saves.add(gap, number, _slip(_mirrored(wins), self._won) if points > 0 else wins.index(min(known)))
        return winning

    @property
    def _won(self) -> int:
        return 1000 * self.options.won

    def _drama(self, game: AnalysedGame, wins: list[int | None]) -> None:
        """Record the widest gap between a standing of ours and the result."""
        ours = [color for color in _COLORS if color in game.view]
        # Both are missed chances: when a player escapes, the opponent lets the chance slip.
        chances = [(color, color) for color in ours] + [(color, other(color)) for color in ours]
        gaps = []
        for rank, (color, holder) in enumerate(chances):
            peak = max(win for win in _view(wins, holder) if win is not None)
            gap = peak - round(_ALL * (game.points(holder) or 0.0))
            if peak >= self._won and gap > 0:
                gaps.append((gap, -rank, color, holder))
        if gaps:
            gap, _, color, holder = max(gaps)
            self._enter(game, _view(wins, holder), gap, color, escaped=color != holder)

    def _enter(self, game: AnalysedGame, wins: list[int | None], gap: int, color: Color, *, escaped: bool) -> None:
        """Record a game with the Win% of the side that let its chance slip."""
        number, k = game.origin.game, _turn(wins, self._won)
        score = gap * (_ALL + 1) + (0 if k is None else _fall(wins, k))
        if not self.games.admits(score, number, 0):
            self.games.add(score, number, 0)  # only counts it
            return
        own = _mirrored(wins) if escaped else wins
        known = [win for win in own if win is not None]
        extreme = min(known) if escaped else max(known)
        turn = (None, None, None) if k is None else (numbered(game, k), own[k], own[k + 1])
        ply = len(game.plies) if k is None else k
        drama, end = "escaped" if escaped else "let slip", _ENDS[game.points(color) or 0.0]
        self.games.add(score, number, 0, number, game.player(color), drama, extreme, end, *turn, ply)

    def report(self) -> Report:
        ours = self.outcomes.get("ours")
        winning, losing = ours.get("winning"), ours.get("losing")
        errors = self.replies.get("errors")
        listed, number = leading(self.players.each(), self.options.players, lambda item: item[1].get("all").total)
        notes = [
            "A game can be winning and losing, and is then in all three rows. Saved is drawn or won.",
            *left_out("games", self.games.left_out, "conversion.games"),
            *left_out("players", number - len(listed), "conversion.players"),
        ]
        if self.unfinished.value:
            notes.append(f"{self.unfinished.value:,} unfinished games only count for the answers to errors.")
        if not self.finished.value and not self.unfinished.value:
            notes.append(NO_EVALUATIONS)
        return Report(
            title="Conversion",
            metrics={
                "games": Metric(self.finished.value, "Finished games"),
                "winning": Metric(winning.total, "Stood winning"),
                "converted": Metric(share(winning["won"], winning.total), "Converted", "percent"),
                "thrown_away": Metric(winning["lost"], "Thrown away"),
                "losing": Metric(losing.total, "Stood losing"),
                "saved": Metric(share(saved(losing), losing.total), "Saved", "percent"),
                "comebacks": Metric(losing["won"], "Comebacks"),
                "awareness": Metric(_punished(self.replies.get("ours")), "Errors punished by us", "percent"),
                "luck": Metric(_let_off(errors), "Our errors let off", "percent"),
                "unfinished": Metric(self.unfinished.value, "Unfinished games"),
            },
            tables=(
                player_table(listed, self.slipped),
                outcome_table(self.outcomes, self.examples, self.options.won),
                answer_table(self.replies, self.examples),
                game_table(self.games),
            ),
            notes=tuple(notes),
            findings=tuple(self._findings()),
        )

    def _findings(self) -> Iterator[Finding]:
        """Yield how many winning games were won, compared with the opponents."""
        ours = self.outcomes.get("ours").get("winning")
        if ours.total:
            won, drawn, losses = (ours[end] for end in ("won", "drawn", "lost"))
            text = (
                f"Of {count(ours.total, 'game')} that stood winning, {won:,} {_were(won)} won "
                f"({100 * won / ours.total:.0f}%, "
                f"95%: {interval(won, ours.total)}), {drawn:,} drawn and {losses:,} lost"
            )
            word: Certainty | None = None
            compared = difference(self.conversions, _COMPARED)
            if compared is not None:
                [word] = certainties([compared[2]])
                text += f"; the opponents won {compared[1]:.0f}% of theirs"
            yield Finding(f"{text}.", word, to_moves(self.examples.get("ours|winning")), "outcomes")
        losing = self.outcomes.get("ours").get("losing")
        if losing.total:
            text = (
                f"Of {count(losing.total, 'game')} that stood losing, {saved(losing):,} "
                f"{_were(saved(losing))} saved, {losing['won']:,} of them won."
            )
            yield Finding(text, references=to_moves(self.examples.get("ours|losing")), table="outcomes")


def _wins(game: AnalysedGame) -> list[int | None]:
    """Return White's Win% in the positions 0 to N, in thousandths; None for a position where it is not known."""
    wins: list[int | None] = [None] * len(game.positions)
    for k, ply in enumerate(game.plies):
        if ply.win_before is not None and ply.win_after is not None:
            white = game.turn(k) == "white"
            for position, win in ((k, milli(ply.win_before)), (k + 1, milli(ply.win_after))):
                wins[position] = win if white else _ALL - win
    return wins


def _view(wins: list[int | None], color: Color) -> list[int | None]:
    """Return White's Win% from the point of view of `color`."""
    return wins if color == "white" else _mirrored(wins)


def _mirrored(wins: list[int | None]) -> list[int | None]:
    """Return the Win% from the other side's point of view."""
    return [None if win is None else _ALL - win for win in wins]


def _fall(wins: list[int | None], k: int) -> int:
    """Return how much ply `k` lowered the Win%; 0 if a Win% beside it is not known."""
    before, after = wins[k], wins[k + 1]
    return 0 if before is None or after is None else before - after


def _slip(wins: list[int | None], won: int) -> int:
    """Return the ply that `_turn` returns, or the last position where it returns None."""
    ply = _turn(wins, won)
    return len(wins) - 1 if ply is None else ply


def _turn(wins: list[int | None], won: int) -> int | None:
    """Return the ply after the best position that lowered the Win% most; None if the last one is still won."""
    known = [win for win in wins if win is not None]
    if known[-1] >= won:
        return None
    plies = range(wins.index(max(known)), len(wins) - 1)
    worst = max(plies, key=lambda k: _fall(wins, k))
    return worst if _fall(wins, worst) > 0 else None


def _errors(counts: Counts) -> tuple[int, int]:
    """Return the number of errors, and how many of them were punished."""
    return sum(counts[kind] for kind in ERRORS), sum(counts[f"{kind}_punished"] for kind in ERRORS)


def _punished(counts: Counts) -> float | None:
    errors, punished = _errors(counts)
    return share(punished, errors)


def _let_off(counts: Counts) -> float | None:
    errors, punished = _errors(counts)
    return share(errors - punished, errors)


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
