"""Material that a move lost, did not win, or won too little of."""

from __future__ import annotations

from typing import Any, Literal

import chess
from msgspec import structs

from engine.analysis.reasons.exchange import gain_of, passed
from engine.analysis.reasons.facts import Facts
from engine.analysis.reasons.material import Balance, as_mapping, difference, points
from engine.analysis.reasons.motifs import with_motif
from engine.analysis.reasons.walk import Walk
from engine.model import Explanation
from engine.model.explanation import Reason
from engine.positions.material import captured

__all__ = ["material_reason"]

_LETTERS = ".pnbrqk"


def material_reason(facts: Facts) -> Explanation | None:
    """Return what is to be said of the material that a move cost; None where nothing is proved."""
    line, played = _line_after(facts)
    best = facts.best if facts.best is not None and facts.best.end is not None else None
    own, could = _points(facts, line), _points(facts, best)
    if own is not None and could is not None and could <= own:
        return None
    since, base = facts.base(*(walk for walk in (line, best) if walk is not None))
    before = points(difference(base, facts.now, facts.mover))
    missed = _missed(facts, best) if best is not None and (could or 0) > 0 and (own or 0) <= 0 else None
    takes_back = best is not None and best.moves[0].to_square == facts.taken_on
    lost = 0 if own is None else before - own
    if missed is not None and (takes_back or lost < (could or 0)):
        return missed
    if line is not None and lost > 0 and (could is None or could >= before):
        return _allowed(facts, line, since, base, played=played) or missed
    if missed is None and line is not None and best is not None:
        return _less(facts, best, line, since, base)
    return missed


def _points(facts: Facts, walk: Walk | None) -> int | None:
    """Return what the mover wins with a line from the position before the move on, in pawns."""
    if walk is None or walk.end is None:
        return None
    won = points(walk.won(facts.now))
    return won if walk.winner == facts.mover else -won


def _line_after(facts: Facts) -> tuple[Walk | None, bool]:
    """Return how it goes on after the move up to a quiet end, and whether it did so in the game."""
    if facts.reply is not None and facts.reply.end is not None:
        return facts.reply, False
    if facts.followed is not None and facts.followed.end is not None:
        return facts.followed, True
    return None, False


def _allowed(facts: Facts, line: Walk, since: int, base: Balance, *, played: bool) -> Explanation | None:
    """Return what the opponent's line wins; None if the rest of the line gives it back."""
    if not line.keeps:
        return None
    won = line.won(base)
    found = Explanation(
        *(facts.ply, "allowed tactic", "", facts.ply + 1),
        moves=line.ucis(line.end),
        played=played,
        material=as_mapping(won),
        since=since,
    )
    promoted = _promoted(line)
    if promoted != "":
        return _without_promotion(found, "allowed promotion", won, promoted)
    return _hung(facts, line, found, won) or with_motif(found, line)


def _missed(facts: Facts, line: Walk) -> Explanation | None:
    """Return what the best line would have won; None if the rest of the line gives it back."""
    if not line.keeps:
        return None
    won = line.won(facts.now)
    found = Explanation(
        *(facts.ply, "missed tactic", "", facts.ply),
        moves=line.ucis(line.end),
        material=as_mapping(won),
        since=facts.ply,
    )
    promoted = _promoted(line)
    if promoted != "":
        return _without_promotion(found, "missed promotion", won, promoted)
    first = line.moves[0]
    victim = captured(facts.board, first)
    if victim is not None and first.to_square == facts.taken_on:
        return structs.replace(found, kind="did not take back")
    if victim is None or not _takes_only(facts.board, first, won):
        return with_motif(found, line)
    return structs.replace(found, kind="did not take", **_man(victim, first))


def _less(facts: Facts, best: Walk, line: Walk, since: int, base: Balance) -> Explanation | None:
    """Return how much more the best line wins, or how much less it loses, than the line after the move."""
    won = points(best.won(base))
    more = best.won(line.balances[line.end or 0])
    is_kept = best.keeps and line.keeps and _promoted(best) == "" and _promoted(line) == ""
    if not won or not is_kept or min(more) < 0:  # "a rook for a knight more" would not be understood
        return None
    other = (facts.board.uci(facts.played), *line.ucis(line.end))
    return Explanation(
        *(facts.ply, "won less" if won > 0 else "lost more", "", facts.ply),
        moves=best.ucis(best.end),
        other=other,
        material=as_mapping(more),
        since=since,
    )


def _hung(facts: Facts, line: Walk, found: Explanation, won: Balance) -> Explanation | None:
    """Return the explanation of a piece that hangs; None if it is not the first capture that wins it."""
    first = line.moves[0]
    victim = captured(line.boards[0], first)
    if victim is None or not _takes_only(line.boards[0], first, won):
        return None
    how = _how(facts, first, victim)
    return structs.replace(found, kind="hung piece", how=how, **_man(victim, first))


def _how(facts: Facts, capture: chess.Move, victim: chess.PieceType) -> Literal["", "left", "unguarded"]:
    """Return how a piece came to hang, from what the capture would have won if the mover had passed."""
    if facts.played.to_square == capture.to_square or facts.board.is_check():
        return ""
    after_pass = passed(facts.board)
    if not after_pass.is_legal(capture) or captured(after_pass, capture) != victim:
        return ""
    if gain_of(after_pass, capture) > 0:
        return "left"
    return "unguarded" if _protects(facts.board, facts.played, capture.to_square) else ""


def _protects(board: chess.Board, move: chess.Move, square: chess.Square) -> bool:
    """Return whether the piece that moves protects a square before the move, and not after it."""
    if not chess.BB_SQUARES[move.from_square] & board.attackers_mask(board.turn, square):
        return False
    after = board.copy(stack=False)
    after.push(move)
    return not chess.BB_SQUARES[move.to_square] & after.attackers_mask(not after.turn, square)


def _takes_only(board: chess.Board, capture: chess.Move, won: Balance) -> bool:
    """Return whether what a capture takes is all that is won, if something less may have been given for it.

    The capture alone must win something, by the exchange on its square.
    """
    victim = captured(board, capture)
    if victim is None or board.is_en_passant(capture) or capture.promotion:
        return False
    is_all = won[victim - 1] == 1 and [number for number in won if number > 0] == [1]
    return is_all and gain_of(board, capture) > 0


def _man(victim: chess.PieceType, capture: chess.Move) -> dict[str, Any]:
    return {"piece": _LETTERS[victim], "square": chess.square_name(capture.to_square)}


def _promoted(line: Walk) -> str | None:
    """Return the letters of the winner's promoted pieces at the end of a line; None if the other side has one."""
    places: dict[chess.Square, tuple[str, chess.Color]] = {}
    for board, move in zip(line.boards, line.moves[: line.end], strict=False):
        moved = places.pop(move.from_square, None)
        places.pop(move.to_square, None)
        if move.promotion:
            moved = _LETTERS[move.promotion], board.turn
        if moved is not None:
            places[move.to_square] = moved
    letters = "".join(sorted(letter for letter, color in places.values() if color == line.winner))
    return letters if len(letters) == len(places) else None


def _without_promotion(found: Explanation, kind: Reason, won: Balance, promoted: str | None) -> Explanation | None:
    """Return an explanation about a pawn that promotes; its material is what is won besides."""
    if promoted is None or len(promoted) != 1:
        return None
    rest = list(won)
    rest[_LETTERS.index(promoted) - 1] -= 1
    rest[0] += 1
    p, n, b, r, q = rest
    return structs.replace(found, kind=kind, material=as_mapping((p, n, b, r, q)))
