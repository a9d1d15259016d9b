"""Facts about positions that need no search: FENs, phases of the game, names of openings."""
