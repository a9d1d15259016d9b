"""Material that a move lost, did not win, or won too little of."""

from __future__ import annotations

import chess
from msgspec import structs

from engine.analysis.reasons.exchange import gain_of, taken
from engine.analysis.reasons.facts import Facts
from engine.analysis.reasons.material import Balance, as_mapping, difference, points
from engine.analysis.reasons.walk import Walk
from engine.model import Explanation

__all__ = ["material_reason"]

_LETTERS = ".pnbrqk"


def material_reason(facts: Facts) -> Explanation | None:
    """Return what is to be said of the material that a move cost; None where nothing is proved."""
    line, played = _line_after(facts)
    own = None if line is None else points(difference(line.balances[line.end or 0], facts.now, facts.mover))
    best = facts.best if facts.best is not None and facts.best.end is not None else None
    could = None if best is None else points(difference(best.balances[best.end or 0], facts.now, facts.mover))
    if own is not None and could is not None and could <= own:
        return None
    lines = [walk for walk in (line, best) if walk is not None]
    since, base = facts.base(*lines)
    shift = points(difference(base, facts.now, facts.mover))
    lost = 0 if own is None else shift - own
    missed = 0 if could is None else could
    if best is not None and missed > 0 and (own is None or own <= 0) and best.keeps(facts.mover):
        if lost < missed or best.moves[0].to_square == facts.taken_on:
            return _missed(facts, best)
    if line is not None and lost > 0 and (could is None or could - shift > -1 or lost >= missed + 3):
        return _allowed(facts, line, since, base, played=played) if line.keeps(not facts.mover) else None
    if line is not None and best is not None and could is not None and own is not None:
        return _less(facts, best, line)
    return None


def _line_after(facts: Facts) -> tuple[Walk | None, bool]:
    """Return how it goes on after the move up to a quiet end, and whether it did so in the game."""
    if facts.reply is not None:
        if facts.reply.end is not None:
            return facts.reply, False
    elif facts.followed is not None and facts.followed.end is not None:
        return facts.followed, True
    return None, False


def _allowed(facts: Facts, line: Walk, since: int, base: Balance, *, played: bool) -> Explanation | None:
    """Return what the opponent's line wins."""
    winner = not facts.mover
    won = difference(line.balances[line.end or 0], base, winner)
    found = Explanation(
        *(facts.ply, "allowed tactic", "", facts.ply + 1),
        moves=line.ucis(line.end),
        played=played,
        material=as_mapping(won),
        since=since,
    )
    promoted = _promoted(line, winner)
    if promoted is None:
        return None
    if promoted:
        return _without_promotion(found, "allowed promotion", won, promoted)
    return _hung(facts, line, found, won) or found


def _missed(facts: Facts, line: Walk) -> Explanation | None:
    """Return what the best line would have won."""
    won = difference(line.balances[line.end or 0], facts.now, facts.mover)
    found = Explanation(
        *(facts.ply, "missed tactic", "", facts.ply),
        moves=line.ucis(line.end),
        material=as_mapping(won),
        since=facts.ply,
    )
    promoted = _promoted(line, facts.mover)
    if promoted is None:
        return None
    if promoted:
        return _without_promotion(found, "missed promotion", won, promoted)
    first = line.moves[0]
    captured = taken(facts.board, first)
    if captured is None:
        return found
    if first.to_square == facts.taken_on:
        return structs.replace(found, kind="did not take back")
    if _is_only(won, captured) and gain_of(facts.board, first) > 0 and not facts.board.is_en_passant(first):
        square = chess.square_name(first.to_square)
        return structs.replace(found, kind="did not take", piece=_LETTERS[captured], square=square)
    return found


def _less(facts: Facts, best: Walk, line: Walk) -> Explanation | None:
    """Return how much more the best line wins, or how much less it loses, than the line after the move."""
    more = difference(best.balances[best.end or 0], line.balances[line.end or 0], facts.mover)
    if not best.keeps(facts.mover) or not line.keeps(not facts.mover):
        return None
    if _promoted(best, facts.mover) != "" or _promoted(line, not facts.mover) != "":
        return None
    if min(more) < 0:  # "a rook for a knight more" would not be understood
        return None
    other = (facts.board.uci(facts.played), *line.ucis(line.end))
    return Explanation(
        *(facts.ply, "won less", "", facts.ply), best.ucis(best.end), other=other, material=as_mapping(more)
    )


def _hung(facts: Facts, line: Walk, found: Explanation, won: Balance) -> Explanation | None:
    """Return the explanation of a piece that hangs; None if it is not the first capture that wins it."""
    first = line.moves[0]
    board, square = line.boards[0], first.to_square
    captured = taken(board, first)
    if captured is None or board.is_en_passant(first) or first.promotion or not _is_only(won, captured):
        return None
    if gain_of(board, first) <= 0:
        return None
    how = ""
    if facts.played.to_square != square and not facts.board.is_check():
        passed = facts.board.copy(stack=False)
        passed.push(chess.Move.null())
        if passed.is_legal(first) and taken(passed, first) == captured:
            if gain_of(passed, first) > 0:
                how = "left"
            elif _protects(facts.board, facts.played, square):
                how = "unguarded"
    return structs.replace(
        found, kind="hung piece", piece=_LETTERS[captured], square=chess.square_name(square), how=how
    )


def _protects(board: chess.Board, move: chess.Move, square: chess.Square) -> bool:
    """Return whether the piece that moves protects a square before the move, and not after it."""
    if not chess.BB_SQUARES[move.from_square] & board.attackers_mask(board.turn, square):
        return False
    after = board.copy(stack=False)
    after.push(move)
    return not chess.BB_SQUARES[move.to_square] & after.attackers_mask(not after.turn, square)


def _is_only(won: Balance, piece: chess.PieceType) -> bool:
    """Return whether a piece is all that was won; something less may have been given for it."""
    return [number for number in won if number > 0] == [1] and won[piece - 1] == 1


def _promoted(line: Walk, winner: chess.Color) -> str | None:
    """Return the letters of the winner's promoted pieces at the end of a line; None if the other side has one."""
    places: dict[chess.Square, tuple[str, chess.Color]] = {}
    for board, move in zip(line.boards, line.moves[: line.end], strict=False):
        moved = places.pop(move.from_square, None)
        places.pop(move.to_square, None)
        if move.promotion:
            moved = _LETTERS[move.promotion], board.turn
        if moved is not None:
            places[move.to_square] = moved
    letters = "".join(sorted(letter for letter, color in places.values() if color == winner))
    return letters if len(letters) == len(places) else None


def _without_promotion(found: Explanation, kind: str, won: Balance, promoted: str) -> Explanation | None:
    """Return an explanation about a pawn that promotes; its material is what is won besides."""
    if len(promoted) != 1:
        return None
    rest = list(won)
    rest[_LETTERS.index(promoted) - 1] -= 1
    rest[0] += 1
    p, n, b, r, q = rest
    return structs.replace(found, kind=kind, material=as_mapping((p, n, b, r, q)))
