"""A run at one moment, and how its best scores are named for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import chess
from msgspec import Struct

from engine.input.sources import Source
from engine.model import AnalysedGame, Best, Notice, RunCounts, SkippedGame
from engine.plugin import WorkerState
from engine.search.planner import Plan


class Snapshot(Struct, frozen=True):
    """What a progress callback gets.

    >>> import engine
    >>> shown = []
    >>> _ = engine.analyze("games.pgn", nodes=1_000, progress=shown.append)
    >>> shown[-1].games, shown[-1].positions, shown[-1].total
    (2, 6, 6)
    """

    games: int
    """Games finished."""
    positions: int
    """Positions evaluated."""
    total: int | None
    """Positions in all: exact once the input is read, estimated before; None when nothing is known."""
    nodes: int
    """Nodes searched by this run, finished units only."""
    cached: int
    wins: int
    best: tuple[tuple[Best, str, str], ...]
    """The shared board: entry, players, move in SAN with its number."""
    workers: tuple[WorkerState, ...]
    seconds: float
    notices: tuple[Notice, ...]
    skipped: int
    stopping: bool


class Labels:
    """Names for entries of the board: who plays, and the move as people write it."""

    def __init__(self) -> None:
        self._known: dict[Best, tuple[str, str]] = {}

    def learn(self, entry: Best, game: AnalysedGame) -> None:
        """Name an entry of a game that is about to leave the run."""
        moves = (ply.uci for ply in game.plies)
        self._known[entry] = _label(entry, game.headers, game.fen, game.variant, moves)

    def know(self, entry: Best, players: str, move: str) -> None:
        """Name an entry that somebody else has named."""
        self._known[entry] = players, move

    def of(self, best: Sequence[Best], plan_of: Callable[[int], Plan | None]) -> tuple[tuple[Best, str, str], ...]:
        """Name the whole board; entries that have left it are forgotten."""
        kept = {}
        for entry in best:
            plan = plan_of(entry.game)
            if entry in self._known:
                kept[entry] = self._known[entry]
            elif plan is not None:
                game = plan.game
                kept[entry] = _label(entry, game.headers, game.fen, game.variant, game.moves)
        self._known = kept
        return tuple((entry, *kept.get(entry, ("", entry.move))) for entry in best)


def _label(
    entry: Best, headers: Mapping[str, str], fen: str, variant: str, moves: Iterable[str]
) -> tuple[str, str]:
    """`Morphy – Allies` and `17. Rd8#`."""
    board = chess.Board(fen, chess960=variant == "chess960")
    for ply, move in enumerate(moves):
        if ply == entry.ply:
            break
        board.push(chess.Move.from_uci(move))
    names = [headers.get("White") or "?", headers.get("Black") or "?"]
    players = "" if names == ["?", "?"] else " – ".join(names)
    dots = "." if board.turn else "..."
    move = board.san(board.parse_uci(entry.move)) if entry.move else "?"
    return players, f"{board.fullmove_number}{dots} {move}"


def problems(planned: Plan, counts: RunCounts) -> Iterator[Notice]:
    """What people should know of a game that is analysed all the same; counts it."""
    origin, game = planned.origin, planned.game
    if game.problem is not None:
        # An EPD line has nothing to cut: a wrong `bm` leaves the position as it is.
        cut = game.epd is None
        counts.cut += cut
        line = game.problem_line or origin.line
        yield Notice("cut" if cut else "warning", origin.file, line, origin.game, game.problem)
    counts.refused += len(planned.refused)
    for ply, reason in planned.refused[:1]:
        more = f" (and {len(planned.refused) - 1} more)" if len(planned.refused) > 1 else ""
        text = f"position {ply} is not one that can be searched: {reason}{more}"
        yield Notice("refused", origin.file, origin.line, origin.game, text)


def passed_over(skipped: SkippedGame, counts: RunCounts) -> Notice:
    """What people should know of a game that is not analysed; counts it."""
    if skipped.kind == "variant":
        counts.variant += 1
    else:
        counts.damaged += 1
    origin = skipped.origin
    return Notice(skipped.kind, origin.file, origin.line, origin.game, skipped.reason)


def share_read(sources: Sequence[Source]) -> float | None:
    """How much of all the inputs has been read, by bytes; None while that is not known."""
    shares = [source.fraction_read() for source in sources]
    sizes = [source.size for source in sources]
    if any(share is None for share in shares) or not sum(sizes):
        return None
    return sum((share or 0.0) * size for share, size in zip(shares, sizes, strict=True)) / sum(sizes)
