"""The positions of a game that a second, deeper search is worth. Pure.

The first pass searches every position with a quarter of the nodes. Most moves are clear after that: they lose
nothing, or far more than any judgement asks for. In doubt are those that lose a little more than a judgement
takes; below a threshold a deeper search changed hardly anything. The positions before and after such a move are
searched again with all the nodes, up to the length of a chunk of them on one warm hash, forwards. What is chosen
depends on the one game alone, so the analysis stays a function of the game.

Measured with Stockfish 15.1, N = 40,000, as runs of their own, on 18 games of people (1,347 moves, reference
400,000 nodes) and 24 games of programs (2,267 moves, reference 1,000,000): share of the nodes of a uniform search,
and moves judged as by the reference, less those of the uniform search, with an interval of 95%. First pass N / 4.

| in doubt | second pass | people | programs | both |
| --- | --- | --- | --- | --- |
| 0 to 3 Win% above a threshold | by chunk, backwards | 0.45, -0.8 | 0.38, -1.6 | -1.3 [-2.2, -0.4] |
| judged, loss below 17 | by chunk, backwards | 0.50, -1.1 | 0.40, -1.3 | -1.2 [-2.2, -0.1] |
| 0 to 4 above | 12 of them, backwards | 0.48, -2.5 | 0.39, -1.1 | -1.6 [-2.5, -0.6] |
| 0 to 5 above | 12 of them, backwards | 0.51, -2.0 | 0.40, -1.1 | -1.4 [-2.5, -0.4] |
| 0 to 3 above | 12 of them, forwards | 0.45, -1.8 | 0.38, -0.4 | -0.9 [-2.0, +0.1] |
| **0 to 4 above** | **12 of them, forwards** | **0.48, -1.4** | **0.39, -0.3** | **-0.7 [-1.6, +0.3]** |
| 0 to 5 above | 12 of them, forwards | 0.51, -1.0 | 0.40, -0.4 | -0.6 [-1.5, +0.3] |
| -1 to 3 above | 12 of them, forwards | 0.54, -1.6 | 0.44, -0.3 | -0.8 [-1.7, +0.2] |
| 0 to 4 above, 1.25 N | 12 of them, forwards | 0.54, -0.9 | 0.43, -0.9 | -0.9 [-1.8, 0.0] |
| judged, loss below 17 | 12 of them, forwards | 0.49, -1.7 | 0.40, -0.5 | -0.9 [-1.9, 0.0] |
| 0 to 5 above | all of a game, forwards | 0.51, -1.9 | 0.40, -0.5 | -1.0 [-1.9, -0.1] |
| everything at N / 2 | | 0.50, -1.7 | 0.50, -0.3 | |

The marked row stays at half of the nodes on both, and its interval holds the uniform search.
"""

from __future__ import annotations

from msgspec import structs

from engine.errors import ConfigError
from engine.model import AnalysedGame, Limit
from engine.scoring import JUDGED_DROPS
from engine.settings import Search

__all__ = ["ABOVE", "FIRST_SHARE", "doubtful", "first_limit", "typical_share"]

FIRST_SHARE = 4
"""The first pass gets one in this many of the nodes."""
ABOVE = 4.0
"""A move is in doubt when its loss is less than this much Win% above a threshold."""
_TYPICAL_SHARE = 0.5
"""Share of the nodes of a uniform search that both passes take, on games of people."""


def typical_share(search: Search) -> float:
    """Return the share of the nodes of a uniform search that searches with these settings typically take."""
    return _TYPICAL_SHARE if search.adaptive else 1.0


def first_limit(limit: Limit) -> Limit:
    """Return the limit of the first pass. Raises ConfigError unless `limit` is one of nodes alone."""
    if limit.nodes is None or limit.depth is not None or limit.time is not None:
        raise ConfigError(f"adaptive searches take a limit in nodes alone, not {limit}; use --nodes")
    return structs.replace(limit, nodes=max(1, limit.nodes // FIRST_SHARE))


def doubtful(game: AnalysedGame) -> set[int]:
    """Return the plies to search again after the first pass: the positions before and after a move in doubt."""
    plies: set[int] = set()
    for k, ply in enumerate(game.plies):
        if ply.win_before is None or ply.win_after is None:
            continue
        loss = ply.win_before - ply.win_after
        if any(drop <= loss < drop + ABOVE for drop in JUDGED_DROPS):
            plies |= {k, k + 1}
    return {k for k in plies if game.positions[k].evaluation is not None and not game.positions[k].recorded}
