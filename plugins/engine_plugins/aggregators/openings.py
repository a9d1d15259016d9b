"""Openings played, their results, and a tree of the first moves."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Metric, Opening, Report, ReportTable
from engine.plugin import Aggregator, Counts, Keyed, Moments, Options, Sum, TopK, keyed
from engine.positions.fen import is_initial
from engine_plugins.aggregators._common import (
    left_out,
    mean,
    milli,
    other,
    ranked,
    score_interval,
    together,
    win_at,
)
from engine_plugins.aggregators._opening_costs import FIRST_PLIES, Cost, Group, charts, cost_of, findings
from engine_plugins.aggregators._opening_tree import COLUMNS, Place, costliest, depth_first, places
from engine_plugins.aggregators._references import to_moves

_BOTH = 2
_VIEWS: tuple[Color, ...] = ("white", "black")


class OpeningsOptions(Options, frozen=True):
    """Options of `openings`."""

    group: Annotated[
        Literal["name", "family", "eco"],
        Meta(description="A row for each full name, family (the name before the colon) or ECO code."),
    ] = "family"
    rows: Annotated[int, Meta(ge=0, le=100_000, description="Openings listed; the most played come first.")] = 30
    depth: Annotated[int, Meta(ge=1, le=20, description="Plies of the tree of moves.")] = 10
    lines: Annotated[
        int, Meta(ge=0, le=100_000, description="Lines of the tree with each colour; the most played come first.")
    ] = 100
    min_games: Annotated[int, Meta(ge=1, le=100_000, description="Games that a line of the tree needs.")] = 2


_COLUMNS = (
    Column("color", "Colour"),
    Column("opening", "Opening", "opening"),
    Column("games", "Games", "int"),
    Column("score", "Score", "percent"),
    Column("interval", "95%"),
    Column("win_on_leaving", "Win%", "percent"),
    Column("accuracy", "Move acc.", "percent"),
    Column("acpl", "ACPL 1-10", "float", "centipawns"),
)


class Openings(Aggregator):
    """What was played in the opening, and how did it go?

    The opening of a game is the last named position that the game reached, by Lichess's list of openings
    (chess-openings, CC0). Positions are compared, so transpositions are found. Each row of the table of openings
    is one opening with one colour, from that player's side; without `--player`, each game counts once for White
    and once for Black. `group` groups openings by full name, by family (the name before the colon) or by ECO code,
    which is shown with its most frequent family. The most played openings come first, ties in the order of names.

    Score: points as a share of the finished games. The interval is Wilson's (1927) with 95% confidence; it counts
    a draw as half a win, which makes it a little too wide. Win% out of book: the mean of the player's Win% (0-100,
    scalachess `eval.scala`) in the last named position of each game. Move accuracy afterwards: the mean of
    Lichess's accuracy of a move over the player's moves from that position on; it is higher than the accuracy of
    whole games, which weighs sharp moments more. ACPL of the first ten moves: the mean centipawn loss,
    with evaluations clamped to ±1000 (lila, `AccuracyCP.scala`). Positions and moves without an evaluation do not
    count for these figures.

    The costliest opening is the one in which most Win% was lost in the first ten moves of a game, compared with
    the player's other games with the same colour. Openings with 10 games or more are compared (Welch's test), and
    the certainty is corrected for their number.

    The tree shows the moves in the order in which they were played, up to `depth` plies. It has the `lines` most
    played with each colour, of those that at least `min_games` games went through. The HTML report plays them on a
    board. If a position has a name, the name is shown with
    the move, without the family if a line above shows it. The figures are White's, also if both players count;
    games in which only Black's player was chosen have a tree of their own with Black's figures. Win% is the Win%
    after the move.

    Games that do not begin with the standard initial position, Chess960 included, are left out, and so are games
    that reached no named position.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a openings --player 'Stockfish 2300'

        Openings
        Colour  Opening            Games   Score  95%          Win%  Move acc.  ACPL 1-10 (centipawns)
        white   Caro-Kann Defense      1  100.0%  20.7-100.0  55.1%      98.8%                    0.50
        black   Caro-Kann Defense      1  100.0%  20.7-100.0  45.3%      96.7%                   12.30
        white   English Defense        1  100.0%  20.7-100.0  58.7%      97.7%                    6.10
        white   English Opening        1  100.0%  20.7-100.0  53.1%      95.1%                    4.80
        black   English Opening        1  100.0%  20.7-100.0  47.2%      96.6%                   14.10
        black   French Defense         1  100.0%  20.7-100.0  46.7%      98.2%                    9.10
        … 6 more
        Win% is the mean where a game left the named openings; move accuracy is the mean over later
        moves, higher than the accuracy of whole games, which weighs sharp moments more. --show
        openings:openings=ROW prints the games in which most Win% was lost in the first ten moves, at
        the costliest of these moves.
        Tree of moves
        View   Moves       Games   Score  95%          Win%  Opening
        white  1. d4           3  100.0%  43.9-100.0  52.9%  A40 Queen's Pawn Game
        white  1. e4           2  100.0%  34.2-100.0  52.6%  B00 King's Pawn Game
        black  1. c4           2  100.0%  34.2-100.0  49.8%  A10 English Opening
        black  1. d4           2  100.0%  34.2-100.0  47.1%  A40 Queen's Pawn Game
        black    1... Nf6      2  100.0%  34.2-100.0  47.1%  A45 Indian Defense
        A move is indented below the move that it follows; Win% is that after the move, seen from the
        colour under View. --show openings:tree=ROW prints the games through it in which most Win% was
        lost in the first ten moves.
    """

    Options = OpeningsOptions
    options: OpeningsOptions
    order = 50

    # The keys of these states are colour and group, "white Italian Game"; the figures are those of that colour.
    games = keyed(Sum())
    points = keyed(Moments())
    """Points of each finished game in thousandths."""
    leaving = keyed(Moments())
    """Win% in the last named position of each game in thousandths."""
    accuracies = keyed(Moments())
    """Accuracy of each move out of book in thousandths of a percent."""
    losses = keyed(Moments())
    """Loss of each of the first ten moves in centipawns."""
    families = keyed(Counts())
    """Number of games of each family by ECO code, if openings are grouped by ECO code."""

    lost = keyed(Moments())
    """Win% lost in the first ten moves of each game in thousandths."""
    costly = keyed(TopK(5))
    """The games in which most Win% was lost in the first ten moves, with the costliest of these moves."""

    # The keys of these states are the colour from whose view the tree is and the moves: "white e4 c5 Nf3".
    nodes = Counts()
    node_points = keyed(Moments())
    node_wins = keyed(Moments())
    line_games = keyed(TopK(5))
    """The games that went through a line of full depth in which most Win% was lost in the first ten moves."""

    opponents = Moments()
    """Accuracy of each move out of book by players who are not in view, in thousandths of a percent."""
    seen = Sum()
    """Number of games that count."""
    elsewhere = Sum()
    """Number of games from another initial position."""
    unnamed = Sum()
    """Number of games without a named position."""

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        if not _standard(game):
            self.elsewhere.add()
            return
        if game.opening is None:
            self.unnamed.add()
            return
        self.seen.add()
        costs = {color: cost_of(game, color) for color in game.view}
        viewed: Color = "white" if "white" in game.view else "black"
        self._add_tree(game, viewed, costs[viewed])
        for color in game.view:
            self._add_opening(game, color, game.opening, costs[color])
        if len(game.view) < _BOTH:
            for accuracy in _after(game, other(game.view[0]), game.opening.ply):
                self.opponents.add(accuracy)

    def _add_opening(self, game: AnalysedGame, color: Color, opening: Opening, cost: Cost | None) -> None:
        key = f"{color} {self._group(opening)}"
        self.games[key].add()
        if self.options.group == "eco":
            self.families[opening.eco].add(_family(opening))
        points, win = game.points(color), win_at(game, opening.ply, color)
        if points is not None:
            self.points[key].add(milli(points))
        if win is not None:
            self.leaving[key].add(win)
        for accuracy in _after(game, color, opening.ply):
            self.accuracies[key].add(accuracy)
        for k, ply in enumerate(game.plies[:FIRST_PLIES]):
            if game.turn(k) == color and ply.loss is not None:
                self.losses[key].add(ply.loss)
        if cost is not None:
            self.lost[key].add(cost.total)
        total, worst = cost or (-1, 0)
        self.costly[key].add(total, game.origin.game, worst)

    def _group(self, opening: Opening) -> str:
        if self.options.group == "eco":
            return opening.eco
        return _family(opening) if self.options.group == "family" else f"{opening.eco} {opening.name}"

    def _add_tree(self, game: AnalysedGame, color: Color, cost: Cost | None) -> None:
        points, line = game.points(color), str(color)
        thousandths = None if points is None else milli(points)
        for k, ply in enumerate(game.plies[: self.options.depth], start=1):
            line += f" {ply.san}"
            self.nodes.add(line)
            win = win_at(game, k, color)
            if thousandths is not None:
                self.node_points[line].add(thousandths)
            if win is not None:
                self.node_wins[line].add(win)
        if game.plies:
            total, worst = cost or (-1, 0)
            self.line_games[line].add(total, game.origin.game, worst)

    def report(self) -> Report:
        views = [self._shown(color) for color in _VIEWS]
        most = _most(self.games)
        costs = [
            Group(key, self._named(key), games, self.points.get(key), self.lost.get(key), self.costly.get(key))
            for key, games in most
        ]
        return Report(
            title="Openings",
            metrics=self._metrics(),
            tables=(self._openings(most), self._tree([shown for shown, _ in views])),
            notes=self._notes(sum(number - len(shown) for shown, number in views)),
            findings=tuple(findings(costs)),
            charts=tuple(charts(costs)),
        )

    def _metrics(self) -> dict[str, Metric]:
        groups = {key.partition(" ")[2] for key, _ in self.games.items()}
        accuracies, facing = together(self.accuracies.values()), self.opponents
        metrics = {
            "games": Metric(self.seen.value, "Games"),
            "openings": Metric(len(groups), "Different openings"),
        }
        for color in ("white", "black"):
            points, leaving = (
                together(part for key, part in parts.items() if key.startswith(color))
                for parts in (self.points, self.leaving)
            )
            score, win = mean(points.sum, points.n, 10), mean(leaving.sum, leaving.n, 1000)
            metrics[f"{color}_score"] = Metric(score, f"Score with {color.title()}", "percent")
            metrics[f"{color}_win"] = Metric(win, f"Win% out of book with {color.title()}", "percent")
        accuracy, theirs = mean(accuracies.sum, accuracies.n, 1000), mean(facing.sum, facing.n, 1000)
        metrics["accuracy"] = Metric(accuracy, "Move accuracy afterwards", "percent")
        metrics["opponents_accuracy"] = Metric(theirs, "Move accuracy of the opponents", "percent")
        return metrics

    def _openings(self, most: list[tuple[str, int]]) -> ReportTable:
        listed = most[: self.options.rows]
        rows = tuple(self._row(key, games) for key, games in listed)
        references = tuple(to_moves(self.costly.get(key)) for key, _ in listed)
        reading = (
            "Win% is the mean where a game left the named openings; move accuracy is the mean over later moves, "
            "higher than the accuracy of whole games, which weighs sharp moments more. A row leads to the games "
            "in which most Win% was lost in the first ten moves, at the costliest of these moves."
        )
        return ReportTable("openings", "Openings", _COLUMNS, rows, references, reading)

    def _named(self, key: str) -> str:
        """Return the opening of a key as it is shown."""
        group = key.partition(" ")[2]
        families = self.families.get(group).most_common(1)
        return f"{group} {families[0][0]}" if families else group

    def _row(self, key: str, games: int) -> tuple[Cell, ...]:
        color = key.partition(" ")[0]
        points, leaving = self.points.get(key), self.leaving.get(key)
        accuracies, losses = self.accuracies.get(key), self.losses.get(key)
        return (
            color,
            self._named(key),
            games,
            mean(points.sum, points.n, 10),
            score_interval(points),
            mean(leaving.sum, leaving.n, 1000),
            mean(accuracies.sum, accuracies.n, 1000),
            mean(losses.sum, losses.n),
        )

    def _shown(self, color: Color) -> tuple[dict[str, int], int]:
        """Return the most played lines, and how many have enough games.

        The shorter line that a line continues is always among them.
        """
        enough = (item for item in self.nodes.each(f"{color} ") if item[1] >= self.options.min_games)
        shown, number = ranked(enough, self.options.lines, lambda item: (-item[1], item[0].count(" "), item[0]))
        return dict(shown), number

    def _tree(self, views: list[dict[str, int]]) -> ReportTable:
        games = {line: number for shown in views for line, number in shown.items()}
        lines = [line for shown in views for line in depth_first(shown)]
        rows = tuple(self._node(place, games[place.line]) for place in places(lines))
        top = costliest(games, self.line_games.each())
        references = tuple(to_moves(top[line]) for line in lines)
        reading = (
            "A move is indented below the move that it follows; Win% is that after the move, seen from the colour "
            "under View. A row leads to the games through it in which most Win% was lost in the first ten moves."
        )
        return ReportTable("tree", "Tree of moves", COLUMNS, rows, references, reading)

    def _node(self, place: Place, games: int) -> tuple[Cell, ...]:
        points, wins = self.node_points.get(place.line), self.node_wins.get(place.line)
        score, win = mean(points.sum, points.n, 10), mean(wins.sum, wins.n, 1000)
        return (place.color, place.move, games, score, score_interval(points), win, place.opening, place.fen)

    def _notes(self, lines_left_out: int) -> tuple[str, ...]:
        minimum, depth = self.options.min_games, self.options.depth
        notes = [
            "Openings: by the last named position of a game.",
            "Score is over finished games, with its 95% interval; ACPL 1-10 is over the first ten moves.",
            f"Tree: lines of at least {minimum} games to ply {depth}; seen from the colour under View.",
            *left_out("openings", max(0, len(self.games) - self.options.rows), "openings.rows"),
            *left_out("lines", lines_left_out, "openings.lines"),
        ]
        if self.elsewhere.value:
            notes.append(f"Left out, from another start or of Chess960: {self.elsewhere.value:,}.")
        if self.unnamed.value:
            notes.append(f"Left out, without a named position: {self.unnamed.value:,}.")
        if not self.seen.value:
            notes.append("No data: no game went through a named position.")
        return tuple(notes)


def _most(games: Keyed[Sum]) -> list[tuple[str, int]]:
    """Return the keys of the openings with their number of games, White before Black in the same opening."""
    numbers = [(key, number.value) for key, number in games.items()]
    return sorted(numbers, key=lambda item: (-item[1], item[0].partition(" ")[2], item[0].startswith("black")))


def _standard(game: AnalysedGame) -> bool:
    return game.variant == "standard" and is_initial(game.fen)


def _family(opening: Opening) -> str:
    return opening.name.partition(":")[0]


def _after(game: AnalysedGame, color: Color, ply: int) -> list[int]:
    """Return the accuracies of a colour's moves from position `ply` on, in thousandths of a percent."""
    return [
        milli(move.accuracy)
        for k, move in enumerate(game.plies[ply:], start=ply)
        if move.accuracy is not None and game.turn(k) == color
    ]
