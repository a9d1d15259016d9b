"""The tables of `endgames`, made from its states."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import structs

from engine.model import Cell, Column, Finding, Reference, ReportTable
from engine.plugin import Counts, Keyed, Moments, TopK, certainties, critical_value, p_value
from engine_plugins.aggregators._common import GAME, PLAYER, interval, known_reach, mean, share
from engine_plugins.aggregators._material import OTHER
from engine_plugins.aggregators._references import to_moves

ALL = "all"
"""Key of the endgame as a whole, beside the classes."""
OURS, THEIRS = "ours", "opponents"

_COMPARED = 20
"""Endgames that a comparison with the expected score needs."""
_SLIPS = ("win-draw", "win-loss", "draw-loss")
_ENDGAME = Column("endgame", "Endgame")
_WHOSE = Column("whose", "Whose")

Sides = Keyed[Keyed[Counts]]
"""Counts by side, then by class of endgame."""


def slipped(counts: Counts) -> int:
    """Return the number of moves that let a result slip."""
    return sum(_slips_by_kind(counts))


def class_table(sides: Sides, accuracies: Keyed[Keyed[Moments]], examples: Keyed[TopK]) -> ReportTable:
    """Return the table of games, accuracy and blunders by class."""
    columns = (
        _ENDGAME,
        _WHOSE,
        Column("games", "Games", "int"),
        Column("moves", "Moves", "int"),
        Column("accuracy", "Move accuracy", "percent"),
        Column("accuracy_reach", "±", "float", "points"),
        Column("blunders", "Blunders", "float", "per 100 moves"),
        Column("blunders_interval", "95%"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name, side, counts in _by_class_and_side(sides):
        if not counts["games"]:
            continue
        moments = accuracies.get(side).get(name)
        accuracy = (mean(moments.sum, moments.n, 1000), known_reach(moments))
        rows.append((name, side, counts["games"], moments.n, *accuracy, *_rate(counts["blunders"], moments.n)))
    references = tuple(to_moves(examples.get(f"{side}|{name}")) for name, side, *_ in rows)
    reading = (
        "± is half of the 95% interval of the mean. A row leads to the moves that lost most Win%, one a game."
    )
    return ReportTable("classes", "By class", columns, tuple(rows), references, reading)


def result_table(sides: Sides, scores: Keyed[Keyed[Moments]], examples: Keyed[TopK]) -> ReportTable:
    """Return the table of scores against the score that the Win% on entry lets expect."""
    columns = (
        _ENDGAME,
        Column("games", "Games", "int"),
        Column("score", "Score", "percent"),
        Column("evaluated", "Evaluated", "int"),
        Column("entry", "Entry Win%", "percent"),
        Column("over", "Over", "float", "points of 100"),
        Column("over_reach", "±", "float", "points of 100"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name in _ranked(sides):
        points, entry, over = (scores.get(name).get(key) for key in ("points", "entry", "over"))
        if points.n:
            score, entry_win, gain = (mean(moments.sum, moments.n, 1000) for moments in (points, entry, over))
            rows.append((name, points.n, score, entry.n, entry_win, gain, known_reach(over)))
    references = tuple(to_moves(examples.get(f"over|{name}")) for name, *_ in rows)
    reading = (
        "Over is the score less the Win% on entry, which is the score to be expected. A row leads to the endgames "
        "that scored least against it, at their beginning."
    )
    return ReportTable("results", "Score against expectation", columns, tuple(rows), references, reading)


def conversion_table(sides: Sides, decided: Keyed[Counts], examples: Keyed[TopK]) -> ReportTable:
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
    references = tuple(to_moves(examples.get(f"decided|{name}")) for name, *_ in rows)
    reading = "A row leads to winning endgames at their beginning, those that were not won first."
    return ReportTable(
        "conversion", "Winning ones won, losing ones held", columns, tuple(rows), references, reading
    )


def tablebase_table(sides: Sides, examples: Keyed[TopK]) -> ReportTable:
    """Return the table of moves in tablebases and of the results that they let slip."""
    columns = (
        _ENDGAME,
        _WHOSE,
        Column("moves", "Moves", "int"),
        Column("slips", "Slips", "float", "per 100 moves"),
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
    references = tuple(to_moves(examples.get(f"{side}|{name}")) for name, side, *_ in rows)
    reading = "Slips turn a win into a draw or loss, or a draw into a loss. A row leads to such moves."
    return ReportTable("tablebase", "Moves in tablebases", columns, rows, references, reading)


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
    references = tuple((Reference(entry.game, entry.ply),) for entry in slips.entries())
    reading = "The results by perfect play before and after the move; Right is a move that keeps the first."
    return structs.replace(
        slips.render("slips", "Results let slip", columns), references=references, reading=reading
    )


def player_table(listed: list[tuple[str, Counts]], examples: Keyed[TopK]) -> ReportTable:
    """Return the table of players, those with the most endgames first."""
    columns = (
        PLAYER,
        Column("games", "Endgames", "int"),
        Column("moves", "Moves", "int"),
        Column("accuracy", "Move accuracy", "percent"),
        Column("blunders", "Blunders", "float", "per 100 moves"),
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
    references = tuple(to_moves(examples.get(name)) for name, _ in listed)
    reading = "Those with the most endgames come first. A row leads to the moves that lost most Win%, one a game."
    return ReportTable("players", "By player", columns, rows, references, reading)


def findings(scores: Keyed[Keyed[Moments]], decided: Keyed[Counts], examples: Keyed[TopK]) -> Iterator[Finding]:
    """Yield whether endgames score what they should, with the certainty, and how many winning ones were won."""
    over = scores.get(ALL).get("over")
    deviation = over.deviation()
    if over.n >= _COMPARED and deviation:
        more = over.sum / over.n / 1000
        error = deviation / math.sqrt(over.n - 1) / 1000
        [word] = certainties([p_value(more, error, over.n - 1)])
        text = (
            f"Endgames scored {abs(more):.1f} points of 100 {'more' if more > 0 else 'less'} than the Win% on "
            f"entry lets expect (± {critical_value(over.n - 1) * error:.1f}; {over.n:,} games)."
        )
        yield Finding(text, word, to_moves(examples.get(f"over|{ALL}")), "results")
    ends = decided.get(ALL)
    if ends["winning"]:
        yield Finding(
            f"Of {ends['winning']:,} endgames that began winning, {ends['won']:,} were won "
            f"({100 * ends['won'] / ends['winning']:.0f}%, 95%: {interval(ends['won'], ends['winning'])}).",
            references=to_moves(examples.get(f"decided|{ALL}")),
            table="conversion",
        )


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
