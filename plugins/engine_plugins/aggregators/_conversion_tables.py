"""The tables of `conversion`, made from its states."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import Cell, Column, Reference, ReportTable
from engine.plugin import Counts, Keyed, TopK
from engine_plugins.aggregators._common import GAME, PLAYER, interval, share, unmilli
from engine_plugins.aggregators._references import table_of, to_moves

SIDES = ("ours", "opponents")
STANDINGS = ("winning", "losing", "both", "neither")
ERRORS = ("mistake", "blunder")

_Row = tuple[tuple[Cell, ...], tuple[Reference, ...]]


def saved(ends: Counts) -> int:
    """Return the number of games that were not lost."""
    return ends["won"] + ends["drawn"]


def player_table(listed: list[tuple[str, Keyed[Counts]]], slipped: Keyed[TopK]) -> ReportTable:
    """Return the table of players, those with the most games first."""
    columns = (
        PLAYER,
        Column("games", "Games", "int"),
        Column("winning", "Winning", "int", "games"),
        Column("converted", "Converted", "percent"),
        Column("thrown_away", "Thrown away", "int", "games"),
        Column("losing", "Losing", "int", "games"),
        Column("saved", "Saved", "percent"),
        Column("comebacks", "Comebacks", "int", "games"),
    )
    reading = "Thrown away is lost after winning. A row leads first to winning games not won, where they turned."
    return table_of("players", "By player", columns, _player_rows(listed, slipped), reading)


def _player_rows(listed: list[tuple[str, Keyed[Counts]]], slipped: Keyed[TopK]) -> Iterator[_Row]:
    for name, stood in listed:
        winning, losing = stood.get("winning"), stood.get("losing")
        won = winning.total, share(winning["won"], winning.total), winning["lost"]
        losses = losing.total, share(saved(losing), losing.total), losing["won"]
        yield (name, stood.get("all").total, *won, *losses), to_moves(slipped.get(name))


def outcome_table(outcomes: Keyed[Keyed[Counts]], examples: Keyed[TopK], winning: int) -> ReportTable:
    """Return the table of how games ended in which a side stood winning, losing, both or neither."""
    columns = (
        Column("side", "Side"),
        Column("standing", "Stood"),
        Column("games", "Games", "int"),
        Column("won", "Won", "percent"),
        Column("won_interval", "95%"),
        Column("drawn", "Drawn", "percent"),
        Column("lost", "Lost", "percent"),
        Column("lost_interval", "95%"),
    )
    reading = (
        f"Winning is a Win% of {winning} or more at some time, losing {100 - winning} or less. "
        "A row leads first to winning games that were not won and losing ones that were saved, where they turned."
    )
    rows = _outcome_rows(outcomes, examples)
    return table_of("outcomes", "How they stood and how it ended", columns, rows, reading)


def _outcome_rows(outcomes: Keyed[Keyed[Counts]], examples: Keyed[TopK]) -> Iterator[_Row]:
    for side in SIDES:
        for standing in STANDINGS if side in outcomes else ():
            ends = outcomes.get(side).get(standing)
            whole = ends.total
            won, drawn, losses = (ends[end] for end in ("won", "drawn", "lost"))
            shares = share(won, whole), interval(won, whole), share(drawn, whole), share(losses, whole)
            cells = side, standing, whole, *shares, interval(losses, whole)
            yield cells, to_moves(examples.get(f"{side}|{standing}"))


def answer_table(replies: Keyed[Counts], examples: Keyed[TopK]) -> ReportTable:
    """Return the table of errors that were punished or let off."""
    columns = (
        Column("answered_by", "Answered by"),
        Column("error", "Error"),
        Column("errors", "Errors", "int"),
        Column("punished", "Punished", "int"),
        Column("share", "Share", "percent"),
        Column("interval", "95%"),
        Column("let_off", "Let off", "int"),
    )
    reading = (
        "Punished is an answer that is neither a mistake nor a blunder; a row leads to the answers, those that "
        "let an error off and lost the most Win% first."
    )
    return table_of("punished", "Answers to errors", columns, _answer_rows(replies, examples), reading)


def _answer_rows(replies: Keyed[Counts], examples: Keyed[TopK]) -> Iterator[_Row]:
    for side in SIDES:
        for kind in ERRORS if side in replies else ():
            whole = replies.get(side)[kind]
            part = replies.get(side)[f"{kind}_punished"]
            cells = side, kind, whole, part, share(part, whole), interval(part, whole), whole - part
            yield cells, to_moves(examples.get(f"{side}|{kind}"))


def game_table(games: TopK) -> ReportTable:
    """Return the table of the games with the widest gap between a standing and the result."""
    columns = (
        GAME,
        PLAYER,
        Column("what", "What"),
        Column("win", "Win%", "percent"),
        Column("ended", "Ended"),
        Column("move", "Turned by", "move"),
        Column("win_before", "Before", "percent"),
        Column("win_after", "After", "percent"),
    )
    reading = (
        "Win% is the best that the player had (let slip) or the worst (escaped); a row leads to the move that "
        "turned the game, or to its end."
    )
    return table_of("games", "Most dramatic games", columns, _game_rows(games), reading)


def _game_rows(games: TopK) -> Iterator[_Row]:
    for entry in games.entries():
        number, player, drama, extreme, end, move, *turn, ply = entry.cells
        before, after = (unmilli(value) for value in turn)
        reference = Reference(entry.game, ply if isinstance(ply, int) else None)
        yield (number, player, drama, unmilli(extreme), end, move, before, after), (reference,)
