"""Tactical themes of a puzzle: what happens in a line of moves, under the names of Lichess's puzzle database.

    >>> import chess
    >>> from engine.positions.themes import Line, themes
    >>> board = chess.Board("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1")
    >>> themes(Line.of(board, [chess.Move.from_uci("d1d8")]))
    ('backRankMate', 'endgame', 'mate', 'mateIn1', 'oneMove', 'rookEndgame')

Everything here is a pure function of the line. The definitions are those of chess books and of Lichess's public
descriptions of its themes; where they leave room, the tags of real puzzles decide
(`python -m tests.perf themes`). Zugzwang is found only where it shows at once, without a search.
"""

from __future__ import annotations

from engine.positions.themes.glossary import THEMES
from engine.positions.themes.line import Line, Motif
from engine.positions.themes.naming import motifs, themes
from engine.positions.themes.rating import difficulty
from engine.positions.themes.rating import model as difficulty_model

__all__ = ["THEMES", "Line", "Motif", "difficulty", "difficulty_model", "motifs", "themes"]
