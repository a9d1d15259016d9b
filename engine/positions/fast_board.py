"""A board for standard chess from the initial position, several times as fast as python-chess's. Pure.

It knows only what it is asked: which move a SAN means, whether a move is legal, and where the men stand. What it
does not understand at once (an illegal move, a SAN that says more or less than it must, another spelling) is for
python-chess to decide.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import chess
from chess import BB_ALL, BISHOP, BLACK, KING, KNIGHT, PAWN, QUEEN, ROOK, WHITE, scan_reversed
from chess import BB_DIAG_ATTACKS as _DIAG_ATTACKS
from chess import BB_DIAG_MASKS as _DIAG_MASKS
from chess import BB_FILE_ATTACKS as _FILE_ATTACKS
from chess import BB_FILE_MASKS as _FILE_MASKS
from chess import BB_KING_ATTACKS as _KING
from chess import BB_KNIGHT_ATTACKS as _KNIGHT
from chess import BB_PAWN_ATTACKS as _PAWN
from chess import BB_RANK_ATTACKS as _RANK_ATTACKS
from chess import BB_RANK_MASKS as _RANK_MASKS
from chess import BB_RAYS as _LINES

__all__ = ["FastBoard"]

_BITS: Final = (*chess.BB_SQUARES, *[0] * 16)
"""Bit of each square; 0 for a number beyond the board, also for a negative one."""
_BISHOP = [_DIAG_ATTACKS[square][0] for square in chess.SQUARES]
_ROOK = [_RANK_ATTACKS[square][0] | _FILE_ATTACKS[square][0] for square in chess.SQUARES]
_QUEEN = [bishop | rook for bishop, rook in zip(_BISHOP, _ROOK, strict=True)]
_REACH: Final[tuple[tuple[list[chess.Bitboard], ...], ...]] = tuple(
    ([], _PAWN[color], _KNIGHT, _BISHOP, _ROOK, _QUEEN, _KING) for color in (BLACK, WHITE)
)
"""Squares that a man attacks on an empty board, by its colour, its kind and its square."""
_BETWEEN: Final = [[chess.between(a, b) for b in chess.SQUARES] for a in chess.SQUARES]
_UCI: Final = [[a + b for b in chess.SQUARE_NAMES] for a in chess.SQUARE_NAMES]
_BACK_RANKS: Final = (chess.BB_RANK_8, chess.BB_RANK_1)
_DOUBLE_STEP: Final = 16
"""Difference in bits between the squares of a pawn's double step, and of no other move of a pawn."""
_KINDS: Final = {letter: kind for kind, letter in enumerate(("", "P", "N", "B", "R", "Q", "K"))}
_PROMOTED: Final = ("", "", "n", "b", "r", "q")

_CASTLING: Final = {
    (WHITE, "O-O"): (chess.E1, chess.G1, chess.H1, chess.F1),
    (WHITE, "O-O-O"): (chess.E1, chess.C1, chess.A1, chess.D1),
    (BLACK, "O-O"): (chess.E8, chess.G8, chess.H8, chess.F8),
    (BLACK, "O-O-O"): (chess.E8, chess.C8, chess.A8, chess.D8),
}
"""Squares that the king leaves and reaches, and the rook."""

_SAN = re.compile(
    r"(?:(?P<piece>[NBRQK])(?P<file>[a-h]?)(?P<rank>[1-8]?)(?P<takes>x?)(?P<to>[a-h][1-8])"
    r"|(?:(?P<from>[a-h])x)?(?P<square>[a-h](?:[2-7]|[18](?==)))(?:(?<=[18])=(?P<promotion>[NBRQ]))?)[+#]?"
)


class _Plan(NamedTuple):
    """What a SAN says."""

    kind: chess.PieceType
    target: chess.Square
    bit: chess.Bitboard
    """Bit of the target."""
    taken: chess.Bitboard
    """The same for a capture, else 0."""
    mask: chess.Bitboard
    """File, rank or square that a piece comes from; 0 if the SAN does not say it."""
    aside: int
    """File that a pawn comes from, counted from that of the target."""
    promotion: chess.PieceType
    """0 for none."""
    san: str
    """The SAN without the sign of check."""
    checking: str
    """The SAN with it."""


