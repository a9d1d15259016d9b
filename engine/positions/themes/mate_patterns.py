"""The names of a mate: every pattern tried on the last position of a line."""

from __future__ import annotations

from collections.abc import Callable

from engine.positions.themes import knight_mates, mates
from engine.positions.themes.line import Line, Motif
from engine.positions.themes.mate_net import Net

__all__ = ["mate_patterns"]

PATTERNS: dict[str, Callable[[Net], bool]] = {
    "anastasiaMate": knight_mates.anastasia,
    "arabianMate": knight_mates.arabian,
    "backRankMate": mates.back_rank,
    "balestraMate": mates.balestra,
    "blindSwineMate": mates.blind_swine,
    "bodenMate": mates.boden,
    "cornerMate": knight_mates.corner,
    "doubleBishopMate": mates.double_bishop,
    "dovetailMate": mates.dovetail,
    "epauletteMate": mates.epaulette,
    "hookMate": knight_mates.hook,
    "killBoxMate": mates.kill_box,
    "morphysMate": mates.morphy,
    "operaMate": mates.opera,
    "pillsburysMate": mates.pillsbury,
    "smotheredMate": knight_mates.smothered,
    "swallowstailMate": mates.swallowtail,
    "triangleMate": mates.triangle,
    "vukovicMate": knight_mates.vukovic,
}


def mate_patterns(line: Line) -> tuple[Motif, ...]:
    """Return the names that the mate at the end of a line has; none where it does not end in mate.

    The square is that of the man that gives check, and the target is the king.

    * **line** - the line.
    """
    if not line.is_mate:
        return ()
    net = Net(line.last)
    ply = len(line.moves) - 1
    return tuple(
        Motif(theme, ply, net.checkers[0], (net.king,)) for theme, matches in PATTERNS.items() if matches(net)
    )
