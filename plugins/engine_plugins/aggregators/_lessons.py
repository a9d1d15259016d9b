"""How much a bad move teaches: the kind of error, how hard the better move was to find, and how the game stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import chess

from engine.analysis.reasons import explain
from engine.model import AnalysedGame, Evaluation
from engine.positions.material import VALUES
from engine_plugins.aggregators._clock_left import Left

FULL = 100
"""Weights are in percent of this."""
MOST = 30_000
"""Thousandths of Win% from which losing more teaches little more, since the game has turned: a quarter counts."""
_BEYOND = 4
IN_HASTE = 25
"""A move made with hardly any time shows the clock, and not what the player knows."""
SHORT = 5
"""Percent of the clock under which a move is made in haste."""
_OPEN = ((20, 80, FULL), (10, 90, 70))
_DECIDED = 40
"""In a game that is decided anyway, less depends on the move."""
_MATE_IN_ONE = 20
"""A mate in one is found by looking, and known to everybody."""
_EVASION = 40
"""With one or two legal moves there is little to choose."""
_JUST_MOVED = 40
"""The piece that just moved, often taking something, is what one looks at first."""
_HANGING = 50
"""A piece that is not defended, or is worth more than what takes it: one look at the board finds it."""
_FORCING = 80
"""Checks and captures are looked at before quiet moves."""
_FEW, _MANY = 90, 70
"""Where two moves were good, or more, it was easier to play one of them."""

KINDS: Mapping[str, str] = {
    "missed mate": "a mate was there and was not kept",
    "allowed mate": "the opponent could mate afterwards",
    "moved into capture": "the piece moved to where it was best taken",
    "did not take": "the piece that had just moved was best taken",
    "wrong capture": "something was taken, and it was better not to",
    "other": "none of these",
}
"""Kinds of errors with what they mean. The first that is true counts."""


class Error(NamedTuple):
    """A move that lost much."""

    ply: int
    loss: int
    """Thousandths of Win%."""
    kind: str
    weight: int
    """Percent of a full lesson, as far as it can be told without a board."""


def error_at(game: AnalysedGame, k: int, loss: int, left: Left | None, haste: int) -> Error:
    """Return what is known of a bad move without setting up a board.

    * **game** - the game.
    * **k** - the move.
    * **loss** - the thousandths of Win% that it lost.
    * **left** - the mover's clock before it.
    * **haste** - seconds under which a move is made in haste.
    """
    evaluation = game.positions[k].evaluation
    weight = _standing(game.plies[k].win_before or 0.0)
    if left is not None and (left.seconds < haste or left.share < SHORT):
        weight = weight * IN_HASTE // FULL
    if evaluation is not None and evaluation.score.mate == 1:
        weight = weight * _MATE_IN_ONE // FULL
    elif evaluation is not None and k and _to(evaluation.best) == _to(game.plies[k - 1].uci):
        weight = weight * _JUST_MOVED // FULL
    return Error(k, loss, _kind(game, k), weight)


def value(error: Error, weight: int = FULL) -> int:
    """Return how much an error teaches: the thousandths of Win% that it lost, times the weights."""
    loss = min(error.loss, MOST) + max(0, error.loss - MOST) // _BEYOND
    return loss * error.weight * weight // (FULL * FULL)


def difficulty(board: chess.Board, best: chess.Move, accepted: int, *, easy: bool) -> int:
    """Return how hard the better move was to find, as far as `error_at` could not tell, in percent.

    * **board** - the position.
    * **best** - the better move.
    * **accepted** - the number of moves that were good; 0 if it is not known.
    * **easy** - whether `error_at` has found it easy: a mate in one, or a piece that just moved is taken.
    """
    weight = FULL
    if easy:
        pass
    elif board.legal_moves.count() <= 2:  # noqa: PLR2004
        weight = _EVASION
    elif board.is_capture(best):
        weight = _HANGING if _hangs(board, best) else _FORCING
    elif board.gives_check(best):
        weight = _FORCING
    return weight * (_MANY if accepted > 2 else _FEW if accepted == 2 else FULL) // FULL  # noqa: PLR2004


def words(error: Error, board: chess.Board, best: chess.Move, mate: int | None) -> str:
    """Return the kind of an error in a few words, with what the better move was where the kind says little."""
    if error.kind == "missed mate" and mate is not None:
        return f"missed mate in {mate}"
    if error.kind != "other":
        return error.kind
    if board.is_capture(best):
        return "missed capture"
    return "missed check" if board.gives_check(best) else "missed quiet move"


def reason(game: AnalysedGame, k: int) -> str | None:
    """Return why a move was bad, in a sentence; None where that cannot be proved."""
    explanation = explain(game, k)
    return None if explanation is None else explanation.sentence


def just_moved(game: AnalysedGame, k: int, best: str) -> bool:
    """Return whether a move takes the piece that the opponent has just moved."""
    return k > 0 and _to(best) == _to(game.plies[k - 1].uci)


def accepted_moves(answer: Evaluation | None, accepted: Sequence[str]) -> int:
    """Return how many moves were good; 0 if the other moves are not known."""
    return len(accepted) if answer is not None and len(answer.lines) > 1 else 0


def _standing(win: float) -> int:
    return next((weight for low, high, weight in _OPEN if low <= win <= high), _DECIDED)


def _kind(game: AnalysedGame, k: int) -> str:
    ply, before, after = game.plies[k], game.positions[k].evaluation, game.positions[k + 1].evaluation
    had = before is not None and (before.score.mate or 0) > 0
    if had and (after is None or (after.score.mate or 0) >= 0):
        return "missed mate"
    if after is not None and (after.score.mate or 0) > 0:
        return "allowed mate"
    reply = after.best if after is not None else None
    if reply is not None and _to(reply) == _to(ply.uci):
        return "moved into capture"
    if before is not None and before.best is not None and just_moved(game, k, before.best):
        return "did not take"
    return "wrong capture" if "x" in ply.san else "other"


def _to(uci: str | None) -> str:
    """Return the square that a move goes to; empty for none. Castling may name the square of the rook."""
    return "" if uci is None else uci[2:4]


def _hangs(board: chess.Board, move: chess.Move) -> bool:
    taken, taker = board.piece_type_at(move.to_square), board.piece_type_at(move.from_square)
    if taken is None or taker is None:  # en passant
        return False
    return VALUES[taken] > VALUES[taker] or not board.is_attacked_by(not board.turn, move.to_square)
