"""Judge the moves of a game whose positions are all evaluated. Pure: no files, no clock, no processes."""
