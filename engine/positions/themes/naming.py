"""The themes of a line: every detector asked in turn."""

from __future__ import annotations

from collections.abc import Callable

from engine.model import Score
from engine.positions.themes import (
    facts,
    forks,
    kings,
    lines_opened,
    lures,
    phases,
    pins,
    quiet,
    sacrifices,
    specials,
    zugzwang,
)
from engine.positions.themes.line import Line, Motif
from engine.positions.themes.mate_patterns import mate_patterns

__all__ = ["motifs", "themes"]

DETECTORS: tuple[Callable[[Line], Motif | None], ...] = (
    facts.length,
    facts.mate,
    facts.mate_in,
    forks.double_check,
    forks.fork,
    forks.hanging_piece,
    forks.trapped_piece,
    kings.attacking_f2_f7,
    kings.exposed_king,
    kings.kingside_attack,
    kings.queenside_attack,
    lines_opened.clearance,
    lines_opened.discovered_attack,
    lines_opened.discovered_check,
    lines_opened.skewer,
    lines_opened.x_ray,
    lures.attraction,
    lures.capturing_defender,
    lures.deflection,
    lures.interference,
    lures.intermezzo,
    phases.endgame,
    phases.phase,
    pins.collinear_move,
    pins.pin,
    quiet.defensive_move,
    quiet.quiet_move,
    sacrifices.sacrifice,
    specials.advanced_pawn,
    specials.castling,
    specials.en_passant,
    specials.promotion,
    specials.under_promotion,
    zugzwang.zugzwang,
)


def motifs(line: Line) -> tuple[Motif, ...]:
    """Return everything that is found in a line, with its evidence, sorted by theme; at most one of each theme.

    What the position is worth is not among it, because it has no evidence but a score.

    * **line** - the line.
    """
    found = [motif for detector in DETECTORS if (motif := detector(line)) is not None]
    return tuple(sorted((*found, *mate_patterns(line)), key=lambda motif: motif.theme))


def themes(line: Line, score: Score | None = None) -> tuple[str, ...]:
    """Return the tags of a line, sorted.

    * **line** - the line.
    * **score** - score of the first position in the solver's view. None: the material at the end of the line
      decides what it is worth where it is clear enough, and otherwise no tag says it.
    """
    worth = facts.worth(line, score)
    return tuple(sorted({motif.theme for motif in motifs(line)} | ({worth} if worth else set())))
