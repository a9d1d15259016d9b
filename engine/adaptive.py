"""Where a second, deeper search can change what is said of a game. Pure.

The first pass searches every position with a quarter of the nodes. Most moves are clear after that: they lose
nothing, or far more than any judgement asks for. In doubt are those that lose a little more than a judgement
takes; below a threshold a deeper search changed hardly anything. The positions before and after such a move are
searched again with all the nodes, those of a chunk on one warm hash as before. What is chosen depends on the one
game alone, so the analysis stays a function of the game.

Measured with Stockfish 15.1 on 18 games of Lichess, 1,347 moves, N = 40,000: share of judgements as a reference of
400,000 nodes has them, and as Lichess's server had them (about 2 million nodes of older versions).

| first pass | in doubt | nodes a position | as the reference | as Lichess |
| --- | --- | --- | --- | --- |
| all positions N | | 40,000 | 87.0% | 71.6% |
| all positions N / 2 | | 20,000 | 84.6% | 69.6% |
| N / 8 | within 2 Win% of a threshold | 20,882 | 86.8% | 72.3% |
| N / 8 | 0 to 3 above a threshold | 14,971 | 85.4% | 72.9% |
| N / 8 | judged, loss below 17 | 16,529 | 86.2% | 73.0% |
| N / 4 | within 2 Win% of a threshold | 26,118 | 86.9% | 72.1% |
| **N / 4** | **0 to 3 above a threshold** | **19,118** | **86.8%** | **72.7%** |
| N / 4 | judged, loss below 17 | 21,265 | 87.0% | 72.8% |

An interval of 95% is about 1.8 points wide on either side. These rows put together what uniform runs at both
budgets found. A real second pass has a colder hash: run as it is here, the marked row took 18,647 nodes a
position, and 85.7% of its judgements were the reference's, 71.9% Lichess's.
"""

from __future__ import annotations

from msgspec import structs

from engine.errors import ConfigError
from engine.model import AnalysedGame, Limit
from engine.scoring import JUDGED_DROPS

__all__ = ["ABOVE", "FIRST_SHARE", "TYPICAL_SHARE", "doubtful", "first_limit"]

FIRST_SHARE = 4
"""The first pass gets one in so many of the nodes."""
ABOVE = 3.0
"""A move whose loss is less than so much Win% above a threshold is in doubt."""
TYPICAL_SHARE = 0.5
"""Of the nodes of a uniform search, what both passes take on games of people."""


def first_limit(limit: Limit) -> Limit:
    """Of the first pass. Raises ConfigError unless `limit` is one of nodes alone."""
    if limit.nodes is None or limit.depth is not None or limit.time is not None:
        raise ConfigError(f"adaptive searches take a limit in nodes alone, not {limit}; use --nodes")
    return structs.replace(limit, nodes=max(1, limit.nodes // FIRST_SHARE))


def doubtful(game: AnalysedGame) -> set[int]:
    """The positions to search again, after the first pass: those beside a move in doubt."""
    found: set[int] = set()
    for k, ply in enumerate(game.plies):
        if ply.win_before is None or ply.win_after is None:
            continue
        loss = ply.win_before - ply.win_after
        if any(drop <= loss < drop + ABOVE for drop in JUDGED_DROPS):
            found |= {k, k + 1}
    return {k for k in found if game.positions[k].evaluation is not None and not game.positions[k].recorded}
