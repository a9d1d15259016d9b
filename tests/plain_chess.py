"""Exchanges, threats and motifs by plain recursion over all legal moves: slow, and nothing that could be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import chess

from engine.model import Explanation

WORTH = {"p": 1, "n": 3, "b": 3, "r": 5, "q": 9, "k": 0}


def motif_problems(found: Explanation, line: Sequence[chess.Board]) -> Iterator[str]:
    """Say what is wrong with a motif: the men must stand so, and the line must take one of them next."""
    if found.motif_ply + 3 > len(line) - 1:
        yield "the motif comes too late in the line"
        return
    check = _Motif(found, line)
    kinds = {
        "fork": check.fork,
        "skewer": check.skewer,
        "discoveredAttack": check.discovered_attack,
        "pin": check.pin,
        "trappedPiece": check.trapped_piece,
    }
    if not check.men_are_there():
        yield "other men than the motif says"
    elif found.motif not in kinds or not kinds[found.motif]():
        yield f"no {found.motif}"


class _Motif:
    def __init__(self, found: Explanation, line: Sequence[chess.Board]) -> None:
        ply = found.motif_ply
        self.winner = line[0].turn
        self.before, self.after, self.then = line[ply], line[ply + 1], line[ply + 2]
        self.move, self.reply, self.capture = (chess.Move.from_uci(uci) for uci in found.moves[ply : ply + 3])
        self.by = chess.parse_square(found.by)
        self.targets = [chess.parse_square(name) for name in found.targets]
        self.victims = [str(self.after.piece_at(target) or "-").lower() for target in self.targets]

    def men_are_there(self) -> bool:
        victims = [self.after.color_at(target) for target in self.targets]
        return self.after.color_at(self.by) == self.winner and set(victims) == {not self.winner}

    def fork(self) -> bool:
        own = WORTH[str(self.after.piece_at(self.by)).lower()]
        poor = [
            target
            for target, victim in zip(self.targets, self.victims, strict=True)
            if victim != "k" and WORTH[victim] <= own and self.after.attackers(not self.winner, target)
        ]
        taking = [move for move in self.after.legal_moves if move.to_square == self.by]
        is_safe = all(value_of(self.after, move) <= 0 for move in taking)
        reached = all(target in self.after.attacks(self.by) for target in self.targets)
        takes = self.capture.from_square == self.by and self.capture.to_square in self.targets
        return (
            len(self.targets) > 1 and not poor and is_safe and reached and takes and self.move.to_square == self.by
        )

    def skewer(self) -> bool:
        front, back = self.reply.from_square, self.capture.to_square
        ray = list(chess.SquareSet.between(self.by, back))
        if {front, back} != set(self.targets) or front not in ray or self.capture.from_square != self.by:
            return False
        worth = dict(zip(self.targets, self.victims, strict=True))
        is_greater = worth[front] == "k" or WORTH[worth[front]] > WORTH[worth[back]]
        is_free = not any(self.after.piece_at(square) for square in ray if square != front)
        is_greater = is_greater and self.move.to_square == self.by
        return is_greater and is_free and front in self.after.attacks(self.by)

    def discovered_attack(self) -> bool:
        [target] = self.targets
        opens = (
            self.move.from_square in chess.SquareSet.between(self.by, target) and self.move.to_square != self.by
        )
        takes = (self.capture.from_square, self.capture.to_square) == (self.by, target)
        return opens and takes and target in self.after.attacks(self.by) and self.victims != ["k"]

    def pin(self) -> bool:
        [target] = self.targets
        pinning = self._shielded_from(self.after, target)
        return (
            pinning == {self.by}
            and not self._shielded_from(self.before, target)
            and self.capture.to_square == target
        )

    def _shielded_from(self, board: chess.Board, target: chess.Square) -> set[chess.Square]:
        """Return the men of the winner that would attack the king if the target were not there."""
        king = board.king(not self.winner)
        assert king is not None
        without = board.copy(stack=False)
        without.remove_piece_at(target)
        return set(without.attackers(self.winner, king)) - set(board.attackers(self.winner, king))

    def trapped_piece(self) -> bool:
        [target] = self.targets
        earlier = self.before.copy(stack=False)
        earlier.push(chess.Move.null())
        stands = self.reply.to_square if self.reply.from_square == target else target
        taken = [str(self.then.piece_at(stands)).lower()] == self.victims and self.capture.to_square == stands
        return taken and _cannot_get_away(self.after, target) and not _cannot_get_away(earlier, target)


def _cannot_get_away(board: chess.Board, square: chess.Square) -> bool:
    """Return whether a man of the side to move is taken with profit where it stands, and wherever it goes."""
    ways = [move for move in board.legal_moves if move.from_square == square]
    return threatens(board, square) and all(value_of(board, move) < 0 for move in ways)


def pushed(board: chess.Board, uci: str) -> chess.Board:
    following = board.copy(stack=False)
    following.push(chess.Move.from_uci(uci))
    return following


def unrest(board: chess.Board, winner: chess.Color) -> Iterator[str]:
    """Say what the other side can take back at the end of a line."""
    side = board.copy(stack=False)
    if not any(side.legal_moves):
        yield "the line ends where nobody can move"
        return
    if side.turn == winner:
        if side.is_check():
            yield "the line ends with a check"
            return
        side.push(chess.Move.null())
    for move in side.legal_moves:
        if (side.is_capture(move) or move.promotion) and value_of(side, move) > 0:
            yield f"the line ends where {side.san(move)} wins something"
            return


def threatens(board: chess.Board, square: chess.Square) -> bool:
    """Return whether the side that is not to move would win a man, or mate the king, if the other passed."""
    if board.is_check():
        return False
    passed = board.copy(stack=False)
    passed.push(chess.Move.null())
    return any(punishes(passed, move, square) for move in passed.legal_moves)


def punishes(board: chess.Board, move: chess.Move, square: chess.Square) -> bool:
    if board.piece_type_at(square) == chess.KING:
        return pushed(board, move.uci()).is_checkmate()
    return move.to_square == square and value_of(board, move) > 0


def value_of(board: chess.Board, move: chess.Move) -> int:
    """Return what a move takes, and its promotion brings, less the best answer on its square."""
    letter = "p" if board.is_en_passant(move) else str(board.piece_at(move.to_square) or "k").lower()
    gain = WORTH[letter] if not board.is_castling(move) else 0
    if move.promotion:
        gain += WORTH[chess.piece_symbol(move.promotion)] - 1
    after = pushed(board, move.uci())
    answers = [answer for answer in after.legal_moves if answer.to_square == move.to_square]
    answers = [answer for answer in answers if after.is_capture(answer) and not after.is_en_passant(answer)]
    return gain - max([0, *(value_of(after, answer) for answer in answers)])
