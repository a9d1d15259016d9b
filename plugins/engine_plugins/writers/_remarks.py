"""Remarks of aggregators in annotated PGN: comments, NAGs, and arrows on the board before the move."""

from __future__ import annotations

from engine.model import AnalysedGame
from engine_plugins.writers import _layout
from engine_plugins.writers._movetext import Comment, Movetext, Notes


def add_remarks(game: AnalysedGame, movetext: Movetext) -> None:
    """Add the remarks on a game to its notes; what is there already is not written twice.

    A viewer draws the arrows of a comment on the position that the comment follows, so those of a move stand
    behind the move before it.
    """
    for remark in game.remarks:
        notes = movetext.after[remark.ply]
        notes.nags += [nag for nag in (f"${number}" for number in remark.nags) if nag not in notes.nags]
        _add(notes, _layout.quoted(_layout.printable(remark.text)))
        before = movetext.after[remark.ply - 1] if remark.ply else movetext.before
        for command, length in (("csl", 3), ("cal", 5)):
            drawn = ",".join(arrow for arrow in remark.arrows if len(arrow) == length)
            _add(before, f"[%{command} {drawn}]" if drawn else "")


def _add(notes: Notes, text: str) -> None:
    if text and not any(isinstance(item, Comment) and text in item.text for item in notes.items):
        notes.items.append(Comment(text))
