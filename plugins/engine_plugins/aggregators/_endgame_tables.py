"""The tables of `endgames`, made from its states."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import Cell, Column, ReportTable
from engine.plugin import Counts, Keyed, Moments, TopK
from engine_plugins.aggregators._common import GAME, PLAYER, interval, known_reach, mean, share
from engine_plugins.aggregators._material import OTHER

ALL = "all"
"""Key of the endgame as a whole, beside the classes."""
OURS, THEIRS = "ours", "opponents"

_SLIPS = ("win-draw", "win-loss", "draw-loss")
_ENDGAME = Column("endgame", "Endgame")
_WHOSE = Column("whose", "Whose")

Sides = Keyed[Keyed[Counts]]
"""Counts by side, then by class of endgame."""


def slipped(counts: Counts) -> int:
    """Return the number of moves that let a result slip."""
    return sum(_slips_by_kind(counts))


def class_table(sides: Sides, accuracies: Keyed[Keyed[Moments]]) -> ReportTable:
    """Return the table of games, accuracy and blunders by class."""
    columns = (
        _ENDGAME,
        _WHOSE,
        Column("games", "Games", "int"),
        Column("moves", "Moves", "int"),
        Column("accuracy", "Accuracy", "percent"),
        Column("accuracy_reach", "±", "float"),
        Column("blunders", "Blunders/100", "float"),
        Column("blunders_interval", "95%"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name, side, counts in _by_class_and_side(sides):
        if not counts["games"]:
            continue
        moments = accuracies.get(side).get(name)
        accuracy = (mean(moments.sum, moments.n, 1000), known_reach(moments))
        rows.append((name, side, counts["games"], moments.n, *accuracy, *_rate(counts["blunders"], moments.n)))
    return ReportTable("classes", "By class", columns, tuple(rows))


def result_table(sides: Sides, scores: Keyed[Keyed[Moments]]) -> ReportTable:
    """Return the table of scores against the score that the Win% on entry lets expect."""
    columns = (
        _ENDGAME,
        Column("games", "Games", "int"),
        Column("score", "Score", "percent"),
        Column("evaluated", "Evaluated", "int"),
        Column("entry", "Entry Win%", "percent"),
        Column("over", "Over", "float"),
        Column("over_reach", "±", "float"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name in _ranked(sides):
        points, entry, over = (scores.get(name).get(key) for key in ("points", "entry", "over"))
        if points.n:
            score, entry_win, gain = (mean(moments.sum, moments.n, 1000) for moments in (points, entry, over))
            rows.append((name, points.n, score, entry.n, entry_win, gain, known_reach(over)))
    return ReportTable("results", "Score against expectation", columns, tuple(rows))


def conversion_table(sides: Sides, decided: Keyed[Counts]) -> ReportTable:
    """Return the table of winning endgames that were won and losing endgames that were held."""
    columns = (
        _ENDGAME,
        Column("winning", "Winning", "int"),
        Column("won", "Won", "percent"),
        Column("won_interval", "95%"),
        Column("losing", "Losing", "int"),
        Column("held", "Held", "percent"),
        Column("held_interval", "95%"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name in _ranked(sides):
        counts = decided.get(name)
        winning, losing = counts["winning"], counts["losing"]
        if winning or losing:
            won, held = _rate(counts["won"], winning), _rate(counts["held"], losing)
            rows.append((name, winning, *won, losing, *held))
    return ReportTable("conversion", "Winning ones won, losing ones held", columns, tuple(rows))


def tablebase_table(sides: Sides) -> ReportTable:
    """Return the table of moves in tablebases and of the results that they let slip."""
    columns = (
        _ENDGAME,
        _WHOSE,
        Column("moves", "Moves", "int"),
        Column("slips", "Slips/100", "float"),
        Column("slips_interval", "95%"),
        Column("win_draw", "Win-draw", "int"),
        Column("win_loss", "Win-loss", "int"),
        Column("draw_loss", "Draw-loss", "int"),
    )
    rows = tuple(
        (name, side, counts["perfect"], *_rate(slipped(counts), counts["perfect"]), *_slips_by_kind(counts))
        for name, side, counts in _by_class_and_side(sides)
        if counts["perfect"]
    )
    return ReportTable("tablebase", "Moves in tablebases", columns, rows)


def slip_table(slips: TopK) -> ReportTable:
    """Return the table of single moves that let a result slip."""
    columns = (
        GAME,
        Column("move", "Move", "move"),
        PLAYER,
        Column("was", "Was"),
        Column("became", "Became"),
        Column("right", "Right", "move"),
        Column("fen", "Position", "position"),
    )
    return slips.render("slips", "Results let slip", columns)


def player_table(listed: list[tuple[str, Counts]]) -> ReportTable:
    """Return the table of players, those with the most endgames first."""
    columns = (
        PLAYER,
        Column("games", "Endgames", "int"),
        Column("moves", "Moves", "int"),
        Column("accuracy", "Accuracy", "percent"),
        Column("blunders", "Blunders/100", "float"),
        Column("tablebase_moves", "In tablebases", "int"),
        Column("slips", "Slips", "int"),
    )
    rows = tuple(
        (
            name,
            counts["games"],
            counts["moves"],
            mean(counts["accuracy"], counts["moves"], 1000),
            mean(100 * counts["blunders"], counts["moves"]),
            counts["perfect"],
            slipped(counts) if counts["perfect"] else None,
        )
        for name, counts in listed
    )
    return ReportTable("players", "By player", columns, rows)


def _ranked(sides: Sides) -> list[str]:
    """Return the classes that occurred: the whole endgame, then the most frequent classes, then `other`."""
    names = {name for side in sides.values() for name, _ in side.items()}
    ours = sides.get(OURS)
    return sorted(names, key=lambda name: (name != ALL, name == OTHER, -ours.get(name)["games"], name))


def _by_class_and_side(sides: Sides) -> Iterator[tuple[str, str, Counts]]:
    """Yield class, side and counts, our side first."""
    for name in _ranked(sides):
        for side, classes in sorted(sides.items(), key=lambda item: item[0] != OURS):
            if name in classes:
                yield name, side, classes.get(name)


def _rate(part: int, whole: int) -> tuple[float | None, str | None]:
    """Return a share in percent and its 95% interval."""
    return share(part, whole), interval(part, whole)


def _slips_by_kind(counts: Counts) -> tuple[int, ...]:
    return tuple(counts[kind] for kind in _SLIPS)
