"""Players ranked by their score or by the quality of their play."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Finding, Metric, Reference, Report, ReportTable
from engine.plugin import Aggregator, Counts, Moments, Needs, Options, Sum, TopK, keyed
from engine.text.format import count
from engine_plugins.aggregators._common import (
    GAME,
    PLAYER,
    by_name,
    left_out,
    mean,
    milli,
    other,
    ranked,
    score_interval,
    together,
    unmilli,
)
from engine_plugins.aggregators._references import to_games

_COMPARED = 2
"""Players that a ranking needs to have a leader."""
_FIGURES = ("scores", "rated", "ratings", "accuracies", "losses", "tallies")
"""States that hold a player's figures."""
BEST_GAME_MOVES = 20
"""Smallest number of own moves in a best game; short draws are easily played without a mistake."""

# For scores of 50% to 100%; below 50% the differences are the same with the sign changed.
_DIFFERENCES = """
      0   7  14  21  29  36  43  50  57  65  72  80  87  95 102 110 117 125 133 141 149 158 166 175 184 193
    202 211 220 230 240 251 262 273 284 296 309 322 336 351 366 383 401 422 444 470 501 538 589 677 800
"""
_FIDE_DP = tuple(map(int, _DIFFERENCES.split()))

_LABELS = {
    "score": "score",
    "accuracy": "accuracy",
    "acpl": "average centipawn loss, the lowest first",
    "performance": "performance rating",
    "blunders": "blunders per 100 moves, the lowest first",
}


class LeaderboardOptions(Options, frozen=True):
    """Options of `leaderboard`."""

    by: Annotated[
        Literal["score", "accuracy", "acpl", "performance", "blunders"],
        Meta(description="Figure that ranks the players."),
    ] = "score"
    players: Annotated[int, Meta(ge=0, le=100_000, description="Number of players in both tables.")] = 20
    min_games: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Games that a player needs for the ranking figure to be ranked."),
    ] = 1
    performance: Annotated[
        Literal["fide", "logistic"],
        Meta(description="How a score becomes a rating difference: by FIDE's table or by the logistic formula."),
    ] = "fide"


class Standing(NamedTuple):
    """The figures of one player."""

    name: str
    games: int
    points: float
    score: float | None
    accuracy: float | None
    acpl: float | None
    blunders: float | None
    performance: int | None


class Ranked(NamedTuple):
    """A player's figures, the number of games behind the one that ranks, and the points that the score is of."""

    standing: Standing
    behind: int
    points: Moments


