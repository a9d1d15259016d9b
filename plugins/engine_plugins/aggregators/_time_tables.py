"""The tables of `time-management`."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import SPEED_NAMES, Cell, Column, Reference, ReportTable
from engine.plugin import Counts, Keyed, TopK
from engine_plugins.aggregators._common import GAME, PLAYER, interval, mean, share, unmilli
from engine_plugins.aggregators._references import to_moves

CLOCKS = ((3_000, "under 3%"), (10_000, "3-10%"), (25_000, "10-25%"), (50_000, "25-50%"))
MOST_CLOCK = "50% or more"
TIMES = ((1_000, "under 1 s"), (3_000, "1-3 s"), (5_000, "3-5 s"), (10_000, "5-10 s"), (30_000, "10-30 s"))
MOST_TIME = "30 s or more"
_PHASES = ("opening", "middlegame", "endgame")
_BAND_COLUMNS = (
    Column("moves", "Moves", "int"),
    Column("share", "Share", "percent"),
    Column("accuracy", "Move accuracy", "percent"),
    Column("blunders", "Blunders", "int"),
    Column("blunders_rate", "Rate", "float", "per 100 moves"),
    Column("interval", "95%"),
)


_LEADS = "A row leads to the moves that lost most Win%, or that took longest where there are no evaluations."
_READING = (
    "Share: of the moves. Move accuracy and blunders are over the moves with evaluations; 95%: interval of the"
    f" blunders per 100. {_LEADS}"
)


def mean_time(counts: Counts) -> float | None:
    """Return the mean time of the moves whose time is known, in seconds."""
    return mean(counts["time"], counts["timed"], 1000)


def trouble(counts: Counts) -> float | None:
    """Return the share of moves in time trouble in percent."""
    return share(counts["troubled"], counts["clocked"])


def mean_accuracy(counts: Counts) -> float | None:
    """Return the mean accuracy of the moves in percent."""
    return mean(counts["accuracy"], counts["judged"], 1000)


def _band_rows(groups: list[tuple[str, Counts]]) -> Iterator[tuple[Cell, ...]]:
    """Yield a row for each band: its name and the cells of `_BAND_COLUMNS`. Yield nothing without moves."""
    whole = sum(counts["moves"] for _, counts in groups)
    for band, counts in groups if whole else ():
        judged, blunders = counts["judged"], counts["blunders"]
        rate = blunders if judged else None, share(blunders, judged), interval(blunders, judged)
        yield band, counts["moves"], share(counts["moves"], whole), mean_accuracy(counts), *rate


def players_table(listed: list[tuple[str, Counts]], worst: Keyed[TopK]) -> ReportTable:
    """Return the players with their figures."""
    columns = (
        PLAYER,
        Column("games", "Games", "int"),
        Column("time", "Time a move", "duration"),
        Column("trouble", "In trouble", "percent"),
        Column("flag_losses", "Flagged", "int"),
        Column("flag_wins", "Won on time", "int"),
        Column("left", "Left at end", "percent"),
        Column("variance", "Variance", "float"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name, counts in listed:
        figures = mean_time(counts), trouble(counts), counts["flag_losses"], counts["flag_wins"]
        ends = mean(counts["left"], counts["ends"], 1000), mean(counts["variance"], counts["windows"], 1000)
        rows.append((name, counts["games"], *figures, *ends))
    references = tuple(to_moves(worst.get(name)) for name, _ in listed)
    reading = (
        "Left at end: the clock at the player's last move, in percent. Variance: how unevenly the time is spent."
        f" {_LEADS}"
    )
    return ReportTable("players", "By player", columns, tuple(rows), references, reading)


def clock_table(clock: Keyed[Keyed[Counts]], costly: Keyed[TopK]) -> ReportTable:
    """Return the moves by side and clock left."""
    columns = (Column("side", "Side"), Column("left", "Clock left"), *_BAND_COLUMNS)
    bands = (*(name for _, name in CLOCKS), MOST_CLOCK)
    rows: list[tuple[Cell, ...]] = []
    for side in ("ours", "opponents"):
        groups = [(band, clock.get(side).get(band)) for band in bands]
        rows += [(side, *row) for row in _band_rows(groups)]
    keys = (f"{'clock' if side == 'ours' else side}|{band}" for side, band, *_ in rows)
    references = tuple(to_moves(costly.get(key)) for key in keys)
    reading = f"Clock left after the move, in percent. {_READING}"
    return ReportTable("clock", "By clock left", columns, tuple(rows), references, reading)


def thinking_table(thinking: Keyed[Counts], costly: Keyed[TopK]) -> ReportTable:
    """Return the moves by their time."""
    bands = (*(name for _, name in TIMES), MOST_TIME)
    columns = (Column("time", "Move time"), *_BAND_COLUMNS)
    rows = tuple(_band_rows([(band, thinking.get(band)) for band in bands]))
    return ReportTable("thinking", "By move time", columns, rows, _costliest("thinking", rows, costly), _READING)


def _costliest(
    key: str, rows: tuple[tuple[Cell, ...], ...], costly: Keyed[TopK]
) -> tuple[tuple[Reference, ...], ...]:
    """Return references to the costliest moves of each row of a table, by the row's first cell."""
    return tuple(to_moves(costly.get(f"{key}|{row[0]}")) for row in rows)


