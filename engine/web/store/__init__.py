"""Analysed games in a database of our own, made for the questions of the pages."""

from engine.web.store.build import build
from engine.web.store.filters import Filter
from engine.web.store.results import GameRow, Leak, MoveRow, Summary, Tree, TreeMove
from engine.web.store.store import Store

__all__ = ["Filter", "GameRow", "Leak", "MoveRow", "Store", "Summary", "Tree", "TreeMove", "build"]
