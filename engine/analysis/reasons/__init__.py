"""Why a move was bad, in one sentence of facts that the board or an evaluation proves.

`explain` looks at one move, `explanations` at all judged moves of a game. What a side wins is counted at a
quiet end of a line: a position in which no capture and no promotion of the other side wins anything
(`reasons.exchange`). Where nothing is proved, nothing is said.
"""

from __future__ import annotations

from engine.analysis.reasons.reasons import explain, explanations
from engine.analysis.reasons.sentences import PATTERN

__all__ = ["PATTERN", "explain", "explanations"]