_plans: dict[str, _Plan] = {}
"""Plans of the SANs so far, since games repeat the same ones."""
_MOST_PLANS: Final = 1 << 16


def _plan(san: str) -> _Plan | None:
    """Return what a SAN says; None for castling, and for what is none."""
    parts = _SAN.fullmatch(san)
    if parts is None:
        return None
    target = chess.parse_square(parts["to"] or parts["square"])
    aside = "abcdefgh".index(parts["from"]) - (target & 7) if parts["from"] else 0
    if parts["from"] and abs(aside) != 1:
        return None
    mask = chess.BB_FILES["abcdefgh".index(parts["file"])] if parts["file"] else BB_ALL
    mask &= chess.BB_RANKS[int(parts["rank"]) - 1] if parts["rank"] else BB_ALL
    mask = 0 if mask == BB_ALL else mask
    taken = _BITS[target] if parts["takes"] or aside else 0
    kind, promotion = _KINDS[parts["piece"] or "P"], _KINDS[parts["promotion"] or ""]
    text = san.rstrip("+#")
    plan = _Plan(kind, target, _BITS[target], taken, mask, aside, promotion, text, text + "+")
    if len(_plans) < _MOST_PLANS:
        _plans[san] = plan
    return plan


class FastBoard:
    """A position of standard chess that the initial position has led to."""

    __slots__ = (
        *("_checkers", "_our_king", "_our_lines", "_ours", "_passant", "_rights", "_sliders", "_their_king"),
        *("_their_lines", "_theirs", "last_san", "men", "turn"),
    )

    def __init__(self) -> None:
        """Set up the initial position."""
        board = chess.Board()
        self.turn: chess.Color = WHITE
        """The side to move."""
        self.men = [0, board.pawns, board.knights, board.bishops, board.rooks, board.queens, board.kings]
        """Squares of the men of both sides, by their kind as python-chess numbers it."""
        self.last_san = ""
        """The last move as python-chess writes it, but for mate, which has the `+` of any check."""
        self._ours, self._theirs = board.occupied_co[WHITE], board.occupied_co[BLACK]
        self._our_king, self._their_king = chess.E1, chess.E8
        self._our_lines, self._their_lines = _LINES[chess.E1], _LINES[chess.E8]
        """Lines through the king and another square, by that square."""
        self._sliders = board.bishops | board.rooks | board.queens
        self._rights = board.castling_rights
        """Squares of the rooks that may still castle."""
        self._passant = -1
        """Square behind the pawn that has just made a double step, else -1."""
        self._checkers = 0
        """Men that give check."""

    @property
    def occupied(self) -> chess.Bitboard:
        """Squares of all men."""
        return self._ours | self._theirs

    @property
    def pawns(self) -> chess.Bitboard:
        """Squares of the pawns of both sides."""
        return self.men[PAWN]

    @property
    def pieces(self) -> chess.Bitboard:
        """Squares of the knights, bishops, rooks and queens of both sides."""
        return self._sliders | self.men[KNIGHT]

    @property
    def rights(self) -> chess.Bitboard:
        """Squares of the rooks that may still castle."""
        return self._rights

    @property
    def white(self) -> chess.Bitboard:
        """Squares of White's men."""
        return self._ours if self.turn else self._theirs

    @property
    def black(self) -> chess.Bitboard:
        """Squares of Black's men."""
        return self._theirs if self.turn else self._ours

    def push_san(self, san: str) -> str | None:
        """Play a move; return it in UCI notation, or None if it is not for this board to decide.

        * **san** - the move as python-chess writes it; the sign of check may be missing or wrong.
        """
        plan = _plans.get(san) or _plan(san)
        if plan is None:
            return self._castle(san.rstrip("+#"))
        kind, target, bit, taken, mask, aside, promotion, text, checking = plan
        if bit & self._ours:
            return None
        passing = bit & self._theirs != taken
        if passing:
            if not aside or target != self._passant:
                return None
            taken = _BITS[target - 8 if self.turn else target + 8]
        if kind == PAWN:
            origin = self._pawn_origin(target, aside)
        else:
            candidates = _REACH[0][kind][target] & self.men[kind] & self._ours
            if mask or candidates & (candidates - 1):
                origin = self._origin(plan, candidates)
            else:
                origin = candidates.bit_length() - 1
                if _BETWEEN[origin][target] & (self._ours | self._theirs):
                    return None
        if origin < 0 or not self._play(kind, origin, target, taken, promotion, passing=passing):
            return None
        self.last_san = checking if self._checkers else text
        return _UCI[origin][target] + _PROMOTED[promotion] if promotion else _UCI[origin][target]

    def has_move(self) -> bool:
        """Return whether the side to move has a legal move."""
        steps = _KING[self._our_king] & ~(self._ours | self._theirs)
        others = self._ours ^ _BITS[self._our_king] | self._theirs
        for step in scan_reversed(steps):
            if not self._attackers(step, not self.turn, self._theirs, others):
                return True
        return any(self.board().legal_moves)

    def is_check(self) -> bool:
        """Return whether the side to move is in check."""
        return self._checkers != 0

    def legal_passant(self) -> chess.Square:
        """Return the square that a pawn may go to when it takes en passant, which must be legal; 0 for none."""
        if self._passant < 0:
            return 0
        taken = _BITS[self._passant - 8 if self.turn else self._passant + 8]
        theirs = self._theirs ^ taken
        for origin in scan_reversed(_PAWN[not self.turn][self._passant] & self.men[PAWN] & self._ours):
            occupied = self._ours ^ (_BITS[origin] | _BITS[self._passant]) | theirs
            if not self._attackers(self._our_king, not self.turn, theirs, occupied):
                return self._passant
        return 0

    def board(self) -> chess.Board:
        """Return the position as python-chess's board, without its moves and with the counters of a first move."""
        board = chess.Board(None)
        board.turn = self.turn
        _, board.pawns, board.knights, board.bishops, board.rooks, board.queens, board.kings = self.men
        board.occupied_co[WHITE], board.occupied_co[BLACK] = self.white, self.black
        board.occupied = self._ours | self._theirs
        board.castling_rights = self._rights
        board.ep_square = self._passant if self._passant >= 0 else None
        return board

    def _pawn_origin(self, target: chess.Square, aside: int) -> chess.Square:
        """Return where the pawn comes from; -1 if none can go there."""
        step = 8 if self.turn else -8
        origin = target - step + aside
        pawns = self.men[PAWN] & self._ours
        if _BITS[origin] & pawns:
            return origin
        if aside or _BITS[origin] & (self._ours | self._theirs) or target >> 3 != (3 if self.turn else 4):
            return -1
        origin -= step
        return origin if _BITS[origin] & pawns else -1

    def _origin(self, plan: _Plan, candidates: chess.Bitboard) -> chess.Square:
        """Return where the piece comes from; -1 if the SAN does not say it, or says more than it must."""
        occupied = self._ours | self._theirs
        near = [origin for origin in scan_reversed(candidates) if not _BETWEEN[origin][plan.target] & occupied]
        if len(near) == 1 and not plan.mask:
            return near[0]
        theirs = self._theirs ^ plan.taken
        legal = [
            origin
            for origin in near
            if not self._attackers(
                self._our_king, not self.turn, theirs, self._ours ^ _BITS[origin] | plan.bit | theirs
            )
        ]
        meant = [origin for origin in legal if not plan.mask or _BITS[origin] & plan.mask]
        if len(meant) != 1:
            return -1
        [origin] = meant
        others = [other for other in legal if other != origin]
        shares_file = any((other ^ origin) & 7 == 0 for other in others)
        shares_rank = any(other >> 3 == origin >> 3 for other in others)
        needed = chess.BB_RANKS[origin >> 3] if shares_file else BB_ALL
        if shares_rank or not shares_file:
            needed &= chess.BB_FILES[origin & 7]
        return origin if plan.mask == (needed if others else 0) else -1

    def _attackers(
        self, square: chess.Square, color: chess.Color, men: chess.Bitboard, occupied: chess.Bitboard
    ) -> chess.Bitboard:
        """Return those among the men of a colour that attack a square."""
        _, pawns, knights, bishops, rooks, queens, kings = self.men
        found = _PAWN[not color][square] & pawns | _KNIGHT[square] & knights | _KING[square] & kings
        bishops |= queens
        if _BISHOP[square] & bishops & men:
            found |= _DIAG_ATTACKS[square][_DIAG_MASKS[square] & occupied] & bishops
        rooks |= queens
        if _ROOK[square] & rooks & men:
            found |= _RANK_ATTACKS[square][_RANK_MASKS[square] & occupied] & rooks
            found |= _FILE_ATTACKS[square][_FILE_MASKS[square] & occupied] & rooks
        return found & men

    def _play(  # noqa: C901, PLR0913 - calls would slow the hottest function
        self,
        kind: int,
        origin: chess.Square,
        target: chess.Square,
        taken: chess.Bitboard = 0,
        promotion: int = 0,
        *,
        passing: bool = False,
    ) -> bool:
        """Play a move that is legal if our king is not attacked after it; return whether it was played."""
        men, turn = self.men, self.turn
        bit = _BITS[target]
        moved = _BITS[origin] | bit
        ours, theirs = self._ours ^ moved, self._theirs ^ taken
        occupied = ours | theirs
        king, lines = self._our_king, self._our_lines
        if kind == KING:
            king, lines = target, _LINES[target]
            if self._attackers(king, not turn, theirs, occupied):
                return False
            self._rights &= ~_BACK_RANKS[turn]
        elif (
            self._checkers or passing or ((line := lines[origin]) and line & theirs & self._sliders)
        ) and self._attackers(king, not turn, theirs, occupied):
            return False
        if taken:
            victim = PAWN
            while not men[victim] & taken:
                victim += 1
            men[victim] ^= taken
        if promotion:
            men[PAWN] ^= _BITS[origin]
            men[promotion] ^= bit
            kind = promotion
        else:
            men[kind] ^= moved
        if taken or BISHOP <= kind <= QUEEN:
            self._sliders = men[BISHOP] | men[ROOK] | men[QUEEN]
        if moved & self._rights:
            self._rights &= ~moved
        self._passant = (origin + target) >> 1 if kind == PAWN and origin ^ target == _DOUBLE_STEP else -1
        their_king, their_lines = self._their_king, self._their_lines
        if passing or ((line := their_lines[origin]) and line & ours & self._sliders):
            self._checkers = self._attackers(their_king, turn, ours, occupied)
        elif _REACH[turn][kind][target] & _BITS[their_king] and not _BETWEEN[target][their_king] & occupied:
            self._checkers = bit
        else:
            self._checkers = 0
        self._ours, self._theirs = theirs, ours
        self._our_king, self._their_king = their_king, king
        self._our_lines, self._their_lines = their_lines, lines
        self.turn = not turn
        return True

    def _castle(self, side: str) -> str | None:
        """Castle; return the move of the king in UCI notation, or None if it is not legal or no castling."""
        squares = _CASTLING.get((self.turn, side))
        if squares is None:
            return None
        origin, target, rook, rook_target = squares
        occupied = self._ours | self._theirs
        way = _BETWEEN[origin][target] | _BITS[target]
        if (
            not self._rights & _BITS[rook]
            or self._checkers
            or _BETWEEN[origin][rook] & occupied
            or any(self._attackers(at, not self.turn, self._theirs, occupied) for at in scan_reversed(way))
        ):
            return None
        moved = _BITS[rook] | _BITS[rook_target]
        self.men[ROOK] ^= moved
        self._ours ^= moved
        self._sliders ^= moved
        self._play(KING, origin, target)
        self._checkers = self._attackers(  # the rook
            self._our_king, not self.turn, self._theirs, self.occupied
        )
        self.last_san = side + "+" if self._checkers else side
        return _UCI[origin][target]
