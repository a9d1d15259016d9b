"""Motifs by which a line wins material, each checked again on the board before it is named.

`engine.positions.themes` proposes them. A motif is named only if the squares are what it says, and the line itself
goes on to take one of the men that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import chess
from msgspec import structs

from engine.analysis.reasons.exchange import exchange, gain_of, passed
from engine.analysis.reasons.walk import Walk
from engine.model import Explanation
from engine.positions.material import VALUES, captured
from engine.positions.themes import Line, Motif, motifs

__all__ = ["with_motif"]


def with_motif(found: Explanation, walk: Walk) -> Explanation:
    """Return an explanation with the motif by which its line wins; the same one where none is certain.

    * **found** - the explanation of a line that wins material.
    * **walk** - the line.
    """
    length = len(found.moves)
    if length < 3:  # noqa: PLR2004 - the motif's move, an answer, and the capture
        return found
    line = Line.of(walk.boards[0], walk.moves[:length])
    proposed = {motif.theme: motif for motif in motifs(line)}
    for theme, holds in _CHECKS.items():
        motif = proposed.get(theme)
        if motif is None or motif.square is None or motif.ply % 2 or motif.ply + 2 >= length:
            continue
        square = motif.square if theme != "pin" else _pinner(motif, motif.square, walk)
        if holds(motif, square, walk):
            targets = list(motif.targets)
            if theme == "skewer" and targets[0] != walk.moves[motif.ply + 1].from_square:
                targets.reverse()
            return structs.replace(
                found,
                motif=theme,
                motif_ply=motif.ply,
                by=chess.square_name(square),
                targets=tuple(map(chess.square_name, targets)),
            )
    return found


def _pinner(motif: Motif, square: chess.Square, walk: Walk) -> chess.Square:
    """Return the square of the piece that pins, where other men stand on its line too; else the one given."""
    after = walk.boards[motif.ply + 1]
    for target in motif.targets:
        pinning = after.pin_mask(not walk.winner, target) & after.occupied_co[walk.winner]
        pinning &= after.attackers_mask(walk.winner, target) & (after.bishops | after.rooks | after.queens)
        if after.is_pinned(not walk.winner, target) and pinning.bit_count() == 1:
            return pinning.bit_length() - 1
    return square


def _is_fork(motif: Motif, square: chess.Square, walk: Walk) -> bool:
    """Return whether a man that is safe attacks two others, each worth taking, and takes one of them next."""
    after, capture = walk.boards[motif.ply + 1], walk.moves[motif.ply + 2]
    if square != walk.moves[motif.ply].to_square or len(motif.targets) < 2:  # noqa: PLR2004
        return False
    own = VALUES[after.piece_type_at(square) or chess.KING]
    for target in motif.targets:
        piece = after.piece_at(target)
        if (
            piece is None
            or piece.color == walk.winner
            or not after.attacks_mask(square) & chess.BB_SQUARES[target]
        ):
            return False
        is_worth_it = VALUES[piece.piece_type] > own or not after.attackers_mask(piece.color, target)
        if piece.piece_type != chess.KING and not is_worth_it:
            return False
    is_safe = exchange(after, square) == 0
    return is_safe and capture.from_square == square and capture.to_square in motif.targets


def _is_skewer(motif: Motif, square: chess.Square, walk: Walk) -> bool:
    """Return whether a line piece attacks a man before a lesser one, which it takes when the first has gone."""
    if len(motif.targets) != 2:  # noqa: PLR2004
        return False
    after, reply, capture = walk.boards[motif.ply + 1], walk.moves[motif.ply + 1], walk.moves[motif.ply + 2]
    front, back = reply.from_square, capture.to_square
    if {front, back} != set(motif.targets) or capture.from_square != square:
        return False
    first, second = after.piece_at(front), after.piece_at(back)
    if first is None or second is None or walk.winner in (first.color, second.color):
        return False
    if square != walk.moves[motif.ply].to_square:
        return False
    is_greater = first.piece_type == chess.KING or VALUES[first.piece_type] > VALUES[second.piece_type]
    attacks = after.attacks_mask(square) & chess.BB_SQUARES[front]
    return bool(attacks and is_greater and chess.between(square, back) & chess.BB_SQUARES[front])


def _is_discovered(motif: Motif, square: chess.Square, walk: Walk) -> bool:
    """Return whether a move opened the line of a piece that did not move, which then takes what it attacks."""
    before, after = walk.boards[motif.ply], walk.boards[motif.ply + 1]
    move, capture = walk.moves[motif.ply], walk.moves[motif.ply + 2]
    if len(motif.targets) != 1 or move.to_square == square:
        return False
    [target] = motif.targets
    victim = after.piece_at(target)
    if victim is None or victim.color == walk.winner or victim.piece_type == chess.KING:
        return False
    attacks = after.attacks_mask(square) & chess.BB_SQUARES[target]
    attacked = before.attacks_mask(square) & chess.BB_SQUARES[target]
    takes = capture.from_square == square and capture.to_square == target
    return bool(attacks and not attacked and takes)


def _is_pin(motif: Motif, square: chess.Square, walk: Walk) -> bool:
    """Return whether the move pins a man to its king by that piece, and takes it next."""
    before, after = walk.boards[motif.ply], walk.boards[motif.ply + 1]
    if len(motif.targets) != 1:
        return False
    [target] = motif.targets
    victim = after.piece_at(target)
    if victim is None or victim.color == walk.winner or not after.is_pinned(not walk.winner, target):
        return False
    by_that = after.pin_mask(not walk.winner, target) & chess.BB_SQUARES[square]
    attacks = after.attacks_mask(square) & chess.BB_SQUARES[target]
    is_new = not before.is_pinned(not walk.winner, target)
    return bool(by_that and attacks and is_new and walk.moves[motif.ply + 2].to_square == target)


def _is_trapped(motif: Motif, _: chess.Square, walk: Walk) -> bool:
    """Return whether a piece is lost wherever it goes, which it was not before the move, and is taken next."""
    before, after = walk.boards[motif.ply], walk.boards[motif.ply + 1]
    reply, capture = walk.moves[motif.ply + 1], walk.moves[motif.ply + 2]
    if len(motif.targets) != 1 or before.is_check():
        return False
    [target] = motif.targets
    victim = after.piece_at(target)
    if victim is None or victim.color == walk.winner or victim.piece_type in (chess.PAWN, chess.KING):
        return False
    stands_on = reply.to_square if reply.from_square == target else target
    takes = capture.to_square == stands_on and captured(walk.boards[motif.ply + 2], capture) == victim.piece_type
    return takes and _is_lost(after, target) and not _is_lost(passed(before), target)


def _is_lost(board: chess.Board, square: chess.Square) -> bool:
    """Return whether a man of the side to move is lost where it stands and wherever it goes."""
    if board.is_check() or exchange(passed(board), square) <= 0:
        return False
    ways = board.generate_legal_moves(chess.BB_SQUARES[square])
    return all(gain_of(board, move) < 0 for move in ways)


_CHECKS: Mapping[str, Callable[[Motif, chess.Square, Walk], bool]] = {
    "fork": _is_fork,
    "skewer": _is_skewer,
    "discoveredAttack": _is_discovered,
    "trappedPiece": _is_trapped,
    "pin": _is_pin,
}
"""Motifs that are named, the most telling first."""