class Leaderboard(Aggregator):
    """Who scored best, and who played best?

    The option `by` chooses the figure that ranks the players: score, accuracy, average centipawn loss, performance
    rating or blunders per 100 moves. Players with the same figure are ordered by the number of games behind it,
    most first, then by name; players whose figure is not known come last. A player with fewer than `min_games`
    games behind the figure is not ranked.

    Score: the points from finished games, 1 for a win and ½ for a draw, as a share of these games. The interval is
    Wilson's (1927) with 95% confidence; it counts a draw as half a win, which makes it a little too wide.

    Accuracy: the mean of the player's game accuracies on Lichess. ACPL: the mean centipawn loss over all moves,
    with evaluations clamped to ±1000 (lila, `AccuracyCP.scala`). Blunders: moves that lower the mover's Win% by 15
    points or more, with Lichess's special rules for mates (lila, `Advice.scala`). Only moves with an evaluation
    before and after them count.

    Performance rating: the average rating of the opponents, plus the rating difference that corresponds to the
    score against them. With `performance` set to `fide` (FIDE Handbook B.02, table 8.1.1), the average and the
    percentage are rounded half up, and the difference is looked up in the table: 100% counts as 800 points and 0%
    as -800. With `logistic`, the difference is 400 · log10(p / (1 - p)), which has no value for 100% and 0%. Only
    finished games against opponents with a rating in the tags count. A performance over a few games says little.

    Best game: the game with the player's highest accuracy among games with at least 20 own moves that count; ties
    go to the earlier game.

    With `--player`, only that player's colours count. Players without a name are left out, since `?` may be many
    people.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a leaderboard

        Players
        Player          Games  Points   Score  95%         Accuracy   ACPL  Bl./100  Perf.
        Stockfish 2300     12   12.00  100.0%  75.8-100.0     95.6%  15.05     0.69  2,500
        Stockfish 2000     12    6.50   54.2%  28.6-77.7      89.7%  29.01     1.84  1,829
        Stockfish 1700     12    5.50   45.8%  22.3-71.4      88.4%  34.25     2.42  1,871
        Stockfish 1400     12    0.00    0.0%  0.0-24.2       83.6%  43.84     2.73  1,200
        Units: ACPL: centipawns; Bl./100: blunders per 100 moves.
        Points are of finished games, 95% is the interval of the score, accuracy the mean of those of
        games. --show leaderboard:players=ROW prints the player's best game, or else the first one.
    """

    Options = LeaderboardOptions
    options: LeaderboardOptions
    order = 100

    @classmethod
    def needs(cls, options: LeaderboardOptions) -> Needs:
        return Needs(evaluations=options.by in ("accuracy", "acpl", "blunders"))

    scores = keyed(Moments(), by="player")
    """Points of each finished game in thousandths."""
    rated = keyed(Moments(), by="player")
    """Points of each finished game against an opponent with a rating, in thousandths."""
    ratings = keyed(Moments(), by="player")
    """Ratings of these opponents."""
    accuracies = keyed(Moments(), by="player")
    """Accuracy of each game in thousandths of a percent."""
    losses = keyed(Moments(), by="player")
    """Loss of each move in centipawns."""
    tallies = keyed(Counts(), by="player")
    """Number of games with moves that count, and of blunders."""
    best = keyed(TopK(1), by="player")
    """The game with the highest accuracy."""
    first = keyed(TopK(1), by="player")
    """The player's first game, where no game has enough moves to be the best."""
    games = Sum()
    finished = Sum()
    unnamed = Sum()

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        self.games.add()
        self.finished.add(int(game.points("white") is not None))
        for color in game.view:
            if game.player(color) == "?":
                self.unnamed.add()
            else:
                self._add_score(game, color)
                self.first[game.player(color)].add(-game.origin.game, game.origin.game, 0)
                self._add_moves(game, color)

    def _add_score(self, game: AnalysedGame, color: Color) -> None:
        points, rating, name = game.points(color), game.rating(other(color)), game.player(color)
        if points is None:
            return
        self.scores[name].add(milli(points))
        if rating is not None:
            self.rated[name].add(milli(points))
            self.ratings[name].add(rating)

    def _add_moves(self, game: AnalysedGame, color: Color) -> None:
        name, accuracy = game.player(color), game.side(color).accuracy
        own = [game.plies[k] for k in game.turns(color) if game.plies[k].loss is not None]
        for ply in own:
            self.losses[name].add(ply.loss or 0)
        if own:
            self.tallies[name].add("games")
            self.tallies[name].add("blunders", sum(ply.judgement == "blunder" for ply in own))
        if accuracy is None:
            return
        self.accuracies[name].add(milli(accuracy))
        if len(own) >= BEST_GAME_MOVES:
            self._enter(game, color, milli(accuracy), len(own))

    def _enter(self, game: AnalysedGame, color: Color, accuracy: int, moves: int) -> None:
        number, points = game.origin.game, game.points(color)
        result = None if points is None else milli(points)
        cells = (number, game.player(other(color)), color, moves, result)
        self.best[game.player(color)].add(accuracy, number, int(color == "black"), *cells)

    def report(self) -> Report:
        leaders, number = ranked(self._ranked(), max(1, self.options.players), self._order)
        listed = leaders[: self.options.players]
        return Report(
            title="Leaderboard",
            metrics=self._metrics(leaders, number),
            tables=(self._players(listed), self._best_games(listed)),
            notes=self._notes(number),
            findings=tuple(self._findings(leaders)),
        )

    def _findings(self, leaders: list[Ranked]) -> Iterator[Finding]:
        if len(leaders) < _COMPARED:
            return
        first, _, points = leaders[0]
        value = getattr(first, self.options.by)
        if value is None:
            return
        figure = {
            "score": f"{first.points:g} {'point' if first.points == 1 else 'points'} of {count(points.n, 'game')} "
            f"(95% interval: {score_interval(points)}%)",
            "accuracy": f"an accuracy of {value:.1f}%",
            "acpl": f"{value:.1f} centipawns lost a move",
            "performance": f"a performance rating of {value:,}",
            "blunders": f"{value:.1f} blunders per 100 moves",
        }[self.options.by]
        text = f"{first.name} leads with {figure}."
        yield Finding(text, references=self._best(first.name), table="players")

    def _best(self, name: str) -> tuple[Reference, ...]:
        return to_games(self.best.get(name)) or to_games(self.first.get(name))

    def _ranked(self) -> Iterator[Ranked]:
        """Yield the players with enough games, in the order of names."""
        states = {name: getattr(self, name).each() for name in _FIGURES}
        for name, figures in by_name(states):
            if "scores" not in figures and "tallies" not in figures:
                continue
            points, rated, ratings, accuracies, losses = (figures.get(key, Moments()) for key in _FIGURES[:-1])
            tally = figures.get("tallies", Counts())
            behind = {"score": points.n, "performance": rated.n, "accuracy": accuracies.n}
            games_behind = behind.get(self.options.by, tally["games"])
            if games_behind < self.options.min_games:
                continue
            standing = Standing(
                name=name,
                games=points.n,
                points=points.sum / 1000,
                score=mean(100 * points.sum, points.n, 1000),
                accuracy=mean(accuracies.sum, accuracies.n, 1000),
                acpl=mean(losses.sum, losses.n),
                blunders=mean(100 * tally["blunders"], losses.n),
                performance=performance(ratings, rated, self.options.performance),
            )
            yield Ranked(standing, games_behind, points)

    def _order(self, player: Ranked) -> tuple[bool, float, int, str]:
        value: float | None = getattr(player.standing, self.options.by)
        lowest_first = self.options.by in ("acpl", "blunders")
        ordered = 0.0 if value is None else value if lowest_first else -value
        return value is None, ordered, -player.behind, player.standing.name

    def _metrics(self, leaders: list[Ranked], number: int) -> dict[str, Metric]:
        accuracies, losses = (
            together(part for _, part in state.each()) for state in (self.accuracies, self.losses)
        )
        return {
            "leader": Metric(leaders[0].standing.name if leaders else None, "Leader", "player"),
            "players": Metric(number, "Players ranked"),
            "games": Metric(self.games.value, "Games"),
            "finished": Metric(self.finished.value, "Finished games"),
            "accuracy": Metric(mean(accuracies.sum, accuracies.n, 1000), "Accuracy of all players", "percent"),
            "acpl": Metric(mean(losses.sum, losses.n), "ACPL of all players", "float", "centipawns"),
        }

    def _players(self, listed: list[Ranked]) -> ReportTable:
        columns = (
            PLAYER,
            Column("games", "Games", "int"),
            Column("points", "Points", "float"),
            Column("score", "Score", "percent"),
            Column("interval", "95%"),
            Column("accuracy", "Accuracy", "percent"),
            Column("acpl", "ACPL", "float", "centipawns"),
            Column("blunder_rate", "Bl./100", "float", "blunders per 100 moves"),
            Column("performance", "Perf.", "int"),
        )
        rows = tuple((*standing[:4], score_interval(points), *standing[4:]) for standing, _, points in listed)
        references = tuple(self._best(player.standing.name) for player in listed)
        reading = (
            "Points are of finished games, 95% is the interval of the score, accuracy the mean of those of games. "
            "A row leads to the player's best game, or else the first one."
        )
        return ReportTable("players", "Players", columns, rows, references, reading)

    def _best_games(self, listed: list[Ranked]) -> ReportTable:
        columns = (
            PLAYER,
            GAME,
            Column("opponent", "Opponent", "player"),
            Column("color", "Colour"),
            Column("moves", "Moves", "int"),
            Column("accuracy", "Accuracy", "percent"),
            Column("points", "Points", "float"),
        )
        names = (player.standing.name for player in listed)
        games = [(name, entry) for name in names for entry in self.best.get(name).entries()]
        games.sort(key=lambda item: (-item[1].score, item[1].game, item[1].ply))
        rows: list[tuple[Cell, ...]] = []
        for name, entry in games:
            number, opponent, color, moves, points = entry.cells
            rows.append((name, number, opponent, color, moves, entry.score / 1000, unmilli(points)))
        reading = f"The game with the highest accuracy among those with {BEST_GAME_MOVES} own moves or more."
        return ReportTable("best_games", "Best game of each player", columns, tuple(rows), reading=reading)

    def _notes(self, number: int) -> tuple[str, ...]:
        by, minimum, unnamed = self.options.by, self.options.min_games, self.unnamed.value
        method = "FIDE's table" if self.options.performance == "fide" else "the logistic formula"
        notes = [
            f"Ranked by {_LABELS[by]}; ties to more games, then by name.",
            f"Perf.: the average rating of the opponents and what the score against them stands for, by {method}.",
            *left_out("players", number - self.options.players, "leaderboard.players"),
        ]
        if minimum > 1:
            notes.append(f"Ranked are players with at least {minimum} games behind that figure.")
        if unnamed:
            notes.append(
                f"Players without a name were left out: {unnamed:,} {'side' if unnamed == 1 else 'sides'}."
            )
        if not number:
            notes.append("No data: no named player has enough games for this ranking.")
        return tuple(notes)


def performance(ratings: Moments, points: Moments, method: Literal["fide", "logistic"]) -> int | None:
    """Return the performance rating; None if it has no value.

    * **ratings** - the ratings of the opponents.
    * **points** - the points against them in thousandths.
    * **method** - FIDE's table or the logistic formula.
    """
    if not points.n:
        return None
    if method == "fide":
        percent = (2 * points.sum + 10 * points.n) // (20 * points.n)
        return (2 * ratings.sum + ratings.n) // (2 * ratings.n) + fide_difference(percent)
    if points.sum in (0, 1000 * points.n):
        return None
    return round(ratings.sum / ratings.n + 400 * math.log10(points.sum / (1000 * points.n - points.sum)))


def fide_difference(percent: int) -> int:
    """Return the rating difference for a score in whole percent. Source: FIDE Handbook B.02, table 8.1.1."""
    return _FIDE_DP[percent - 50] if percent >= 50 else -_FIDE_DP[50 - percent]  # noqa: PLR2004
