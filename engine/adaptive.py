"""Where a second, deeper search can change what is said of a game. Pure.

The first pass searches every position with a share of the nodes. What it says of most moves is clear: they lose
nothing, or far more than any judgement asks for. Only moves near a threshold are in doubt, and the positions
before and after them are searched again with all the nodes, those of a chunk on one warm hash as before. What is
chosen depends on the one game alone, so the analysis stays a function of the game.

The figures behind the two constants are in `tests/README.md`.
"""

from __future__ import annotations

from msgspec import structs

from engine.errors import ConfigError
from engine.model import AnalysedGame, Limit
from engine.scoring import JUDGED_DROPS

__all__ = ["FIRST_SHARE", "NEAR", "TYPICAL_SHARE", "doubtful", "first_limit"]

FIRST_SHARE = 8
"""The first pass gets one in so many of the nodes."""
NEAR = 2.0
"""A move whose loss is within so much Win% of a threshold is in doubt."""
TYPICAL_SHARE = 0.5
"""Of the nodes of a uniform search, what both passes take on games of people."""


def first_limit(limit: Limit) -> Limit:
    """Of the first pass. Raises ConfigError unless `limit` is one of nodes alone."""
    if limit.nodes is None or limit.depth is not None or limit.time is not None:
        raise ConfigError(f"adaptive searches take a limit in nodes alone, not {limit}; use --nodes")
    return structs.replace(limit, nodes=max(1, limit.nodes // FIRST_SHARE))


def doubtful(game: AnalysedGame) -> set[int]:
    """The positions to search again, after the first pass: those beside a move that is near a threshold."""
    found: set[int] = set()
    for k, ply in enumerate(game.plies):
        if ply.win_before is None or ply.win_after is None:
            continue
        loss = ply.win_before - ply.win_after
        if min(abs(loss - drop) for drop in JUDGED_DROPS) < NEAR:
            found |= {k, k + 1}
    return {k for k in found if game.positions[k].evaluation is not None and not game.positions[k].recorded}