def phases_table(phases: Keyed[Counts], costly: Keyed[TopK]) -> ReportTable:
    """Return the moves by phase."""
    columns = (
        Column("phase", "Phase"),
        Column("moves", "Moves", "int"),
        Column("share", "Of the time", "percent"),
        Column("time", "Time a move", "duration"),
        Column("accuracy", "Move accuracy", "percent"),
    )
    whole = sum(counts["time"] for counts in phases.values())
    groups = [(phase, phases.get(phase)) for phase in _PHASES if phase in phases]
    rows = tuple(
        (phase, counts["moves"], share(counts["time"], whole), mean_time(counts), mean_accuracy(counts))
        for phase, counts in groups
    )
    reading = (
        "Only moves with a time, so without each side's first. Of the time: the phase's share of all time spent. "
        f"{_LEADS}"
    )
    return ReportTable("phases", "By phase", columns, rows, _costliest("phases", rows, costly), reading)


def speeds_table(speeds: Keyed[Counts], costly: Keyed[TopK]) -> ReportTable:
    """Return the games by speed."""
    columns = (
        Column("speed", "Speed"),
        Column("games", "Games", "int"),
        Column("time", "Time a move", "duration"),
        Column("trouble", "In trouble", "percent"),
        Column("flag_losses", "Flagged", "int"),
        Column("flag_wins", "Won on time", "int"),
        Column("accuracy", "Move accuracy", "percent"),
    )
    groups = [(speed, speeds.get(speed)) for speed in SPEED_NAMES if speed in speeds]
    rows: list[tuple[Cell, ...]] = []
    for speed, counts in groups:
        flags = counts["flag_losses"], counts["flag_wins"]
        cells = mean_time(counts), trouble(counts), *flags, mean_accuracy(counts)
        rows.append((speed, counts["games"], *cells))
    references = _costliest("speeds", tuple(rows), costly)
    reading = f"Only games with clocks or times, one for each player. {_LEADS}"
    return ReportTable("speeds", "By speed", columns, tuple(rows), references, reading)


def longest_table(longest: TopK) -> ReportTable:
    """Return the longest thinks."""
    columns = (
        GAME,
        Column("move", "Move", "move"),
        PLAYER,
        Column("time", "Time", "duration"),
        Column("left", "Left", "duration"),
        Column("win_before", "Before", "percent"),
        Column("win_after", "After", "percent"),
        Column("judgement", "Judgement"),
    )
    rows: list[tuple[Cell, ...]] = []
    for entry in longest.entries():
        number, move, player, *figures, judgement = entry.cells
        rows.append((number, move, player, *map(unmilli, (entry.score, *figures)), judgement))
    references = tuple((Reference(entry.game, entry.ply),) for entry in longest.entries())
    reading = "Left: on the clock after the move. Before and after: the player's Win%."
    return ReportTable("longest", "Longest thinks", columns, tuple(rows), references, reading)
